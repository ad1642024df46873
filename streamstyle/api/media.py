"""Pictures, and where frames come from and go."""

import logging
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from streamstyle.api.values import Seconds, checked_image, exact
from streamstyle.api.words import speaks_python
from streamstyle.frame import Frame, Image
from streamstyle.media import sinks, sources
from streamstyle.media.pictures import read_picture
from streamstyle.media.places import is_url
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sinks.virtual_camera import VirtualCameraSink
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.pipeline.threads import Reached, reached

log = logging.getLogger(__name__)

_USUAL_RATE = 30.0


@speaks_python
def read(path: str | os.PathLike[str]) -> Image:
    """Read a photo: upright sRGB, 16 bits reduced to 8, what is transparent laid over white.

    Args:
        path: A path, or an address of the web.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        SourceError: The file is missing, unreadable, or not a picture.
    """
    picture = read_picture(os.fspath(path))
    for warning in picture.warnings:
        log.warning("%s: %s", os.fspath(path), warning)
    return picture.over_white


@speaks_python
def save(path: str | os.PathLike[str], image: Image, *, overwrite: bool = False) -> None:
    """Write a picture, whole or not at all.

    Args:
        path: Its ending chooses the format: `.png`, `.jpg`, `.webp`, `.tif` or `.bmp`.
        image: (H, W, 3) uint8 RGB.
        overwrite: Replace an existing file.

    Raises:
        SinkError: The ending is unknown, the file exists, or it cannot be written.
        UsageError: The image is no such array.
    """
    frame = Frame(checked_image(image), 0, Fraction(0))
    with ImageSink(Path(path), overwrite=overwrite) as sink:
        sink.write(frame)


@speaks_python
def open_source(uri: str | os.PathLike[str], *, start: Seconds | None = None, end: Seconds | None = None) -> Source:
    """Open a photo, a video, or a URL; every frame counts.

    Args:
        uri: A path or URL.
        start: Of a video: seconds from its beginning, or `"h:mm:ss"`.
        end: Of a video: frames before it are yielded.

    Raises:
        SourceError: It cannot be opened, or holds no picture.
        UsageError: A time is none.
    """
    name, begin, stop = os.fspath(uri), exact(start), exact(end)
    return _interruptible(name, lambda: sources.open_source(name, start=begin, end=stop))


@speaks_python
def open_camera(
    camera: str | os.PathLike[str] | int | None = None,
    *,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    loop: bool = False,
) -> Source:
    """Open a camera, or a file that plays as one; the newest frame counts.

    Args:
        camera: A number, a name, a device, a file or a URL; None for the first camera.
        size: Width and height to ask a camera for, in pixels.
        fps: Frames per second to ask a camera for.
        loop: Begin a file again at its end.

    Raises:
        SourceError: There is no such camera, or it cannot be opened.
    """
    name = str(camera) if isinstance(camera, int) else None if camera is None else os.fspath(camera)
    return _interruptible(name or "", lambda: sources.open_live_source(name, size=size, fps=fps, loop=loop))


def _interruptible(name: str, open_it: Callable[[], Source]) -> Source:
    """Ctrl-C ends what waits for the network."""
    source = reached(name, open_it, undo=lambda source: source.close())
    return Reached(source) if is_url(name) else source


@speaks_python
def open_sink(
    path: str | os.PathLike[str],
    info: SourceInfo,
    *,
    size: tuple[int, int] | None = None,
    codec: str | None = None,
    crf: int | None = None,
    sound_from: str | os.PathLike[str] | None = None,
    start: Seconds | None = None,
    end: Seconds | None = None,
    overwrite: bool = False,
) -> Sink:
    """Open a file for a source's frames: a photo or a video, by its ending.

    Args:
        path: Its ending chooses the format.
        info: Of the source: rate, time base, pixel shape.
        size: Width and height of the frames that will come, in pixels; the source's by default.
        codec: Of a video: `h264`, `hevc`, `av1`, `vp9`, `h264_nvenc`, `hevc_nvenc`; None for the container's usual one.
        crf: Quality of a video, lower is better; None for the codec's usual one.
        sound_from: A file whose sound, subtitles, chapters and titles go along.
        start: Where the frames begin in that file; None for its beginning.
        end: Where they end in it; None for its end.
        overwrite: Replace an existing file; never the source's.

    Raises:
        SinkError: The ending does not fit the source, or the file cannot be written.
        UsageError: A time is none.
    """
    width, height = size or (info.width, info.height)
    return sinks.open_sink(
        Path(path),
        info=info,
        width=width,
        height=height,
        codec=codec,
        crf=crf,
        companion=None if sound_from is None else os.fspath(sound_from),
        start=exact(start),
        end=exact(end),
        overwrite=overwrite,
        reads=(info.name,),
    )


@speaks_python
def open_virtual_camera(info: SourceInfo, device: str | None = None) -> Sink:
    """Show frames as a camera in other programs: OBS, Zoom, browsers. Needs `streamstyle install virtual-camera`.

    Args:
        info: Of the source: size and rate.
        device: A path such as /dev/video10, or a name; None for the first that there is.

    Raises:
        SinkError: The package or the device is missing, or it is in use.
    """
    return VirtualCameraSink(device, info.width, info.height, float(info.frame_rate or _USUAL_RATE))
