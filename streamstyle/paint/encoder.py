"""From a painting, or the name of a style, to its style code: the heavy part, once per painting."""

import logging
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cached_property

from streamstyle.errors import ModelError, SourceError, StyleError
from streamstyle.frame import Image
from streamstyle.look.recipe import KEEP, Recipe
from streamstyle.media.pictures import read_image
from streamstyle.media.places import is_url, kind, local_path, quoted
from streamstyle.media.resize import resize_short_side
from streamstyle.runtime.catalog import ModelFiles
from streamstyle.runtime.choice import any_size_device
from streamstyle.runtime.session import Session, as_batch
from streamstyle.styles.code import STYLE_SIZE, StyleCode
from streamstyle.styles.names import spelled
from streamstyle.styles.own import check_style_name, own_styles
from streamstyle.styles.store import BuiltinStyles, CodeCache, is_bare, is_style_file, read_style, style_name

log = logging.getLogger(__name__)

_LONGEST_STYLE = 16
"""Most sides of a painting over its short one: beyond, encoding takes minutes and shows nothing."""

_MOST_PIXELS = 2048 * 2048
"""A larger painting is made smaller before it is encoded."""


class Encoder:
    """The style codes of one model.

    Attributes:
        builtin: The styles that are shipped for it.
    """

    def __init__(self, files: ModelFiles, stylize: Session, names: AbstractSet[str], cache: CodeCache) -> None:
        """Open the built-in styles; the style graph is loaded when a new painting needs it.

        Args:
            files: Of the model.
            stylize: Its other graph, which takes the codes.
            names: Of the tensors of a code.
            cache: Where codes of paintings are kept.

        Raises:
            ModelError: The built-in styles are damaged, or of another version of the model.
        """
        self._model = stylize.metadata.get("family", files.stylize.stem)
        self._version = stylize.metadata.get("version", "unknown")
        self._provider, self._names = stylize.provider, names
        self._shapes = {
            name: tuple(side if isinstance(side, int) else 1 for side in stylize.inputs[name]) for name in names
        }
        self.builtin = BuiltinStyles(files.styles, self._version)
        # A model without a style graph knows only its own styles; of one without styles, too, the file is missed in time.
        self._file = files.style if files.style.is_file() or not self.builtin.styles else None
        self._cache = cache

    @property
    def only_style(self) -> str | None:
        """The one style that the model knows, if it was trained for a single one."""
        names = self.builtin.names()
        return names[0] if self._file is None and len(names) == 1 else None

    def check(self) -> None:
        """Load the style graph, if the model has one, and see whether it belongs to the other.

        Raises:
            ModelError: It is missing or damaged, or does not belong to the model.
        """
        if self._file is not None:
            _ = self._graph

    def encode(self, image: Image, name: str = "style", size: int = STYLE_SIZE) -> StyleCode:
        """Turn a painting into its style code, from the cache where it was encoded before.

        Args:
            image: (H, W, 3) uint8 RGB, any size.
            name: What to call the style.
            size: Short side in pixels at which it is encoded: larger gives larger strokes.

        Raises:
            StyleError: The picture is too small to have a style, or the model knows only its own styles.
        """
        if self._file is None:
            known = ", ".join(self.builtin.names())
            raise StyleError(
                f"the model '{self._model}' knows only its own styles ({known}), not '{name}'; choose one of them"
            )
        height, width = image.shape[:2]
        if min(height, width) < 8:
            raise StyleError(f"style '{name}' is {width}x{height} pixels; wanted at least 8x8")
        if max(height, width) > _LONGEST_STYLE * min(height, width):
            raise StyleError(
                f"style '{name}' is {width}x{height} pixels; wanted at most {_LONGEST_STYLE} times as long as wide: crop it"
            )
        scale = size / min(height, width)
        if height * width * scale**2 > _MOST_PIXELS:
            raise StyleError(
                f"style '{name}' would be encoded at {round(width * scale)}x{round(height * scale)} pixels, which takes "
                "minutes and gigabytes; use a smaller --style-size"
            )
        key = self._cache.key(image, self._version, size)
        kept = self._cache.get(key, name, self._version)
        if kept is not None and self._fits(kept):
            log.debug("style %s: from the cache %s", name, self._cache.folder)
            return kept
        log.debug("style %s: %dx%d pixels are encoded at a short side of %d", name, width, height, size)
        tensors = self._graph.run({"style": as_batch(resize_short_side(image, size))})
        code = StyleCode(name, self._version, tensors)
        self._cache.put(key, code)
        return code

    def find(self, style: str, size: int = STYLE_SIZE) -> StyleCode:
        """The code of what a user named: an image file, a style file, or a built-in style.

        Args:
            style: A path, an address, or a name.
            size: As in `encode`; style files and built-in styles are codes already.

        Raises:
            StyleError: It is none of them, or the file is not a picture, or is of another model.
        """
        style = self.named(style)
        if style not in self.builtin.names() and is_bare(style) and kind(style) == "nothing":
            style = str(own_styles().get(style, style))
        if is_style_file(style):
            if is_url(style):
                raise StyleError(f"style {quoted(style)} is a style file on the web; save it, and name that file")
            code = read_style(local_path(style), self._version)
            if not self._fits(code):
                wanted = "name the one that it was made for with --model"
                raise StyleError(f"style '{style}' does not fit the model '{self._model}'; {wanted}")
            return code
        if style in self.builtin.names():
            code = self.builtin.code(style)
            if not self._fits(code):
                raise ModelError(f"the built-in style '{style}' does not fit the model '{self._model}'; export them again")
            return code
        check_style_name(style, self.builtin.names(), self._model)
        try:
            return self.encode(read_image(style), style_name(style), size)
        except SourceError as error:
            raise StyleError(f"style {error}") from error

    def named(self, style: str) -> str:
        """What a user named, spelled as the name is listed: case, spaces and underscores do not matter.

        A built-in style comes before a file of this name, and that before the user's own style.
        """
        if not is_bare(style):
            return style
        return spelled(style, self.builtin.names()) or (kind(style) == "nothing" and spelled(style, own_styles())) or style

    def resolved(self, recipe: Recipe) -> Recipe:
        """A recipe with its styles named as `named` has them, so that each is known by one name only."""
        return replace(recipe, style=tuple(style if style == KEEP else self.named(style) for style in recipe.style))

    def _fits(self, code: StyleCode) -> bool:
        """Whether a code has the tensors that the graph wants, each for one place of the frame."""
        if set(code.tensors) != set(self._shapes):
            return False
        return all(code.tensors[name].shape == shape for name, shape in self._shapes.items())

    @cached_property
    def _graph(self) -> Session:
        """The style graph, checked against the other one; ModelError where they do not fit."""
        path = self._file
        assert path is not None  # callers ask
        session = Session(path, any_size_device(self._provider))
        if set(session.outputs) != self._names:
            raise ModelError(
                f"'{path.name}' does not belong to this model: the style codes differ in "
                f"{', '.join(sorted(set(session.outputs) ^ self._names))}; export both graphs again"
            )
        if session.metadata.get("version", "unknown") != self._version:
            raise ModelError(f"'{path.name}' and the stylize graph are of different trainings; export them again")
        return session
