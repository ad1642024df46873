"""Paints a film in segments, continues where an earlier run was stopped, and joins the segments."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from streamstyle.errors import Interrupted, SinkError, StreamstyleError
from streamstyle.files.segments.manifest import Manifest, Segment
from streamstyle.files.segments.painting import Film, Results, paint_segment
from streamstyle.look.player import Player
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.sinks.place import refuse_unless_writable, to_disk
from streamstyle.media.sinks.video import VideoSink
from streamstyle.media.sources.skipping import CLOCK_LEAPS
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.times import StageTimes

_MOST_MISSING = 0.95
"""A film counts as complete from this share of its stated length on."""

Progress = Callable[[int], None]
Tell = Callable[[str], None]


class CannotBeDividedError(Exception):
    """A segment does not begin where the one before ends: read from its middle, the file shows other frames."""


class Painters(Protocol):
    """Paints segments: in this process, in several of this machine, or on a cluster."""

    def paint(self, to_do: Iterable[int], path: Callable[[int], Path], progress: Progress) -> Results:
        """Paint segments, in any order; yield each one when it is complete and safe on the disk.

        Args:
            to_do: Their numbers.
            path: Where each one goes.
            progress: Called with the number of frames of all unfinished segments that are painted.
        """
        ...


@dataclass(frozen=True, slots=True)
class ThisProcess:
    """Paints one segment after the other."""

    film: Film
    stylizer: Stylizer
    player: Player
    times: StageTimes

    def paint(self, to_do: Iterable[int], path: Callable[[int], Path], progress: Progress) -> Results:
        """In their order, up to the end of the film."""
        for index in to_do:
            segment = paint_segment(
                self.film, index, path(index), self.stylizer, self.player, times=self.times, progress=progress
            )
            yield index, segment
            if segment.beyond is None:
                return


@dataclass(frozen=True, slots=True)
class Painted:
    """A film that is painted.

    Attributes:
        frames: Number of frames of the result.
        here: How many of them this run painted.
        reused: How many repeat the one before.
        destination: Path of the result.
        warnings: What the user should know.
    """

    frames: int
    here: int
    reused: int
    destination: str
    warnings: list[str]


def paint_film(
    film: Film,
    what: dict[str, str],
    painters: Painters,
    output: Path,
    *,
    overwrite: bool,
    reads: tuple[str, ...],
    resume: bool,
    tell: Tell,
    progress: Progress,
) -> Painted:
    """Paint what is not painted yet, and join all.

    Args:
        film: What to paint.
        what: All that decides how it looks, by name.
        painters: Paint the segments.
        output: Where the result goes.
        overwrite: Replace what is there.
        reads: Files of this run, which are never replaced.
        resume: Continue with what an earlier run left.
        tell: Takes lines for the user.
        progress: Called with the number of frames that are done.

    Raises:
        CannotBeDividedError: It must be painted in one piece; nothing is left of the segments.
        StreamstyleError: The segments there belong to another film or look, the film cannot be read, or the result cannot
            be written.
        Interrupted: As raised by a signal handler; its remark says what was kept.
    """
    manifest = Manifest(output, what, film.grid.count, resume=resume)
    try:
        before = manifest.done
        if manifest.again:
            tell(f"{manifest.again} of the segments that were done are damaged and painted again")
        if before:
            tell(f"resuming: {before} of {film.grid.count} segments done")
        here = _paint_rest(manifest, painters, progress)
        warnings = _join(manifest, film)
        _name(manifest, output, overwrite=overwrite, reads=reads)
    except CannotBeDividedError:
        manifest.remove()
        raise
    except Interrupted as interruption:
        interruption.remark = _kept(manifest)
        raise
    except StreamstyleError:
        if manifest.done:
            tell(_kept(manifest))
        raise
    finally:
        manifest.close()
    segments = manifest.whole()
    manifest.remove()
    told = [line for segment in segments for line in segment.warnings]
    return Painted(
        frames=sum(segment.frames for segment in segments),
        here=here,
        reused=sum(segment.reused for segment in segments),
        destination=str(output),
        warnings=list(dict.fromkeys([*told, *_cut_short(film, segments, told), *warnings])),
    )


def _paint_rest(manifest: Manifest, painters: Painters, progress: Progress) -> int:
    """Paint the segments that are not finished; returns their number of frames."""
    before = done = sum(segment.frames for segment in manifest.segments if segment is not None)

    def advance(frames: int) -> None:
        progress(done + frames)

    _check_boundaries(manifest.segments)
    if done:
        progress(done)
    with closing(painters.paint(manifest.to_do, manifest.path, advance)) as painted:
        for index, segment in painted:
            manifest.add(index, segment)
            done += segment.frames
            _check_boundaries(manifest.segments)
            if not manifest.to_do:
                break
    progress(done)
    return done - before


def _check_boundaries(segments: Sequence[Segment | None]) -> None:
    """Check that each segment begins with the frame at which the one before it ends."""
    for one, other in pairwise(segments):
        if one is None or other is None or one.beyond is None:
            continue
        if other.begins is None or not one.beyond.meets(other.begins):
            raise CannotBeDividedError


def _join(manifest: Manifest, film: Film) -> list[str]:
    """Join the segments into a file beside them; returns what the user should know."""
    sink = VideoSink(
        manifest.joined,
        info=film.info,
        width=film.shape[0],
        height=film.shape[1],
        codec=film.codec,
        crf=film.crf,
        companion=film.uri,
        start=film.start,
        end=film.end,
        overwrite=True,
        survives=False,
    )
    try:
        sink.copy(manifest.encoded())
        sink.close()
    except BaseException:
        unfinished = sink.abort()
        if unfinished is not None:  # the segments hold all of it
            Path(unfinished).unlink(missing_ok=True)
        raise
    return sink.warnings


def _name(manifest: Manifest, output: Path, *, overwrite: bool, reads: tuple[str, ...]) -> None:
    """Give the joined film its final name."""
    refuse_unless_writable(output, overwrite=overwrite, reads=reads)
    try:
        manifest.note_result()
        manifest.joined.replace(output)
        to_disk(output.parent)
    except OSError as error:
        raise SinkError(f"{quoted(output)} cannot be written: {reason(error)}; name another place") from error


def _kept(manifest: Manifest) -> str:
    count = len(manifest.segments)
    return f"{manifest.done} of {count} segments are kept in {quoted(manifest.folder)}; run the same command again to go on"


def _cut_short(film: Film, segments: Sequence[Segment], told: Sequence[str]) -> list[str]:
    """A warning if the film ends clearly earlier than its stated length; none if jumps of its clock explain that."""
    if any(line.startswith(CLOCK_LEAPS.format(quoted(film.uri))) for line in told):
        return []
    ends = [segment.last + (segment.lasts or 0) for segment in segments if segment.last is not None]
    elapsed = float(ends[-1] - film.grid.origin) if ends else 0.0
    stated = film.info.duration
    if stated is None or elapsed >= _MOST_MISSING * stated:
        return []
    return [
        f"{quoted(film.uri)} is damaged or cut short after {elapsed:.2f} s ({stated:.2f} s were announced); "
        "what could be read was used"
    ]
