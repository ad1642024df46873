"""Which providers really load: each makes a session with the shipped model."""

import ctypes
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime

from streamstyle.doctor.finding import Finding, State, failure
from streamstyle.errors import ModelError
from streamstyle.runtime import vino
from streamstyle.runtime.catalog import find_model
from streamstyle.runtime.gpu import nvidia, plugins, tensorrt
from streamstyle.runtime.graph import FRAME, Tensor
from streamstyle.runtime.machine import usable_cores
from streamstyle.runtime.ort import GPU_PACKAGE, PROVIDERS, preload_cuda
from streamstyle.runtime.session import Session

AREA = "providers"
_CUDA = "run: pip install 'streamstyle[gpu]', which brings CUDA and cuDNN, and see that nvidia-smi works"
_TENSORRT = f"run: {tensorrt.INSTALL} (TensorRT, from NVIDIA); --device cuda does not need it"
_OPENVINO = "streamstyle install cpu"
_NEAR_DB = 30.0


def findings(device: str) -> Iterator[Finding]:
    """Whether the model loads on a device: one of streamstyle.runtime.table.DEVICES but `auto`."""
    if device == "openvino":
        yield openvino()
    elif device in plugins.PLUGINS:
        yield plugin(device)
    else:
        yield onnx_runtime(device)


def onnx_runtime(device: str) -> Finding:
    """Of the providers that are built into ONNX Runtime."""
    try:
        session = Session(find_model("fast").stylize, device)
    except ModelError as error:
        return failure(AREA, device, error) if device == "cpu" else _why_not(device, error)
    if device == "cpu":
        return Finding(AREA, device, "ok", f"runs the model on {cores(usable_cores())}")
    where = ", ".join(nvidia.look().gpus) or session.provider
    if device == "tensorrt":
        return Finding(AREA, device, "ok", f"is here for {where}; it builds an engine per frame size, which was not tried")
    return compared(device, session, where)


def openvino() -> Finding:
    """Whether it is here, and in which precision `--device auto` would run the model on it."""
    problem = vino.problem()
    if problem == vino.NOT_INSTALLED:
        hint = f"it is two to four times as fast; run: {_OPENVINO} (180 MB)"
        return Finding(AREA, "openvino", "missing", "not installed; ONNX Runtime runs the model", hint)
    if problem == vino.NOT_FOR_THIS_PROCESSOR:
        return Finding(AREA, "openvino", "missing", f"used on x86 processors only, and this is {platform.machine()}")
    again = f"run: {_OPENVINO} --force-reinstall, or do without: pip uninstall openvino"
    if problem is not None:
        return Finding(AREA, "openvino", "failed", problem, again)
    try:
        files = find_model("fast")
        session = Session(files.stylize, "openvino", "auto", files.int8, int8_avx2=files.int8_avx2)
        session.warm_up(64, 64)
        can = ", ".join(sorted(vino.capabilities() & {"BF16", "FP32", "INT8"}))
    except ModelError as error:
        return Finding(AREA, "openvino", "failed", str(error), again)
    detail = f"OpenVINO {vino.version()} runs the model in {session.precision}; this processor computes in {can}"
    return Finding(AREA, "openvino", "ok", detail)


def plugin(device: str) -> Finding:
    """Of a provider that is a package of its own: nobody needs one."""
    try:
        session = Session(find_model("fast").stylize, device)
    except ModelError as error:
        detail, _, remedy = str(error).removeprefix(f"--device {device}: ").partition("; ")
        return Finding(AREA, device, "missing", detail, remedy)
    return compared(device, session, session.provider)


def compared(device: str, session: Session, where: str) -> Finding:
    """Whether a GPU computes what the CPU computes; small, since this is no proof but a warning."""
    feeds = probe(session)
    try:
        got, wanted = (
            one.run(feeds)["stylized"].astype(float) for one in (session, Session(find_model("fast").stylize, "cpu"))
        )
    except ModelError as error:
        return failure(AREA, device, error)
    decibels = 10 * np.log10(255**2 / max(1e-3, float(((got - wanted) ** 2).mean())))
    if decibels < _NEAR_DB:
        detail = f"computes something else than the CPU on {where} ({decibels:.0f} dB)"
        return Finding(AREA, device, "failed", detail, "use --device cpu, and tell the makers of streamstyle")
    return Finding(AREA, device, "ok", f"runs the model on {where}, as the CPU does ({decibels:.0f} dB)")


def probe(session: Session) -> dict[str, Tensor]:
    """A small frame and a generated look."""
    rng = np.random.default_rng(0)
    feeds: dict[str, Tensor] = {
        name: rng.uniform(0.3, 0.7, [size if isinstance(size, int) else 1 for size in shape]).astype(np.float32)
        for name, shape in session.inputs.items()
    }
    return feeds | {FRAME: rng.integers(0, 256, (1, 64, 96, 3), np.uint8)}


def cores(count: int) -> str:
    """`1 core`, `2 cores`."""
    return f"{count} core{'' if count == 1 else 's'}"


def _why_not(device: str, error: ModelError) -> Finding:
    gpu = nvidia.look()
    if PROVIDERS[device] not in onnxruntime.get_available_providers():
        lacks = f"the installed ONNX Runtime has no {device} support"
        if gpu.gpus:
            state: State = "warning" if device == "cuda" else "missing"
            return Finding(AREA, device, state, f"{lacks}, so {gpu.gpus[0]} is not used", f"run: {GPU_PACKAGE}")
        return Finding(AREA, device, "missing", f"{lacks}; {gpu.problem}", f"with an NVIDIA GPU run: {GPU_PACKAGE}")
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
        preload_cuda(onnxruntime)
        ctypes.CDLL(str(folder / f"{prefix}onnxruntime_providers_shared{suffix}"), mode=ctypes.RTLD_GLOBAL)
        ctypes.CDLL(str(folder / f"{prefix}onnxruntime_providers_{device}{suffix}"))
    except OSError as error:
        return " ".join(str(error).split())
    return ""
