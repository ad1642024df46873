"""TensorRT: engines built for a few frame sizes and kept on the disk.

Frames are extended to multiples of 64, so that the sizes of a user's videos come to a handful of engines. Each is built for
one size: for a range of sizes TensorRT builds once, but chooses its kernels for one of them.

No GPU was at hand when this was written: it is tested with a fake runtime, and unproven.
"""

import contextlib
import ctypes
import importlib.util
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamstyle.errors import ModelError
from streamstyle.media.user_folders import user_cache
from streamstyle.runtime.gpu import nvidia
from streamstyle.runtime.gpu.session import Manner, SizedGraph, cuda_options
from streamstyle.runtime.graph import FRAME, Tell
from streamstyle.runtime.ort import PROVIDERS, SessionGraph, Shapes, fix_shapes, open_session, runs_on, session_options

MULTIPLE = 64
INSTALL = "pip install 'tensorrt-cu13>=10.14,<11'"
"""How to get TensorRT; a separate step, since it is under NVIDIA's licence."""

_LIBRARY, _PARSER = (
    ("nvinfer_10.dll", "nvonnxparser_10.dll") if sys.platform == "win32" else ("libnvinfer.so.10", "libnvonnxparser.so.10")
)


def load_library() -> str:
    """Load TensorRT's own libraries, from pip's folder or the system's, and tell their version.

    ONNX Runtime looks in the system's folders only, and what pip brings is in none of them.

    Returns:
        `10.14.1`, say.

    Raises:
        ModelError: They are not here.
    """
    folder = _package_folder()
    try:
        library = ctypes.CDLL(_place(folder, _LIBRARY), mode=ctypes.RTLD_GLOBAL)
        with contextlib.suppress(OSError):  # its absence is for ONNX Runtime to tell
            ctypes.CDLL(_place(folder, _PARSER), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise ModelError(
            f"--device tensorrt: TensorRT's library {_LIBRARY} is not here; run: {INSTALL}, or use --device cuda"
        ) from error
    number = int(library.getInferLibVersion())
    return f"{number // 10_000}.{number // 100 % 100}.{number % 100}"


def _package_folder() -> Path | None:
    """Where pip puts the libraries."""
    try:
        found = importlib.util.find_spec("tensorrt_libs")
    except (ImportError, ValueError):
        return None
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0]) if places else None


def _place(folder: Path | None, name: str) -> str:
    return str(folder / name) if folder is not None and (folder / name).is_file() else name


def engines_folder(version: str, runtime_version: str, library_version: str) -> Path:
    """Where engines lie that this model, GPU, ONNX Runtime and TensorRT can share."""
    gpus = nvidia.look().gpus
    parts = (version, gpus[0] if gpus else "unknown-gpu", f"ort-{runtime_version}", f"trt-{library_version}")
    name = "_".join(re.sub(r"[^\w.]+", "-", part) for part in parts)
    return user_cache() / "tensorrt" / name


def tensorrt_graph(
    runtime: Any,  # noqa: ANN401 - an optional module without type stubs
    path: Path,
    any_size: SessionGraph,
    *,
    half: bool,
    threads: int,
    tell: Tell,
) -> SizedGraph:
    """A graph on TensorRT.

    Args:
        runtime: The module.
        path: An `.onnx` file.
        any_size: The same on CUDA, for what has no engine: style codes that are spread over a frame.
        half: Whether TensorRT may compute in half precision.
        threads: For what stays on the CPU.
        tell: Takes lines for the user: what takes long, and what is missing.

    Raises:
        ModelError: TensorRT's libraries are not here.
    """
    precision = "fp16" if half else "fp32"
    version = f"{any_size.metadata.get('version', 'unknown')}-{any_size.metadata.get('precision', 'fp32')}-{precision}"
    root = engines_folder(version, runtime.__version__, load_library())

    def manner(name: str, *, recorded: bool) -> Manner:
        def built(declared: Mapping[str, Sequence[Any]], shapes: Shapes) -> Any:  # noqa: ANN401 - the runtime's class
            height, width = shapes[FRAME][1:3]
            size = f"{width}x{height}"
            # A folder per size: the names that ONNX Runtime gives to engines do not tell sizes apart.
            folder = root / size
            options = session_options(runtime, threads)
            fix_shapes(options, declared, shapes)

            def opened() -> Any:  # noqa: ANN401 - see above
                if not _engines(folder):
                    tell(f"building a TensorRT engine for {size}; this takes some minutes the first time")
                session = open_session(runtime, path, options, _providers(folder, root, half=half, recorded=recorded))
                if runs_on(session) != PROVIDERS["tensorrt"]:
                    raise ModelError("ONNX Runtime could not start TensorRT (driver or libraries missing?)")
                return session

            with contextlib.suppress(OSError):  # without a cache it is built each time
                folder.mkdir(parents=True, exist_ok=True)
            had_engines = _engines(folder)
            try:
                return opened()
            except Exception:
                if not had_engines or recorded:
                    raise
                # Half written, say, by a run that was killed.
                for engine in had_engines:
                    engine.unlink(missing_ok=True)
                tell(f"the TensorRT engine for {size} cannot be read")
                return opened()

        return Manner(name, built)

    manners = (manner("CUDA graphs in TensorRT", recorded=True), manner("TensorRT", recorded=False))
    return SizedGraph(any_size, manners, runtime=runtime, tell=tell, multiple=MULTIPLE, at_once=True, required=True)


def _engines(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.engine"))
    except OSError:
        return []


def _providers(folder: Path, root: Path, *, half: bool, recorded: bool) -> list[str | tuple[str, dict[str, str]]]:
    """TensorRT, and CUDA for what it does not take."""
    options = {
        "device_id": "0",
        "trt_fp16_enable": str(half),
        "trt_cuda_graph_enable": str(recorded),
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(root),
    }
    return [(PROVIDERS["tensorrt"], options), (PROVIDERS["cuda"], cuda_options()), PROVIDERS["cpu"]]
