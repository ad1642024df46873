"""Images in, stylized images out: a model's two graphs behind two calls.

`encode_style` is the heavy part, once per painting; `stylize` is the light part, once per frame.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property

import numpy as np

from streamstyle.errors import ModelError, SourceError, StyleError
from streamstyle.frame import Image
from streamstyle.look.look import Look
from streamstyle.look.masks import join
from streamstyle.media.pictures import read_image
from streamstyle.media.places import kind, local_path
from streamstyle.media.resize import enlarge, resize_short_side
from streamstyle.paint.color import ColorKeeper, ColorStats, keep_chroma
from streamstyle.paint.steady.exposure import RGB_CODE, exposed
from streamstyle.paint.stream import Job, Layer, Measure, StreamMemory, layers_of
from streamstyle.runtime.catalog import find_model
from streamstyle.runtime.choice import any_size_device
from streamstyle.runtime.graph import Tensor
from streamstyle.runtime.machine import available_memory
from streamstyle.runtime.session import Session, as_batch
from streamstyle.styles.code import STYLE_SIZE, StyleCode
from streamstyle.styles.store import BuiltinStyles, CodeCache, is_bare, is_style_file, read_style, style_name

_LONGEST_STYLE = 16


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
        builtin_styles: The styles that are shipped for it.
    """

    def __init__(
        self,
        model: str = "fast",
        device: str = "auto",
        cache: CodeCache | None = None,
        precision: str = "auto",
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Load a model.

        Args:
            model: A name or the path of an `.onnx` file; see streamstyle.runtime.catalog.find_model.
            device: One of streamstyle.runtime.table.DEVICES.
            cache: Where style codes are kept; the user's cache folder by default.
            precision: One of streamstyle.runtime.table.PRECISIONS, for frames; styles are encoded in float32.
            tell: Takes lines for the user at once, also later: TensorRT builds for minutes at a new size.

        Raises:
            ModelError: The model or the device cannot be used.
        """
        files = find_model(model)
        variants = {"int8": files.int8, "int8_avx2": files.int8_avx2, "fp16": files.fp16}
        self._stylize = Session(files.stylize, device, precision, **variants, for_frames=True, tell=tell)
        if missing := {"content", "alpha"} - set(self._stylize.inputs) or {"stylized"} - set(self._stylize.outputs):
            raise ModelError(f"'{files.stylize}' does not stylize: it has no '{min(missing)}'; export it with this project")
        self._code_names = set(self._stylize.inputs) - {"content", "alpha"}
        self.name = self._stylize.metadata.get("family", files.stylize.stem)
        self.version = self._stylize.metadata.get("version", "unknown")
        self.provider = self._stylize.label
        self.remark = self._stylize.remark
        self.builtin_styles = BuiltinStyles(files.styles, self.version)
        # A model without a style graph knows only its own styles; of one without styles, too, the file is missed in time.
        self._style_file = files.style if files.style.is_file() or not self.builtin_styles.styles else None
        self._bytes_per_pixel = int(self._stylize.metadata.get("bytes_per_pixel", 0))
        self._pixels_that_fit = 0
        self._cache = cache or CodeCache()

    @cached_property
    def _style(self) -> Session:
        """The style graph, checked against the stylize graph; ModelError where they do not fit."""
        path = self._style_file
        assert path is not None  # callers ask
        session = Session(path, any_size_device(self._stylize.provider))
        if set(session.outputs) != self._code_names:
            raise ModelError(
                f"'{path.name}' does not belong to this model: the style codes differ in "
                f"{', '.join(sorted(set(session.outputs) ^ self._code_names))}; export both graphs again"
            )
        if session.metadata.get("version", "unknown") != self.version:
            raise ModelError(f"'{path.name}' and the stylize graph are of different trainings; export them again")
        return session

    def load(self) -> None:
        """Load what is else loaded when it is first needed, which takes a second: the style graph.

        Raises:
            ModelError: It is missing or damaged, or does not belong to the model.
        """
        if self._style_file is not None:
            _ = self._style

    @property
    def description(self) -> str:
        """What runs, in a line for people, and a second one where something faster could not be taken."""
        line = f"model {self.name} {self.version} on {self.provider}"
        return f"{line}\n{self.remark}" if self.remark else line

    @property
    def colors_in_code(self) -> bool:
        """Whether style codes hold the painting's colours, and can so be fitted to other statistics of the content."""
        return self._code_names >= RGB_CODE

    @property
    def sizes_are_dear(self) -> bool:
        """Whether another frame size costs minutes: then none is tried out."""
        return self._stylize.provider == "tensorrt"

    @property
    def only_style(self) -> str | None:
        """The one style that the model knows, if it was trained for a single one."""
        names = self.builtin_styles.names()
        return names[0] if self._style_file is None and len(names) == 1 else None

    def encode_style(self, image: Image, name: str = "style", size: int = STYLE_SIZE) -> StyleCode:
        """Turn a painting into its style code, from the cache where it was encoded before.

        Args:
            image: (H, W, 3) uint8 RGB, any size.
            name: What to call the style.
            size: Short side in pixels at which it is encoded: larger gives larger strokes.

        Raises:
            StyleError: The picture is too small to have a style, or the model knows only its own styles.
        """
        if self._style_file is None:
            known = ", ".join(self.builtin_styles.names())
            raise StyleError(
                f"the model '{self.name}' knows only its own styles ({known}), not '{name}'; choose one of them"
            )
        height, width = image.shape[:2]
        if min(height, width) < 8:
            raise StyleError(f"style '{name}' is {width}x{height} pixels; wanted at least 8x8")
        if max(height, width) > _LONGEST_STYLE * min(height, width):
            raise StyleError(
                f"style '{name}' is {width}x{height} pixels; wanted at most {_LONGEST_STYLE} times as long as wide: crop it"
            )
        key = self._cache.key(image, self.version, size)
        kept = self._cache.get(key, name, self.version)
        if kept is not None and set(kept.tensors) == self._code_names:
            return kept
        tensors = self._style.run({"style": as_batch(resize_short_side(image, size))})
        code = StyleCode(name, self.version, tensors)
        self._cache.put(key, code)
        return code

    def find_style(self, style: str, size: int = STYLE_SIZE) -> StyleCode:
        """The code of what a user named: an image file, a style file, or a built-in style.

        Args:
            style: A path or a name.
            size: As in `encode_style`; style files and built-in styles are codes already.

        Raises:
            StyleError: It is none of them, or the file is not a picture, or is of another model.
        """
        if is_style_file(style):
            code = read_style(local_path(style), self.version)
            if set(code.tensors) != self._code_names:
                raise StyleError(
                    f"style '{style}' does not fit the model '{self.name}'; name the one that it was made for with --model"
                )
            return code
        if is_bare(style) and style in self.builtin_styles.names():
            code = self.builtin_styles.code(style)
            if set(code.tensors) != self._code_names:
                raise ModelError(f"the built-in style '{style}' does not fit the model '{self.name}'; export them again")
            return code
        try:
            if not is_bare(style) or kind(style) != "nothing":
                return self.encode_style(read_image(style), style_name(style), size)
        except SourceError as error:
            raise StyleError(f"style {error}") from error
        hint = (
            f"the built-in ones are {', '.join(self.builtin_styles.names())} (see --list-styles of run_video.py)"
            if self.builtin_styles.styles
            else f"the model '{self.name}' has none: name an image file"
        )
        raise StyleError(f"style '{style}' is neither a file nor a built-in style; {hint}")

    def warm_up(self, width: int, height: int, size: int | None = None) -> None:
        """Do for frames of one size what else the first of them would wait for: a compilation, buffers, an engine.

        Args:
            width: Of the frames, in pixels.
            height: Likewise.
            size: Short side at which they will be stylized; None for their own.

        Raises:
            ModelError: They are too large for this machine's memory, or the runtime failed.
        """
        self._stylize.warm_up(*self._processed(width, height, size))

    def prepare(self, width: int, height: int, size: int) -> None:
        """As `warm_up`, but beside frames of another size, so that a change of size does not make the picture stop.

        Raises:
            ModelError: As `warm_up`.
        """
        self._stylize.prepare(*self._processed(width, height, size))

    def _processed(self, width: int, height: int, size: int | None) -> tuple[int, int]:
        """Width and height at which frames are stylized; ModelError where memory is short."""
        blank = np.zeros((height, width, 3), np.uint8)
        small = blank if size is None or size >= min(height, width) else resize_short_side(blank, size)
        self._check_memory(small)
        return small.shape[1], small.shape[0]

    def memory(self) -> StreamMemory:
        """What one stream needs to remember from frame to frame."""
        return StreamMemory()

    def stylize(
        self, content: Image, look: Look, memory: StreamMemory | None = None, measure: Measure | None = None
    ) -> Image:
        """Stylize one picture.

        Args:
            content: (H, W, 3) uint8 RGB, any size.
            look: How.
            memory: Of the stream that it belongs to; a new one per picture by default.
            measure: Called with the names of the stages, to time them.

        Returns:
            (H, W, 3) uint8 RGB, of the content's size.

        Raises:
            ModelError: The picture is too large for this machine's memory, or the runtime failed.
        """
        job = Job(content, look, memory or self.memory(), measure or (lambda _stage: nullcontext()))
        layers = layers_of(look, content.shape[:2])
        kept = [layer.mask for layer in layers if layer.alpha == 0]
        painted = [layer for layer in layers if layer.alpha > 0]
        if not painted:
            return content
        images = [self._paint(job, layer) for layer in painted]
        if len(images) == 1 and not kept:
            return images[0]
        with job.measure("join"):
            masks = [layer.mask for layer in painted] + kept
            return join(images + [content] * len(kept), [mask for mask in masks if mask is not None])

    def _paint(self, job: Job, layer: Layer) -> Image:
        """The whole frame in one style."""
        keeper = job.memory.keeper(layer.index)
        scene = self._scene(job, layer.alpha)
        code = self._prepare(job, layer, keeper)
        with job.measure("inference"):
            feeds: dict[str, Tensor] = {"content": as_batch(scene), "alpha": np.full((1, 1, 1, 1), layer.alpha, np.float32)}
            stylized: Image = self._stylize.run(feeds | dict(code.tensors))["stylized"][0]
        return self._finish(job, layer, stylized, keeper)

    def _scene(self, job: Job, alpha: float) -> Image:
        """What is painted on: the content at its processing size, with grain."""
        with job.measure("resize"):
            small = job.small
        self._check_memory(small)
        with job.measure("grain"):
            return job.scene(alpha)

    def _prepare(self, job: Job, layer: Layer, keeper: ColorKeeper) -> StyleCode:
        """The code, in the content's colours where that is wanted and codes hold colours."""
        code = layer.code
        if job.look.color == "content" and job.look.color_strength > 0:
            with job.measure("color"):
                stats = keeper.see(job.content)
                if self.colors_in_code:
                    code = _in_colors(code, stats, self._color_share(job.look))
        if self.colors_in_code and job.stats is not None:
            code = exposed(code, *job.stats)
        return code

    def _color_share(self, look: Look) -> float:
        """How far each step goes with `content` colours: there are two where codes hold colours, one where they do not."""
        strength = look.color_strength
        return _each_of_two(strength) if self.colors_in_code else strength

    def _finish(self, job: Job, layer: Layer, stylized: Image, keeper: ColorKeeper) -> Image:
        """Colours as the look wants them, steady, and back to the content's size."""
        look, content, small = job.look, job.content, job.small
        if look.color == "content" and look.color_strength > 0:
            with job.measure("color"):
                stylized = keeper.match(stylized, self._color_share(look))
        motion = job.motion
        with job.measure("temporal"):
            stylized = job.memory.steady(layer, stylized, motion)
        if small is not content:
            with job.measure("resize"):
                stylized = enlarge(stylized, small, content)
        if look.color == "luma" and look.color_strength > 0:
            with job.measure("color"):
                stylized = keep_chroma(content, stylized, look.color_strength)
        return stylized

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
