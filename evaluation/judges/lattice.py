"""Does a result repeat one small sign in a grid where the photo has nothing?

A network that finds nothing to paint from paints its own grid. Plain maxima of the autocorrelation do not tell a lattice
from a broad stroke, whose autocorrelation is high at every small distance; but it falls all the way, while a lattice's
falls and rises again. So what counts is how far the highest repeat stands out of the lowest point on the way to it.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.measures.coherence import luma
from streamstyle.frame import Image

WINDOW = 96
"""Side of what is looked at, in pixels."""
NEAREST, FARTHEST = 6, 32
"""Distances of a repeat, in pixels."""
HIGH_PASS = 12.0
"""Deviation in pixels of the blur that is subtracted: slow gradients are no signs."""
SMOOTH = 3.0
"""Levels of deviation, after the high pass, below which a window of the photo has nothing in it."""
BARE = 0.5
"""Levels of deviation below which a window of the result has nothing in it either: no lattice."""
_STEPS = 16
"""In which the way to a repeat is gone."""

Plane = NDArray[np.float64]
Place = tuple[int, int]
"""Top and left of a window."""


def smooth_places(photo: Image) -> list[Place]:
    """Windows, half overlapping, where a photo is smooth; none for one without such a place, or below WINDOW in size."""
    plane = _high_passed(photo)
    height, width = plane.shape
    tops, lefts = range(0, height - WINDOW + 1, WINDOW // 2), range(0, width - WINDOW + 1, WINDOW // 2)
    return [(top, left) for top in tops for left in lefts if _window(plane, (top, left)).std() < SMOOTH]


def lattice(result: Image, places: Sequence[Place]) -> float | None:
    """How far repeats stand out, as a mean over windows: 0 for none, towards 1.5 and more for a strict grid.

    Noise has about 0.1, since some distance is always the highest.

    Args:
        result: (H, W, 3) uint8 RGB, of the photo's size.
        places: Of `smooth_places`.

    Returns:
        None where there are no places.
    """
    if not places:
        return None
    plane = _high_passed(result)
    return float(np.mean([standing_out(_window(plane, place)) for place in places]))


def standing_out(window: Plane) -> float:
    """The highest repeat at NEAREST to FARTHEST pixels above the lowest point on the straight way to it.

    Args:
        window: (WINDOW, WINDOW) float64, high-passed.

    Returns:
        In units of the window's variance; 0 for a bare window.
    """
    if window.std() < BARE:
        return 0.0
    centred = window - window.mean()
    # Padded to twice the size, so that opposite borders do not meet; far distances weigh less, since fewer pairs have them.
    spectrum = np.abs(np.fft.rfft2(centred, (2 * WINDOW, 2 * WINDOW))) ** 2
    correlation = np.fft.fftshift(np.fft.irfft2(spectrum, (2 * WINDOW, 2 * WINDOW)))
    correlation /= correlation[WINDOW, WINDOW]
    rows, columns = _distances()
    shares = np.arange(1, _STEPS) / _STEPS
    on_the_way = cv2.remap(
        correlation.astype(np.float32),
        (WINDOW + columns[:, None] * shares).astype(np.float32),
        (WINDOW + rows[:, None] * shares).astype(np.float32),
        cv2.INTER_LINEAR,
    )
    repeats = correlation[WINDOW + rows, WINDOW + columns]
    return float(max(0.0, (repeats - on_the_way.min(1)).max()))


def _distances() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of all distances in question; of each and its opposite one."""
    rows, columns = np.mgrid[0 : FARTHEST + 1, -FARTHEST : FARTHEST + 1]
    length = np.hypot(rows, columns)
    wanted = (length >= NEAREST) & (length <= FARTHEST) & ((rows > 0) | (columns > 0))
    return rows[wanted], columns[wanted]


def _high_passed(image: Image) -> Plane:
    plane = luma(image)
    return plane - cv2.GaussianBlur(plane, (0, 0), HIGH_PASS)


def _window(plane: Plane, place: Place) -> Plane:
    top, left = place
    return plane[top : top + WINDOW, left : left + WINDOW]
