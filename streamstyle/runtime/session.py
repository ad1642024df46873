"""Which runtime, provider and precision really run a graph, and nothing silent about it."""

import importlib.util
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import ModelError
from streamstyle.runtime import ort, vino
from streamstyle.runtime.gpu import plugins, tensorrt
from streamstyle.runtime.gpu import session as gpu
from streamstyle.runtime.graph import Graph, Tell, Tensor, blank_feeds

__all__ = [
    "DEVICES",
    "PRECISIONS",
    "Session",
    "Tensor",
    "any_size_device",
    "as_batch",
    "available_memory",
    "usable_cores",
]

DEVICES = ("auto", "cpu", "openvino", "cuda", "tensorrt", *plugins.PLUGINS)
"""What may be asked for; `cpu` is ONNX Runtime, `openvino` is OpenVINO on the CPU."""
PRECISIONS = ("auto", "fp32", "fp16", "bf16", "int8")
_ON_CPU = {"cpu", "openvino"}
_CUDA = "run: pip install 'streamstyle[gpu]', and see that nvidia-smi works"
_NO_FP16 = "this model has no fp16 file (python -m export --precision fp16 makes one)"


class Session:
    """One loaded graph on one provider.

    Attributes:
        provider: What really runs it: one of DEVICES without `auto`.
        precision: Of its convolutions: `fp32`, `fp16`, `bf16`, `int8`, or what else its file says.
        remark: One line on what `auto` could not take, and why; empty where it took the best.
        inputs: Name -> declared shape; named or unknown dimensions are strings or None.
        outputs: Likewise.
        metadata: What the export wrote into the file.
    """

    def __init__(
        self,
        path: Path,
        device: str = "auto",
        precision: str = "fp32",
        int8: Path | None = None,
        *,
        int8_avx2: Path | None = None,
        fp16: Path | None = None,
        for_frames: bool = False,
        tell: Tell = lambda _line: None,
    ) -> None:
        """Load a graph.

        Args:
            path: An `.onnx` file.
            device: One of DEVICES. `auto` takes CUDA where it really loads, else OpenVINO where it is installed on an x86
                processor, else ONNX Runtime on the CPU; TensorRT only when asked for, since it builds engines for
                minutes first, and plugins likewise, since they are not proven.
            precision: One of PRECISIONS. On OpenVINO `auto` takes int8 where there is such a file, which its maker found
                near enough, and the processor has AVX2; else bf16 where the processor has it and the file allows
                it; else what `path` holds. `bf16` needs OpenVINO and a processor that has it. On NVIDIA's GPUs `auto`
                takes the fp16 file where there is one.
            int8: The same graph in int8; may not exist.
            int8_avx2: Likewise, made for OpenVINO on processors without VNNI; may not exist.
            fp16: The same graph in half precision, for GPUs; may not exist.
            for_frames: Whether pictures of few sizes will come by the thousand, so that preparing for a size pays.
            tell: Takes lines for the user at once, also while it runs: TensorRT builds for minutes.

        Raises:
            ModelError: The file cannot be loaded, or the device or precision that was asked for does not run.
        """
        if device not in DEVICES:
            raise ModelError(f"unknown device '{device}'; choose one of {', '.join(DEVICES)}")
        if precision not in PRECISIONS:
            raise ModelError(f"unknown precision '{precision}'; choose one of {', '.join(PRECISIONS)}")
        if not path.is_file():
            if device != "openvino":
                ort.import_runtime()
            raise ModelError(f"there is no model file '{path}'; install streamstyle again or name another --model")
        self.remark = ""
        self.provider = ""
        self.precision = "fp32"
        self._path, self._wanted, self._int8, self._int8_avx2, self._fp16 = path, precision, int8, int8_avx2, fp16
        self._for_frames, self._tell = for_frames, tell
        self._graph = self._automatic() if device == "auto" else self._asked_for(device)
        self.inputs, self.outputs = self._graph.inputs, self._graph.outputs
        self.metadata = self._graph.metadata

    def _automatic(self) -> Graph:
        """The best that runs here; why something better does not is the remark."""
        if self._wanted == "fp16":
            try:
                return self._on_gpu("cuda")
            except ModelError as error:
                told = _without_device(error).replace("or use --device cpu", "or use --precision fp32")
                raise ModelError(f"--precision fp16 runs on GPUs only: {told}") from error
        graph = self._automatic_cuda()
        if graph is None:
            graph = self._automatic_openvino()
        return graph or self._on_cpu()

    def _automatic_cuda(self) -> Graph | None:
        """On CUDA where it really loads: a GPU build lists it on machines without a GPU, too."""
        try:
            runtime = ort.import_runtime()
        except ModelError:
            if vino.problem() is None:
                return None
            raise
        if ort.PROVIDERS["cuda"] not in runtime.get_available_providers() or self._wanted in {"bf16", "int8"}:
            return None
        try:
            return self._on_gpu("cuda")
        except ModelError as error:
            self._note(f"the GPU is not used: {_without_device(error)}")
            return None

    def _automatic_openvino(self) -> Graph | None:
        problem = vino.problem()
        try:
            if problem is None:
                return self._on_openvino()
        except ModelError as error:
            if self._wanted in {"bf16", "int8"}:
                raise
            problem = str(error)
        if problem == vino.NOT_FOR_THIS_PROCESSOR:
            self._note(f"ONNX Runtime runs the model in float32: OpenVINO is not used on {platform.machine()} processors")
        elif problem != vino.NOT_INSTALLED:
            self._note(f"{problem}; ONNX Runtime runs the model, slower")
        return None

    def _asked_for(self, device: str) -> Graph:
        """On this device or not at all."""
        if device == "cpu":
            return self._on_cpu()
        if device != "openvino":
            return self._on_gpu(device)
        problem = vino.problem()
        if problem is None:
            return self._on_openvino()
        if problem == vino.NOT_FOR_THIS_PROCESSOR:
            raise ModelError(f"--device openvino: {problem}, and this is {platform.machine()}; use --device cpu")
        raise ModelError(f"--device openvino: {problem}; run: pip install 'streamstyle[openvino]', or use --device cpu")

    # One runtime each.

    def _on_openvino(self) -> Graph:
        threads, has_bf16, wanted = usable_cores(), "BF16" in vino.capabilities(), self._wanted
        if wanted == "fp16":
            raise ModelError("--precision fp16 runs on GPUs only, not on --device openvino; use --precision bf16")
        if wanted == "bf16" and not has_bf16:
            raise ModelError("--precision bf16: this processor does not compute in bfloat16; use --precision fp32")
        full = vino.Graph(self._path, precision="fp32", threads=threads)
        self.provider, self.precision = "openvino", full.metadata.get("precision", "fp32")
        int8 = self._int8_avx2 if _exists(self._int8_avx2) and not vino.has_vnni() else self._int8
        may_have_int8 = wanted == "auto" and _exists(int8) and vino.has_fast_int8()
        if wanted == "int8" or may_have_int8:
            quantized = vino.Graph(_existing(int8), precision="int8", threads=threads)
            allowed = wanted == "int8" or quantized.metadata.get("automatic") == "yes"
            if allowed and self._belongs(quantized, full, "int8"):
                self.precision = "int8"
                return quantized
        if wanted == "bf16" or (wanted == "auto" and has_bf16 and full.metadata.get("bfloat16") == "yes"):
            self.precision = "bf16"
            return vino.Graph(self._path, precision="bf16", threads=threads)
        if wanted == "auto" and full.metadata.get("bfloat16") == "yes":
            self._note("this processor does not compute in bfloat16, so the model runs in float32, slower")
        return full

    def _on_cpu(self) -> Graph:
        runtime = ort.import_runtime()
        if self._wanted in {"bf16", "fp16"}:
            where = "OpenVINO" if self._wanted == "bf16" else "GPUs"
            raise ModelError(f"--precision {self._wanted} runs on {where} only, not on --device cpu; use --precision fp32")
        graph = ort.cpu_graph(runtime, self._path, usable_cores())
        if self._wanted == "int8":
            quantized = ort.cpu_graph(runtime, _existing(self._int8), usable_cores())
            self._belongs(quantized, graph, "int8")
            graph = quantized
        self.provider, self.precision = "cpu", graph.metadata.get("precision", "fp32")
        return graph

    def _on_gpu(self, device: str) -> Graph:
        if self._wanted in {"bf16", "int8"}:
            where = "OpenVINO" if self._wanted == "bf16" else "the CPU"
            raise ModelError(
                f"--precision {self._wanted} runs on {where} only, not on --device {device}; use --precision fp32"
            )
        runtime = ort.import_runtime()
        if device in ort.PROVIDERS:
            self._look_for_provider(runtime, device)
        graph = self._open_on_gpu(runtime, self._path, device)
        # WebGPU computes in half precision on some adapters only: not unasked.
        if self._wanted == "fp16" or (self._wanted == "auto" and device != "webgpu" and _exists(self._fp16)):
            graph = self._half(runtime, graph, device)
        self.provider, self.precision = device, graph.metadata.get("precision", "fp32")
        if device == "tensorrt" and self._wanted == "fp16":
            self.precision = "fp16"
        return graph

    def _half(self, runtime: Any, full: Graph, device: str) -> Graph:  # noqa: ANN401 - see ort.import_runtime
        """The fp16 file in place of the float32 one."""
        if self._fp16 is None or not self._fp16.is_file():
            if device == "tensorrt":  # it halves a float32 file by itself
                return full
            raise ModelError(f"--precision fp16: {_NO_FP16}; or use --precision fp32")
        half = self._open_on_gpu(runtime, self._fp16, device)
        return half if self._belongs(half, full, "fp16") else full

    def _look_for_provider(self, runtime: Any, device: str) -> None:  # noqa: ANN401 - see ort.import_runtime
        if ort.PROVIDERS[device] not in runtime.get_available_providers():
            raise ModelError(
                f"--device {device}: the installed ONNX Runtime has no {device} support; run: {ort.GPU_PACKAGE}, "
                "or use --device cpu"
            )

    def _open_on_gpu(self, runtime: Any, path: Path, device: str) -> Graph:  # noqa: ANN401 - see ort.import_runtime
        threads, tell = usable_cores(), self._tell
        if device in plugins.PLUGINS:
            return plugins.plugin_graph(runtime, path, device, threads=threads, tell=tell)
        if device == "tensorrt":
            tensorrt.load_library()
        try:
            graph = gpu.cuda_graph(runtime, path, threads=threads, tell=tell, sized=self._for_frames and device == "cuda")
        except gpu.NotStartedError as error:
            raise ModelError(f"--device {device}: {error}; {_CUDA}, or use --device cpu") from error
        if device == "cuda" or isinstance(graph, gpu.SizedGraph):
            return graph
        half = self._wanted == "fp16" or (self._wanted == "auto" and graph.metadata.get("precision") == "fp16")
        return tensorrt.tensorrt_graph(runtime, path, graph, half=half, threads=threads, tell=tell)

    def _belongs(self, variant: Graph, full: Graph, precision: str) -> bool:
        """Whether another precision's file is of the same training; else its codes would not fit."""
        if variant.metadata.get("version") == full.metadata.get("version"):
            return True
        make = "python -m export.quantize" if precision == "int8" else "python -m export --precision fp16"
        told = f"the {precision} model is of another training than the float32 one (run: {make})"
        if self._wanted == precision:
            raise ModelError(f"--precision {precision}: {told}; or use --precision fp32")
        self._note(f"{told}; it is left alone")
        return False

    def _note(self, line: str) -> None:
        self.remark = f"{self.remark}\n{line}" if self.remark else line

    @property
    def label(self) -> str:
        """The provider, and the precision where it is not float32: `openvino (int8)`."""
        return self.provider if self.precision == "fp32" else f"{self.provider} ({self.precision})"

    @property
    def is_on_cpu(self) -> bool:
        """Whether frames take the computer's own memory."""
        return self.provider in _ON_CPU

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute all outputs; for one caller at a time.

        Args:
            feeds: Input name -> array of the declared type. Arrays other than the frame must not be changed in place:
                what is on a device already is known by its identity.

        Returns:
            Output name -> array.

        Raises:
            ModelError: The runtime failed, for lack of memory say.
        """
        try:
            return self._graph.run(feeds)
        except Exception as error:
            raise ModelError(
                f"the model failed on {self.provider}: {ort.first_line(error)}; try a smaller --size"
            ) from error

    def warm_up(self, width: int, height: int) -> None:
        """Do for frames of one size what else the first of them would wait for: compiling, allocating, recording.

        Args:
            width: Of the frames as they come to the graph, in pixels.
            height: Likewise.

        Raises:
            ModelError: The runtime failed.
        """
        feeds = blank_feeds(self._graph, height, width)
        for _ in range(2):  # on GPUs a size is prepared for when it comes a second time
            self.run(feeds)

    def prepare(self, width: int, height: int) -> None:
        """As `warm_up`, but beside a `run` for another size, as far as the runtime can do that.

        Raises:
            ModelError: The runtime failed.
        """
        if not isinstance(self._graph, vino.Graph):
            return
        try:
            self._graph.prepare(blank_feeds(self._graph, height, width))
        except Exception as error:
            raise ModelError(f"the model cannot be prepared for {width}x{height}: {ort.first_line(error)}") from error


def any_size_device(provider: str) -> str:
    """Where paintings are encoded and scenes looked at: now and then, in ever other sizes, beside frames on a provider.

    For each size OpenVINO would compile for seconds and TensorRT for minutes, and plugins are not proven. OpenVINO is
    taken where ONNX Runtime is not installed.
    """
    if provider in {"cuda", "tensorrt"}:
        return "cuda"
    return "cpu" if importlib.util.find_spec("onnxruntime") else "openvino"


def _without_device(error: ModelError) -> str:
    """What went wrong, without the option that nobody gave."""
    return str(error).removeprefix("--device cuda: ")


def _exists(path: Path | None) -> bool:
    return path is not None and path.is_file()


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


def as_batch(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) -> (1, H, W, 3), without a copy."""
    return np.ascontiguousarray(image)[None]
