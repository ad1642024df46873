"""`streamstyle video --preview`: a film in one picture, before the whole film is painted."""

import argparse
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from streamstyle.commands.sheet import Tile, section
from streamstyle.errors import SourceError, UsageError
from streamstyle.files.batch import Task
from streamstyle.files.job import Job, Report, fit
from streamstyle.frame import Frame
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.look.values import time_argument
from streamstyle.media.comparison import COMPARISONS, compared
from streamstyle.media.places import NO_ANSWER
from streamstyle.media.resize import resize
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sinks.place import make_folder
from streamstyle.media.sources import open_source
from streamstyle.media.sources.base import SourceInfo
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import reached
from streamstyle.window.status import clock

PREVIEW_SUFFIX = ".jpg"
"""Ending of previews that the user has not named."""
_MOST_TILES = 60


def add_sharing_arguments(parser: argparse.ArgumentParser) -> None:
    """The options for results that are shown to others."""
    parser.add_argument(
        "--compare", choices=COMPARISONS, help="with the original: side by side, or a line that moves over both"
    )
    parser.add_argument(
        "--preview", action="store_true", help="paint one frame of a video as a photo, from --start or the middle"
    )
    parser.add_argument(
        "--preview-every", type=time_argument, metavar="T", help="paint a frame every so many seconds, as a sheet of photos"
    )


def wants_preview(options: argparse.Namespace) -> bool:
    """Whether a picture is to be made of a film.

    Raises:
        UsageError: No time is between its frames.
    """
    if options.preview_every is not None and options.preview_every <= 0:
        raise UsageError("--preview-every needs some time, such as 10")
    return bool(options.preview) or options.preview_every is not None


def what_else(options: argparse.Namespace) -> str:
    """What the names of results say besides the style."""
    if wants_preview(options):
        return "-preview"
    return "" if options.compare is None else "-compare"


def output_of(options: argparse.Namespace, task: Task, suffix: str) -> Path:
    """Where the result of an input goes: as the user named it, or as planned with this ending.

    Its folder is made.

    Raises:
        SinkError: The folder cannot be made.
    """
    output = task.output
    if options.output is None or output != Path(options.output):
        output = output.with_suffix(suffix)
        make_folder(output.parent)
    return output


def preview_one(
    options: argparse.Namespace, task: Task, reads: tuple[str, ...], stylizer: Stylizer, recipe: Recipe
) -> Report:
    """The picture of one input; `reads` holds all files of the run.

    Raises:
        StreamstyleError: As paint_preview.
    """
    job = Job(
        output_of(options, task, PREVIEW_SUFFIX),
        start=options.start,
        end=options.end,
        output_size=options.output_size,
        overwrite=options.overwrite,
        compare=options.compare,
        reads=reads,
    )
    player = Player(recipe, stylizer.encoder.find)
    try:
        return paint_preview(task.name, job, options.preview_every, stylizer, player, size=options.size)
    finally:
        player.close()


def paint_preview(
    name: str, job: Job, every: Fraction | None, stylizer: Stylizer, player: Player, *, size: int | None = None
) -> Report:
    """Write the picture.

    Args:
        name: Of the film, or of a photo.
        job: What to make of it; its output is a photo.
        every: Seconds from one frame to the next; None for one frame only, where the job begins, or from the film's middle
            where it does not say.
        stylizer: The model.
        player: How frames are to look.
        size: Short side at which frames are stylized; None for that of the player's strokes.

    Raises:
        StreamstyleError: The film cannot be read, the picture not written, or the model failed.
    """
    started = time.monotonic()
    with reached(name, lambda: open_source(name, start=job.start, end=job.end)) as source:
        info, first = source.info, next(iter(source))
        warnings = source.warnings
    width, height = fit(info, job.output_size)
    player.look(float(first.time), resize(first.image, width, height), size)  # the zero of what changes over time
    with ImageSink(job.output, overwrite=job.overwrite, reads=(name, *job.reads)) as sink:
        tiles = []
        for moment, frame in _frames(name, info, first, job, every):
            content = resize(frame.image, width, height)
            painted = stylizer.stylize(content, player.look(float(frame.time), content, size))
            if job.compare is not None:
                painted = compared(job.compare, content, painted, None)
            tiles.append(Tile(painted, clock(float(moment))))
        picture = tiles[0].image if every is None else section(f"{Path(name).name}: {player.name}", tiles)
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
        with reached(name, lambda: open_source(name, start=moment, end=end)) as source:
            return moment, next(iter(source))
    except SourceError as error:
        if NO_ANSWER in str(error):
            raise
        return None
