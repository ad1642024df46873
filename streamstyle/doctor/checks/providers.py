"""Which providers of ONNX Runtime really load: each makes a session with the shipped model."""

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

import onnxruntime

from streamstyle import nvidia
from streamstyle.catalog import find_model
from streamstyle.doctor.finding import Finding, State, failure
from streamstyle.engine import Session, usable_cores
from streamstyle.errors import ModelError

AREA = "providers"
_NAMES = {"cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
_GPU_PACKAGE = "pip uninstall -y onnxruntime; pip install 'streamstyle[gpu]'"
_CUDA = "run: pip install 'streamstyle[gpu]', which brings CUDA and cuDNN, and see that nvidia-smi works"
_TENSORRT = "run: pip install 'tensorrt-cu13>=10.14,<11' (TensorRT, from NVIDIA); --device cuda does without"


def findings(device: str) -> Iterator[Finding]:
    """Whether the model loads on a device: `cpu`, `cuda` or `tensorrt`."""
    try:
        session = Session(find_model("fast").stylize, device)
    except ModelError as error:
        yield failure(AREA, device, error) if device == "cpu" else _why_not(device, error)
        return
    if device == "cpu":
        yield Finding(AREA, device, "ok", f"runs the model on {cores(usable_cores())}")
    else:
        yield Finding(AREA, device, "ok", f"loads the model on {', '.join(nvidia.look().gpus) or session.provider}")


def cores(count: int) -> str:
    """`1 core`, `2 cores`."""
    return f"{count} core{'' if count == 1 else 's'}"


def _why_not(device: str, error: ModelError) -> Finding:
    gpu = nvidia.look()
    if _NAMES[device] not in onnxruntime.get_available_providers():
        lacks = f"the installed ONNX Runtime has no {device} support"
        if gpu.gpus:
            state: State = "warning" if device == "cuda" else "missing"
            return Finding(AREA, device, state, f"{lacks}, so {gpu.gpus[0]} is not used", f"run: {_GPU_PACKAGE}")
        return Finding(AREA, device, "missing", f"{lacks}; {gpu.problem}", f"with an NVIDIA GPU run: {_GPU_PACKAGE}")
    if not gpu.gpus:
        remedy = "with an NVIDIA GPU install NVIDIA's driver, until nvidia-smi shows the GPU"
        return Finding(AREA, device, "failed" if gpu.is_ill else "missing", gpu.problem, remedy)
    broken = missing_library(device)
    if broken:
        # TensorRT is a step of its own, which most do not want.
        state = "missing" if device == "tensorrt" else "failed"
        return Finding(
            AREA, device, state, f"{gpu.gpus[0]} is here, but {broken}", _TENSORRT if "nvinfer" in broken else _CUDA
        )
    return failure(AREA, device, error)


def missing_library(device: str) -> str:
    """What the system's loader misses for a provider; empty where it misses nothing.

    ONNX Runtime says it in its log only; loading the provider's library as it does brings the same words.
    """
    folder = Path(onnxruntime.__file__).parent / "capi"
    prefix, suffix = ("", ".dll") if sys.platform == "win32" else ("lib", ".so")
    try:
        onnxruntime.preload_dlls()
        ctypes.CDLL(str(folder / f"{prefix}onnxruntime_providers_shared{suffix}"), mode=ctypes.RTLD_GLOBAL)
        ctypes.CDLL(str(folder / f"{prefix}onnxruntime_providers_{device}{suffix}"))
    except OSError as error:
        return " ".join(str(error).split())
    return ""
