"""Results to be shown to others: beside their originals, or small and moving for chats. Of photos and short clips."""

import time
from collections.abc import Callable
from pathlib import Path

from streamstyle.errors import Interrupted
from streamstyle.files.job import Job, Report, fit
from streamstyle.files.repeats import Repeats
from streamstyle.frame import Frame, Image
from streamstyle.look.player import Player
from streamstyle.media.comparison import Comparison, compared, size_of
from streamstyle.media.resize import resize
from streamstyle.media.sinks import ANIMATION_SUFFIXES, open_sink
from streamstyle.media.sinks.animation import MOST_RATE, MOST_SIDE
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.media.sources.thinned import ThinnedSource
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.pipeline import run
from streamstyle.pipeline.times import StageTimes
from streamstyle.pipeline.trace import Trace


def becomes_animation(info: SourceInfo, output: Path) -> bool:
    """Whether a source's result is a GIF or an animated WebP."""
    return not info.is_still and output.suffix.lower() in ANIMATION_SUFFIXES


def share_source(
    source: Source,
    job: Job,
    stylizer: Stylizer,
    player: Player,
    comparison: Comparison | None,
    *,
    size: int | None = None,
    progress: Callable[[int], None] | None = None,
    trace: Trace | None = None,
) -> Report:
    """Paint a source in one go.

    A GIF or an animated WebP is made of a video at 15 frames a second and a short side of 320 pixels at most, unless the
    job says otherwise.

    Args:
        source: Open, not yet read; stays the caller's to close.
        job: What to make of it.
        stylizer: The model.
        player: How frames are to look.
        comparison: How the original is shown, too; None for not at all.
        size: Short side at which frames are stylized; None for that of the player's strokes.
        progress: Called with the number of frames done so far.
        trace: Takes what happened when.

    Raises:
        StreamstyleError: The input cannot be read, the output not written, or the model failed.
        Interrupted: As raised by a signal handler, with the place of the unfinished output filled in.
    """
    started, info = time.monotonic(), source.info
    times = StageTimes(trace)
    side = job.output_size
    if becomes_animation(info, job.output) and Path(info.name).suffix.lower() not in ANIMATION_SUFFIXES:
        side = side or min(MOST_SIDE, info.width, info.height)
        source = ThinnedSource(source, MOST_RATE)
    width, height = fit(info, side)
    across, down = size_of(comparison, width, height)
    sink = open_sink(
        job.output,
        info=source.info,
        width=across,
        height=down,
        codec=job.codec,
        crf=job.crf,
        companion=None if info.is_still else info.name,
        start=job.start,
        end=job.end,
        overwrite=job.overwrite,
        keep_gps=job.keep_gps,
        reads=(info.name, *job.reads),
    )
    memory, repeats = stylizer.memory(), Repeats()
    begin: list[float] = []

    def stylize(frame: Frame) -> Image:
        image, seconds = resize(frame.image, width, height), float(frame.time)
        with times.measure("look"):
            look = player.look(seconds, image, size)

        def paint() -> Image:
            return stylizer.stylize(image, look, memory, times.measure, seconds)

        painted = repeats.paint(image, look, paint) if job.skip_duplicates else paint()
        if comparison is None:
            return painted
        if not begin:
            begin.append(seconds)
        return compared(comparison, image, painted, None if info.is_still else seconds - begin[0])

    try:
        frames = run(source, stylize, sink, times=times, progress=progress)
        with times.lane("encode"), times.measure("finish"):
            sink.close()
    except Interrupted as interruption:
        interruption.unfinished = sink.abort()
        raise
    except BaseException:
        sink.abort()
        raise
    seconds = time.monotonic() - started
    short = min(width, height)
    scale = min(short, size or player.recipe.stroke_size) / short
    return Report(
        input=info.name,
        output=str(sink.destination),
        frames=frames,
        reused=repeats.reused,
        seconds=round(seconds, 3),
        fps=round(frames / seconds, 2),
        provider=stylizer.provider,
        model=f"{stylizer.name} {stylizer.version}",
        style=player.name,
        size=(round(width * scale), round(height * scale)),
        output_size=(across, down),
        milliseconds=times.milliseconds(),
        warnings=[*player.warnings, *source.warnings, *sink.warnings],
    )
