"""OpenVINO: on x86 processors the same ONNX files run about twice as fast as on ONNX Runtime, in int8 and bfloat16 too.

Graphs are compiled for one frame size each: a third faster than for any size (measured), at the price of a compilation of
some tenths of a second per size, less than half of it from the second start on, thanks to a cache on disk.
"""

import contextlib
import functools
import importlib.metadata
import importlib.util
import platform
import sys
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from streamstyle.errors import ModelError
from streamstyle.media.user_folders import user_cache
from streamstyle.runtime.graph import METADATA_PREFIX, Tensor

_SIZES_KEPT = 8
"""Compiled sizes kept in memory: the ladder of `--size auto`, and a region or two."""
_FILES_KEPT = 64
_X86 = {"x86_64", "amd64"}


NOT_INSTALLED = "OpenVINO is not installed"
"""It is an extra: without it, nothing is amiss."""
NOT_FOR_THIS_PROCESSOR = "OpenVINO is used on x86 processors only"


def problem() -> str | None:
    """Why OpenVINO is not what `--device auto` takes here, or None."""
    if platform.machine().lower() not in _X86:
        return NOT_FOR_THIS_PROCESSOR
    if importlib.util.find_spec("openvino") is None:
        return NOT_INSTALLED
    # Its model converter, which comes along, would report to its makers; without this module it does not.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino  # noqa: F401, PLC0415 - optional
    except Exception as error:  # noqa: BLE001 - a library that does not load fails in many ways
        return f"OpenVINO cannot be loaded ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
    return None


@functools.cache
def _core() -> Any:  # noqa: ANN401 - an optional package's class
    """The only one of this process.

    Each core (2026.4, Linux) sets up a stack for signals and puts back, when it goes, the one that it found: of two cores
    that go in the order of their coming, the second puts back what the first has freed, and the next Ctrl-C is a segfault.
    """
    import openvino  # noqa: PLC0415 - optional

    return openvino.Core()


def capabilities() -> set[str]:
    """What this processor computes natively, as OpenVINO names it: `FP32`, `INT8`, `BF16`.

    Raises:
        ModelError: OpenVINO does not start here.
    """
    try:
        return set(_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    except Exception as error:
        raise ModelError(f"OpenVINO does not start ({str(error).strip().splitlines()[-1]})") from error


def version() -> str:
    """Of the installed package: `2026.4.1`."""
    return importlib.metadata.version("openvino")


def has_fast_int8() -> bool:
    """Whether int8 is faster than float32 here: from AVX2 on, less so without instructions of its own (VNNI).

    Only Linux tells; elsewhere OpenVINO's own answer counts.
    """
    flags = _processor_flags()
    return "INT8" in capabilities() if flags is None else "avx2" in flags


def has_vnni() -> bool:
    """Whether the processor has instructions for bytes; taken to be so where only OpenVINO could tell, which does not."""
    flags = _processor_flags()
    return flags is None or "avx512_vnni" in flags or "avx_vnni" in flags


def _processor_flags() -> str | None:
    """What Linux says of the processor; None elsewhere."""
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return None


_Request = tuple[Any, dict[str, Tensor]]
"""What computes for certain shapes, and the arrays that it holds, by name."""


class Graph:
    """One graph, compiled for every combination of input shapes that comes.

    Attributes:
        inputs: Name -> declared shape; dimensions that may vary are None.
        outputs: Name -> declared shape, in the same form.
        metadata: What the export wrote into the file, without its prefix.
    """

    def __init__(self, path: Path, *, precision: str, threads: int, cache: Path | None = None) -> None:
        """Read a graph; it is compiled when the first shapes come.

        Args:
            path: An `.onnx` file.
            precision: `fp32`, `bf16` (convolutions of a float32 file in bfloat16) or `int8` (what such a file says).
            threads: For one frame.
            cache: Folder for compiled graphs; one in the user's cache folder by default.

        Raises:
            ModelError: The file is not a model that OpenVINO reads.
        """
        import openvino  # noqa: PLC0415 - optional

        self._openvino = openvino
        self._core = _core()
        try:
            self._model = self._core.read_model(path)
            self.metadata = _metadata(self._model)
            self.inputs: dict[str, list[Any]] = {port.get_any_name(): _declared(port) for port in self._model.inputs}
            self.outputs: dict[str, list[Any]] = {port.get_any_name(): _declared(port) for port in self._model.outputs}
        except Exception as error:
            detail = str(error).strip().splitlines()[-1:] or [type(error).__name__]
            raise ModelError(f"'{path}' is not a model that OpenVINO can load: {detail[0]}; install it again") from error
        self._settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(threads),
            # What an int8 file leaves in float32 runs in bfloat16 where the processor has it.
            "INFERENCE_PRECISION_HINT": "bf16" if precision != "fp32" and "BF16" in capabilities() else "f32",
            # Decoding and encoding want the same cores: the system places the threads better than a fixed choice does.
            "ENABLE_CPU_PINNING": "NO",
        }
        self._cache_root = cache or user_cache() / "compiled"
        folder = _cache_folder(self._cache_root, self.metadata.get("version", "unknown"))
        if folder is not None:
            self._settings["CACHE_DIR"] = str(folder)
        self._requests: OrderedDict[tuple[tuple[int, ...], ...], _Request] = OrderedDict()
        self._prepared: dict[tuple[tuple[int, ...], ...], Any] = {}  # what `prepare` leaves for `run`, whole or not at all

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute all outputs; RuntimeError where OpenVINO fails."""
        arrays = {name: np.ascontiguousarray(feeds[name]) for name in self.inputs}
        request, held = self._request({name: array.shape for name, array in arrays.items()})
        # Handing in the forty arrays of a code takes a tenth of a frame's time; all but some are those of the frame before.
        request.infer({name: array for name, array in arrays.items() if held.get(name) is not array}, share_inputs=True)
        held.update(arrays)
        # A copy: the next frame overwrites the request's own memory.
        return {name: request.get_output_tensor(index).data.copy() for index, name in enumerate(self.outputs)}

    def prepare(self, feeds: Mapping[str, Tensor]) -> None:
        """Compile for the shapes of these inputs and run once, so that `run` need not; may go on beside a `run`."""
        arrays = {name: np.ascontiguousarray(feeds[name]) for name in self.inputs}
        shapes = {name: array.shape for name, array in arrays.items()}
        key = tuple(shapes.values())
        if key in self._requests or key in self._prepared:
            return
        request = self._compiled(shapes)
        request.infer(arrays)
        self._prepared[key] = request

    def _request(self, shapes: dict[str, tuple[int, ...]]) -> _Request:
        key = tuple(shapes.values())
        if key in self._requests:
            self._requests.move_to_end(key)
            return self._requests[key]
        request = self._requests[key] = self._prepared.pop(key, None) or self._compiled(shapes), {}
        if len(self._requests) > _SIZES_KEPT:
            self._requests.popitem(last=False)
        return request

    def _compiled(self, shapes: dict[str, tuple[int, ...]]) -> Any:  # noqa: ANN401 - an optional package's class
        model = self._model.clone()
        model.reshape({name: self._openvino.PartialShape(list(shape)) for name, shape in shapes.items()})
        request = self._core.compile_model(model, "CPU", self._settings).create_infer_request()
        _trim(self._cache_root)
        return request


def _metadata(model: Any) -> dict[str, str]:  # noqa: ANN401 - an optional package's class
    """OpenVINO keeps an ONNX file's own entries under `framework`."""
    known = "framework" in model.rt_info  # not a dict: it has no get()
    names = model.rt_info["framework"] if known else {}
    return {
        name.removeprefix(METADATA_PREFIX): str(model.get_rt_info(["framework", name]).value)
        for name in dict(getattr(names, "value", names))
        if name.startswith(METADATA_PREFIX)
    }


def _declared(port: Any) -> list[int | None]:  # noqa: ANN401 - an optional package's class
    return [None if dimension.is_dynamic else dimension.get_length() for dimension in port.partial_shape]


def _cache_folder(root: Path, version: str) -> Path | None:
    """Of one model's version; None where it cannot be written."""
    folder = root / version
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    _trim(root)
    return folder


def _trim(root: Path) -> None:
    """The oldest files go when there are too many; other runs may take some away meanwhile."""
    with contextlib.suppress(OSError):
        files = sorted(root.glob("*/*.blob"), key=lambda file: file.stat().st_mtime)
        for file in files[:-_FILES_KEPT]:
            file.unlink(missing_ok=True)
