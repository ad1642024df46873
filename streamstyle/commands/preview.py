"""`streamstyle video --preview`: a film's look in one picture, before the whole film is painted."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from streamstyle.commands.sheet import Tile, section
from streamstyle.errors import SourceError
from streamstyle.files.job import Job, Report, fit
from streamstyle.frame import Frame
from streamstyle.look.player import Player
from streamstyle.media.comparison import Comparison, compared
from streamstyle.media.resize import resize
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sources import open_source
from streamstyle.media.sources.base import SourceInfo
from streamstyle.paint.stylizer import Stylizer
from streamstyle.window.status import clock

SUFFIX = ".jpg"
"""Of previews that the user has not named."""
_MOST_TILES = 60


@dataclass(frozen=True, slots=True)
class Preview:
    """What to show of a film.

    Attributes:
        every: Seconds from one frame to the next; None for one frame only, where the film begins for this run, or from its
            middle where it was not told.
        comparison: How the original is shown, too; None for not at all.
    """

    every: Fraction | None = None
    comparison: Comparison | None = None


def paint_preview(
    name: str, job: Job, preview: Preview, stylizer: Stylizer, player: Player, *, size: int | None = None
) -> Report:
    """Write the picture.

    Args:
        name: Of the film, or of a photo.
        job: What to make of it; its output is a photo.
        preview: What to show of it.
        stylizer: The model.
        player: How frames are to look.
        size: Short side at which frames are stylized; None for that of the player's strokes.

    Raises:
        StreamstyleError: The film cannot be read, the picture not written, or the model failed.
    """
    started = time.monotonic()
    with open_source(name, start=job.start, end=job.end) as source:
        info, first = source.info, next(iter(source))
        warnings = source.warnings
    width, height = fit(info, job.output_size)
    player.look(float(first.time), resize(first.image, width, height), size)  # the zero of what changes over time
    with ImageSink(job.output, overwrite=job.overwrite, reads=(name, *job.reads)) as sink:
        tiles = []
        for moment, frame in _frames(name, info, first, job, preview.every):
            content = resize(frame.image, width, height)
            painted = stylizer.stylize(content, player.look(float(frame.time), content, size))
            if preview.comparison is not None:
                painted = compared(preview.comparison, content, painted, None)
            tiles.append(Tile(painted, clock(float(moment))))
        picture = tiles[0].image if preview.every is None else section(f"{Path(name).name}: {player.name}", tiles)
        sink.write(Frame(picture, 0, Fraction(0)))
    seconds, short = time.monotonic() - started, min(width, height)
    scale = min(short, size or player.recipe.stroke_size) / short
    return Report(
        input=name,
        output=str(sink.destination),
        frames=len(tiles),
        reused=0,
        seconds=round(seconds, 3),
        fps=round(len(tiles) / seconds, 2),
        provider=stylizer.provider,
        model=f"{stylizer.name} {stylizer.version}",
        style=player.name,
        size=(round(width * scale), round(height * scale)),
        output_size=(picture.shape[1], picture.shape[0]),
        milliseconds={},
        warnings=[*player.warnings, *warnings, *sink.warnings],
    )


def _frames(
    name: str, info: SourceInfo, first: Frame, job: Job, every: Fraction | None
) -> Iterator[tuple[Fraction, Frame]]:
    """The frames to show, each with its second from the beginning of the film, by the film's own index: no film is read."""
    start = job.start or Fraction(0)
    if every is None and (job.start is not None or info.is_still or info.duration is None):
        yield start, first
        return
    if every is None:
        yield _frame_at(name, start + Fraction(info.duration or 0) / 2, job.end) or (start, first)
        return
    yield start, first
    for number in range(1, _MOST_TILES):
        moment = start + number * every
        found = None if job.end is not None and moment >= job.end else _frame_at(name, moment, job.end)
        if found is None:
            return
        yield found


def _frame_at(name: str, moment: Fraction, end: Fraction | None) -> tuple[Fraction, Frame] | None:
    """The frame that is shown at a second of a film; None where that is over by then."""
    try:
        with open_source(name, start=moment, end=end) as source:
            return moment, next(iter(source))
    except SourceError:
        return None
