"""Files played as if they were cameras."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from fractions import Fraction

from streamstyle.errors import SourceError
from streamstyle.frame import Frame
from streamstyle.media.places import quoted
from streamstyle.media.sources.base import Source
from streamstyle.media.sources.live import TICK, Clock, OuterSource, sleep_until
from streamstyle.media.sources.sound import FileSound, Round, SoundFrom

PHOTO_RATE = Fraction(30)
"""Frames per second of a photo."""

_NOMINAL = Fraction(1, 25)
_LATE_SECONDS = 1.0
_PAUSED_STEP = 0.1


class PacedSource(OuterSource):
    """Any source, each frame released when its time has come.

    Times are kept against one start, so that they do not drift; a frame that is late is released at once. When more than a
    second late (the machine was busy, or decodes slower than the video plays) the start moves instead, so that it does not
    hurry through what was missed.
    """

    def __init__(self, open_inner: Callable[[], Source], *, loop: bool, clock: Clock | None = None) -> None:
        """Open the source.

        Args:
            open_inner: Opens it; called again for each round. A photo becomes a steady stream.
            loop: Begin again at the end; the times go on growing.
            clock: The machine's own, unless it is a test.

        Raises:
            SourceError: It cannot be opened.
        """
        super().__init__(open_inner, clock)
        self._loop = loop
        self._take_warnings()
        info = self._inner.info
        if info.is_still:
            self.info = replace(
                info, is_still=False, is_live=True, frame_rate=PHOTO_RATE, time_base=1 / PHOTO_RATE, frame_count=None
            )
        elif loop:
            self.info = replace(info, is_live=True, frame_count=None, duration=None)
        else:
            self.info = replace(info, is_live=True)
        self._played: list[Round] = []
        self._paused = False

    def __iter__(self) -> Iterator[Frame]:
        """Frames, each at its time, until the end or close().

        Raises:
            SourceError: Reading failed before any frame came.
        """
        if self._begun:
            return
        self._begun = True
        start: float | None = None
        repeated = 0
        frames = self._photo() if self._inner.info.is_still else self._rounds()
        try:
            for index, frame in enumerate(frames):
                start = self._clock.now() - float(frame.time) if start is None else start
                release_at = start + float(frame.time)
                if not sleep_until(release_at, self._clock, self._is_closed):
                    return
                now = self._clock.now()
                if now - release_at > _LATE_SECONDS:
                    start += now - release_at
                yield replace(frame, index=index + repeated, captured_at=now)
                if self._paused:
                    stopped_at = self._clock.now()
                    for again in self._while_paused(frame):
                        repeated += 1
                        yield replace(again, index=index + repeated)
                    start += self._clock.now() - stopped_at
        finally:
            frames.close()
            self._inner.close()

    def pause(self, on: bool) -> bool:
        """Show the present frame until it goes on."""
        self._paused = on
        return on

    def _while_paused(self, frame: Frame) -> Iterator[Frame]:
        """The same frame now and then, so that another look is seen on it; its times grow by next to nothing."""
        count = 0
        while self._paused and not self._is_closed():
            if sleep_until(self._clock.now() + _PAUSED_STEP, self._clock, lambda: self._is_closed() or not self._paused):
                count += 1
                yield replace(frame, time=frame.time + count * TICK, duration=None, captured_at=self._clock.now())

    @property
    def sound(self) -> SoundFrom | None:
        """That of the file, repeated as the file is."""
        if not self._inner.has_sound:
            return None
        return lambda first: FileSound(self.info.name, self._played, first.time)

    def _rounds(self) -> Generator[Frame, None, None]:
        """The file's frames, again and again where it loops; one that is lost meanwhile is waited for."""
        tick = self.info.time_base
        end = Fraction(0)
        while True:
            shift, reason = None, f"{quoted(self.info.name)} shows no picture"
            try:
                for frame in self._inner:
                    if shift is None:
                        shift = end - frame.time
                        self._played.append(Round(end, frame.time))
                        self._is_back()
                    moment = frame.time + shift
                    lasts = frame.duration or (1 / self.info.frame_rate if self.info.frame_rate else _NOMINAL)
                    end = moment + max(1, round(lasts / tick)) * tick
                    self._take_warnings()
                    yield replace(frame, time=moment)
            except SourceError as error:
                if not self._played:
                    raise
                shift, reason = None, str(error)
            self._take_warnings()
            if not self._loop or self._is_closed() or not self._played:
                return
            if not self._next_round("" if shift is not None else reason):
                return

    def _next_round(self, trouble: str) -> bool:
        """Open the file again; where there is trouble, once it is over. False when closed meanwhile."""
        if not trouble:
            try:
                inner = self._open_inner()
            except SourceError as error:
                trouble = str(error)
            else:
                self._inner = inner
        if trouble and not self._open_again(trouble):
            return False
        if self._is_closed():  # close() may have closed the round before instead
            self._inner.close()
        return not self._is_closed()

    def _photo(self) -> Generator[Frame, None, None]:
        photo = next(iter(self._inner), None)
        index = 0
        while photo is not None and not self._is_closed():
            yield Frame(photo.image.copy(), index, index / PHOTO_RATE, 1 / PHOTO_RATE)
            index += 1

    def _take_warnings(self) -> None:
        self.warnings += [line for line in self._inner.warnings if line not in self.warnings]
