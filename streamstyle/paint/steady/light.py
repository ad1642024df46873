"""Fades, and cameras that adapt to the light: a picture that gets brighter or darker as a whole has not moved.

Motion that is sought in such pictures is found everywhere, in gradients above all: what is a little brighter looks like
what was a little further on.

Source: Brown and Lowe 2007, "Automatic Panoramic Image Stitching using Invariant Features", IJCV 74: gain compensation;
here for each channel, with an offset, from means and deviations, which motion hardly changes.
"""

import cv2
import numpy as np

from streamstyle.frame import Image

_LEAST_CHANGE = 0.5
"""Levels by which some channel's mean must have changed: less is sensor noise, or so slow that it hurts nothing."""
_EVERY = 4
"""Rows of which one tells of the light."""
_MOST_GAIN = 1.5
"""From one frame to the next, and as much the other way: beyond it is another picture."""
_EXPLAINED = 0.2
"""Share of the difference between both pictures that the light must explain: what enters changes the means, too."""


def relit(before: Image, now: Image) -> Image | None:
    """The picture before in the light of the one now.

    Args:
        before: (H, W, 3) uint8.
        now: Likewise, of the same size.

    Returns:
        Likewise, or None where the light has not changed, or explains little of what has.
    """
    some = [picture[::_EVERY] for picture in (before, now)]
    if max(abs(was - is_now) for was, is_now in zip(*map(cv2.mean, some), strict=True)) < _LEAST_CHANGE:
        return None
    (mean_before, std_before), (mean_now, std_now) = map(cv2.meanStdDev, some)
    # Deviations below a level are those of rounding.
    gain = np.clip(np.maximum(std_now, 1) / np.maximum(std_before, 1), 1 / _MOST_GAIN, _MOST_GAIN)
    levels = (np.arange(256) - mean_before) * gain + mean_now  # (3, 256)
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8).T[None]
    found = cv2.LUT(before, np.ascontiguousarray(table)).astype(np.uint8, copy=False)
    left, change = (float(cv2.norm(picture, now, cv2.NORM_L1)) for picture in (found, before))
    return found if left <= (1 - _EXPLAINED) * change else None
