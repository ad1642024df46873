"""Providers that come as packages of their own and plug into the plain ONNX Runtime: TensorRT-RTX and WebGPU.

No GPU was at hand when this was written. The real packages were tried on a machine without one, where both say so; how they
run a model is unproven, so `--device auto` leaves them alone.
"""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamstyle.errors import ModelError
from streamstyle.media.user_folders import user_cache
from streamstyle.runtime.gpu.session import Manner, SizedGraph
from streamstyle.runtime.graph import Graph, Tell
from streamstyle.runtime.ort import (
    SessionGraph,
    Shapes,
    first_line,
    fix_shapes,
    left_to_cpu,
    open_session,
    runs_on,
    session_options,
)


@dataclass(frozen=True, slots=True)
class Plugin:
    """One such package.

    Attributes:
        package: pip's name.
        module: Python's name.
        wants: What it needs, to be told where it finds no GPU.
        sized: Whether it compiles for each frame size anyway, so that fixed shapes gain.
    """

    package: str
    module: str
    wants: str
    sized: bool


PLUGINS = {
    "tensorrt-rtx": Plugin(
        "onnxruntime-ep-nv-tensorrt-rtx",
        "onnxruntime_ep_nv_tensorrt_rtx",
        "an NVIDIA RTX GPU (30 series or later) and its driver",
        sized=True,
    ),
    "webgpu": Plugin(
        "onnxruntime-ep-webgpu",
        "onnxruntime_ep_webgpu",
        "a GPU and its driver, on Linux with Vulkan (libvulkan.so.1)",
        sized=False,
    ),
}


def find_devices(runtime: Any, device: str) -> list[Any]:  # noqa: ANN401 - an optional module without type stubs
    """What a plugin could run on.

    Args:
        runtime: The module.
        device: A key of PLUGINS.

    Raises:
        ModelError: It is not installed, does not load, or finds no GPU.
    """
    plugin = PLUGINS[device]
    if importlib.util.find_spec(plugin.module) is None:
        raise ModelError(f"--device {device}: its plugin is not installed; run: pip install {plugin.package}")
    if not hasattr(runtime, "register_execution_provider_library"):
        raise ModelError(
            f"--device {device}: ONNX Runtime {runtime.__version__} knows no plugins; "
            "run: pip install -U 'onnxruntime>=1.24.4'"
        )
    try:
        module = importlib.import_module(plugin.module)
        name = module.get_ep_name()
        _register(runtime, name, module.get_library_path())
        found = [one for one in runtime.get_ep_devices() if one.ep_name == name]
    except Exception as error:
        raise ModelError(
            f"--device {device}: its plugin does not load ({_reason(error)}); it needs {plugin.wants}; or use --device auto"
        ) from error
    if not found:
        raise ModelError(f"--device {device}: its plugin finds no GPU; it needs {plugin.wants}; or use --device auto")
    return found[:1]  # each takes one


def _register(runtime: Any, name: str, library: str) -> None:  # noqa: ANN401 - see find_devices
    """Once per process: a second time is an error."""
    try:
        runtime.register_execution_provider_library(name, library)
    except Exception as error:
        if "already registered" not in str(error):
            raise


def _reason(error: BaseException) -> str:
    """Without the path of the library that was to be loaded."""
    line = first_line(error)
    return line.rpartition("with error: ")[2] or line


def plugin_graph(
    runtime: Any,  # noqa: ANN401 - see find_devices
    path: Path,
    device: str,
    *,
    threads: int,
    tell: Tell,
) -> Graph:
    """A graph on a plugin's provider.

    Args:
        runtime: The module.
        path: An `.onnx` file.
        device: A key of PLUGINS.
        threads: For what stays on the CPU.
        tell: Takes lines for the user: what is missing, and why.

    Raises:
        ModelError: The plugin is not here or does not run, or the file is not a model.
    """
    plugin, devices = PLUGINS[device], find_devices(runtime, device)
    chosen = {"nv_runtime_cache_path": _cache_folder(device)} if plugin.sized else {}

    def opened(options: Any) -> Any:  # noqa: ANN401 - the runtime's own classes
        options.add_provider_for_devices(devices, chosen)
        session = open_session(runtime, path, options)
        if runs_on(session) != devices[0].ep_name:
            raise ModelError(f"--device {device}: its plugin is here, but does not run the model; use --device auto")
        return session

    def fixed(declared: Mapping[str, Sequence[Any]], shapes: Shapes) -> Any:  # noqa: ANN401 - see above
        options = session_options(runtime, threads)
        fix_shapes(options, declared, shapes)
        return opened(options)

    try:
        session = opened(session_options(runtime, threads, assigned=True))
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"--device {device}: its plugin does not start ({_reason(error)}); "
            f"it needs {plugin.wants}; or use --device auto"
        ) from error
    if left := left_to_cpu(session):
        tell(f"--device {device} leaves {left} to the CPU, which is slower")
    graph = SessionGraph(session)
    if not plugin.sized:
        return graph
    manners = [Manner("a graph compiled for the frame size", fixed, bound=False)]
    return SizedGraph(graph, manners, runtime=runtime, tell=tell)


def _cache_folder(device: str) -> str:
    return str(user_cache() / device)
