"""Results to be shown to others: beside their originals, or small and moving for chats."""

from collections.abc import Callable
from pathlib import Path

from streamstyle.files.job import Job, fit
from streamstyle.frame import Frame, Image, Picture, rgb_of
from streamstyle.media.comparison import Comparison, compared
from streamstyle.media.resize import resize
from streamstyle.media.sinks import ANIMATION_SUFFIXES
from streamstyle.media.sinks.animation import MOST_RATE, MOST_SIDE
from streamstyle.media.sources.base import Source
from streamstyle.media.sources.thinned import ThinnedSource


def as_shown(source: Source, job: Job) -> tuple[Source, tuple[int, int]]:
    """The frames that a result is made of, and the width and height at which they are painted.

    Of a video, a GIF or an animated WebP has 15 frames a second at most, and a short side of 320 pixels at most unless the
    job says otherwise.
    """
    info, side = source.info, job.output_size
    animation = not info.is_still and job.output.suffix.lower() in ANIMATION_SUFFIXES
    if animation and Path(info.name).suffix.lower() not in ANIMATION_SUFFIXES:
        side = side or min(MOST_SIDE, info.width, info.height)
        source = ThinnedSource(source, MOST_RATE)
    return source, fit(info, side)


def comparing(
    comparison: Comparison, paint: Callable[[Frame], Picture], shape: tuple[int, int], *, is_still: bool
) -> Callable[[Frame], Image]:
    """What paints frames, and shows their originals, too.

    Args:
        comparison: How.
        paint: Gives the painted frame.
        shape: Its width and height.
        is_still: Whether it is a photo, on which no line moves.
    """
    begin: list[float] = []

    def both(frame: Frame) -> Image:
        seconds = float(frame.time)
        if not begin:
            begin.append(seconds)
        return compared(
            comparison, resize(frame.image, *shape), rgb_of(paint(frame)), None if is_still else seconds - begin[0]
        )

    return both
