"""Where frames come from."""

import re
import stat
from fractions import Fraction
from pathlib import Path

from streamstyle.errors import SourceError
from streamstyle.media.sources import hardware
from streamstyle.media.sources.base import Source
from streamstyle.media.sources.camera import CameraSource
from streamstyle.media.sources.image import IMAGE_SUFFIXES, ImageSource
from streamstyle.media.sources.live import LiveSource
from streamstyle.media.sources.paced import PacedSource
from streamstyle.media.sources.stream import StreamSource
from streamstyle.media.sources.video import VideoSource

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".flv"),
    *(".3gp", ".ogv", ".gif", ".mxf", ".y4m"),
)
_LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp", "rtp", "tcp")
_IMAGE_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*")


def open_source(
    uri: str, *, start: Fraction | None = None, end: Fraction | None = None, hwaccel: str = hardware.OFF
) -> Source:
    """Open a photo, a video file, or a URL.

    A photo is told from a video by its first bytes, since names lie.

    Args:
        uri: A path, or a URL that PyAV opens.
        start: Of a video, in seconds from its beginning.
        end: Likewise; frames before it are yielded.
        hwaccel: Of a video: where it is decoded; one of `hardware.choices()`.

    Raises:
        SourceError: It cannot be opened, or holds no picture.
    """
    if "://" in uri:
        return VideoSource(uri, start, end, hwaccel=hwaccel)
    path = Path(uri)
    if path.is_dir():
        raise SourceError(f"'{uri}' is a folder; wanted a video or a photo")
    try:
        if stat.S_ISFIFO(path.stat().st_mode):  # what is read of a pipe is gone
            return VideoSource(uri, start, end, hwaccel=hwaccel)
        with path.open("rb") as file:
            head = file.read(32)
    except FileNotFoundError as error:
        raise SourceError(f"'{uri}' does not exist; check the name") from error
    except OSError as error:
        raise SourceError(f"'{uri}' cannot be read: {(error.strerror or str(error)).lower()}") from error
    if not head:
        raise SourceError(f"'{uri}' is empty; wanted a video or a photo")
    is_pnm = head[:2] in {b"P5", b"P6"} and head[2:3].isspace()
    if head.startswith(_IMAGE_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or is_pnm:
        return ImageSource(uri)
    return VideoSource(uri, start, end, hwaccel=hwaccel)


def open_live_source(
    uri: str | None = None, *, size: tuple[int, int] | None = None, fps: float | None = None, loop: bool = False
) -> LiveSource:
    """Open a camera, or what is to play as one.

    A number, a device path and a name that is no file are cameras. A URL that is live itself plays at its own pace; any
    other URL, a video file and a photo are paced as a camera would be.

    Args:
        uri: Which; None for the first real camera.
        size: Of a camera: width and height to ask for, in pixels.
        fps: Of a camera: frames per second to ask for.
        loop: Of a file: begin again at its end.

    Raises:
        SourceError: It cannot be opened, or holds no picture; or there is no such camera.
    """
    if not uri or uri.isdecimal():
        return CameraSource(uri, size=size, fps=fps)
    if "://" in uri:
        return _open_live_url(uri, loop)
    try:
        mode = Path(uri).stat().st_mode
    except (OSError, ValueError):
        mode = 0
    is_device = stat.S_ISCHR(mode) or uri.startswith(("/dev/", "\\\\"))
    means_file = uri.startswith(("/", "./", "../")) or Path(uri).suffix.lower() in VIDEO_SUFFIXES + IMAGE_SUFFIXES
    if not is_device and (mode or means_file):
        return PacedSource(lambda: open_source(uri), loop=loop)
    return CameraSource(uri, size=size, fps=fps)


def _open_live_url(uri: str, loop: bool) -> LiveSource:
    is_live = uri.partition("://")[0].lower() in _LIVE_SCHEMES
    if not is_live:
        with VideoSource(uri) as source:
            is_live = source.info.duration is None
    if is_live:
        return StreamSource(lambda: VideoSource(uri, is_live=True))
    return PacedSource(lambda: open_source(uri), loop=loop)


def expand_inputs(inputs: list[str]) -> list[str]:
    """Replace each folder by the videos and photos in it.

    Files in a folder are taken by their endings, in natural order (`clip2` before `clip10`), without hidden ones and
    without deeper folders. Anything that is not a folder stays as it is.

    Raises:
        SourceError: A folder cannot be read, or holds neither videos nor photos.
    """
    expanded: list[str] = []
    for name in inputs:
        folder = Path(name)
        if "://" in name or not folder.is_dir():
            expanded.append(name)
            continue
        try:
            files = [file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")]
        except OSError as error:
            raise SourceError(f"the folder '{name}' cannot be read: {(error.strerror or str(error)).lower()}") from error
        media = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES + IMAGE_SUFFIXES]
        if not media:
            raise SourceError(f"the folder '{name}' holds no videos or photos")
        expanded += [str(file) for file in sorted(media, key=lambda file: _natural(file.name))]
    return expanded


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|\D+", name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
