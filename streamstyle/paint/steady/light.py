"""Fades, lamps, cameras that adapt to the light: a picture that gets brighter or darker as a whole has not moved.

Motion that is sought in such pictures is found everywhere, in gradients above all: what is a little brighter looks like
what was a little further on.

Source: Brown and Lowe 2007, "Automatic Panoramic Image Stitching using Invariant Features", IJCV 74: gain compensation;
here for each channel, with an offset, and from those pixels that agree, so that what moves or enters does not count.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image

Levels = NDArray[np.float64]

_PIXELS = 1500
"""So many are looked at, about: with four times as many, estimates are the same to a tenth of a level."""
_NO_LIGHT = 0.3
"""Levels by which the middle of all differences must be off: half of it is the noise of a webcam by night."""
_REFITS = 3
"""After which fades are known to 0.3 levels; with two to 0.4, with four no better."""
_AGREE = 2.0
"""Times the median of what is left, up to which a pixel agrees: with 1.0 fades are known to 0.5 levels, with 3.0 to 0.3 as
well, but not where something enters."""
_MOST_GAIN = 1.5
"""From one frame to the next, and as much the other way: beyond it is another picture. With 2.0 cuts and fades are found as
well, and more whip pans are taken for cuts."""
_FLAT = 4.0
"""Variance, in squared levels, of what is too flat to tell a gain from an offset."""
_LEAST_CHANGE = 0.5
"""Levels by which some channel's mean must have changed to matter for motion: less is so slow that it hurts nothing."""
_EXPLAINED = 0.2
"""Share of the difference between both pictures that the light must explain: what enters changes the means, too."""


class Light(NamedTuple):
    """How the light has changed: what was at a level is now at `gain * level + offset`.

    Attributes:
        gain: (3,) float64.
        offset: (3,) float64, in levels.
    """

    gain: Levels
    offset: Levels

    def of(self, level: Levels) -> Levels:
        """What levels (3,) have become."""
        return self.gain * level + self.offset

    def change(self, picture: Image) -> float:
        """Levels by which it moves the mean of a picture before, of the channel that it moves most."""
        mean = np.array(cv2.mean(picture)[:3])
        return float(np.abs(self.of(mean) - mean).max())


SAME_LIGHT = Light(np.ones(3), np.zeros(3))


def light_between(before: Image, now: Image) -> Light:
    """How the light has changed, whatever moves: by what most of the pixels agree on.

    Args:
        before: (h, w, 3) uint8.
        now: This frame, of the same form and size.
    """
    step = max(1, int((before.shape[0] * before.shape[1] / _PIXELS) ** 0.5))
    # One plane per channel: NumPy is slow over an axis of three.
    one, other = (picture[::step, ::step].reshape(-1, 3).T.astype(np.int16) for picture in (before, now))
    change = other - one
    # Not the median, since levels are whole numbers and fades are slower than one per frame.
    below, beyond = 2 * change.shape[1] // 5, change.shape[1] - 2 * change.shape[1] // 5
    offset = np.partition(change, (below, beyond - 1), axis=1)[:, below:beyond].mean(axis=1)
    if np.abs(offset).max() < _NO_LIGHT:
        return SAME_LIGHT
    one, other = one.astype(np.float32), other.astype(np.float32)
    gain = np.ones(3)
    for _ in range(_REFITS):
        left = np.abs(other - one * np.float32(gain[:, None]) - np.float32(offset[:, None])).max(axis=0)
        agree = (left <= _AGREE * np.median(left)).astype(np.float32)
        agree /= agree.sum()
        mean, their_mean = one @ agree, other @ agree
        mine = one - mean[:, None]
        gain = ((mine * other) @ agree + _FLAT) / ((mine * mine) @ agree + _FLAT)
        gain = gain.clip(1 / _MOST_GAIN, _MOST_GAIN)
        offset = their_mean - gain * mean
    return Light(gain.astype(np.float64), offset.astype(np.float64))


def relit(light: Light, before: Image, now: Image) -> Image | None:
    """The picture before in the light of now; None where that is the same, or explains little of what has changed."""
    if light.change(before) < _LEAST_CHANGE:
        return None
    levels = light.gain[:, None] * np.arange(256) + light.offset[:, None]
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8).T[None]
    found = cv2.LUT(before, np.ascontiguousarray(table)).astype(np.uint8, copy=False)
    left, change = (float(cv2.norm(picture, now, cv2.NORM_L1)) for picture in (found, before))
    return found if left <= (1 - _EXPLAINED) * change else None
