"""Images in, stylized images out: a model's two graphs behind two calls.

`encode_style` is the heavy part, once per painting; `stylize` is the light part, once per frame.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import cv2
import numpy as np

from streamstyle.color import ColorKeeper
from streamstyle.engine import Session, Tensor, as_batch
from streamstyle.errors import ModelError, SourceError, StyleError
from streamstyle.frame import Image
from streamstyle.look import Look, StyleCode
from streamstyle.sources.image import read_image
from streamstyle.styles import WEIGHTS, BuiltinStyles, CodeCache

STYLE_SIZE = 256
"""Short side in pixels at which paintings are encoded, as in training; it decides how large the strokes look."""

MODELS = ("fast",)

Measure = Callable[[str], AbstractContextManager[None]]


def resize_short_side(image: Image, short_side: int) -> Image:
    """Scale a picture so that its short side has so many pixels, keeping its shape; (H, W, 3) uint8 in and out."""
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    return resize(image, max(1, round(width * scale)), max(1, round(height * scale)))


def resize(image: Image, width: int, height: int) -> Image:
    """Scale a picture to a size: areas are averaged on the way down, cubic interpolation on the way up."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(image, (width, height), interpolation=method).astype(np.uint8, copy=False)


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
            model: One of MODELS, or the path of a `<name>.stylize.onnx` with its `<name>.style.onnx` beside it.
            device: One of streamstyle.engine.DEVICES.
            cache: Where style codes are kept; the user's cache folder by default.

        Raises:
            ModelError: The model or the device cannot be used.
        """
        style_path, stylize_path = _find(model)
        self._stylize = Session(stylize_path, device)
        self._style = Session(style_path, device)
        code_names = set(self._style.outputs)
        wanted = set(self._stylize.inputs) - {"content", "alpha"}
        if code_names != wanted or "stylized" not in self._stylize.outputs:
            raise ModelError(
                f"'{style_path.name}' and '{stylize_path.name}' do not belong together: "
                f"their style codes differ in {', '.join(sorted(code_names ^ wanted)) or 'the output'}; export them again"
            )
        self.name = self._stylize.metadata.get("family", stylize_path.stem)
        self.version = self._stylize.metadata.get("version", "unknown")
        if self._style.metadata.get("version", "unknown") != self.version:
            raise ModelError(f"'{style_path.name}' and '{stylize_path.name}' are of different trainings; export them again")
        self.provider = self._stylize.provider
        builtin = style_path.with_name(style_path.name.replace(".style.onnx", ".styles.npz"))
        self.builtin_styles = BuiltinStyles(builtin, self.version)
        self._cache = cache or CodeCache()

    def encode_style(self, image: Image, name: str = "style") -> StyleCode:
        """Turn a painting into its style code, from the cache where it was encoded before.

        Args:
            image: (H, W, 3) uint8 RGB, any size; encoded at a short side of STYLE_SIZE pixels.
            name: What to call the style.

        Raises:
            StyleError: The picture is too small to have a style.
        """
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
            return self.builtin_styles.code(style)
        raise StyleError(f"style '{style}' is neither a file nor a built-in style; see --list-styles")

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
            ModelError: The runtime failed, for lack of memory say.
        """
        measure = measure or (lambda _stage: nullcontext())
        height, width = content.shape[:2]
        if look.alpha == 0:
            return content
        with measure("resize"):
            small = (
                content if look.size is None or look.size >= min(height, width) else resize_short_side(content, look.size)
            )
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
            return resize(stylized, width, height)


def _find(model: str) -> tuple[Path, Path]:
    """The style graph and the stylize graph of a model."""
    if model in MODELS:
        return WEIGHTS / f"{model}.style.onnx", WEIGHTS / f"{model}.stylize.onnx"
    path = Path(model)
    if not path.name.endswith(".stylize.onnx"):
        raise ModelError(f"unknown model '{model}'; choose {', '.join(MODELS)} or the path of a '<name>.stylize.onnx'")
    return path.with_name(path.name.replace(".stylize.onnx", ".style.onnx")), path
