"""Live streams from the network: at their own pace, connected again when they break."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from streamstyle.errors import SourceError
from streamstyle.frame import Frame
from streamstyle.media.resize import letterboxed
from streamstyle.media.sources.base import Source
from streamstyle.media.sources.live import (
    TICK,
    Clock,
    GrowingTime,
    OuterSource,
)


class StreamSource(OuterSource):
    """A stream that plays whether frames are read or not. If it ends, it is opened again until it is back."""

    def __init__(self, open_inner: Callable[[], Source], *, clock: Clock | None = None) -> None:
        """Connect.

        Args:
            open_inner: Opens the stream; called again after each loss.
            clock: The machine's own, unless it is a test.

        Raises:
            SourceError: It cannot be opened.
        """
        super().__init__(open_inner, clock)
        self._time = GrowingTime()
        self.info = replace(self._inner.info, is_live=True, time_base=TICK, frame_count=None, duration=None)

    def __iter__(self) -> Iterator[Frame]:
        """Frames until the source is closed, with a gap where the connection was lost."""
        if self._begun:
            return
        self._begun = True
        index = 0
        try:
            while not self._is_closed():
                reason = "the stream has ended"
                try:
                    for frame in self._inner:
                        if self._is_closed():
                            return
                        self._is_back()
                        moment = self._clock.now()
                        image = letterboxed(frame.image, self.info.width, self.info.height)
                        yield Frame(image, index, self._time.at(moment), captured_at=moment)
                        index += 1
                except SourceError as error:
                    reason = str(error)
                if not self._open_again(reason):
                    return
        finally:
            self._inner.close()
