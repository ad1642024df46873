"""Frames that repeat the one before, as slides and screen recordings have by the hundred: painted once."""

from collections.abc import Callable
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image
from streamstyle.look.look import Look, Mask

_WORDS = 1 << 15
"""Compared at a time: small enough to stay in the processor's cache, and the first that differs ends the comparison."""

_VALUES = tuple(field.name for field in fields(Look) if field.name not in {"code", "regions"})
"""What of a look is compared by value."""


class Repeats:
    """Gives the last picture again where content and look are those of the frame before.

    Most looks make the same picture of the same frame. With others it also depends on the frames before (see
    `PaintOptions.depends_on_past`). There a repeated frame is painted again until two pictures in a row are the same, so
    that the still picture comes to rest where it would without this.

    Attributes:
        reused: How many frames were not painted.
    """

    def __init__(self) -> None:
        self.reused = 0
        self._content: Image | None = None
        self._look: Look | None = None
        self._painted: Image | None = None
        self._rests = False

    def paint(self, content: Image, look: Look, paint: Callable[[], Image]) -> Image:
        """The painted frame.

        Args:
            content: (H, W, 3) uint8 RGB; not to be written to afterwards.
            look: How it is to look.
            paint: Makes the picture.

        Returns:
            What `paint` gave for this frame, or for the one before; not to be written to.
        """
        before, painted = self._look, self._painted
        repeated = before is not None and painted is not None and _alike(look, before) and _same(content, self._content)
        self._look, self._content = look, content
        if repeated and self._rests and painted is not None:
            self.reused += 1
            return painted
        self._painted = paint()
        self._rests = not look.depends_on_past or (repeated and _same(self._painted, painted))
        return self._painted


def _alike(one: Look, other: Look) -> bool:
    """Whether two looks make the same of a frame. Codes are compared by identity: a player keeps them while they last."""
    return (
        one.code is other.code
        and all(getattr(one, name) == getattr(other, name) for name in _VALUES)
        and len(one.regions) == len(other.regions)
        and all(
            mine.code is theirs.code and mine.alpha == theirs.alpha and _same(mine.mask, theirs.mask)
            for mine, theirs in zip(one.regions, other.regions, strict=True)
        )
    )


def _same(one: Image | Mask, other: Image | Mask | None) -> bool:
    """Whether two pictures are the same to the last bit: 0.2 ms for 1920x1080 where they are, 0.01 where they are not."""
    if one is other:
        return True
    if other is None or one.shape != other.shape or one.dtype != other.dtype:
        return False
    first, second = _flat(one), _flat(other)
    whole = first.size // 8 * 8
    words, other_words = first[:whole].view(np.uint64), second[:whole].view(np.uint64)
    return all(
        np.array_equal(words[start : start + _WORDS], other_words[start : start + _WORDS])
        for start in range(0, words.size, _WORDS)
    ) and np.array_equal(first[whole:], second[whole:])


def _flat(picture: Image | Mask) -> NDArray[np.uint8]:
    return np.ascontiguousarray(picture).reshape(-1).view(np.uint8)
