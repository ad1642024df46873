"""Images in, stylized images out: a model's two graphs behind two calls.

`encode_style` is the heavy part, once per painting; `stylize` is the light part, once per frame.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

from streamstyle.catalog import find_model
from streamstyle.color import ColorKeeper
from streamstyle.engine import Session, Tensor, as_batch, available_memory
from streamstyle.errors import ModelError, SourceError, StyleError
from streamstyle.frame import Image
from streamstyle.look import Look, StyleCode
from streamstyle.sources.image import read_image
from streamstyle.styles import BuiltinStyles, CodeCache
from streamstyle.upscale import enlarge, resize_short_side

STYLE_SIZE = 256
"""Short side in pixels at which paintings are encoded, as in training; it decides how large the strokes look."""

Measure = Callable[[str], AbstractContextManager[None]]


class Stylizer:
    """A model on a device, ready to use.

    Attributes:
        name: Of the model: its family, or its file's name.
        version: Of its weights.
        provider: What really runs it: `cpu`, `cuda` or `tensorrt`.
        builtin_styles: The styles that are shipped for it.
    """

    def __init__(self, model: str = "fast", device: str = "auto", cache: CodeCache | None = None) -> None:
        """Load a model.

        Args:
            model: A name or the path of an `.onnx` file; see streamstyle.catalog.find_model.
            device: One of streamstyle.engine.DEVICES.
            cache: Where style codes are kept; the user's cache folder by default.

        Raises:
            ModelError: The model or the device cannot be used.
        """
        files = find_model(model)
        self._stylize = Session(files.stylize, device)
        if missing := {"content", "alpha"} - set(self._stylize.inputs) or {"stylized"} - set(self._stylize.outputs):
            raise ModelError(f"'{files.stylize}' does not stylize: it has no '{min(missing)}'; export it with this project")
        self._code_names = set(self._stylize.inputs) - {"content", "alpha"}
        self.name = self._stylize.metadata.get("family", files.stylize.stem)
        self.version = self._stylize.metadata.get("version", "unknown")
        self.provider = self._stylize.provider
        self.builtin_styles = BuiltinStyles(files.styles, self.version)
        self._style = self._style_session(files.style, device)
        self._bytes_per_pixel = int(self._stylize.metadata.get("bytes_per_pixel", 0))
        self._pixels_that_fit = 0
        self._cache = cache or CodeCache()

    def _style_session(self, path: Path, device: str) -> Session | None:
        """The style graph, checked against the stylize graph; None for a model that knows only its own styles."""
        if not path.is_file() and self.builtin_styles.styles:
            return None
        session = Session(path, device)
        if set(session.outputs) != self._code_names:
            raise ModelError(
                f"'{path.name}' does not belong to this model: the style codes differ in "
                f"{', '.join(sorted(set(session.outputs) ^ self._code_names))}; export both graphs again"
            )
        if session.metadata.get("version", "unknown") != self.version:
            raise ModelError(f"'{path.name}' and the stylize graph are of different trainings; export them again")
        return session

    @property
    def only_style(self) -> str | None:
        """The one style that the model knows, if it was trained for a single one."""
        names = self.builtin_styles.names()
        return names[0] if self._style is None and len(names) == 1 else None

    def encode_style(self, image: Image, name: str = "style") -> StyleCode:
        """Turn a painting into its style code, from the cache where it was encoded before.

        Args:
            image: (H, W, 3) uint8 RGB, any size; encoded at a short side of STYLE_SIZE pixels.
            name: What to call the style.

        Raises:
            StyleError: The picture is too small to have a style, or the model knows only its own styles.
        """
        if self._style is None:
            known = ", ".join(self.builtin_styles.names())
            raise StyleError(
                f"the model '{self.name}' knows only its own styles ({known}), not '{name}'; choose one of them"
            )
        if min(image.shape[:2]) < 8:
            raise StyleError(f"style '{name}' is {image.shape[1]}x{image.shape[0]} pixels; wanted at least 8x8")
        key = self._cache.key(image, self.version, STYLE_SIZE)
        kept = self._cache.get(key, name, self.version)
        if kept is not None and set(kept.tensors) == set(self._style.outputs):
            return kept
        tensors = self._style.run({"style": as_batch(resize_short_side(image, STYLE_SIZE))})
        code = StyleCode(name, self.version, tensors)
        self._cache.put(key, code)
        return code

    def find_style(self, style: str) -> StyleCode:
        """The code of what a user named: an image file, or a built-in style.

        Raises:
            StyleError: It is neither, or the file is not a picture.
        """
        path = Path(style)
        if path.is_file() or path.suffix:
            try:
                return self.encode_style(read_image(path), path.stem)
            except SourceError as error:
                raise StyleError(f"style {error}") from error
        if style in self.builtin_styles.names():
            code = self.builtin_styles.code(style)
            if set(code.tensors) != self._code_names:
                raise ModelError(f"the built-in style '{style}' does not fit the model '{self.name}'; export them again")
            return code
        hint = (
            f"the built-in ones are {', '.join(self.builtin_styles.names())} (see --list-styles of run_video.py)"
            if self.builtin_styles.styles
            else f"the model '{self.name}' has none: name an image file"
        )
        raise StyleError(f"style '{style}' is neither a file nor a built-in style; {hint}")

    def stylize(
        self, content: Image, look: Look, keeper: ColorKeeper | None = None, measure: Measure | None = None
    ) -> Image:
        """Stylize one picture.

        Args:
            content: (H, W, 3) uint8 RGB, any size.
            look: How.
            keeper: Follows the colours of one stream over time; a new one per picture by default.
            measure: Called with the names of the stages, to time them.

        Returns:
            (H, W, 3) uint8 RGB, of the content's size.

        Raises:
            ModelError: The picture is too large for this machine's memory, or the runtime failed.
        """
        measure = measure or (lambda _stage: nullcontext())
        if look.alpha == 0:
            return content
        with measure("resize"):
            full = look.size is None or look.size >= min(content.shape[:2])
            small = content if full or look.size is None else resize_short_side(content, look.size)
        self._check_memory(small)
        with measure("inference"):
            feeds: dict[str, Tensor] = {
                "content": as_batch(small),
                "alpha": np.full((1, 1, 1, 1), look.alpha, np.float32),
            }
            stylized: Image = self._stylize.run(feeds | dict(look.code.tensors))["stylized"][0]
        if look.color == "content":
            with measure("color"):
                stylized = (keeper or ColorKeeper()).keep(small, stylized)
        if small is content:
            return stylized
        with measure("resize"):
            return enlarge(stylized, small, content)

    def _check_memory(self, content: Image) -> None:
        """Refuse what would not fit, before the system kills the program for it.

        Raises:
            ModelError: With the size that would fit.
        """
        height, width = content.shape[:2]
        if self.provider != "cpu" or height * width <= self._pixels_that_fit:
            return
        needed, free = height * width * self._bytes_per_pixel, available_memory()
        if free is not None and needed > free:
            fitting = int(min(height, width) * (0.9 * free / needed) ** 0.5)
            raise ModelError(
                f"stylizing {width}x{height} with '{self.name}' takes about {needed / 1e9:.1f} GB of memory, "
                f"{free / 1e9:.1f} GB are free; use --size {fitting} or less"
            )
        self._pixels_that_fit = height * width
