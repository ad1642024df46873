"""Which device and precision run a model: what was asked for, or the first row of the table that suits."""

import importlib.util
import platform
from dataclasses import dataclass, field
from pathlib import Path

from streamstyle.errors import ModelError
from streamstyle.runtime import checksums, ort, vino
from streamstyle.runtime.gpu import devices as gpu
from streamstyle.runtime.graph import Graph, Tell
from streamstyle.runtime.machine import usable_cores
from streamstyle.runtime.table import DEVICES, PRECISIONS, TABLE, Files, Row

_WHERE = {"fp16": "GPUs", "bf16": "OpenVINO", "int8": "the CPU"}
_MAKE = {"fp16": "python -m export --precision fp16", "int8": "python -m export.quantize"}


@dataclass(slots=True)
class Choice:
    """What runs, of a model's files, and why nothing better does.

    Attributes:
        graph: Loaded.
        device: What really runs it: one of DEVICES but `auto`.
        precision: Of its convolutions: one of PRECISIONS but `auto`, or what else its file says.
        remark: One line on what `auto` could not take, and why; empty where it took the best.
    """

    graph: Graph
    device: str
    precision: str
    remark: str


def choose(files: Files, device: str, precision: str, *, for_frames: bool, tell: Tell) -> Choice:
    """Load what was asked for, or the best that runs here.

    Args:
        files: Of the model.
        device: One of DEVICES. `auto` takes CUDA where it really loads, else for frames OpenVINO where it is installed on
            an x86 processor, else ONNX Runtime on the CPU.
        precision: One of PRECISIONS. `auto` takes the first row of the device that suits.
        for_frames: Whether pictures of few sizes will come by the thousand, so that preparing for a size pays.
        tell: Takes lines for the user at once.

    Raises:
        ModelError: A file cannot be loaded or was changed, or the device or precision that was asked for does not run.
    """
    if device not in DEVICES:
        raise ModelError(f"unknown device '{device}'; choose one of {', '.join(DEVICES)}")
    if precision not in PRECISIONS:
        raise ModelError(f"unknown precision '{precision}'; choose one of {', '.join(PRECISIONS)}")
    if not files.full.is_file():
        if device != "openvino":
            ort.import_runtime()
        raise ModelError(f"there is no model file '{files.full}'; install streamstyle again or name another --model")
    checksums.check(files.full)
    walk = _Walk(files, precision, for_frames=for_frames, tell=tell)
    choice = walk.automatic() if device == "auto" else walk.asked_for(device)
    if choice.device in gpu.DEVICES:
        tell(gpu.EXPERIMENTAL)
    return choice


@dataclass(slots=True)
class _Walk:
    """Along the table, with notes of what could not be taken."""

    files: Files
    wanted: str
    for_frames: bool = field(kw_only=True)
    tell: Tell = field(kw_only=True)
    notes: list[str] = field(default_factory=list)

    def automatic(self) -> Choice:
        """The first device that runs."""
        if self.wanted == "fp16":
            try:
                return self._on("cuda")
            except ModelError as error:
                told = _without_device(error).replace("or use --device cpu", "or use --precision fp32")
                raise ModelError(f"--precision fp16 runs on GPUs only: {told}") from error
        return self._automatic_cuda() or self._automatic_openvino() or self._on("cpu")

    def _automatic_cuda(self) -> Choice | None:
        """On CUDA where it really loads: a GPU build lists it on machines without a GPU, too."""
        try:
            runtime = ort.import_runtime()
        except ModelError:
            if vino.problem() is None:
                return None
            raise
        if not gpu.is_built_in(runtime, "cuda") or not self._rows("cuda"):
            return None
        try:
            return self._on("cuda")
        except ModelError as error:
            self.notes.append(f"the GPU is not used: {_without_device(error)}")
            return None

    def _automatic_openvino(self) -> Choice | None:
        if not self.for_frames and self.wanted == "auto" and importlib.util.find_spec("onnxruntime"):
            return None  # it compiles for each size, which takes longer than some pictures do on ONNX Runtime
        problem = vino.problem()
        try:
            if problem is None:
                return self._on("openvino")
        except ModelError as error:
            if self.wanted in {"bf16", "int8"}:
                raise
            problem = str(error)
        if problem == vino.NOT_FOR_THIS_PROCESSOR:
            here = platform.machine()
            self.notes.append(f"ONNX Runtime runs the model in float32: OpenVINO is not used on {here} processors")
        elif problem != vino.NOT_INSTALLED:
            self.notes.append(f"{problem}; ONNX Runtime runs the model, slower")
        return None

    def asked_for(self, device: str) -> Choice:
        """On this device or not at all."""
        problem = vino.problem() if device == "openvino" else None
        if problem == vino.NOT_FOR_THIS_PROCESSOR:
            raise ModelError(f"--device openvino: {problem}, and this is {platform.machine()}; use --device cpu")
        if problem is not None:
            raise ModelError(f"--device openvino: {problem}; run: streamstyle install cpu, or use --device cpu")
        return self._on(device)

    def _on(self, device: str) -> Choice:
        """The precision that was asked for, or the first that suits."""
        rows = self._rows(device)
        if not rows:
            instead = "bf16" if (device, self.wanted) == ("openvino", "fp16") else "fp32"
            raise ModelError(
                f"--precision {self.wanted} runs on {_WHERE[self.wanted]} only, not on --device {device}; "
                f"use --precision {instead}"
            )
        return self._precise(rows) if self.wanted != "auto" else self._automatic_precision(rows)

    def _rows(self, device: str) -> list[Row]:
        """Of this device, those in the wanted precision."""
        return [row for row in TABLE if row.device == device and self.wanted in {"auto", row.precision}]

    def _precise(self, rows: list[Row]) -> Choice:
        """The first row of the wanted precision that suits, on this device."""
        suiting = [row for row in rows if row.suits()]
        if not suiting:
            raise ModelError(f"--precision {self.wanted}: {rows[0].unsuited}; use --precision fp32")
        row = next((row for row in suiting if self.files.find(row.file) is not None), None)
        if row is None:
            instead = "; or use --precision fp32" if self.wanted == "fp16" else ""
            raise ModelError(
                f"--precision {self.wanted}: this model has no {self.wanted} file ({_MAKE[self.wanted]} makes one){instead}"
            )
        full = self._open(Row(row.device, "fp32")) if row.file != "full" else None
        graph = self._open(row)
        if full is not None and not _same_training(graph, full):
            raise ModelError(f"--precision {self.wanted}: {_of_another_training(row)}; or use --precision fp32")
        return self._choice(row, graph)

    def _automatic_precision(self, rows: list[Row]) -> Choice:
        """The first row that suits, is allowed unasked and belongs to the float32 file."""
        last = next(row for row in rows if row.precision == "fp32")
        full = self._open(last)
        for row in rows[: rows.index(last)]:
            if self._is_lost(row) and row.unasked() and row.suits():
                lost = getattr(self.files, row.file).name
                self.notes.append(f"the model's file '{lost}' is missing, so it runs slower; install streamstyle again")
            allowed = row.file != "full" or full.metadata.get(row.mark) == "yes"
            if not allowed or self.files.find(row.file) is None or not row.unasked():
                continue
            if not row.suits():
                if row.unsuited:
                    self.notes.append(f"{row.unsuited}, so the model runs in float32, slower")
                continue
            try:
                graph = self._open(row)
            except _ChangedError as error:
                self.notes.append(f"{error}; it is left alone")
                continue
            if row.mark and graph.metadata.get(row.mark) != "yes":
                continue
            if _same_training(graph, full):
                return self._choice(row, graph)
            self.notes.append(f"{_of_another_training(row)}; it is left alone")
        return self._choice(last, full)

    def _is_lost(self, row: Row) -> bool:
        """Whether a file is gone that was there once, as its checksum tells."""
        path: Path | None = getattr(self.files, row.file)
        return path is not None and not path.is_file() and path.name in checksums.recorded(path.parent)

    def _open(self, row: Row) -> Graph:
        path = self.files.find(row.file)
        assert path is not None  # callers look
        if path != self.files.full:
            try:
                checksums.check(path)
            except ModelError as error:
                raise _ChangedError(str(error)) from error
        if row.device == "openvino":
            return vino.Graph(path, precision=row.precision, threads=usable_cores())
        if row.device == "cpu":
            return ort.cpu_graph(ort.import_runtime(), path, usable_cores())
        half = row.precision == "fp16"
        return gpu.open_graph(path, row.device, half=half, for_frames=self.for_frames, tell=self.tell)

    def _choice(self, row: Row, graph: Graph) -> Choice:
        # A float32 file runs in another precision only where its row says so; else the file knows what it holds.
        converted = row.file == "full" and row.precision != "fp32"
        precision = row.precision if converted else graph.metadata.get("precision", row.precision)
        return Choice(graph, row.device, precision, "\n".join(self.notes))


class _ChangedError(ModelError):
    """A file beside the float32 one was changed since it was made."""


def _same_training(variant: Graph, full: Graph) -> bool:
    """Whether another precision's file is of the same training; else its codes would not fit."""
    return variant.metadata.get("version") == full.metadata.get("version")


def _of_another_training(row: Row) -> str:
    return f"the {row.precision} model is of another training than the float32 one (run: {_MAKE[row.precision]})"


def _without_device(error: ModelError) -> str:
    """What went wrong, without the option that nobody gave."""
    return str(error).removeprefix("--device cuda: ")


def any_size_device(device: str) -> str:
    """Where paintings are encoded: now and then, in ever other sizes, beside frames on a device.

    For each size OpenVINO would compile for seconds and TensorRT for minutes, and plugins are not proven. OpenVINO is
    taken where ONNX Runtime is not installed.
    """
    if device in {"cuda", "tensorrt"}:
        return "cuda"
    return "cpu" if importlib.util.find_spec("onnxruntime") else "openvino"
