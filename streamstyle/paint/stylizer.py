"""One frame in, one stylized frame out: the light part, once per frame. Style codes come from the encoder."""

import functools
import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import overload

import numpy as np

from streamstyle.errors import ModelError
from streamstyle.frame import Image, Picture, rgb_of
from streamstyle.look.look import Look
from streamstyle.look.masks import join
from streamstyle.look.people.faces import FaceFinder, InstalledFaceFinder
from streamstyle.media.enlarge import enlarge
from streamstyle.media.resize import within
from streamstyle.paint.color import ColorStats, keep_chroma
from streamstyle.paint.encoder import Encoder
from streamstyle.paint.faces import legible
from streamstyle.paint.grain import grained
from streamstyle.paint.steady.exposure import RGB_CODE, exposed
from streamstyle.paint.stream import Layer, Measure, StreamFrame, StreamMemory, layers_of
from streamstyle.runtime.catalog import find_model
from streamstyle.runtime.graph import Tensor
from streamstyle.runtime.machine import available_memory, keep_freed_memory
from streamstyle.runtime.session import Session, as_batch
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import CodeCache

log = logging.getLogger(__name__)


def _each_of_two(strength: float) -> float:
    """What each of two steps, before and after the network, must do for the strength together.

    Before it alone, colours stay far from the content's, since strokes bring their own. After it alone, a painting of few
    colours gets false outlines, since what it left of the content's is spread far apart.
    """
    return float(1 - (1 - strength) ** 0.5)


def _in_colors(code: StyleCode, stats: ColorStats, strength: float) -> StyleCode:
    """The code with the content's colours in place of the painting's: its RGB statistics are part of it."""
    wanted = {"rgb_mean": stats.mean / 255, "rgb_std": np.sqrt(np.diag(stats.covariance)) / 255}
    tensors = dict(code.tensors)
    for name, values in wanted.items():
        tensors[name] = (strength * values.reshape(1, 3, 1, 1) + (1 - strength) * tensors[name]).astype(np.float32)
    return replace(code, tensors=tensors)


class Stylizer:
    """A model on a device, ready to use.

    Attributes:
        name: Of the model: its family, or its file's name.
        version: Of its weights.
        provider: What really runs it, with the precision: `cpu`, `openvino (int8)`, `cuda (fp16)`.
        remark: One line on a faster way that cannot be taken here, and why; empty else.
        encoder: Gives its style codes.
    """

    def __init__(
        self,
        model: str = "fast",
        device: str = "auto",
        cache: CodeCache | None = None,
        precision: str = "auto",
        tell: Callable[[str], None] = lambda _line: None,
        face_finder: FaceFinder | None = None,
        *,
        for_frames: bool = True,
    ) -> None:
        """Load a model.

        Args:
            model: A name or the path of an `.onnx` file; see streamstyle.runtime.catalog.find_model.
            device: One of streamstyle.runtime.table.DEVICES.
            cache: Where style codes are kept; the user's cache folder by default.
            precision: One of streamstyle.runtime.table.PRECISIONS, for frames; styles are encoded in float32.
            tell: Takes lines for the user at once, also later: TensorRT builds for minutes at a new size.
            face_finder: Finds the faces that are kept legible; by default what is installed for that, if anything.
            for_frames: Whether pictures of few sizes will come by the thousand; False: photos, which are not worth
                compiling for.

        Raises:
            ModelError: The model or the device cannot be used.
        """
        keep_freed_memory()
        files = find_model(model)
        variants = {"int8": files.int8, "int8_avx2": files.int8_avx2, "fp16": files.fp16}
        self._asked = functools.partial(Stylizer, model, device, precision=precision, for_frames=for_frames)
        graph = Session(files.stylize, device, precision, **variants, for_frames=for_frames, tell=tell)
        if missing := {"content", "alpha"} - set(graph.inputs) or {"stylized"} - set(graph.outputs):
            raise ModelError(f"'{files.stylize}' does not stylize: it has no '{min(missing)}'; export it with this project")
        names = set(graph.inputs) - {"content", "alpha"}
        self._stylize = graph
        self._colors_in_code = names >= RGB_CODE
        stated = graph.metadata.get("bytes_per_pixel", "0")
        self._bytes_per_pixel = int(stated[:18]) if stated.isdecimal() else 0
        self._pixels_that_fit = 0
        self._face_finder = face_finder or InstalledFaceFinder()
        self.name = graph.metadata.get("family", files.stylize.stem)
        self.version = graph.metadata.get("version", "unknown")
        self.provider = graph.label
        self.remark = graph.remark
        self.encoder = Encoder(files, graph, names, cache or CodeCache())
        log.debug("%s; its files: %s", self.description, files.stylize)

    @property
    def description(self) -> str:
        """What runs, in a line for people, and a second one where something faster could not be taken."""
        line = f"model {self.name} {self.version} on {self.provider}"
        return f"{line}\n{self.remark}" if self.remark else line

    @property
    def load_again(self) -> "Callable[[], Stylizer]":
        """What loads the same model; it can be sent to other processes."""
        return self._asked

    @property
    def sizes_are_dear(self) -> bool:
        """Whether another frame size costs minutes: then none is tried out."""
        return self._stylize.provider == "tensorrt"

    def prepare(self, width: int, height: int, size: int | None = None, *, while_running: bool = False) -> None:
        """Do for frames of one size what else the first of them would wait for: compile, allocate, build an engine.

        Args:
            width: Of the frames, in pixels.
            height: Of the frames, in pixels.
            size: Short side at which they will be stylized; None for their own.
            while_running: Another thread stylizes frames of another size meanwhile: do only what does not make them wait.

        Raises:
            ModelError: They are too large for this machine's memory, or the runtime failed.
        """
        small = within(np.zeros((height, width, 3), np.uint8), size)
        self._check_memory(small)
        prepare = self._stylize.prepare if while_running else self._stylize.warm_up
        prepare(small.shape[1], small.shape[0])

    def memory(self) -> StreamMemory:
        """What one stream needs to remember from frame to frame."""
        return StreamMemory(self._face_finder)

    @overload
    def stylize(
        self,
        content: Image,
        look: Look,
        memory: StreamMemory | None = None,
        measure: Measure | None = None,
        seconds: float | None = None,
    ) -> Image: ...

    @overload
    def stylize(
        self,
        content: Picture,
        look: Look,
        memory: StreamMemory | None = None,
        measure: Measure | None = None,
        seconds: float | None = None,
    ) -> Picture: ...

    def stylize(
        self,
        content: Picture,
        look: Look,
        memory: StreamMemory | None = None,
        measure: Measure | None = None,
        seconds: float | None = None,
    ) -> Picture:
        """Stylize one picture.

        Args:
            content: (H, W, 3) uint8 RGB, any size; or planes, of which the RGB is made only where the look needs it.
            look: How.
            memory: Of the stream that it belongs to; a new one per picture by default.
            measure: Called with the names of the stages, to time them.
            seconds: When it is shown, on the stream's clock; None for photos, and for frames of 30 a second.

        Returns:
            (H, W, 3) uint8 RGB, of the content's size; of planes, planes where they are enlarged.

        Raises:
            ModelError: The picture is too large for this machine's memory, or the runtime failed.
        """
        measure = measure or (lambda _stage: nullcontext())
        layers = layers_of(look, content.shape[:2])
        kept = [layer.mask for layer in layers if layer.alpha == 0]
        painted = [layer for layer in layers if layer.alpha > 0]
        if not painted:
            return content
        memory = memory or self.memory()
        if look.regions or look.color != "style":
            content = rgb_of(content)
        frame = memory.begin_frame(content, look, seconds, measure)
        self._check_memory(frame.small)
        images = [self._paint(frame, layer, look, memory, measure) for layer in painted]
        if len(images) == 1 and not kept:
            return images[0]
        with measure("join"):
            masks = [layer.mask for layer in painted] + kept
            pictures = [rgb_of(image) for image in images] + [rgb_of(content)] * len(kept)
            return join(pictures, [mask for mask in masks if mask is not None])

    def watch(
        self,
        content: Picture,
        look: Look,
        memory: StreamMemory,
        measure: Measure | None = None,
        seconds: float | None = None,
    ) -> None:
        """Take in a frame of a stream without painting it: what is remembered of colours and light goes by it.

        The arguments are those of `stylize`.
        """
        memory.begin_frame(content, look, seconds, measure or (lambda _stage: nullcontext()))

    def _paint(self, frame: StreamFrame, layer: Layer, look: Look, memory: StreamMemory, measure: Measure) -> Picture:
        """The whole frame in one style."""
        strength = look.color_strength
        if self._colors_in_code:  # then there are two steps, before and after the network, else the one after it
            strength = _each_of_two(strength)
        with measure("grain"):
            scene = grained(frame.small, layer.alpha * look.grain)
        if frame.faces:
            with measure("faces"):
                scene = legible(scene, frame.faces, layer.alpha * look.faces)
        with measure("inference"):
            code = self._code(frame, layer.code, strength)
            feeds: dict[str, Tensor] = {"content": as_batch(scene), "alpha": np.full((1, 1, 1, 1), layer.alpha, np.float32)}
            stylized: Image = self._stylize.run(feeds | dict(code.tensors))["stylized"][0]
        stylized = memory.finish(frame, layer, stylized, strength, measure)
        result: Picture = stylized
        if frame.coarse is not frame.content:
            with measure("resize"):
                result = enlarge(stylized, frame.coarse, frame.content)
        if look.color == "luma" and look.color_strength > 0:
            with measure("color"):
                result = keep_chroma(rgb_of(frame.content), rgb_of(result), look.color_strength)
        return result

    def _code(self, frame: StreamFrame, code: StyleCode, strength: float) -> StyleCode:
        """The code in the colours and by the statistics of the frame, where codes hold colours."""
        if not self._colors_in_code:
            return code
        if frame.colors is not None:
            code = _in_colors(code, frame.colors, strength)
        return code if frame.statistics is None else exposed(code, *frame.statistics)

    def _check_memory(self, content: Image) -> None:
        """Refuse what would not fit, before the system kills the program for it.

        Raises:
            ModelError: With the size that would fit.
        """
        height, width = content.shape[:2]
        if not self._stylize.is_on_cpu or height * width <= self._pixels_that_fit:
            return
        needed, free = height * width * self._bytes_per_pixel, available_memory()
        if free is not None and needed > free:
            fitting = int(min(height, width) * (0.9 * free / needed) ** 0.5)
            raise ModelError(
                f"stylizing {width}x{height} with '{self.name}' takes about {needed / 1e9:.1f} GB of memory, "
                f"{free / 1e9:.1f} GB are free; use --size {fitting} or less"
            )
        self._pixels_that_fit = height * width
