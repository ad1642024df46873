"""All ways to run a model: one table of device, precision, file and condition, the best first."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streamstyle.runtime import vino
from streamstyle.runtime.gpu import devices as gpu

DEVICES = ("auto", "cpu", "openvino", *gpu.DEVICES)
"""What may be asked for; `cpu` is ONNX Runtime, `openvino` is OpenVINO on the CPU."""
PRECISIONS = ("auto", "fp32", "fp16", "bf16", "int8")
ON_CPU = frozenset({"cpu", "openvino"})
"""Devices whose frames take the computer's own memory."""


@dataclass(frozen=True, slots=True)
class Files:
    """One stylize graph in its precisions; all but the first may be None or not exist.

    Attributes:
        full: In float32, or the only one there is.
        int8: In bytes.
        int8_avx2: In bytes, made for OpenVINO on processors without instructions for them (VNNI).
        fp16: In half precision, for GPUs.
    """

    full: Path
    int8: Path | None = None
    int8_avx2: Path | None = None
    fp16: Path | None = None

    def find(self, file: str) -> Path | None:
        """One of them, named as its attribute; None where it does not exist."""
        path: Path | None = getattr(self, file)
        return path if path is not None and path.is_file() else None


def _always() -> bool:
    return True


def _never() -> bool:
    return False


def _without_vnni() -> bool:
    return not vino.has_vnni()


def _has_fast_int8() -> bool:
    return vino.has_fast_int8()


def _has_bf16() -> bool:
    return "BF16" in vino.capabilities()


@dataclass(frozen=True, slots=True)
class Row:
    """One way to run a model.

    Attributes:
        device: One of DEVICES but `auto`.
        precision: One of PRECISIONS but `auto`.
        file: Attribute of Files that it runs.
        suits: Whether this processor can run it.
        unsuited: What to say where it cannot; empty where another row takes its place.
        unasked: Whether `--precision auto` may take it here.
        mark: Entry in the file's metadata that must be "yes" for `--precision auto`: its maker found it near enough.
    """

    device: str
    precision: str
    file: Literal["full", "int8", "int8_avx2", "fp16"] = "full"
    suits: Callable[[], bool] = _always
    unsuited: str = ""
    unasked: Callable[[], bool] = _always
    mark: str = ""


TABLE = (
    Row("cuda", "fp16", "fp16"),
    Row("cuda", "fp32"),
    Row("openvino", "int8", "int8_avx2", suits=_without_vnni, unasked=_has_fast_int8, mark="automatic"),
    Row("openvino", "int8", "int8", unasked=_has_fast_int8, mark="automatic"),
    Row("openvino", "bf16", suits=_has_bf16, unsuited="this processor does not compute in bfloat16", mark="bfloat16"),
    Row("openvino", "fp32"),
    Row("cpu", "fp32"),
    Row("cpu", "int8", "int8", unasked=_never),
    # Not for `--device auto`: TensorRT builds engines for minutes first, and plugins are not proven.
    Row("tensorrt", "fp16", "fp16"),
    Row("tensorrt", "fp16", unasked=_never),  # it halves a float32 file by itself
    Row("tensorrt", "fp32"),
    Row("tensorrt-rtx", "fp16", "fp16"),
    Row("tensorrt-rtx", "fp32"),
    Row("webgpu", "fp16", "fp16", unasked=_never),  # some adapters do not compute in half precision
    Row("webgpu", "fp32"),
)
"""`--device auto` tries CUDA, OpenVINO and the CPU; `--precision auto` takes the first row of a device that suits."""
