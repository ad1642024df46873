"""Which camera is meant, and how it is opened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from streamstyle.errors import SourceError
from streamstyle.media.places import is_file, is_url, local_path, quoted
from streamstyle.media.sources import open_live_source
from streamstyle.media.sources.cameras.listing import list_cameras
from streamstyle.media.sources.live import LiveSource
from streamstyle.studio.browser_camera import NAME, BrowserPictures, BrowserSource

Kind = Literal["camera", "browser", "file", "url"]
_PLACE: Mapping[Kind, str] = {"camera": "id", "file": "path", "url": "url"}
"""What says which one it is, for each kind that needs it."""


@dataclass(frozen=True, slots=True)
class Camera:
    """What is to be painted live.

    Attributes:
        kind: A camera of this computer, the browser's own, a file or an address that is played as one.
        place: Its number or name, path or address; empty for the browser's.
        size: Width and height to ask a camera for, in pixels.
        name: What to call it.
    """

    kind: Kind
    place: str = ""
    size: tuple[int, int] | None = None
    name: str = ""

    @classmethod
    def named(cls, name: str) -> "Camera":
        """What `--camera` names: a camera, a file or an address."""
        if is_url(name):
            return cls("url", name, name=name)
        if is_file(name):
            return cls("file", str(local_path(name).absolute()), name=Path(name).name)
        return cls("camera", name, name=name)

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> "Camera":
        """What a program asks for.

        Args:
            asked: `source` with `kind` and its place, and maybe `width` and `height`.

        Raises:
            SourceError: The place is missing, or is no file or address.
        """
        source = asked["source"]
        kind: Kind = source["kind"]
        place = str(source.get(_PLACE[kind], "")) if kind in _PLACE else ""
        if kind in {"file", "url"} and not place:
            raise SourceError(f"wanted the {_PLACE[kind]} of the {'film' if kind == 'file' else 'camera'}")
        if kind == "file" and not is_file(place):
            raise SourceError(f"there is no file {quoted(place)}; give the whole path of a film or photo on this computer")
        if kind == "url" and not is_url(place):
            raise SourceError(f"{quoted(place)} is no address; wanted one such as rtsp://camera.local/stream")
        size = (asked["width"], asked["height"]) if "width" in asked and "height" in asked else None
        named = {"camera": f"camera {place}" if place else "the first camera", "browser": NAME}
        return cls(kind, place, size, named.get(kind) or (Path(place).name if kind == "file" else place))

    @property
    def comes_back(self) -> bool:
        """Whether it is worth another try when it cannot be opened: plugged in, connected or let go by another program."""
        return self.kind in {"camera", "url"}

    def open(self, browser: BrowserPictures, wanted: Callable[[], bool]) -> LiveSource:
        """Open it; takes as long as the camera does.

        Args:
            browser: Where the pictures of the browser's camera lie.
            wanted: Whether to wait on for the browser.

        Raises:
            SourceError: It cannot be opened.
        """
        if self.kind == "browser":
            return BrowserSource(browser, wanted)
        return open_live_source(self.place, size=self.size, loop=True)

    def as_json(self) -> dict[str, str]:
        """For programs; without the name and password that an address may hold."""
        told: dict[str, str] = {"kind": self.kind, "name": self.without_password(self.name)}
        return told | ({"id": self.place} if self.kind == "camera" else {})

    def without_password(self, text: str) -> str:
        """A text that may name the place, without the name and password that an address may hold."""
        scheme, between, rest = self.place.partition("://")
        host = rest.rpartition("@")[2]
        return text.replace(self.place, f"{scheme}{between}{host}") if between else text


def describe_cameras(in_use: Camera | None) -> list[dict[str, Any]]:
    """The cameras of this computer, for programs; takes a moment.

    Args:
        in_use: The one that is painted now.
    """
    told = []
    for camera in list_cameras():
        sizes = sorted({(mode.width, mode.height) for mode in camera.modes}, reverse=True)
        mine = in_use is not None and in_use.kind == "camera" and in_use.place in {str(camera.index), camera.uri}
        told.append(
            {
                "id": str(camera.index),
                "name": camera.name,
                "sizes": [list(size) for size in sizes],
                "in_use": mine or "use" in camera.note,
                "note": camera.note,
            }
        )
    return told
