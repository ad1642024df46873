"""The newest picture as JPEG, encoded once per size, when the first viewer asks, on threads of its own."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import cv2

from streamstyle.frame import Image
from streamstyle.pipeline.live import Pair

QUALITY = 85
WIDTHS = (320, 480, 640, 960, 1280, 1920, 2560, 3840)
"""Widths in pixels that are made; a viewer gets the first one that is not smaller than what it shows."""


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A picture in the form in which it travels.

    Attributes:
        data: The file's bytes.
        width: In pixels.
        height: In pixels.
    """

    data: bytes
    width: int
    height: int


@dataclass(eq=False)
class Shot:
    """One frame before and after, and the JPEGs that were made of it.

    Attributes:
        number: Grows by one with every shot.
        pair: The frames.
        captured_at: When the camera gave it, in seconds since 1970.
    """

    number: int
    pair: Pair
    captured_at: float
    _made: dict[tuple[int, bool], "asyncio.Future[Jpeg]"] = field(default_factory=dict)

    async def jpeg(self, width: int | None = None, *, original: bool = False) -> Jpeg:
        """The picture for a width, made by the first who asks.

        Args:
            width: In pixels, as wide as it is shown; None for its own.
            original: The frame before it was painted.
        """
        image = (self.pair.content if original else self.pair.stylized).image
        own = image.shape[1]
        wanted = min(own, own if width is None else next((step for step in WIDTHS if step >= width), own))
        key = (wanted, original)
        if key not in self._made:
            self._made[key] = asyncio.get_running_loop().run_in_executor(None, encode, image, wanted)
        return await asyncio.shield(self._made[key])


class Pictures:
    """Where the live run leaves its newest frame, and viewers take it; made and used on the event loop.

    Attributes:
        newest: None before the first, and when nothing runs.
        viewers: How many watch now.
    """

    def __init__(self) -> None:
        self.newest: Shot | None = None
        self.viewers = 0
        self._loop = asyncio.get_running_loop()
        self._number = 0
        self._left: Pair | None = None
        self._arrival: asyncio.Future[None] | None = None

    def leave(self, pair: Pair | None) -> None:
        """Show this frame, or none; for any thread, and never waits."""
        self._left = pair
        self.run(self._take)

    def run(self, act: Callable[[], object]) -> None:
        """Have something done on the event loop, as long as there is one; for any thread."""
        with suppress(RuntimeError):  # it is closed
            self._loop.call_soon_threadsafe(act)

    async def after(self, number: int) -> Shot:
        """The newest shot as soon as it is another than that of a number."""
        while self.newest is None or self.newest.number == number:
            if self._arrival is None:
                self._arrival = self._loop.create_future()
            await asyncio.shield(self._arrival)
        return self.newest

    def _take(self) -> None:
        pair = self._left
        if pair is None:
            self.newest = None
        elif self.newest is None or self.newest.pair is not pair:
            self._number = (self._number + 1) % 2**32
            age = time.monotonic() - pair.content.captured_at
            self.newest = Shot(self._number, pair, time.time() - age)
            if self._arrival is not None:
                self._arrival.set_result(None)
                self._arrival = None


def encode(image: Image, width: int, quality: int = QUALITY) -> Jpeg:
    """A picture as JPEG, scaled to a width in pixels."""
    height, own = image.shape[:2]
    if width != own:
        height = max(1, round(height * width / own))
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return Jpeg(data.tobytes(), width, height)
