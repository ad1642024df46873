"""Where frames go."""

from fractions import Fraction
from pathlib import Path

from streamstyle.errors import SinkNameError
from streamstyle.media.sinks.animation import ANIMATION_SUFFIXES, open_animation_sink
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.codecs import VIDEO_SUFFIXES
from streamstyle.media.sinks.image import IMAGE_SUFFIXES, ImageSink, check_size
from streamstyle.media.sinks.video import VideoSink
from streamstyle.media.sources.base import SourceInfo

__all__ = ["ANIMATION_SUFFIXES", "IMAGE_SUFFIXES", "VIDEO_SUFFIXES", "open_sink"]


def open_sink(
    path: Path,
    *,
    info: SourceInfo,
    width: int,
    height: int,
    codec: str | None = None,
    crf: int | None = None,
    companion: str | None = None,
    start: Fraction | None = None,
    end: Fraction | None = None,
    overwrite: bool = False,
    keep_gps: bool = False,
    reads: tuple[str, ...] = (),
) -> Sink:
    """Open a file for a source's frames: a photo, a video or a picture that moves, by the ending of its name.

    The arguments are those of VideoSink, and `keep_gps` of ImageSink.

    Raises:
        SinkNameError: The ending does not fit the source.
        SinkError: The file cannot be written.
    """
    if not info.is_still and path.suffix.lower() in ANIMATION_SUFFIXES:
        return open_animation_sink(path, width, height, overwrite=overwrite, reads=reads)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        if not info.is_still:
            raise SinkNameError(f"'{path}' is a photo's name, but '{info.name}' is a video; name a .mp4 or .mkv")
        check_size(path, width, height)
        return ImageSink(path, overwrite=overwrite, exif=info.exif, keep_gps=keep_gps, reads=reads)
    if info.is_still and path.suffix.lower() in VIDEO_SUFFIXES:
        raise SinkNameError(f"'{path}' is a video's name, but '{info.name}' is a photo; name a .png or .jpg")
    if info.is_still:
        raise SinkNameError(f"'{path}' has no ending of a photo; choose one of {', '.join(IMAGE_SUFFIXES)}")
    return VideoSink(
        path,
        info=info,
        width=width,
        height=height,
        codec=codec,
        crf=crf,
        companion=companion,
        start=start,
        end=end,
        overwrite=overwrite,
        reads=reads,
    )
