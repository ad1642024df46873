"""Which runtime, provider and precision really run a graph, and nothing silent about it."""

import importlib.metadata
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamstyle import vino
from streamstyle.errors import ModelError

Tensor = NDArray[Any]

DEVICES = ("auto", "cpu", "openvino", "cuda", "tensorrt")
"""What may be asked for; `cpu` is ONNX Runtime, `openvino` is OpenVINO on the CPU."""
PRECISIONS = ("auto", "fp32", "bf16", "int8")
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
_METADATA_PREFIX = "streamstyle."


class Session:
    """One loaded graph on one provider.

    Attributes:
        provider: What really runs it: `cpu` (ONNX Runtime), `openvino`, `cuda` or `tensorrt`.
        precision: Of its convolutions: `fp32`, `bf16`, `int8`, or what else its file says.
        remark: One line on what `auto` could not take, and why; empty where it took the best.
        inputs: Name -> declared shape; named or unknown dimensions are strings or None.
        outputs: Likewise.
        metadata: What the export wrote into the file.
    """

    def __init__(self, path: Path, device: str = "auto", precision: str = "fp32", int8: Path | None = None) -> None:
        """Load a graph.

        Args:
            path: An `.onnx` file.
            device: One of DEVICES. `auto` takes CUDA where it really loads, else OpenVINO where it is installed on an x86
                processor, else ONNX Runtime on the CPU; TensorRT only when asked for, since it builds an engine for
                minutes first.
            precision: One of PRECISIONS. On OpenVINO `auto` takes int8 where there is such a file, which its maker found
                near enough, and the processor multiplies bytes; else bf16 where the processor has it and the file allows
                it; else what `path` holds. `bf16` needs OpenVINO and a processor that has it.
            int8: The same graph in int8; may not exist.

        Raises:
            ModelError: The file cannot be loaded, or the device or precision that was asked for does not run.
        """
        if device not in DEVICES:
            raise ModelError(f"unknown device '{device}'; choose one of {', '.join(DEVICES)}")
        if precision not in PRECISIONS:
            raise ModelError(f"unknown precision '{precision}'; choose one of {', '.join(PRECISIONS)}")
        if not path.is_file():
            if device != "openvino":
                _import_runtime()
            raise ModelError(f"there is no model file '{path}'; install streamstyle again or name another --model")
        self.remark = ""
        self._graph: vino.Graph | None = None
        self._session: Any = None
        self.provider = self._open_cuda(path, precision, int8) if device == "auto" else ""
        if not self.provider and device in {"auto", "openvino"}:
            self.provider = self._open_openvino(path, device, precision, int8)
        if not self.provider:
            self.provider = self._open_onnxruntime(path, "cpu" if device == "auto" else device, precision, int8)

    def _open_cuda(self, path: Path, precision: str, int8: Path | None) -> str:
        """On CUDA where it really loads: a GPU build lists it on machines without a GPU, too."""
        try:
            runtime = _import_runtime()
        except ModelError:
            if vino.problem() is None:
                return ""
            raise
        if _PROVIDERS["cuda"] not in runtime.get_available_providers() or precision in {"bf16", "int8"}:
            return ""
        self._take(_load(runtime, path, "cuda"))
        running = _provider_of(self._session)
        return running if running != "cpu" else ""

    def _open_openvino(self, path: Path, device: str, precision: str, int8: Path | None) -> str:
        problem = vino.problem()
        try:
            if problem is None:
                self._take_graph(path, precision, int8)
                return "openvino"
        except ModelError as error:
            if device == "openvino" or precision in {"bf16", "int8"}:
                raise
            problem = str(error)
        if device == "openvino":
            raise ModelError(f"--device openvino: {problem}; run: pip install 'streamstyle[openvino]', or use --device cpu")
        if problem != vino.NOT_INSTALLED:
            self.remark = f"{problem}; ONNX Runtime runs the model, slower"
        return ""

    def _take_graph(self, path: Path, precision: str, int8: Path | None) -> None:
        threads, has_bf16 = usable_cores(), "BF16" in vino.capabilities()
        if precision == "bf16" and not has_bf16:
            raise ModelError("--precision bf16: this processor does not compute in bfloat16; use --precision fp32")
        graph = vino.Graph(path, precision="fp32", threads=threads)
        self.precision = graph.metadata.get("precision", "fp32")
        quantized = None
        if precision == "int8" or (precision == "auto" and int8 is not None and int8.is_file() and vino.has_fast_int8()):
            quantized = vino.Graph(_existing(int8), precision="int8", threads=threads)
            allowed = precision == "int8" or quantized.metadata.get("automatic") == "yes"
            if not (allowed and self._belongs(quantized.metadata, graph.metadata, precision)):
                quantized = None
        if quantized is not None:
            graph, self.precision = quantized, "int8"
        elif precision == "bf16" or (precision == "auto" and has_bf16 and graph.metadata.get("bfloat16") == "yes"):
            graph, self.precision = vino.Graph(path, precision="bf16", threads=threads), "bf16"
        elif precision == "auto" and graph.metadata.get("bfloat16") == "yes":
            self.remark = "this processor does not compute in bfloat16, so the model runs in float32, slower"
        self._graph = graph
        self.inputs: dict[str, list[Any]] = {name: list(shape) for name, shape in graph.inputs.items()}
        self.outputs: dict[str, list[Any]] = {name: list(shape) for name, shape in graph.outputs.items()}
        self.metadata = graph.metadata

    def _belongs(self, quantized: Mapping[str, str], full: Mapping[str, str], precision: str) -> bool:
        """Whether the int8 file is of the same training; else its codes would not fit."""
        if quantized.get("version") == full.get("version"):
            return True
        told = "the int8 model is of another training than the float32 one (run: python -m export.quantize)"
        if precision == "int8":
            raise ModelError(f"--precision int8: {told}; or use --precision fp32")
        self.remark = f"{told}; it is left alone"
        return False

    def _open_onnxruntime(self, path: Path, device: str, precision: str, int8: Path | None) -> str:
        runtime = _import_runtime()
        if precision == "bf16":
            raise ModelError(f"--precision bf16 runs on OpenVINO only, not on --device {device}; use --precision fp32")
        if precision == "int8" and device != "cpu":
            raise ModelError(f"--precision int8 runs on the CPU only, not on --device {device}; use --precision fp32")
        session = _load(runtime, path, device)
        running = _provider_of(session)
        if running != device:
            raise ModelError(_not_running(runtime, device))
        self._take(session)
        if precision == "int8":
            quantized, full = _load(runtime, _existing(int8), device), self.metadata
            self._take(quantized)
            self._belongs(self.metadata, full, precision)
        return running

    def _take(self, session: Any) -> None:  # noqa: ANN401 - see _import_runtime
        self._session = session
        self.inputs = {value.name: list(value.shape) for value in session.get_inputs()}
        self.outputs = {value.name: list(value.shape) for value in session.get_outputs()}
        self.metadata = {
            key.removeprefix(_METADATA_PREFIX): value
            for key, value in session.get_modelmeta().custom_metadata_map.items()
            if key.startswith(_METADATA_PREFIX)
        }
        self.precision = self.metadata.get("precision", "fp32")

    @property
    def label(self) -> str:
        """The provider, and the precision where it is not float32: `openvino (int8)`."""
        return self.provider if self.precision == "fp32" else f"{self.provider} ({self.precision})"

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute all outputs.

        Args:
            feeds: Input name -> array of the declared type.

        Returns:
            Output name -> array.

        Raises:
            ModelError: The runtime failed, for lack of memory say.
        """
        try:
            if self._graph is not None:
                return self._graph.run(feeds)
            return dict(zip(self.outputs, self._session.run(None, dict(feeds)), strict=True))
        except Exception as error:
            detail = str(error).splitlines()[0]
            raise ModelError(f"the model failed on {self.provider}: {detail}; try a smaller --size") from error


def _existing(int8: Path | None) -> Path:
    if int8 is None or not int8.is_file():
        raise ModelError("--precision int8: this model has no int8 file (python -m export.quantize makes one)")
    return int8


def usable_cores() -> int:
    """Physical cores that this process may use: a second thread per core makes convolutions slower, not faster."""
    if not hasattr(os, "sched_getaffinity"):
        logical = os.cpu_count() or 1
        return logical if platform.machine().lower() in {"arm64", "aarch64"} else max(1, logical // 2)
    allowed = os.sched_getaffinity(0)
    cores = set()
    for cpu in allowed:
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            cores.add(siblings.read_text().strip())
        except OSError:
            return len(allowed)
    return len(cores)


def available_memory() -> int | None:
    """Bytes that can be taken without swapping, or None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    free = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    group = Path("/sys/fs/cgroup")  # the limit of a container
    try:
        limit = int((group / "memory.max").read_text()) - int((group / "memory.current").read_text())
    except (OSError, ValueError):
        return free
    return limit if free is None else min(free, limit)


def _import_runtime() -> Any:  # noqa: ANN401 - an optional module without type stubs
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
        raise ModelError(
            f"ONNX Runtime cannot be loaded ({error}); run: pip install 'streamstyle[cpu]' (or [gpu] with an NVIDIA GPU)"
        ) from error
    return onnxruntime


def _load(runtime: Any, path: Path, device: str) -> Any:  # noqa: ANN401 - see _import_runtime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    if device != "cpu" and hasattr(runtime, "preload_dlls"):
        runtime.preload_dlls()
    providers = [_PROVIDERS[device]]
    if device == "tensorrt":
        providers.append(_PROVIDERS["cuda"])
    if device != "cpu":
        # Shape arithmetic stays on the CPU; whether the provider itself loaded is checked by the caller.
        providers.append(_PROVIDERS["cpu"])
    try:
        return runtime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:
        if device != "cpu" and "provider" in str(error).lower():
            raise ModelError(_not_running(runtime, device)) from error
        detail = str(error).splitlines()[0]
        raise ModelError(f"'{path}' is not a model that ONNX Runtime can load: {detail}; install it again") from error


def _provider_of(session: Any) -> str:  # noqa: ANN401 - see _import_runtime
    """The first provider of the live session: the list of available ones says nothing about what loads."""
    first = session.get_providers()[0]
    return next((device for device, provider in _PROVIDERS.items() if provider == first), first)


def _not_running(runtime: Any, device: str) -> str:  # noqa: ANN401 - see _import_runtime
    if _PROVIDERS[device] not in runtime.get_available_providers():
        remedy = "run: pip uninstall -y onnxruntime; pip install 'streamstyle[gpu]'"
        return f"--device {device}: the installed ONNX Runtime has no {device} support; {remedy}, or use --device cpu"
    return (
        f"--device {device}: {device} was asked for, but ONNX Runtime could not start it (driver or libraries missing?); "
        "check nvidia-smi, or use --device cpu"
    )


def as_batch(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) -> (1, H, W, 3), without a copy."""
    return np.ascontiguousarray(image)[None]
