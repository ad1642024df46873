"""Paints one segment of a film; used by single processes, worker processes and clusters."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from streamstyle.errors import SourceError
from streamstyle.files.frame_painter import FramePainter
from streamstyle.files.segments.grid import Grid
from streamstyle.files.segments.manifest import Segment
from streamstyle.files.segments.reading import Part, SegmentFrame, SegmentSource
from streamstyle.frame import Frame, Image
from streamstyle.look.player import Player
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.codecs import VideoCodec
from streamstyle.media.sinks.video import VideoSink
from streamstyle.media.sources.base import SourceInfo
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.pipeline import run
from streamstyle.pipeline.times import StageTimes
from streamstyle.runtime import checksums

Results: TypeAlias = Generator[tuple[int, Segment], None, None]
"""Finished segments with their numbers, as they come."""


@dataclass(frozen=True, slots=True)
class Film:
    """What is needed to paint a segment of a film; it can be pickled.

    Attributes:
        uri: Its file.
        info: Of its source.
        grid: Where it is divided.
        shape: Width and height of the result, in pixels.
        size: Short side at which frames are stylized; None for that of the strokes.
        start: Where the run begins, in seconds from the beginning of the clip, or None.
        end: Where it ends, or None.
        hwaccel: The device that decodes it.
        codec: Of the result.
        crf: Quality of the result; None for the codec's usual one.
        skip_duplicates: Paint a frame that repeats the one before only once.
    """

    uri: str
    info: SourceInfo
    grid: Grid
    shape: tuple[int, int]
    size: int | None
    start: Fraction | None
    end: Fraction | None
    hwaccel: str
    codec: VideoCodec
    crf: int | None
    skip_duplicates: bool


def paint_segment(
    film: Film,
    index: int,
    path: Path,
    stylizer: Stylizer,
    player: Player,
    *,
    times: StageTimes | None = None,
    progress: Callable[[int], None] = lambda _frames: None,
) -> Segment:
    """Paint one segment into a file of its own.

    Args:
        film: The film.
        index: Number of the segment, from 0.
        path: Its file, which has this name only when it is complete and safe on the disk.
        stylizer: The model.
        player: Holds recipe and styles; it is not changed.
        times: Collects the time of each stage.
        progress: Called with the number of frames of the segment that are painted.

    Raises:
        StreamstyleError: The film cannot be read, the segment cannot be written, or the model failed.
    """
    times = times or StageTimes()
    try:
        source = SegmentSource(
            film.uri,
            film.grid,
            index,
            start=film.start,
            end=film.end,
            hwaccel=film.hwaccel,
            remembers=player.recipe.depends_on_past or player.recipe.knows_people,
        )
    except SourceError:
        if index == 0:
            raise
        return Segment(0, 0, 0, None, None, None, None, 0, "")  # the film is shorter than stated
    sink = _SegmentSink(path, film)
    own = player.again(float(film.grid.origin))
    painter = FramePainter(stylizer, own, film.shape, size=film.size, skip_duplicates=film.skip_duplicates, times=times)
    kept = reused_before = 0

    def paint(frame: Frame) -> Image:
        nonlocal kept, reused_before
        assert isinstance(frame, SegmentFrame)  # those of a SegmentSource are
        if frame.part == Part.WATCHED:
            painter.watch(frame)
            return frame.image
        if frame.part == Part.FIRST:
            painter.begin_anew()
        if frame.part != Part.LEAD:
            reused_before = painter.reused if kept == 0 else reused_before
            kept += 1
        return painter.paint(frame)

    try:
        with source, sink:
            run(source, paint, sink, times=times, progress=lambda _frames: progress(kept))
    finally:
        own.close()
    last = source.last
    return Segment(
        frames=sink.frames,
        reused=painter.reused - reused_before,
        painted=painter.painted,
        begins=source.begins,
        beyond=source.beyond,
        last=None if last is None else last.time,
        lasts=None if last is None else last.duration,
        size=path.stat().st_size if sink.frames else 0,
        checksum=checksums.of(path) if sink.frames else "",
        warnings=tuple(dict.fromkeys([*own.warnings, *source.warnings, *sink.warnings])),
    )


class _SegmentSink(Sink):
    """Encodes the segment's own frames, and leaves out those before it.

    Attributes:
        frames: How many were encoded.
    """

    def __init__(self, path: Path, film: Film) -> None:
        self.destination = str(path)
        self.frames = 0
        self._path, self._film = path, film
        self._video: VideoSink | None = None

    @property
    def warnings(self) -> list[str]:  # type: ignore[override]  # those of the file
        """What the user should know."""
        return [] if self._video is None else self._video.warnings

    def write(self, frame: Frame) -> None:
        """Encode a frame, or leave it out."""
        if isinstance(frame, SegmentFrame) and frame.part in {Part.WATCHED, Part.LEAD}:
            return
        if self._video is None:
            width, height = self._film.shape
            info = replace(self._film.info, labels={})
            codec, crf = self._film.codec, self._film.crf
            self._video = VideoSink(self._path, info=info, width=width, height=height, codec=codec, crf=crf, overwrite=True)
        self._video.write(frame)
        self.frames += 1

    def close(self) -> None:
        """Finish the file; it is then safe on the disk."""
        if self._video is not None:
            self._video.close()

    def abort(self) -> str | None:
        """Remove the unfinished file."""
        partial = None if self._video is None else self._video.abort()
        if partial is not None:
            Path(partial).unlink(missing_ok=True)
        return None
