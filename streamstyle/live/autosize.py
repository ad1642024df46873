"""`--size auto`: the size of the strokes, or the next smaller one at which this machine keeps up with the camera.

There is a ladder of sizes, with small steps near the top, where strokes look the same. When frames have taken longer than
the camera's interval for a second, the next smaller size is used. When the next larger size is expected to fit with room
to spare for five seconds, that one is used. A size that was too slow is not tried again for some time, which doubles with
each failure. So the size settles, and does not swing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

KEEPS_STROKES = 0.7
"""Down to this share of their size, strokes do not look noticeably different."""
_SHARES = (0.15, 0.2, 0.3, 0.4, 0.5, 0.6, KEEPS_STROKES, 0.85, 1.0)
_LEAST = 120
"""The smallest size in pixels."""

_BUSY = 0.95  # share of the frame interval above which a size is too large
_ROOMY = 0.75  # share that the next size may be expected to take
_DOWN_SECONDS = 1.0
_UP_SECONDS = 5.0
_FIRST_BAN_SECONDS = 30.0
_MOST = 3.0  # a frame counts as so many intervals at most: the program may have been stopped during one
_MEMORY = 0.9  # of the running mean


def ladder(short_side: int, strokes: int) -> list[int]:
    """The sizes for frames of this short side, from small to that of the strokes, or to their own."""
    largest = min(short_side, strokes)
    return [size for share in _SHARES if (size := round(share * largest)) >= _LEAST or share == 1]


@dataclass
class AutoSize:
    """Follows the cost of frames and picks the size.

    Attributes:
        sizes: The ladder.
        interval: Seconds between two frames of the camera.
    """

    sizes: list[int]
    interval: float
    _rung: int = 0
    _mean: float | None = None
    _busy_since: float | None = None
    _roomy_since: float | None = None
    _bans: dict[int, tuple[float, float]] = field(default_factory=dict)  # rung -> end and length of its ban

    @property
    def size(self) -> int:
        """Short side in pixels at which the next frame is to be stylized."""
        return self.sizes[self._rung]

    @property
    def keeps_strokes(self) -> bool:
        """Whether strokes look the same as at the largest size."""
        return self.size >= round(KEEPS_STROKES * self.sizes[-1])

    def start(self, costs: dict[int, float]) -> None:
        """Choose from a short benchmark.

        Args:
            costs: Size -> seconds per frame, for one or more sizes; the others are scaled by their pixels.
        """
        size, seconds = max(costs.items())
        per_pixel = seconds / size**2
        fitting = [rung for rung, side in enumerate(self.sizes) if per_pixel * side**2 <= _ROOMY * self.interval]
        self._move(max(fitting, default=0))

    def update(self, seconds: float, now: float) -> bool:
        """Note how long a frame took, and change the size if that is due.

        Args:
            seconds: From the frame to its stylized picture, at the present size.
            now: A clock in seconds that never goes back.

        Returns:
            Whether the size has changed.
        """
        seconds = min(seconds, _MOST * self.interval)
        self._mean = seconds if self._mean is None else _MEMORY * self._mean + (1 - _MEMORY) * seconds
        busy = self._mean > _BUSY * self.interval
        self._busy_since = _since(self._busy_since, now) if busy else None
        if busy and self._busy_since is not None and now - self._busy_since >= _DOWN_SECONDS and self._rung > 0:
            _, last = self._bans.get(self._rung, (0.0, _FIRST_BAN_SECONDS / 2))
            self._bans[self._rung] = (now + 2 * last, 2 * last)
            self._move(self._rung - 1)
            return True
        roomy = self._next_fits(now)
        self._roomy_since = _since(self._roomy_since, now) if roomy else None
        if roomy and self._roomy_since is not None and now - self._roomy_since >= _UP_SECONDS:
            self._move(self._rung + 1)
            return True
        return False

    def change(self, sizes: list[int]) -> None:
        """Replace the ladder, and choose the largest of its sizes that is expected to fit."""
        size, mean = self.size, self._mean
        self.sizes, self._bans = sizes, {}
        if mean is None:
            self._move(max((rung for rung, side in enumerate(sizes) if side <= size), default=0))
        else:
            self.start({size: mean})

    def limit(self, size: int) -> None:
        """Remove a size that this machine cannot paint, and all larger ones."""
        self.sizes = [side for side in self.sizes if side < size] or self.sizes[:1]
        self._move(min(self._rung, len(self.sizes) - 1))

    def _next_fits(self, now: float) -> bool:
        if self._rung + 1 == len(self.sizes) or self._mean is None:
            return False
        if now < self._bans.get(self._rung + 1, (0.0, 0.0))[0]:
            return False
        growth = (self.sizes[self._rung + 1] / self.size) ** 2
        return self._mean * growth <= _ROOMY * self.interval

    def _move(self, rung: int) -> None:
        self._rung = rung
        self._mean = self._busy_since = self._roomy_since = None


class SizeInUse:
    """The size at which frames are stylized: the wanted one, once the model is ready for it."""

    def __init__(self, size: int, prepare: Callable[[int], None]) -> None:
        """Begin with a size that the model is ready for.

        Args:
            size: Short side in pixels.
            prepare: Starts preparing the model for a size, and calls `make_ready` at the end.
        """
        self.size = size
        self._prepare = prepare
        self._ready, self._asked = {size}, {size}

    def follow(self, wanted: int) -> int:
        """The size for the next frame, if `wanted` would be best."""
        if wanted not in self._asked:
            self._asked.add(wanted)
            self._prepare(wanted)
        if wanted in self._ready:
            self.size = wanted
        return self.size

    def make_ready(self, size: int) -> None:
        """Note that the model is ready for a size."""
        self._ready.add(size)


def _since(before: float | None, now: float) -> float:
    return now if before is None else before
