"""The sound of a file that plays as a camera, on the clock of the frames that come of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Frame
from streamstyle.media.libav import Resampler, opened, quietly
from streamstyle.media.places import is_file, is_url

RATE = 48_000
"""Samples a second."""
Samples = NDArray[np.float32]
"""(2, n) float32: left and right, in [-1, 1]."""
_FAILURES = (av.error.FFmpegError, OSError, ValueError, LookupError)  # the last where there is no track


@dataclass(frozen=True, slots=True)
class Round:
    """Once through a file that may be repeated.

    Attributes:
        begins: When its first frame is shown, on the stream's clock, in seconds.
        first: Time of that frame on the file's clock, in seconds.
    """

    begins: Fraction
    first: Fraction


class Sound(Protocol):
    """Sound on the clock of a stream's frames."""

    def until(self, frame: Frame) -> Iterator[tuple[Fraction, Samples]]:
        """What sounds up to a frame, and after what was given before: when each piece begins, and its samples."""
        ...

    def close(self) -> None:
        """Let go of what it reads."""
        ...


SoundFrom = Callable[[Frame], Sound]
"""Gives the sound from a frame on."""


class FileSound:
    """The first track of sound of a file."""

    def __init__(self, uri: str, rounds: Sequence[Round], start: Fraction) -> None:
        """Nothing is opened yet.

        Args:
            uri: The file.
            rounds: How often it has been played; grows while it plays.
            start: Where the sound is to begin, on the stream's clock, in seconds.
        """
        self._uri, self._rounds, self._start = uri, rounds, start
        self._number = max((number for number, one in enumerate(rounds) if one.begins <= start), default=0)
        self._container: Any = None
        self._pieces: Iterator[tuple[Fraction, Samples]] = iter(())
        self._piece: tuple[Fraction, Samples] | None = None

    def until(self, frame: Frame) -> Iterator[tuple[Fraction, Samples]]:
        """Pieces that begin before a frame; of a round that is over only what sounded before the next one began."""
        while self._number < len(self._rounds):
            this = self._rounds[self._number]
            if self._container is None:
                self._open(this)
            following = self._rounds[self._number + 1] if self._number + 1 < len(self._rounds) else None
            self._piece = self._piece or next(self._pieces, None)
            moment = None if self._piece is None else self._piece[0] - this.first + this.begins
            if following is not None and (moment is None or moment >= following.begins):
                self.close()
                self._number += 1
                continue
            if self._piece is None or moment is None or moment >= frame.time:
                return
            (_, samples), self._piece = self._piece, None
            yield moment, samples

    def close(self) -> None:
        """Close the file; what comes after it, opens it again."""
        if self._container is not None:
            quietly(self._container.close)
        self._container, self._pieces, self._piece = None, iter(()), None

    def _open(self, this: Round) -> None:
        try:
            if not is_url(self._uri) and not is_file(self._uri):  # whoever opens a pipe waits for its writer
                raise FileNotFoundError
            self._container = opened(self._uri)
        except _FAILURES:
            self._number = len(self._rounds)  # it is gone
            return
        wanted = max(self._start - this.begins, Fraction(0)) + this.first
        if wanted > this.first:
            quietly(lambda: self._container.seek(int(max(wanted - 1, Fraction(0)) * av.time_base)))
        self._pieces = self._decoded(wanted)

    def _decoded(self, wanted: Fraction) -> Iterator[tuple[Fraction, Samples]]:
        """Pieces with their times on the file's clock, those that end before a moment left out."""
        resampler = Resampler("fltp", "stereo", RATE)
        try:
            for frame in self._container.decode(audio=0):
                if frame.pts is None or frame.time_base is None:
                    continue
                moment = frame.pts * frame.time_base
                frame.pts = None  # the resampler would guard its own clock
                try:
                    pieces = resampler.resample(frame)
                except _FAILURES:
                    continue  # a damaged frame is a gap in the sound, not the end of it
                for resampled in pieces:
                    if moment + Fraction(resampled.samples, RATE) > wanted:
                        yield moment, np.asarray(resampled.to_ndarray(), np.float32)
        except _FAILURES:
            return
