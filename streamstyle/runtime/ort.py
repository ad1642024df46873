"""ONNX Runtime: sessions, on whatever provider."""

import contextlib
import importlib.metadata
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamstyle.errors import ModelError
from streamstyle.runtime.graph import METADATA_PREFIX, Tensor

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
GPU_PACKAGE = "pip uninstall -y onnxruntime; pip install 'streamstyle[gpu]'"

Provider = str | tuple[str, dict[str, str]]
"""A provider's name, or name and options."""
Shapes = Mapping[str, tuple[int, ...]]
"""Input name -> shape."""


def import_runtime() -> Any:  # noqa: ANN401 - an optional module without type stubs
    """The module `onnxruntime`.

    Raises:
        ModelError: It is not installed, twice, or does not load.
    """
    installed = []
    for name in ("onnxruntime", "onnxruntime-gpu"):
        try:
            importlib.metadata.distribution(name)
            installed.append(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if len(installed) > 1:
        raise ModelError(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; "
            "run: pip uninstall -y onnxruntime onnxruntime-gpu, then: pip install 'streamstyle[gpu]' (or [cpu])"
        )
    try:
        import onnxruntime  # noqa: PLC0415 - optional: the message below is the remedy
    except ImportError as error:
        raise ModelError(f"ONNX Runtime cannot be loaded ({error}); run: streamstyle install cpu") from error
    # Why a provider does not start is for us to tell, in one line.
    onnxruntime.set_default_logger_severity(4)
    return onnxruntime


def preload_cuda(runtime: Any) -> str:  # noqa: ANN401 - see import_runtime
    """Load CUDA and cuDNN from pip's folders, where the system's loader does not look.

    Returns:
        What is missing: `libcublasLt.so.13: cannot open shared object file`; empty where nothing is.
    """
    if not hasattr(runtime, "preload_dlls"):
        return ""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runtime.preload_dlls()
    problems = re.findall(r"^Failed to load [^:]*: (.*)$", printed.getvalue(), re.MULTILINE)
    return str(problems[0]).removesuffix(": No such file or directory") if problems else ""


def session_options(runtime: Any, threads: int, *, assigned: bool = False) -> Any:  # noqa: ANN401 - see import_runtime
    """Options that all sessions have in common.

    Args:
        runtime: The module.
        threads: For one frame.
        assigned: Whether the session shall be able to tell what runs where.
    """
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Threads that wait by spinning take the cores from decoding and encoding, and a camera's battery between frames.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if assigned:
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    return options


def fix_shapes(options: Any, declared: Mapping[str, Sequence[Any]], shapes: Shapes) -> None:  # noqa: ANN401 - see above
    """Tell a session that its inputs always have these shapes: all arithmetic on shapes is done once, on loading.

    Args:
        options: Of the session.
        declared: Input name -> declared shape; dimensions that may vary have names.
        shapes: Those that come.

    Raises:
        ValueError: A dimension that varies has no name, so that it cannot be fixed.
    """
    sizes: dict[str, int] = {}
    for name, shape in shapes.items():
        for dimension, size in zip(declared[name], shape, strict=True):
            if isinstance(dimension, int):
                continue
            if not isinstance(dimension, str) or sizes.setdefault(dimension, size) != size:
                raise ValueError(f"the shape of '{name}' cannot be fixed")
    for dimension, size in sizes.items():
        options.add_free_dimension_override_by_name(dimension, size)


def open_session(runtime: Any, path: Path, options: Any, providers: Sequence[Provider] = ()) -> Any:  # noqa: ANN401
    """A session; which provider really runs it is for the caller to ask.

    Args:
        runtime: The module.
        path: An `.onnx` file.
        options: Of the session; with plugins' devices in them, no providers are named.
        providers: In order of preference.

    Raises:
        ModelError: The file is not a model.
        Exception: A provider fails.
    """
    try:
        # Its own way of falling back prints to the terminal, and forgets the options.
        chosen = {"providers": list(providers)} if providers else {}
        return runtime.InferenceSession(str(path), options, enable_fallback=0, **chosen)
    except Exception as error:
        if any(mark in str(error) for mark in _FILE_PROBLEMS):
            raise _not_a_model(path, error) from error
        raise


_FILE_PROBLEMS = ("INVALID_PROTOBUF", "INVALID_GRAPH", "NO_SUCHFILE")


def _not_a_model(path: Path, error: BaseException) -> ModelError:
    return ModelError(f"'{path}' is not a model that ONNX Runtime can load: {first_line(error)}; install it again")


def cpu_graph(runtime: Any, path: Path, threads: int) -> "SessionGraph":  # noqa: ANN401 - see import_runtime
    """A graph on the CPU.

    Raises:
        ModelError: The file is not a model that loads.
    """
    try:
        return SessionGraph(open_session(runtime, path, session_options(runtime, threads), [PROVIDERS["cpu"]]))
    except ModelError:
        raise
    except Exception as error:
        raise _not_a_model(path, error) from error


def left_to_cpu(session: Any) -> str:  # noqa: ANN401 - see import_runtime
    """Which convolutions a session on another device leaves to the CPU: `3 of 16 convolutions`; empty where none.

    The options must have come from `session_options(..., assigned=True)`; empty, too, where the runtime does not tell.
    """
    try:
        assigned = session.get_provider_graph_assignment_info()
        places = [part.ep_name for part in assigned for node in part.get_nodes() if "Conv" in node.op_type]
    except Exception:  # noqa: BLE001 - of no weight for the run
        return ""
    left = places.count(PROVIDERS["cpu"])
    return f"{left} of {len(places)} convolutions" if left else ""


def runs_on(session: Any) -> str:  # noqa: ANN401 - see import_runtime
    """The first provider of the live session: the list of available ones says nothing about what loads."""
    return str(session.get_providers()[0])


def first_line(error: BaseException) -> str:
    """What an error says, on one line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class SessionGraph:
    """A graph as one session for every shape: its inputs go to the device with each run.

    Attributes are those of streamstyle.runtime.graph.Graph.
    """

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - see import_runtime
        self._session = session
        self.inputs: dict[str, list[Any]] = {value.name: list(value.shape) for value in session.get_inputs()}
        self.outputs: dict[str, list[Any]] = {value.name: list(value.shape) for value in session.get_outputs()}
        self.metadata: dict[str, str] = {
            key.removeprefix(METADATA_PREFIX): value
            for key, value in session.get_modelmeta().custom_metadata_map.items()
            if key.startswith(METADATA_PREFIX)
        }

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute all outputs."""
        return dict(zip(self.outputs, self._session.run(None, dict(feeds)), strict=True))
