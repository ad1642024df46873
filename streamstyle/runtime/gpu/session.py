"""Graphs on GPUs: one session per frame size with all shapes fixed, inputs and outputs in buffers that stay where they are.

With its shapes fixed a graph holds no arithmetic on shapes any more, which would run on the CPU and keep a CUDA graph from
being recorded; TensorRT builds an engine for just this size. A look's tensors are uploaded when they change, not with every
frame.

No GPU was at hand when this was written: it is tested with a fake runtime, and unproven.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from streamstyle.errors import ModelError
from streamstyle.runtime.graph import FRAME, Tell, Tensor
from streamstyle.runtime.ort import (
    PROVIDERS,
    SessionGraph,
    Shapes,
    first_line,
    fix_shapes,
    left_to_cpu,
    open_session,
    preload_cuda,
    runs_on,
    session_options,
)


class NotStartedError(ModelError):
    """A provider is in the installed ONNX Runtime, and does not start."""


_SIZES_KEPT = 4
"""Sessions per model, each with buffers and a recorded CUDA graph of its own."""
_SIZES_REMEMBERED = 256


def cuda_options(*, full_precision: bool = False, recorded: bool = False, nhwc: bool = False) -> dict[str, str]:
    """Options of the CUDA provider.

    Args:
        full_precision: No TF32, whose products have 10 bits: style codes are kept on the disk, for other devices, too.
        recorded: All work of a frame is recorded as one CUDA graph, and replayed. Wants fixed shapes and bound buffers.
        nhwc: Convolutions with channels last, as tensor cores want them.
    """
    return {
        "device_id": "0",
        "use_tf32": "0" if full_precision else "1",
        # The exhaustive search tries all algorithms at each new shape, which takes seconds.
        "cudnn_conv_algo_search": "HEURISTIC",
        "cudnn_conv_use_max_workspace": "1",
        "enable_cuda_graph": "1" if recorded else "0",
        "prefer_nhwc": "1" if nhwc else "0",
    }


@dataclass(frozen=True, slots=True)
class Manner:
    """One way to run frames of a fixed size, the best first.

    Attributes:
        name: What it gives, for people: `CUDA graphs`; empty for what nobody would miss.
        open: (inputs as declared, their shapes) -> a session for just these shapes.
        bound: Whether its buffers may lie on the CUDA device.
    """

    name: str
    open: Callable[[Mapping[str, Sequence[Any]], Shapes], Any]
    bound: bool = True


class SizedGraph:
    """A graph that runs each frame size in a session of its own.

    Attributes are those of streamstyle.runtime.graph.Graph.
    """

    def __init__(
        self,
        any_size: SessionGraph,
        manners: Sequence[Manner],
        *,
        runtime: Any,  # noqa: ANN401 - an optional module without type stubs
        tell: Tell,
        multiple: int = 1,
        at_once: bool = False,
        required: bool = False,
    ) -> None:
        """Set up; the sessions are opened when their sizes come.

        Args:
            any_size: The same graph for any shape: runs what has no session of its own, such as style codes that are
                spread over a frame, whose shapes vary.
            manners: Tried in turn, should one not run here; after the last one, `any_size` runs everything.
            runtime: The module.
            tell: Takes lines for the user: what is missing, and why.
            multiple: Frames are extended to multiples of this, so that few sizes come.
            at_once: A size gets its session with its first frame; else with its second one, as a photo is not worth it.
            required: Whether it is an error where no manner runs.
        """
        self._any_size, self._manners, self._runtime, self._tell = any_size, list(manners), runtime, tell
        self._multiple, self._at_once, self._required = multiple, at_once, required
        self.inputs, self.outputs, self.metadata = any_size.inputs, any_size.outputs, any_size.metadata
        self._looks = _Looks(runtime)
        self._sized: OrderedDict[tuple[int, ...], _Sized] = OrderedDict()
        self._seen: OrderedDict[tuple[int, ...], None] = OrderedDict()

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute all outputs."""
        frame = feeds[FRAME]
        fitting = all(array.ndim == 4 and array.shape[2:] == (1, 1) for name, array in feeds.items() if name != FRAME)
        if not fitting or not (self._manners or self._required):
            return self._any_size.run(feeds)
        height, width = frame.shape[1:3]
        extended = _extended(frame, self._multiple)
        key = extended.shape
        if key not in self._sized and not self._at_once and key not in self._seen:
            self._remember(key)
            return self._any_size.run(feeds)
        outputs = self._run_sized(key, {**feeds, FRAME: extended})
        if outputs is None:
            return self._any_size.run(feeds)
        if extended is frame:
            return outputs
        return {name: np.ascontiguousarray(output[:, :height, :width]) for name, output in outputs.items()}

    def _run_sized(self, key: tuple[int, ...], feeds: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
        """In the session of that size; None where no manner runs here."""
        if key in self._sized:
            self._sized.move_to_end(key)
            return self._sized[key].run(feeds)
        while self._manners:
            manner = self._manners[0]
            # Room is made first: what is given back can be taken again.
            while len(self._sized) >= _SIZES_KEPT:
                self._sized.popitem(last=False)
            try:
                session = manner.open(self.inputs, {name: feeds[name].shape for name in self.inputs})
                sized = _Sized(self._runtime, session, self._looks if manner.bound else None, key)
                outputs = sized.run(feeds)
            except Exception as error:  # a provider that does not do this fails in many ways
                if self._required and len(self._manners) == 1:
                    raise
                self._manners.pop(0)
                self._sized.clear()
                if manner.name:
                    self._tell(f"{manner.name} cannot be used here ({first_line(error)}); going on without, slower")
                continue
            self._sized[key] = sized
            return outputs
        return None

    def _remember(self, key: tuple[int, ...]) -> None:
        self._seen[key] = None
        if len(self._seen) > _SIZES_REMEMBERED:
            self._seen.popitem(last=False)


class _Looks:
    """The tensors of the look on the device, at one address each, for all sizes."""

    def __init__(self, runtime: Any) -> None:  # noqa: ANN401 - see SizedGraph
        self._runtime = runtime
        self._values: dict[str, Any] = {}
        self._uploaded: dict[str, Tensor] = {}

    def value(self, name: str, array: Tensor) -> Any:  # noqa: ANN401 - the runtime's own class
        """A buffer with the array in it."""
        if name not in self._values:
            self._values[name] = self._runtime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), "cuda", 0)
        elif not _same(self._uploaded[name], array):
            self._values[name].update_inplace(np.ascontiguousarray(array))
        self._uploaded[name] = array
        return self._values[name]


def _same(before: Tensor, now: Tensor) -> bool:
    """By identity, except the strength: a new array holds it for each frame."""
    return before is now or (now.size == 1 and before.size == 1 and bool(before.ravel()[0] == now.ravel()[0]))


class _Sized:
    """One session for one size: bound to its buffers, or plain where it has no looks."""

    def __init__(self, runtime: Any, session: Any, looks: _Looks | None, shape: tuple[int, ...]) -> None:  # noqa: ANN401
        self._session, self._looks = session, looks
        self._outputs: dict[str, Any] = {}
        self._bound: set[str] = set()
        self._names = [value.name for value in session.get_outputs()]
        if looks is None:
            return
        # Frames come from memory that is not pinned: for CUDA, ONNX Runtime offers Python none, and a frame is small.
        self._frame = runtime.OrtValue.ortvalue_from_shape_and_type(list(shape), np.uint8, "cuda", 0)
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(FRAME, self._frame)
        for name in self._names:
            self._outputs[name] = runtime.OrtValue.ortvalue_from_shape_and_type(list(shape), np.uint8, "cuda", 0)
            self._binding.bind_ortvalue_output(name, self._outputs[name])

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if self._looks is None:
            return dict(zip(self._names, self._session.run(None, dict(feeds)), strict=True))
        self._frame.update_inplace(np.ascontiguousarray(feeds[FRAME]))
        for name, array in feeds.items():
            if name == FRAME:
                continue
            value = self._looks.value(name, array)
            if name not in self._bound:
                self._binding.bind_ortvalue_input(name, value)
                self._bound.add(name)
        self._session.run_with_iobinding(self._binding)
        return {name: value.numpy() for name, value in self._outputs.items()}


def _extended(frame: Tensor, multiple: int) -> Tensor:
    """A frame with its borders mirrored outward, to whole multiples: repeated, they would move its statistics further."""
    height, width = frame.shape[1:3]
    if height % multiple == 0 and width % multiple == 0:
        return frame
    import cv2  # noqa: PLC0415 - the doctor asks for providers also where OpenCV does not load

    bottom, right = -height % multiple, -width % multiple
    return np.stack([cv2.copyMakeBorder(one, 0, bottom, 0, right, cv2.BORDER_REFLECT) for one in frame])


def cuda_graph(
    runtime: Any,  # noqa: ANN401 - see SizedGraph
    path: Path,
    *,
    threads: int,
    tell: Tell,
    sized: bool = True,
) -> SizedGraph | SessionGraph:
    """A graph on the CUDA provider.

    Args:
        runtime: The module.
        path: An `.onnx` file.
        threads: For what stays on the CPU.
        tell: Takes lines for the user: what is missing, and why.
        sized: For frames: a session per size, with CUDA graphs. Else, for paintings, in full precision.

    Raises:
        ModelError: CUDA does not start, or the file is not a model.
    """
    missing = preload_cuda(runtime) or "is the driver there?"

    def opened(options: Any, chosen: dict[str, str]) -> Any:  # noqa: ANN401 - the runtime's own classes
        session = open_session(runtime, path, options, [(PROVIDERS["cuda"], chosen), PROVIDERS["cpu"]])
        if runs_on(session) != PROVIDERS["cuda"]:
            raise NotStartedError(f"ONNX Runtime could not start CUDA ({missing})")
        return session

    def manner(name: str, chosen: dict[str, str]) -> Manner:
        def fixed(declared: Mapping[str, Sequence[Any]], shapes: Shapes) -> Any:  # noqa: ANN401 - see above
            options = session_options(runtime, threads)
            fix_shapes(options, declared, shapes)
            return opened(options, chosen)

        return Manner(name, fixed)

    try:
        session = opened(session_options(runtime, threads, assigned=True), cuda_options(full_precision=not sized))
    except ModelError:
        raise
    except Exception as error:
        raise NotStartedError(f"ONNX Runtime could not start CUDA ({first_line(error)})") from error
    if left := left_to_cpu(session):
        tell(f"CUDA leaves {left} to the CPU, which is slower")
    graph = SessionGraph(session)
    if not sized:
        return graph
    manners = (
        manner("the layout that tensor cores want", cuda_options(recorded=True, nhwc=True)),
        manner("CUDA graphs", cuda_options(recorded=True)),
        manner("bound buffers", cuda_options()),
    )
    return SizedGraph(graph, manners, runtime=runtime, tell=tell)
