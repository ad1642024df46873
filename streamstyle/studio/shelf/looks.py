"""Saved looks: the same TOML files that the command line reads, under names of the user's."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from streamstyle.errors import UsageError
from streamstyle.look.look_file import read_recipe, save_recipe
from streamstyle.look.recipe import AS_REST, KEEP, Recipe
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.whole import whole_file
from streamstyle.studio.routes import ApiError
from streamstyle.studio.schema import COUNT, TEXT, Schema, record
from streamstyle.studio.shelf.names import file_name
from streamstyle.studio.shelf.styles import Styles
from streamstyle.styles.store import is_bare

MOST_LOOK_BYTES = 1_000_000
_ENDING = ".toml"
_INCOMING = ".incoming-"

LOOK: Schema = record({"name": TEXT, "made_at": COUNT})
"""A saved look as the API tells it."""


@dataclass(frozen=True, slots=True)
class SavedLook:
    """A look on the disk.

    Attributes:
        name: What the user calls it: that of the file, without its ending.
        path: Of the file.
        made_at: Unix seconds.
    """

    name: str
    path: Path
    made_at: int

    def described(self) -> dict[str, Any]:
        """As the API tells it."""
        return {"name": self.name, "made_at": self.made_at}


class Looks:
    """The saved looks of a folder."""

    def __init__(self, folder: Path, styles: Styles) -> None:
        """Take up what is there.

        Args:
            folder: Of the looks; exists.
            styles: Know the user's own.
        """
        self._folder, self._styles = folder, styles
        for path in folder.glob(f"{_INCOMING}*"):
            path.unlink(missing_ok=True)

    def all(self) -> list[SavedLook]:
        """In the order of their names."""
        found = []
        for path in sorted(self._folder.glob(f"*{_ENDING}")):
            if not path.name.startswith(".") and path.is_file():
                found.append(SavedLook(path.stem, path, int(path.stat().st_mtime)))
        return found

    def get(self, name: str) -> SavedLook:
        """One of them.

        Raises:
            ApiError: There is none.
        """
        for look in self.all():
            if look.name == name:
                return look
        raise ApiError(404, f"there is no saved look {quoted(name)}; GET /api/looks lists them")

    def save(self, name: str, recipe: Recipe) -> SavedLook:
        """Keep a look under a name, over one that has it.

        Args:
            name: As the user gives it; what no file may be called is left out of it.
            recipe: Of the look; the user's own styles are written by their names.

        Raises:
            SinkError: It cannot be written.
        """
        kept = file_name(name.removesuffix(_ENDING), "look").removesuffix(_ENDING)
        save_recipe(_styles_by(self._styles.name_of, recipe), self._folder / f"{kept}{_ENDING}", overwrite=True)
        return self.get(kept)

    def take(self, name: str, text: bytes) -> SavedLook:
        """Keep a look that comes from elsewhere.

        Args:
            name: As the user gives it.
            text: TOML; it may name styles, but no files, which would be those of another computer.

        Raises:
            ApiError: It names a file or a style that is not here.
            UsageError: It is no look; says which line.
            SinkError: It cannot be written.
        """
        place = self._folder / f"{_INCOMING}{secrets.token_hex(8)}"
        try:
            with whole_file(place) as partial:
                partial.write_bytes(text)
            recipe = read_recipe(place)
        except OSError as error:
            raise ApiError(507, f"the look cannot be stored: {reason(error)}; make room on the disk") from error
        except UsageError as error:
            said = str(error).replace(f"--look: {quoted(place)}", "the look")
            raise UsageError(said.replace(f"--look: cannot read {quoted(place)}", "the look cannot be read")) from error
        finally:
            place.unlink(missing_ok=True)
        if recipe.mask is not None:
            raise ApiError(400, f"the look names the mask {quoted(recipe.mask)}, a file; take the line 'mask' out")
        _styles_by(self._styles.path_of, recipe)
        return self.save(name, recipe)

    def read(self, look: SavedLook) -> Recipe:
        """The recipe of a saved look, with the paths of the user's own styles.

        Raises:
            ApiError: It names a style that is no longer there.
            UsageError: The file is not a look.
        """
        recipe = read_recipe(look.path)
        return _styles_by(lambda style: self._styles.path_of(style) if is_bare(style) else style, recipe)

    def remove(self, look: SavedLook) -> None:
        """Remove one.

        Raises:
            ApiError: It cannot be removed.
        """
        try:
            look.path.unlink(missing_ok=True)
        except OSError as error:
            raise ApiError(409, f"the look cannot be removed: {reason(error)}; see to its permissions") from error


def _styles_by(change: Callable[[str], str], recipe: Recipe) -> Recipe:
    """A recipe with another name for each of its styles; words that stand for something else stay."""

    def changed(style: str) -> str:
        return style if style in {KEEP, AS_REST} else change(style)

    return replace(
        recipe,
        style=tuple(map(changed, recipe.style)),
        person=changed(recipe.person),
        background=changed(recipe.background),
    )
