"""Snapshots and recordings: the finished files of one folder."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.sinks import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from streamstyle.studio.routes import ApiError
from streamstyle.studio.schema import COUNT, TEXT, Schema, one_of, record

PICTURE: Schema = record({"name": TEXT, "href": TEXT, "kind": one_of("photo", "video"), "bytes": COUNT, "made_at": COUNT})
"""A snapshot or a recording as the API tells it."""


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A snapshot or a recording.

    Attributes:
        path: Of the file.
        kind: By its ending, which is ours.
        bytes: How large it is.
        made_at: Unix seconds.
    """

    path: Path
    kind: Literal["photo", "video"]
    bytes: int
    made_at: int

    def described(self) -> dict[str, Any]:
        """As the API tells it."""
        name = self.path.name
        href = f"/api/pictures/{quote(name, safe='')}"
        return {"name": name, "href": href, "kind": self.kind, "bytes": self.bytes, "made_at": self.made_at}


def all_pictures(folder: Path) -> list[KeptPicture]:
    """What is whole, the newest first."""
    found = []
    for path in folder.iterdir():
        suffix = path.suffix.lower()
        if path.name.startswith(".") or re.search(r"\.partial(-\d+)?$", path.stem) or not path.is_file():
            continue
        if suffix in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES):
            known = path.stat()
            kind: Literal["photo", "video"] = "photo" if suffix in IMAGE_SUFFIXES else "video"
            found.append(KeptPicture(path, kind, known.st_size, int(known.st_mtime)))
    return sorted(found, key=lambda picture: (-picture.made_at, picture.path.name))


def find_picture(folder: Path, name: str) -> KeptPicture:
    """One of them by its name.

    Raises:
        ApiError: There is none.
    """
    for picture in all_pictures(folder):
        if picture.path.name == name:
            return picture
    raise ApiError(404, f"there is no picture {quoted(name)}; GET /api/pictures lists them")


def remove_picture(picture: KeptPicture) -> None:
    """Remove one.

    Raises:
        ApiError: It cannot be removed.
    """
    try:
        picture.path.unlink(missing_ok=True)
    except OSError as error:
        raise ApiError(409, f"{quoted(picture.path.name)} cannot be removed: {reason(error)}; close it elsewhere") from error
