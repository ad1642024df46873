"""ONNX Runtime: which provider really runs, and nothing silent about it."""

import importlib.metadata
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import ModelError

Tensor = NDArray[Any]

DEVICES = ("auto", "cpu", "openvino", "cuda", "tensorrt")
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
_METADATA_PREFIX = "streamstyle."


class Session:
    """One loaded graph on one provider.

    Attributes:
        provider: What really runs it: `cpu`, `cuda` or `tensorrt`.
        inputs: Name -> declared shape; named or unknown dimensions are strings or None.
        outputs: Likewise.
        metadata: What the export wrote into the file.
    """

    def __init__(self, path: Path, device: str = "auto") -> None:
        """Load a graph.

        Args:
            path: An `.onnx` file.
            device: One of DEVICES. `auto` takes CUDA where it really loads, else the CPU; TensorRT only when asked for,
                since it builds an engine for minutes first.

        Raises:
            ModelError: The file cannot be loaded, or the device that was asked for does not run.
        """
        if device not in DEVICES:
            raise ModelError(f"unknown device '{device}'; choose one of {', '.join(DEVICES)}")
        device = "cpu" if device == "openvino" else device  # see streamstyle.openvino_engine
        runtime = _import_runtime()
        if not path.is_file():
            raise ModelError(f"there is no model file '{path}'; install streamstyle again or name another --model")
        wanted = "cuda" if device == "auto" else device
        if device == "auto" and _PROVIDERS["cuda"] not in runtime.get_available_providers():
            wanted = "cpu"
        session = _load(runtime, path, wanted)
        running = _provider_of(session)
        # With `auto`, a GPU build on a machine without a usable GPU may run on the CPU; it is printed, and no surprise.
        if running != wanted and device != "auto":
            raise ModelError(_not_running(runtime, wanted))
        self._session = session
        self.provider = running
        self.inputs = {value.name: list(value.shape) for value in session.get_inputs()}
        self.outputs = {value.name: list(value.shape) for value in session.get_outputs()}
        self.metadata = {
            key.removeprefix(_METADATA_PREFIX): value
            for key, value in session.get_modelmeta().custom_metadata_map.items()
            if key.startswith(_METADATA_PREFIX)
        }

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
            return dict(zip(self.outputs, self._session.run(None, dict(feeds)), strict=True))
        except Exception as error:
            detail = str(error).splitlines()[0]
            raise ModelError(f"the model failed on {self.provider}: {detail}; try a smaller --size") from error


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
