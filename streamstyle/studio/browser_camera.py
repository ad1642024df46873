"""The camera of a browser: its pictures come over a WebSocket and are a live source like any other."""

import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import cv2
import numpy as np

from streamstyle.errors import SourceError
from streamstyle.frame import Frame, Image
from streamstyle.media.sources.base import SourceInfo
from streamstyle.media.sources.live import TICK, GrowingTime, LiveSource, LiveState
from streamstyle.pipeline.threads import Slot

NAME = "the browser's camera"
_LOST_SECONDS = 2.0
_POLL_SECONDS = 0.05
_MOST_PIXELS = 3840 * 2160
_MOST_AGE_SECONDS = 5.0


class BrowserPictures:
    """Where a browser's JPEGs lie until the source takes them; the newest replaces what was not taken.

    Attributes:
        taken: Called on the source's thread whenever one was taken, so that the browser may send the next.
        replaced: Called when another page gives the camera instead.
    """

    def __init__(self) -> None:
        self.slot: Slot[tuple[bytes, float]] = Slot()
        self.taken: Callable[[], None] = lambda: None
        self.replaced: Callable[[], None] = lambda: None

    def put(self, jpeg: bytes, captured_at: float) -> bool:
        """Take one in.

        Args:
            jpeg: The file's bytes.
            captured_at: When the browser took it, in seconds since 1970; what cannot be is now.

        Returns:
            Whether it takes the place of one that was not taken.
        """
        age = min(max(0.0, time.time() - captured_at), _MOST_AGE_SECONDS) if captured_at > 0 else 0.0
        dropped = self.slot.dropped
        self.slot.put((jpeg, time.monotonic() - age))
        return self.slot.dropped > dropped

    def take(self) -> tuple[Image, float] | None:
        """The newest picture, (H, W, 3) uint8 RGB, and its `time.monotonic()`; None where none came in time."""
        item = self.slot.take(_POLL_SECONDS)
        if item is None:
            return None
        self.taken()
        image = decode(item[0])
        return None if image is None else (image, item[1])


class BrowserSource(LiveSource):
    """What a browser sends, for as long as somebody wants it; while nothing comes it is lost."""

    def __init__(self, pictures: BrowserPictures, wanted: Callable[[], bool]) -> None:
        """Wait for the first picture.

        Args:
            pictures: Where they lie.
            wanted: Asked again and again: whether to wait on.

        Raises:
            SourceError: It was closed meanwhile.
        """
        self._pictures, self._closed, self._begun = pictures, False, False
        self.warnings = []
        first = None
        while first is None:
            if not wanted():
                raise SourceError("the browser's camera gave no picture; allow it in the browser")
            first = pictures.take()
        self._first = first
        height, width = first[0].shape[:2]
        self.info = SourceInfo(NAME, width, height, is_live=True, frame_rate=Fraction(30), time_base=TICK)
        self.state = LiveState("live", time.monotonic())

    def __iter__(self) -> Iterator[Frame]:
        """Frames until the source is closed, with a gap where none comes, or until a phone is turned to its other side."""
        if self._begun:
            return
        self._begun = True
        times, index, seen = GrowingTime(), 0, time.monotonic()
        taken: tuple[Image, float] | None = self._first
        while not self._closed:
            taken = self._pictures.take() if index else taken
            now = time.monotonic()
            if taken is None:
                if now - seen > _LOST_SECONDS and self.state.name == "live":
                    self.state = LiveState("lost", now, "the browser sends no pictures; is its page still open?")
                continue
            seen = now
            if self.state.name == "lost":
                self.state = LiveState("live", now)
            image, moment = taken
            if (image.shape[0] > image.shape[1]) != (self.info.height > self.info.width):
                return
            yield Frame(image, index, times.at(moment), captured_at=moment)
            index += 1

    def close(self) -> None:
        """Stop within a twentieth of a second."""
        self._closed = True


def decode(jpeg: bytes) -> Image | None:
    """A browser's picture, (H, W, 3) uint8 RGB; None where it is none, or larger than any camera's."""
    if jpeg[:3] != b"\xff\xd8\xff" or _pixels(jpeg) > _MOST_PIXELS:
        return None
    try:
        bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if bgr is None else cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _pixels(jpeg: bytes) -> int:
    """As its header says; beyond any limit where that does not say it."""
    place = 2
    while place + 9 <= len(jpeg) and jpeg[place] == 0xFF:
        marker, length = jpeg[place + 1], int.from_bytes(jpeg[place + 2 : place + 4])
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return int.from_bytes(jpeg[place + 5 : place + 7]) * int.from_bytes(jpeg[place + 7 : place + 9])
        place += 2 + length
    return _MOST_PIXELS + 1
