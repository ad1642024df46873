"""Grain: something to paint with where a scene has nothing.

A network paints what it finds. In a clear sky or on a plain wall it finds nothing, and either leaves the place bare or
repeats one small sign all over it, in its own grid, or paints sensor noise. Painters put brush strokes there. So a faint
irregular pattern is laid over the flat places of each frame before the network sees it, which makes strokes of it; places
with detail of their own, and frames that are of one colour all over, stay as they are.

The pattern stands still on the screen, like the grain of a canvas, so that still pictures stay still.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image
from streamstyle.media.resize import resize

Plane = NDArray[np.float32]

_BLOCK = 4
"""Pixels across and down whose mean is looked at and added to: the pattern is coarser, and noise is less in means."""
_FINEST, _COARSEST = 12.0, 64.0
"""Wavelengths of the pattern, in pixels of the frame as it is stylized."""
_SEED = 1
_TILE = 128
"""Side of the pattern in blocks, where it repeats without a seam."""
_COLORED = 0.15
"""Share of the pattern's deviation in which the channels differ."""
_AROUND = 9
"""Blocks across and down that tell whether a place is flat."""
_FLAT = 0.1
"""Deviation around a place from which on it is not flat, as a share of the whole frame's."""
_DEVIATION = 0.2
"""Deviation of the pattern at full strength, as a share of the whole frame's, which is 40 to 70 levels in photos."""
_BLACK = 12.0
"""Levels below which there is less and less of it: a film's black bars stay bare."""
_MEAN = np.full((1, 3), 1 / 3, np.float32)
"""The mean of the channels, as a matrix."""
_MIDDLE = 128
"""What stands for no change where changes are bytes."""
_ROOM = 2.0
"""Deviations of the pattern for which there must be room below white and above black."""


def grained(content: Image, strength: float) -> Image:
    """A frame with grain in its flat places.

    Args:
        content: (H, W, 3) uint8 RGB; left as it is.
        strength: In [0, 1]; 0 returns the frame itself.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    height, width = content.shape[:2]
    if min(height, width) < _BLOCK * _AROUND or strength == 0:
        return content
    size = (width // _BLOCK, height // _BLOCK)
    means = content[: _BLOCK * size[1], : _BLOCK * size[0]]  # whole blocks, halved twice, take a third of the time
    for times in (2, 1):
        means = resize(means, times * size[0], times * size[1])
    deviation = float(np.sqrt(np.square(cv2.meanStdDev(means)[1]).mean()))
    if deviation < 1:
        return content
    blocks = means.astype(np.float32)
    level = cv2.transform(blocks, _MEAN)
    share = flatness(blocks, _FLAT * deviation) * np.minimum(level / _BLACK, 1)
    amount = cv2.merge([(strength * _DEVIATION * deviation * share).astype(np.float32, copy=False)] * 3)
    # Skies are often near white, where half of the pattern would be cut off.
    room = _ROOM * amount
    added = np.clip(blocks, room, 255 - room) - blocks + amount * _pattern(*size)
    # In bytes around a middle, which are enlarged and added several times faster than floats.
    shifted = np.clip(added + _MIDDLE + 0.5, 0, 255).astype(np.uint8)
    enlarged = cv2.resize(shifted, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.addWeighted(content, 1, enlarged, 1, -_MIDDLE).astype(np.uint8, copy=False)


def flatness(blocks: Plane, detail: float) -> Plane:
    """How flat each place is.

    Args:
        blocks: (h, w, 3) float32.
        detail: Deviation from which on a place is not flat, of the channels together (the root of their mean square).

    Returns:
        (h, w) float32 in [0, 1].
    """
    window = (_AROUND, _AROUND)
    mean = cv2.blur(blocks, window)
    variance = cv2.transform(cv2.blur(blocks * blocks, window) - mean * mean, _MEAN)
    flat = 1 - np.sqrt(np.maximum(variance, 0)) / np.float32(detail)
    return cv2.blur(np.maximum(flat, 0), (5, 5)).astype(np.float32, copy=False)


@lru_cache(maxsize=4)
def _pattern(width: int, height: int) -> Plane:
    """(height, width, 3) float32 of mean 0 and deviation 1, the same every time."""
    return np.tile(pattern_tile(), (-(-height // _TILE), -(-width // _TILE), 1))[:height, :width]


@lru_cache(maxsize=1)
def pattern_tile() -> Plane:
    """The part of the pattern that repeats: (128, 128, 3) float32 of mean 0 and deviation 1, in blocks of 4 x 4 pixels."""
    frequency = np.hypot(np.fft.fftfreq(_TILE)[:, None], np.fft.rfftfreq(_TILE)[None]) / _BLOCK
    heard = (frequency > 1 / _COARSEST) & (frequency < 1 / _FINEST)
    amplitude = np.where(heard, 1 / np.maximum(frequency, 1e-6), 0)
    rng = np.random.default_rng(_SEED)
    planes = []
    for _ in range(4):
        phases = rng.standard_normal(frequency.shape) + 1j * rng.standard_normal(frequency.shape)
        plane = np.fft.irfft2(phases * amplitude, (_TILE, _TILE))
        planes.append(plane / plane.std())
    tile = np.stack([(1 - _COLORED**2) ** 0.5 * planes[0] + _COLORED * own for own in planes[1:]], axis=2)
    return tile.astype(np.float32)
