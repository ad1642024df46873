"""Looks and styles as programs hold them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from streamstyle.api.words import speaks_python
from streamstyle.errors import SinkError, UsageError
from streamstyle.look.look_file import save_recipe
from streamstyle.look.recipe import Recipe
from streamstyle.styles import store
from streamstyle.styles.code import StyleCode
from streamstyle.styles.code import blend as mix


class Style(StyleCode):
    """What a model knows of a painting; made by `Painter.encode`, and good for that model only."""

    __slots__ = ()

    @classmethod
    @speaks_python
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a style file.

        Raises:
            StyleError: It is not there, is damaged, or is no style file.
        """
        code = store.read_style(Path(path), None)
        return cls(code.name, code.model_version, code.tensors)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a style file, which can be named wherever a style is wanted. It never holds the painting itself.

        Args:
            path: Ends in `.style.npz`.
            overwrite: Replace an existing file.

        Raises:
            SinkError: The ending is another, the file exists, or it cannot be written.
        """
        place = Path(path)
        if not store.is_style_file(place.name):
            raise SinkError(f"'{place}' has no ending of a style file; end it in {store.STYLE_FILE}")
        if place.exists() and not overwrite:
            raise SinkError(f"'{place}' exists; pass overwrite=True, or name another file")
        try:
            store.save_style(place, self)
        except OSError as error:
            raise SinkError(f"cannot write the style '{place}': {(error.strerror or str(error)).lower()}") from error


def as_style(code: StyleCode) -> Style:
    """A style code as a `Style`."""
    return code if isinstance(code, Style) else Style(code.name, code.model_version, code.tensors)


@speaks_python
def blend(styles: Sequence[StyleCode], weights: Sequence[float] | None = None) -> Style:
    """Mix styles into one.

    Args:
        styles: At least one, all of one model.
        weights: One per style, not negative, not all zero; equal ones by default.

    Raises:
        UsageError: The weights do not fit, or the styles are of different models.
    """
    return as_style(mix(styles, weights))


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How frames are to look; made by `Painter.look`, never changed.

    Attributes:
        recipe: Its fields, each at its value.
        codes: What the model knows of its styles.
    """

    recipe: Recipe
    codes: Mapping[str, StyleCode] = field(repr=False)

    @property
    def name(self) -> str:
        """The names of its styles."""
        return "+".join(self.codes[style].name for style in self.recipe.style if style in self.codes)

    @speaks_python
    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a look file, for `Painter.look(file=...)` and for `--look` of the command line.

        Args:
            path: Ends in `.toml`.
            overwrite: Replace an existing look.

        Raises:
            UsageError: A style is a picture or a Style in memory, which a look file cannot name.
            SinkError: The file exists, or cannot be written.
        """
        recipe = self.recipe
        for style in (*recipe.style, recipe.person, recipe.background):
            if is_in_memory(style):
                raise UsageError(
                    "a look file needs names of styles; save the style with Style.save, and make the look of that file"
                )
        save_recipe(recipe, Path(path), overwrite=overwrite)


def name_in_memory(place: str, *, picture: bool) -> str:
    """What a recipe calls a style that has no name: the ending tells that a picture can be encoded at any size."""
    return f"<{place}>.png" if picture else f"<{place}>"


def is_in_memory(style: str) -> bool:
    """Whether a recipe's style is one of `name_in_memory`."""
    return style.startswith("<")


def plain_name(style: str) -> str:
    """What to call such a style in messages and reports."""
    return style.removesuffix(".png").strip("<>")


def check_look(look: object) -> Look:
    """What was given as a look, if it is one.

    Raises:
        UsageError: It is something else, such as the name of a style.
    """
    if not isinstance(look, Look):
        raise UsageError(f"wanted a look, got {look!r:.60}; make one with Painter.look")
    return look
