"""Where frames come from."""

import glob
import os
import re
import stat
from fractions import Fraction
from pathlib import Path

from streamstyle.errors import SourceError
from streamstyle.media.damage import CUT_SHORT
from streamstyle.media.libav import reason
from streamstyle.media.pictures import PICTURE_SUFFIXES, kind_of
from streamstyle.media.places import (
    NO_ANSWER,
    is_url,
    is_web,
    kind,
    plain,
    quoted,
    read_bytes,
    read_start,
    refuse_web_page,
    start_of_answer,
)
from streamstyle.media.sources import hardware
from streamstyle.media.sources.base import Source
from streamstyle.media.sources.cameras.source import CameraSource
from streamstyle.media.sources.image import AnimationSource, ImageSource
from streamstyle.media.sources.live import LiveSource
from streamstyle.media.sources.paced import PacedSource
from streamstyle.media.sources.stream import StreamSource
from streamstyle.media.sources.video import VideoSource

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".flv"),
    *(".3gp", ".ogv", ".gif", ".mxf", ".y4m"),
)
_END_MARKS = {b"GIF": b";", b"\x89PNG": b"IEND"}
"""First bytes of pictures that move -> what stands at their end. libav does not say that it is missing."""
_LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp", "rtp", "tcp")


def open_source(
    uri: str,
    *,
    start: Fraction | None = None,
    end: Fraction | None = None,
    hwaccel: str = hardware.OFF,
    keep_alpha: bool = False,
    may_be_pipe: bool = True,
) -> Source:
    """Open a photo, a video file, or a URL.

    The first bytes tell whether it is a photo or a video, since names may be wrong.

    Args:
        uri: A path, `file://`, or a URL that PyAV opens.
        start: Of a video, in seconds from its beginning.
        end: Of a video, in seconds from its beginning; frames before it are yielded.
        hwaccel: Of a video: where it is decoded; one of `hardware.choices()`.
        keep_alpha: Of a photo: give its transparency with the frame, instead of laying it over white.
        may_be_pipe: Whether a pipe is allowed. Not where a file was before: opening a pipe waits for its writer.

    Raises:
        SourceError: It cannot be opened, or holds no picture.
    """
    if is_url(uri):
        head = start_of_answer(uri) if is_web(uri) else None
        refuse_web_page(head or b"", uri)
        what = kind_of(head, uri) if head else "other"
    else:
        uri = plain(uri)
        if kind(uri) == "folder":
            raise SourceError(f"{quoted(uri)} is a folder; wanted a video or a photo")
        if kind(uri) == "pipe" and may_be_pipe:  # what is read of it to see what it is would be gone
            return VideoSource(uri, start, end, hwaccel=hwaccel)
        head = read_start(uri)
        if not head:
            raise SourceError(f"{quoted(uri)} is empty; wanted a video or a photo")
        refuse_web_page(head, uri)
        what = kind_of(head, uri)
    if what == "photo":
        return ImageSource(uri, keep_alpha=keep_alpha)
    # Of an animated AVIF, libav shows the still that comes first.
    if what == "animation" and head is not None and (head[8:12] == b"WEBP" or head[4:8] == b"ftyp"):
        return AnimationSource(uri, start, end)
    try:
        source = VideoSource(uri, start, end, hwaccel=hwaccel)
    except SourceError:
        if what != "animation":
            raise
        return AnimationSource(uri, start, end)  # libav does not read APNG of one bit, say
    end_mark = next((mark for magic, mark in _END_MARKS.items() if (head or b"").startswith(magic)), b"")
    # Some programs leave a few bytes behind it.
    if what == "animation" and not source.warnings and end_mark not in read_bytes(uri)[-16:]:
        source.warnings.append(CUT_SHORT.format(quoted(uri)))
    return source


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
    if is_url(uri):
        return _open_live_url(uri, loop)
    uri = plain(uri)
    try:
        mode = Path(uri).stat().st_mode
    except (OSError, ValueError):
        mode = 0
    is_device = stat.S_ISCHR(mode) or uri.startswith(("/dev/", "\\\\"))
    means_file = uri.startswith(("/", "./", "../")) or Path(uri).suffix.lower() in VIDEO_SUFFIXES + PICTURE_SUFFIXES
    if not is_device and (mode or means_file):
        # What came through a pipe is gone.
        is_pipe = stat.S_ISFIFO(mode)
        return PacedSource(lambda: open_source(uri, may_be_pipe=is_pipe), loop=loop and not is_pipe)
    return CameraSource(uri, size=size, fps=fps)


def _open_live_url(uri: str, loop: bool) -> LiveSource:
    is_live = uri.partition("://")[0].lower() in _LIVE_SCHEMES
    if not is_live:
        try:
            with VideoSource(uri) as source:
                is_live = source.info.duration is None
        except SourceError as error:
            if is_web(uri) and NO_ANSWER not in str(error):
                refuse_web_page(start_of_answer(uri) or b"", uri)
            raise
    if is_live:
        return StreamSource(lambda: VideoSource(uri, is_live=True))
    return PacedSource(lambda: open_source(uri), loop=loop)


def expand_inputs(inputs: list[str]) -> list[str]:
    """Replace each folder by the videos and photos in it, and each pattern that no shell has expanded by what it matches.

    Files in a folder are taken by their endings, in natural order (`clip2` before `clip10`), without hidden ones and
    without deeper folders. Anything else stays as it is.

    Raises:
        SourceError: A folder cannot be read, or holds neither videos nor photos; or nothing matches a pattern.
    """
    expanded: list[str] = []
    for name in map(plain, inputs):
        if is_url(name) or not _is_folder(name):
            expanded += _matching(name) if re.search(r"[*?[]", name) and not is_url(name) else [name]
            continue
        try:
            files = [file for file in Path(name).iterdir() if not file.name.startswith(".") and file.is_file()]
        except OSError as error:
            raise SourceError(f"the folder {quoted(name)} cannot be read: {reason(error)}") from error
        media = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES + PICTURE_SUFFIXES]
        if not media:
            raise SourceError(f"the folder '{name}' holds no videos or photos")
        expanded += [str(file) for file in sorted(media, key=lambda file: _natural(file.name))]
    return expanded


def _matching(pattern: str) -> list[str]:
    if os.path.lexists(pattern):
        return [pattern]
    found = sorted(glob.glob(pattern), key=_natural)  # noqa: PTH207 - a pattern may be absolute
    if not found:
        raise SourceError(f"{quoted(pattern)} matches no file; check the pattern")
    return [name for name in found if not _is_folder(name)]


def _is_folder(name: str) -> bool:
    try:
        return kind(name) == "folder"
    except SourceError:
        return False  # opening it reports what is wrong


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|\D+", name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
