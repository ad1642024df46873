"""The styles on the shelf: the built-in ones, and the user's own, which stay in a folder of the user's data."""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from streamstyle.media.places import quoted
from streamstyle.studio.routes import ApiError
from streamstyle.studio.schema import ON, TEXT, Schema, listing, one_of, or_null, record
from streamstyle.studio.shelf.names import file_name, style_word
from streamstyle.studio.shelf.painter import Painter
from streamstyle.studio.shelf.small_files import Tell, read_json, write_json
from streamstyle.studio.shelf.thumbnails import Thumbnails
from streamstyle.styles.own import own_styles
from streamstyle.styles.paintings import PAINTINGS, painting_of
from streamstyle.styles.store import is_bare

MOST_STYLE_BYTES = 50_000_000
_INCOMING = ".incoming-"
_SHOWN_BY_BROWSERS = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp"}

STYLE: Schema = record(
    {
        "name": TEXT,
        "title": TEXT,
        "painter": TEXT,
        "year": TEXT,
        "kind": one_of("builtin", "own"),
        "favorite": ON,
        "removable": ON,
        "painting": or_null(TEXT),
        "thumbnail": TEXT,
    }
)
"""A style as the API tells it."""
_NOTES: Schema = record({"titles": {"type": "object"}, "favorites": listing(TEXT)})


@dataclass(frozen=True, slots=True)
class ShelfStyle:
    """One style.

    Attributes:
        name: What looks call it.
        source: What it is painted in: the name of a built-in style, or the path of the user's file.
        title: For people.
        painter: Who painted it; empty where that is not known.
        year: When; empty where that is not known.
        is_own: Whether it is the user's.
    """

    name: str
    source: str
    title: str
    painter: str = ""
    year: str = ""
    is_own: bool = False

    @property
    def painting(self) -> Path | None:
        """The user's picture, where browsers can show it."""
        return Path(self.source) if self.is_own and Path(self.source).suffix.lower() in _SHOWN_BY_BROWSERS else None


class Styles:
    """All styles, with what the user thinks of them. For the event loop."""

    def __init__(self, folder: Path, notes: Path, painter: Painter, tell: Tell) -> None:
        """Take up what is there.

        Args:
            folder: Of the user's own styles; exists.
            notes: A JSON file: titles and favorites.
            painter: Encodes pictures.
            tell: Takes a line where the notes are damaged.
        """
        self._folder, self._place, self._painter = folder, notes, painter
        self._naming = asyncio.Lock()
        stored = read_json(notes, _NOTES, tell) or {}
        self._titles: dict[str, str] = {name: str(title) for name, title in stored.get("titles", {}).items()}
        self._favorites: list[str] = list(stored.get("favorites", []))
        for path in folder.glob(f"{_INCOMING}*"):
            path.unlink(missing_ok=True)

    def __iter__(self) -> Iterator[ShelfStyle]:
        """The built-in ones, then the user's."""
        for painting in PAINTINGS:
            yield ShelfStyle(painting.name, painting.name, painting.title, painting.painter, painting.year)
        for name, path in own_styles(self._folder).items():
            if painting_of(name) is None and is_bare(name):
                yield ShelfStyle(name, str(path), self._titles.get(name, name), is_own=True)

    def get(self, name: str) -> ShelfStyle:
        """One of them.

        Raises:
            ApiError: There is none.
        """
        return self._named(name, 404)

    def describe(self, style: ShelfStyle, thumbnails: Thumbnails) -> dict[str, Any]:
        """A style as the API tells it."""
        href = f"/api/styles/{quote(style.name, safe='')}"
        return {
            "name": style.name,
            "title": style.title,
            "painter": style.painter,
            "year": style.year,
            "kind": "own" if style.is_own else "builtin",
            "favorite": style.name in self._favorites,
            "removable": style.is_own,
            "painting": f"{href}/painting" if style.painting else None,
            "thumbnail": f"{href}/thumbnail.jpg?v={thumbnails.find(style.source)[1]}",
        }

    def incoming(self) -> Path:
        """Where a file may lie that is to become a style; its writer removes it."""
        return self._folder / f"{_INCOMING}{secrets.token_hex(8)}"

    async def add(self, file: Path, name: str) -> ShelfStyle:
        """Make a style of a picture; it is encoded here and stays.

        Args:
            file: What came; it may be no picture.
            name: What the user calls it.

        Raises:
            StyleError: It is no picture, or none that can be a style.
            SinkError: The notes cannot be written.
        """
        title = PurePosixPath(file_name(name, "painting")).stem
        async with self._naming:
            word = style_word(name, [style.name for style in self])
            await self._painter.ask(add=str(file), to=str(self._folder / f"{word}.jpg"), name=title)
        self._titles[word] = title
        self._write()
        return self.get(word)

    def remove(self, style: ShelfStyle) -> None:
        """Remove one of the user's own.

        Raises:
            ApiError: It is built in, or its file cannot be removed.
            SinkError: The notes cannot be written.
        """
        if not style.is_own:
            raise ApiError(409, f"'{style.name}' is a built-in style; only your own can be removed")
        while (path := own_styles(self._folder).get(style.name)) is not None:  # a picture may lie behind a style file
            try:
                path.unlink()
            except OSError as error:
                raise ApiError(409, f"'{path}' cannot be removed; see to its permissions") from error
        self._titles.pop(style.name, None)
        self._favorites = [name for name in self._favorites if name != style.name]
        self._write()

    def favor(self, style: ShelfStyle, *, on: bool) -> None:
        """Mark it as a favorite, or not.

        Raises:
            SinkError: The notes cannot be written.
        """
        others = [name for name in self._favorites if name != style.name]
        self._favorites = [*others, style.name] if on else others
        self._write()

    def path_of(self, name: str) -> str:
        """What a look holds for the name of a style: the user's file, or a built-in name.

        Raises:
            ApiError: There is no style of this name; a path is none.
        """
        return self._named(name, 400).source

    def name_of(self, held: str) -> str:
        """The name of a style, where a look holds the user's file; anything else as it is."""
        return held if is_bare(held) else next((style.name for style in self if style.source == held), held)

    def wanted_first(self) -> list[tuple[str, str]]:
        """Name and source of all styles, favorites first."""
        every = sorted(self, key=lambda style: style.name not in self._favorites)
        return [(style.name, style.source) for style in every]

    def _named(self, name: str, status: int) -> ShelfStyle:
        style = next((style for style in self if style.name == name), None)
        if style is None:
            raise ApiError(status, f"there is no style {quoted(name)}; GET /api/styles lists them")
        return style

    def _write(self) -> None:
        write_json(self._place, {"titles": self._titles, "favorites": self._favorites})
