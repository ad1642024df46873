"""Runs one job: photos and short clips in one piece, films in segments, so that a stopped run can continue."""

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from streamstyle.errors import Interrupted
from streamstyle.files.frame_painter import FramePainter
from streamstyle.files.job import Job, Report
from streamstyle.files.segments.cluster import Cluster
from streamstyle.files.segments.film import CannotBeDividedError, Painted, Painters, ThisProcess, paint_film
from streamstyle.files.segments.grid import Grid
from streamstyle.files.segments.manifest import program_version
from streamstyle.files.segments.painting import Film
from streamstyle.files.segments.worker import WorkerSetup
from streamstyle.files.segments.worker_pool import WorkerPool, automatic_workers
from streamstyle.files.sharing import as_shown, comparing
from streamstyle.frame import Frame, Image
from streamstyle.look.player import Player
from streamstyle.look.recipe import LOOK_FIELDS
from streamstyle.media.comparison import size_of
from streamstyle.media.places import is_url, kind, quoted
from streamstyle.media.sinks import open_sink
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.codecs import VIDEO_SUFFIXES, choose_codec
from streamstyle.media.sinks.companion import can_have_companion
from streamstyle.media.sinks.place import refuse_unless_writable
from streamstyle.media.sources import open_source
from streamstyle.media.sources.base import Source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.pipeline import run
from streamstyle.pipeline.threads import reached
from streamstyle.pipeline.times import StageTimes

log = logging.getLogger(__name__)

_END_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Run:
    """What both ways of painting need."""

    job: Job
    stylizer: Stylizer
    player: Player
    size: int | None
    progress: Callable[[int], None]
    tell: Callable[[str], None]
    times: StageTimes


def stylize_source(
    source: Source,
    job: Job,
    stylizer: Stylizer,
    player: Player,
    *,
    size: int | None = None,
    progress: Callable[[int], None] | None = None,
    tell: Callable[[str], None] = log.info,
) -> Report:
    """Do one job.

    Args:
        source: Open, not yet read; stays the caller's to close.
        job: What to make of it.
        stylizer: The model.
        player: How frames are to look.
        size: Short side at which frames are stylized; None for that of the player's strokes.
        progress: Called with the number of frames done so far.
        tell: Takes lines for the user, as things happen.

    Raises:
        StreamstyleError: The input cannot be read, the output not written, or the model failed. Of a film, the segments
            that are done are kept for the next run; of any other video, what was written stays playable under a
            `.partial` name.
        Interrupted: As raised by a signal handler; it says what was kept.
    """
    started = time.monotonic()
    doing = _Run(job, stylizer, player, size, progress or (lambda _frames: None), tell, StageTimes())
    source, shape = as_shown(source, job)
    grid = _grid(source, job, player)
    painted = None if grid is None else _in_segments(source, grid, shape, doing)
    if painted is None and grid is not None:
        name = source.info.name
        with open_source(name, start=job.start, end=job.end, hwaccel=job.hwaccel, may_be_pipe=False) as again:
            painted = _in_one_piece(again, shape, doing)
    return _report(source, shape, doing, painted or _in_one_piece(source, shape, doing), time.monotonic() - started)


def _grid(source: Source, job: Job, player: Player) -> Grid | None:
    """Where a film is divided; None for what is painted in one piece."""
    info = source.info
    if job.output.suffix.lower() not in VIDEO_SUFFIXES or is_url(info.name) or kind(info.name) != "file":
        return None
    return None if player.follows_a_video or job.compare is not None else Grid.of(info)


def _in_segments(source: Source, grid: Grid, shape: tuple[int, int], doing: _Run) -> Painted | None:
    """Paint a film; None where that cannot be done in segments."""
    job = doing.job
    codec = choose_codec(job.output, job.codec)
    reads = (source.info.name, *job.reads)
    refuse_unless_writable(job.output, overwrite=job.overwrite, reads=reads)
    first = next(iter(source))
    source.close()
    film = Film(
        uri=source.info.name,
        info=source.info,
        grid=replace(grid, origin=first.time),
        shape=shape,
        size=doing.size,
        start=job.start,
        end=job.end,
        hwaccel=job.hwaccel,
        codec=codec,
        crf=job.crf,
        skip_duplicates=job.skip_duplicates,
    )
    painters = _painters(film, doing)
    try:
        return paint_film(
            film,
            _identity(film, doing),
            painters,
            job.output,
            overwrite=job.overwrite,
            reads=reads,
            resume=job.resume,
            tell=doing.tell,
            progress=doing.progress,
        )
    except CannotBeDividedError:
        doing.tell(f"{quoted(film.uri)} cannot be read from its middle on; it is painted in one piece")
        return None


def _painters(film: Film, doing: _Run) -> Painters:
    job, stylizer = doing.job, doing.stylizer
    model = f"{stylizer.name} {stylizer.version}"
    setup = WorkerSetup(film, stylizer.load_again, model, doing.player.recipe, doing.player.codes)
    if job.cluster:
        return Cluster(job.cluster, setup, doing.tell)
    count = automatic_workers(stylizer.provider) if job.workers is None else job.workers
    return ThisProcess(film, stylizer, doing.player, doing.times) if count == 1 else WorkerPool(setup, count)


def _in_one_piece(source: Source, shape: tuple[int, int], doing: _Run) -> Painted:
    job, times = doing.job, doing.times
    name = source.info.name  # of which the sink reads the sound
    sink = reached(name, lambda: _open_sink(job, source, *size_of(job.compare, *shape)), undo=lambda sink: sink.abort())
    painter = FramePainter(
        doing.stylizer, doing.player, shape, size=doing.size, skip_duplicates=job.skip_duplicates, times=times
    )
    paint: Callable[[Frame], Image] = painter.paint
    if job.compare is not None:
        paint = comparing(job.compare, paint, shape, is_still=source.info.is_still)
    try:
        frames = run(source, paint, sink, times=times, progress=doing.progress)
        with times.lane("encode"), times.measure("finish"):
            reached(name, sink.close)
    except Interrupted as interruption:
        interruption.unfinished = sink.abort()
        raise
    except BaseException:
        sink.abort()
        raise
    warnings = [*doing.player.warnings, *source.warnings, *sink.warnings]
    return Painted(frames, frames, painter.reused, str(sink.destination), warnings)


def _report(source: Source, shape: tuple[int, int], doing: _Run, painted: Painted, seconds: float) -> Report:
    width, height = shape
    short = min(width, height)
    scale = min(short, doing.size or doing.player.recipe.stroke_size) / short
    report = Report(
        input=source.info.name,
        output=painted.destination,
        frames=painted.frames,
        reused=painted.reused,
        seconds=round(seconds, 3),
        fps=round(painted.here / seconds, 2),
        provider=doing.stylizer.provider,
        model=f"{doing.stylizer.name} {doing.stylizer.version}",
        style=doing.player.name,
        size=(round(width * scale), round(height * scale)),
        output_size=size_of(doing.job.compare, width, height),
        milliseconds=doing.times.milliseconds(),
        warnings=painted.warnings,
    )
    for warning in report.warnings:
        log.warning("%s: %s", report.input, warning)
    log.info("%s: %d frames in %.1f s", report.output, report.frames, report.seconds)
    return report


def _open_sink(job: Job, source: Source, width: int, height: int) -> Sink:
    # What can be read only once is not read for its sound: that is worth a word only where there is some.
    name = source.info.name
    has_companion = not source.info.is_still and (source.has_sound or can_have_companion(name))
    return open_sink(
        job.output,
        info=source.info,
        width=width,
        height=height,
        codec=job.codec,
        crf=job.crf,
        companion=name if has_companion else None,
        start=job.start,
        end=job.end,
        overwrite=job.overwrite,
        keep_gps=job.keep_gps,
        reads=(name, *job.reads),
    )


def _identity(film: Film, doing: _Run) -> dict[str, str]:
    """All that decides how the segments of a film look, by name, for the manifest."""
    recipe, settings = doing.player.recipe, asdict(film)
    for name in ("uri", "info", "hwaccel"):
        del settings[name]
    look = hashlib.sha256(json.dumps({name: str(getattr(recipe, name)) for name in LOOK_FIELDS}).encode())
    for name, code in sorted(doing.player.codes.items()):
        look.update(name.encode())
        for key, tensor in sorted(code.tensors.items()):
            look.update(key.encode() + tensor.tobytes())
    if recipe.mask is not None:
        look.update(_identity_of_file(Path(recipe.mask)).encode())
    return {
        "input": _identity_of_file(Path(film.uri)),
        "model": f"{doing.stylizer.name} {doing.stylizer.version}",
        "look": look.hexdigest(),
        "codec, size or part of the film": hashlib.sha256(json.dumps(settings, default=str).encode()).hexdigest(),
        "version of streamstyle": program_version(),
    }


def _identity_of_file(path: Path) -> str:
    """Size, time of change, and a hash of both ends: tells a changed file without reading all of it."""
    found = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(_END_BYTES))
        file.seek(max(0, found.st_size - _END_BYTES))
        digest.update(file.read(_END_BYTES))
    return f"{found.st_size} bytes, changed {found.st_mtime_ns}, {digest.hexdigest()}"
