"""Images in, stylized images out: a model's two graphs behind two calls.

`encode_style` is the heavy part, once per painting; `stylize` is the light part, once per frame.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from streamstyle.catalog import find_model
from streamstyle.color import ColorKeeper, ColorStats, keep_chroma
from streamstyle.descent import DescentGraph
from streamstyle.engine import Session, Tensor, any_size_device, as_batch, available_memory
from streamstyle.errors import ModelError, SourceError, StyleError
from streamstyle.exposure import RGB_CODE, exposed
from streamstyle.fitting import LEAST_SIDE, FitGraph, Fitter
from streamstyle.frame import Image
from streamstyle.look import FitMode, Look, Mask, StyleCode
from streamstyle.regions import join
from streamstyle.repaint import Beside, Repainter
from streamstyle.sources.pictures import read_image
from streamstyle.sources.places import kind, local_path
from streamstyle.stream import Job, Layer, Measure, StreamMemory, layers_of, together
from streamstyle.styles import BuiltinStyles, CodeCache, is_bare, is_style_file, read_style, style_name
from streamstyle.upscale import enlarge, resize_short_side

_MAKE_DESCENT = "run: pip install -e '.[cpu,train]', then: python -m export.descent --download"

STYLE_SIZE = 256
_LONGEST_STYLE = 16
"""Short side in pixels at which paintings are encoded, as in training; it decides how large the strokes look."""


def _each_of_two(strength: float) -> float:
    """Colours are moved before and after the network; what each of the two steps must do for the strength together."""
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
            model: A name or the path of an `.onnx` file; see streamstyle.catalog.find_model.
            device: One of streamstyle.engine.DEVICES.
            cache: Where style codes are kept; the user's cache folder by default.
            precision: One of streamstyle.engine.PRECISIONS, for the graph that stylizes; styles are encoded in float32.
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
        self._fit = self._fit_graph(files.fit)
        self._descent_file = files.descent
        self._bytes_per_pixel = int(self._stylize.metadata.get("bytes_per_pixel", 0))
        self._region_stride = int(self._stylize.metadata.get("region_stride", 0))
        self._pixels_that_fit = 0
        self._cache = cache or CodeCache()

    @property
    def fits_styles(self) -> bool:
        """Whether there is a graph for looks with `fit`."""
        return self._fit is not None

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

    def _fit_graph(self, path: Path) -> FitGraph | None:
        """What fits styles to a scene; None for a model without it, and where it is of other weights."""
        if not path.is_file():
            return None
        graph = FitGraph(Session(path, any_size_device(self._stylize.provider)))
        return graph if graph.version == self.version else None

    def make_ready(self, fit: FitMode) -> None:
        """Load what styles will be fitted with, so that what is wrong with it is said before any work.

        Raises:
            ModelError: As for `descent`, if that is needed.
        """
        if fit == "strong":
            _ = self.descent

    @cached_property
    def descent(self) -> DescentGraph:
        """What fits styles by descent.

        Raises:
            ModelError: There is none for this model, or it is damaged, or of other weights; with what to do.
        """
        if self._fit is None:
            raise ModelError(f"--fit strong: the model '{self.name}' does not fit styles to scenes; leave it out")
        if not self._descent_file.is_file():
            raise ModelError(
                f"--fit strong needs a judge that does not come with streamstyle; in a checkout, {_MAKE_DESCENT}"
            )
        graph = DescentGraph(Session(self._descent_file, any_size_device(self._stylize.provider)))
        if graph.version != self.version:
            raise ModelError(f"'{self._descent_file}' was made for other weights; in a checkout, {_MAKE_DESCENT}")
        return graph

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
        painting = resize_short_side(image, size)
        key = self._cache.key(image, self.version, size)
        kept = self._cache.get(key, name, self.version)
        complete = kept is not None and self._fits(kept)
        if complete and kept is not None and (self._fit is None or kept.statistics is not None):
            return replace(kept, paintings=((painting, 1.0),))
        code = self._encode(painting, name)
        self._cache.put(key, code)
        return code

    def _fits(self, code: StyleCode) -> bool:
        """Whether a code from a file has the arrays that the model takes."""
        return set(code.tensors) == self._code_names and all(
            len(tensor.shape) == len(declared := self._stylize.inputs[name])
            and all(got == (want if isinstance(want, int) else 1) for got, want in zip(tensor.shape, declared, strict=True))
            for name, tensor in code.tensors.items()
        )

    def _encode(self, painting: Image, name: str) -> StyleCode:
        """Of a painting at its encoding size."""
        tensors = self._style.run({"style": as_batch(painting)})
        large = self._fit is not None and min(painting.shape[:2]) >= LEAST_SIDE
        statistics = self._fit.statistics(painting) if self._fit is not None and large else None
        return StyleCode(name, self.version, tensors, ((painting, 1.0),), statistics)

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
            if not self._fits(code):
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

    def memory(self, beside: Beside | None = None) -> StreamMemory:
        """What one stream needs to remember from frame to frame.

        Args:
            beside: Runs work beside the stream; by default it is done at once.
        """
        repainter, beside = None, beside or (lambda work: work())
        if self._style_file is not None and not self.colors_in_code:
            repainter = Repainter(lambda image: self._encode(image, "repainted"), beside)
        fitter = None if self._fit is None else Fitter(self._fit, self._painted, beside, lambda: self.descent)
        return StreamMemory(repainter, fitter)

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
        if len(painted) > 1 and self._region_stride:
            pictures = [(self._paint_regions(job, painted), together([layer.mask for layer in painted]))]
        else:
            pictures = [(self._paint(job, layer), layer.mask) for layer in painted]
        if len(pictures) == 1 and not kept:
            return pictures[0][0]
        with job.measure("join"):
            images = [image for image, _ in pictures] + [content] * len(kept)
            masks = [mask for _, mask in pictures] + kept
            return join(images, [mask for mask in masks if mask is not None])

    @property
    def takes_batches(self) -> bool:
        """Whether the model's file takes several frames at once."""
        return self._stylize.takes_batches

    def stylize_several(
        self, contents: Sequence[Image], looks: Sequence[Look], memory: StreamMemory, measure: Measure
    ) -> list[Image]:
        """Stylize consecutive frames of one stream, the network's part at once where their looks are one and the same.

        All else, such as leaning on the frame before, is done frame by frame, in order.

        Args:
            contents: (H, W, 3) uint8 RGB each.
            looks: One for each.
            memory: Of the stream.
            measure: As for `stylize`.

        Returns:
            As `stylize` gives for each of them in turn.

        Raises:
            ModelError: As `stylize`.
        """
        if not self._are_one(contents, looks):
            return [self.stylize(*pair, memory, measure) for pair in zip(contents, looks, strict=True)]
        jobs = [Job(content, look, memory, measure) for content, look in zip(contents, looks, strict=True)]
        layer, keeper = Layer(0, looks[0].code, looks[0].alpha, None), memory.keeper(0)
        with measure("resize"):
            smalls = [job.small for job in jobs]
        self._check_memory(smalls[0], len(smalls))
        with measure("grain"):
            scenes = [job.scene(layer.alpha) for job in jobs]
        with measure("inference"):
            feeds: dict[str, Tensor] = {"alpha": np.full((1, 1, 1, 1), layer.alpha, np.float32)}
            feeds |= {"content": np.stack(scenes)} | dict(layer.code.tensors)
            pictures: list[Image] = list(self._stylize.run(feeds)["stylized"])
        return [self._finish(job, layer, picture, keeper) for job, picture in zip(jobs, pictures, strict=True)]

    def _are_one(self, contents: Sequence[Image], looks: Sequence[Look]) -> bool:
        """Whether all frames take the same run of the network; the content's colours are followed frame by frame."""
        first = looks[0]
        if first.temporal != "off" and self.colors_in_code:  # each frame has a code of its own; see exposure.py
            return False
        if first.fit != "off" and self._fit is not None:  # so has each scene
            return False
        plain = not first.regions and first.alpha > 0 and (first.color != "content" or first.color_strength == 0)
        return (
            plain
            and len(contents) > 1
            and self.takes_batches
            and all(content.shape == contents[0].shape for content in contents)
            and all(look.code is first.code and look == first for look in looks)
        )

    def _paint(self, job: Job, layer: Layer) -> Image:
        """The whole frame in one style."""
        keeper = job.memory.keeper(layer.index)
        scene = self._scene(job, layer.alpha)
        code = self._prepare(job, layer, scene, keeper)
        with job.measure("inference"):
            stylized = self._painted(scene, code, layer.alpha)
        return self._finish(job, layer, stylized, keeper)

    def _painted(self, content: Image, code: StyleCode, alpha: float = 1.0) -> Image:
        """The network's part alone."""
        feeds: dict[str, Tensor] = {"content": as_batch(content), "alpha": np.full((1, 1, 1, 1), alpha, np.float32)}
        stylized: Image = self._stylize.run(feeds | dict(code.tensors))["stylized"][0]
        return stylized

    def _paint_regions(self, job: Job, layers: list[Layer]) -> Image:
        """The whole frame in one pass, its style codes spread over their regions: one (1, C, h, w) tensor each."""
        keeper, stride = job.memory.keeper(-1), self._region_stride
        strength = sum(layer.alpha * layer.full_mask() for layer in layers)
        scene = self._scene(job, strength)
        codes = [self._prepare(job, layer, scene, job.memory.keeper(layer.index)) for layer in layers]
        height, width = (max(2, -(-side // stride)) for side in scene.shape[:2])
        with job.measure("inference"):
            masks = [cv2.resize(layer.full_mask(), (width, height), interpolation=cv2.INTER_AREA) for layer in layers]
            shares = np.stack(masks) / np.maximum(sum(masks), 1e-6)
            shares = np.where(sum(masks) > 1e-6, shares, 1 / len(layers)).astype(np.float32)
            alphas = np.array([layer.alpha for layer in layers], np.float32)
            feeds: dict[str, Tensor] = {"alpha": np.tensordot(alphas, shares, 1)[None, None]}
            for name in self._code_names:
                columns = np.stack([code.tensors[name].ravel() for code in codes], axis=1)
                feeds[name] = np.tensordot(columns, shares, 1)[None]
            stylized: Image = self._stylize.run({"content": as_batch(scene)} | feeds)["stylized"][0]
        return self._finish(job, layers[0], stylized, keeper)

    def _scene(self, job: Job, alpha: float | Mask) -> Image:
        """What is painted on: the content at its processing size, with grain."""
        with job.measure("resize"):
            small = job.small
        self._check_memory(small)
        with job.measure("grain"):
            return job.scene(alpha)

    def _prepare(self, job: Job, layer: Layer, scene: Image, keeper: ColorKeeper) -> StyleCode:
        """The code, fitted to the scene, and in the content's colours, where that is wanted."""
        look, content = job.look, job.content
        code, fitter = layer.code, job.fitter
        if fitter is not None:
            with job.measure("fit"):
                code = fitter.code(code, scene)
        if look.color == "content" and look.color_strength > 0:
            with job.measure("color"):
                stats = keeper.see(content)
                if self.colors_in_code:
                    code = _in_colors(code, stats, _each_of_two(look.color_strength))
                elif job.memory.repainter is not None:
                    code = job.memory.repainter.code(code, stats, look.color_form, _each_of_two(look.color_strength))
        if self.colors_in_code and job.stats is not None:
            code = exposed(code, *job.stats)
        return code

    def _finish(self, job: Job, layer: Layer, stylized: Image, keeper: ColorKeeper) -> Image:
        """Colours as the look wants them, steady, and back to the content's size."""
        look, content, small = job.look, job.content, job.small
        if look.color == "content" and look.color_strength > 0:
            with job.measure("color"):
                stylized = keeper.match(stylized, look.color_form, _each_of_two(look.color_strength))
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

    def _check_memory(self, content: Image, frames: int = 1) -> None:
        """Refuse what would not fit, before the system kills the program for it.

        Raises:
            ModelError: With the size that would fit.
        """
        height, width = content.shape[:2]
        if not self._stylize.is_on_cpu or frames * height * width <= self._pixels_that_fit:
            return
        needed, free = frames * height * width * self._bytes_per_pixel, available_memory()
        if free is not None and needed > free:
            fitting = int(min(height, width) * (0.9 * free / needed) ** 0.5)
            raise ModelError(
                f"stylizing {width}x{height} with '{self.name}' takes about {needed / 1e9:.1f} GB of memory, "
                f"{free / 1e9:.1f} GB are free; use --size {fitting} or less"
            )
        self._pixels_that_fit = frames * height * width
