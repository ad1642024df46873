"""Graphs on GPUs by the device's name, and the line that says how little is known of them."""

from pathlib import Path
from typing import Any

from streamstyle.errors import ModelError
from streamstyle.runtime import ort
from streamstyle.runtime.gpu import plugins, session, tensorrt
from streamstyle.runtime.graph import Graph, Tell
from streamstyle.runtime.machine import usable_cores

DEVICES = ("cuda", "tensorrt", *plugins.PLUGINS)
EXPERIMENTAL = "experimental: nobody has seen this run yet; `streamstyle doctor` compares it with the CPU"
_CUDA = "run: pip install 'streamstyle[gpu]', and see that nvidia-smi works"


def open_graph(path: Path, device: str, *, half: bool, for_frames: bool, tell: Tell) -> Graph:
    """A graph on a GPU.

    Args:
        path: An `.onnx` file.
        device: One of DEVICES.
        half: Whether TensorRT may compute a float32 file in half precision; it does so with a file in half precision.
        for_frames: Whether preparing for a frame size pays.
        tell: Takes lines for the user: what takes long, and what is missing.

    Raises:
        ModelError: The device does not run, or the file is not a model.
    """
    runtime, threads = ort.import_runtime(), usable_cores()
    if device in plugins.PLUGINS:
        return plugins.plugin_graph(runtime, path, device, threads=threads, tell=tell)
    if not is_built_in(runtime, device):
        raise ModelError(
            f"--device {device}: the installed ONNX Runtime has no {device} support; run: {ort.GPU_PACKAGE}, "
            "or use --device cpu"
        )
    if device == "tensorrt":
        tensorrt.load_library()
    try:
        graph = session.cuda_graph(runtime, path, threads=threads, tell=tell, sized=for_frames and device == "cuda")
    except session.NotStartedError as error:
        raise ModelError(f"--device {device}: {error}; {_CUDA}, or use --device cpu") from error
    if device == "cuda" or isinstance(graph, session.SizedGraph):
        return graph
    half = half or graph.metadata.get("precision") == "fp16"
    return tensorrt.tensorrt_graph(runtime, path, graph, half=half, threads=threads, tell=tell)


def is_built_in(runtime: Any, device: str) -> bool:  # noqa: ANN401 - an optional module without type stubs
    """Whether the installed ONNX Runtime has this device's provider, which says nothing about whether it starts."""
    return ort.PROVIDERS[device] in runtime.get_available_providers()
