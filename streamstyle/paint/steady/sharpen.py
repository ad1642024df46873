"""Mixing pictures that moved or differ in their strokes blurs them; what is shown gets crisp again, what is kept does not.

Every place is sharpened until it has as much fine detail as the picture that was painted anew. The sharpened picture is
only shown: mixed into the next one and sharpened again, its overshoot would add up.

Source: Yang et al. 2020, "A Survey of Temporal Antialiasing Techniques", Computer Graphics Forum 39(2): the blur that comes
from resampling, and sharpening what is put out for it.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from streamstyle.frame import Image
from streamstyle.paint.steady.flow import Plane
from streamstyle.paint.steady.mixing import Mixer

Area = tuple[slice, slice]
"""Rows and columns."""

_COARSE = (5, 5)
"""Pixels whose mean parts coarse from fine. With 3x3 the rest is mostly what changes from each pixel to the next: the grid
that networks leave, which does not move along and adds up, rather than edges and strokes."""
_BLOCK = 16
"""Sides, in pixels, of the places whose detail is compared: fewer pixels tell more of noise."""
_EVERY = 4
"""Rows of which one is looked at."""
_MOST = 1.5
"""Times its fine detail that a place gets in addition, at most."""
_LEAST = 0.04
"""The least of it that is worth doing."""
_REACH = 1.1
"""Detail that a place gets for each time its fine detail is added, as it is measured."""
_PACE = 0.3
"""Of the way to what a frame asks for that is gone with it: single frames ask for this and that. Half
or twice as much changes sharpness by 2 %."""


class Crispness:
    """How much is to be sharpened where, in one stream."""

    def __init__(self) -> None:
        self._amount: Plane | None = None
        self._mixer = Mixer()

    def forget(self) -> None:
        """Begin anew."""
        self._amount = None

    def restore(self, mixed: Image, fresh: Image, areas: Sequence[Area]) -> Image:
        """The picture to show.

        Args:
            mixed: (H, W, 3) uint8, not changed.
            fresh: Of the same form: a picture that is as crisp as it should be.
            areas: Where `mixed` holds what was moved, or is mixed of pictures whose strokes differ.

        Returns:
            `mixed` itself where there is nothing to do, and of pictures smaller than a block.
        """
        if min(mixed.shape[:2]) < _BLOCK:
            return mixed
        blocks = tuple(side // _BLOCK for side in mixed.shape[:2])
        if self._amount is None or self._amount.shape != blocks:
            self._amount = np.zeros(blocks, np.float32)
        amount = self._amount
        amount *= np.float32(1 - _PACE)
        if areas:
            moved = _around([_in_blocks(area, blocks) for area in areas])
            lacking = _detail(fresh, moved) / _detail(mixed, moved) - 1
            amount[moved] += np.clip(lacking * np.float32(_PACE / _REACH), 0, _PACE * _MOST)
        rows, columns = np.nonzero(amount > _LEAST)
        if not len(rows):
            return mixed
        worth = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
        area = _in_pixels(worth, amount, mixed)
        soft = mixed[area]
        coarse = cv2.blur(soft, _COARSE).astype(np.uint8, copy=False)
        shares = cv2.convertScaleAbs(amount[worth], alpha=255 / _MOST)
        share = cv2.resize(shares, soft.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
        restored = self._mixer.add(soft, soft, coarse, share, _MOST)
        if restored.shape == mixed.shape:
            return restored
        shown = mixed.copy()
        shown[area] = restored
        return shown


def _detail(picture: Image, where: Area) -> Plane:
    """Mean |fine detail| of each block and those around it, in levels, plus one: what is nearly flat has none to lose."""
    rows, columns = where
    part = picture[_BLOCK * rows.start : _BLOCK * rows.stop, _BLOCK * columns.start : _BLOCK * columns.stop]
    # Second differences along a diagonal tell of detail both across and down, from a quarter of the rows; over two pixels
    # they are blind to the grid.
    ends = cv2.addWeighted(part[:-4:_EVERY, :-4], 0.5, part[4::_EVERY, 4:], 0.5, 0)
    fine = cv2.cvtColor(cv2.absdiff(ends, part[2:-2:_EVERY, 2:-2]), cv2.COLOR_RGB2GRAY)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    quarter = cv2.resize(fine, (fine.shape[1] // 4, fine.shape[0]), interpolation=cv2.INTER_AREA)  # whole numbers are fast
    means = cv2.resize(quarter, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    detail: Plane = cv2.blur(means, (3, 3)).astype(np.float32, copy=False) + np.float32(1)
    return detail


def _in_blocks(area: Area, blocks: tuple[int, ...]) -> Area:
    """Blocks that hold an area of pixels; the last ones of a picture hold what whole blocks leave over."""
    first = [min(side.start // _BLOCK, number - 1) for side, number in zip(area, blocks, strict=True)]
    beyond = [min(-(-side.stop // _BLOCK), number) for side, number in zip(area, blocks, strict=True)]
    return slice(first[0], beyond[0]), slice(first[1], beyond[1])


def _in_pixels(where: Area, blocks: Plane, picture: Image) -> Area:
    """The other way round."""
    ends = [
        whole if side.stop == number else _BLOCK * side.stop
        for side, number, whole in zip(where, blocks.shape, picture.shape[:2], strict=True)
    ]
    return slice(_BLOCK * where[0].start, ends[0]), slice(_BLOCK * where[1].start, ends[1])


def _around(areas: Sequence[Area]) -> Area:
    """The rectangle around some."""
    rows, columns = zip(*areas, strict=True)
    return _across(rows), _across(columns)


def _across(several: Sequence[slice]) -> slice:
    return slice(min(one.start for one in several), max(one.stop for one in several))
