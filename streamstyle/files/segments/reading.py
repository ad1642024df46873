"""Reads the frames of one segment: opens the film shortly before the mark, and finds where the segment begins and ends."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

import cv2
import numpy as np

from streamstyle.files.segments.grid import Grid
from streamstyle.frame import Frame
from streamstyle.media.sources import open_source
from streamstyle.media.sources.base import Source
from streamstyle.paint.steady.cuts import CutFinder

_GLANCE = (8, 8)


class Part(Enum):
    """What a frame is for.

    WATCHED frames are not painted, but averages over time include them. Those of the LEAD are painted and thrown away. The
    segment's OWN are painted and kept; if the segment begins at a cut, its FIRST frame is painted as that of a new stream.
    """

    WATCHED = "watched"
    LEAD = "lead"
    FIRST = "first"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class SegmentFrame(Frame):
    """A frame, and what it is for."""

    part: Part = Part.OWN


@dataclass(frozen=True, slots=True)
class Boundary:
    """The first frame of a segment, to compare what two segments see: each opens and decodes the film by itself.

    Attributes:
        time: Of the frame, in seconds on the source's clock.
        glance: The frame as 8x8 gray levels, in hexadecimal digits.
    """

    time: Fraction
    glance: str

    @classmethod
    def of(cls, frame: Frame) -> "Boundary":
        """The boundary at a decoded frame."""
        small = cv2.resize(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY), _GLANCE, interpolation=cv2.INTER_AREA)
        return cls(frame.time, small.astype(np.uint8, copy=False).tobytes().hex())

    def meets(self, other: "Boundary") -> bool:
        """Whether both are the same frame; decoders of two machines may differ by a level or two."""
        one, two = (np.frombuffer(bytes.fromhex(side.glance), np.uint8).astype(np.int16) for side in (self, other))
        return self.time == other.time and bool(np.abs(one - two).max() <= 2)


class SegmentSource(Source):
    """Yields the frames of a segment, and those before it that are needed.

    Attributes:
        begins: The first frame of the segment; None until it was read, or if the film ends before it.
        beyond: The first frame of the next segment; None until it was read, or if the film ends with this segment.
        last: The last frame of the segment.
    """

    def __init__(
        self,
        uri: str,
        grid: Grid,
        index: int,
        *,
        start: Fraction | None,
        end: Fraction | None,
        hwaccel: str,
        remembers: bool,
    ) -> None:
        """Open the film.

        Args:
            uri: A file.
            grid: Its marks.
            index: Number of the segment, from 0.
            start: Where the run begins, in seconds from the beginning of the clip; None for its beginning.
            end: Where it ends.
            hwaccel: Where the film is decoded.
            remembers: Whether painted frames depend on the ones before; if not, segments begin exactly at the marks.

        Raises:
            SourceError: It cannot be opened, or ends before the segment.
        """
        self._grid, self._mark, self._next = grid, grid.mark(index), grid.mark(index + 1)
        self._window = grid.window if remembers else Fraction(0)
        self._is_first = index == 0
        # No later than the window, whatever the clip's beginning on its clock: the first frame is not before it.
        early = index * grid.length - self._window
        begin = start if self._is_first else (start or 0) + early
        self._source = open_source(uri, start=begin, end=end, hwaccel=hwaccel, may_be_pipe=False)
        self.info, self.warnings = self._source.info, self._source.warnings
        self.begins: Boundary | None = None
        self.beyond: Boundary | None = None
        self.last: Frame | None = None

    def __iter__(self) -> Iterator[SegmentFrame]:
        """The frames."""
        cuts: CutFinder | None = None
        index = 0
        # The file is closed on the thread that reads it, as soon as the segment is over.
        with closing(iter(self._source)) as frames:  # type: ignore[type-var]  # a source's iterator is a generator
            for frame in frames:
                if self.begins is None:
                    part = self._before(frame, cuts := cuts or CutFinder())
                    if part is None:
                        continue
                    if part in {Part.WATCHED, Part.LEAD}:
                        yield _as(frame, part, 0)
                        continue
                    self.begins, cuts = Boundary.of(frame), None
                else:
                    part = Part.OWN
                if (
                    self._next is not None
                    and frame.time >= self._next - self._window
                    and (frame.time >= self._next or (cuts := cuts or CutFinder()).is_cut(frame.image))
                ):
                    self.beyond = Boundary.of(frame)
                    return
                self.last = replace(frame, image=frame.image[:0])
                yield _as(frame, part, index)
                index += 1

    def _before(self, frame: Frame, cuts: CutFinder) -> Part | None:
        """What a frame before the segment is for; None if it is not needed."""
        assert self._mark is not None  # there is a mark for each segment of the grid
        if self._is_first:
            return Part.FIRST
        if frame.time >= self._mark:
            return Part.OWN
        if frame.time < self._mark - self._window:
            return None
        if cuts.is_cut(frame.image):
            return Part.FIRST
        return Part.WATCHED if frame.time < self._mark - self._grid.lead else Part.LEAD

    def close(self) -> None:
        """Release everything."""
        self._source.close()


def _as(frame: Frame, part: Part, index: int) -> SegmentFrame:
    return SegmentFrame(frame.image, index, frame.time, frame.duration, frame.captured_at, part=part)
