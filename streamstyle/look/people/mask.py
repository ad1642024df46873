"""A mask of the people in a stream: steady in time, along the picture's edges."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from streamstyle.frame import Image
from streamstyle.look.people import guided
from streamstyle.look.people.segmenter import Mask
from streamstyle.media.resize import resize

_SIDE = 270  # short side, at most, at which everything but the edges is done, in pixels
_FINE_SIDE = 540  # short side, at most, at which edges are drawn, in pixels: at 1080 it would take four times as long
_RADIUS, _EPS = 4, 1e-3  # of the guided filter, at the first size
_FAINT = 0.2  # of the filter's answer, from either end: texture that shines through, and haze
_STILL = 9.0  # levels by which a resting picture changes at that size, at most: noise
_UNSURE = 0.1  # of the network's answer, from either end: it means no and yes


class PersonMask:
    """Follows a stream and says of each frame where people are.

    The network's answers tremble. Where the picture rests, each new answer counts little; where the picture moves, it
    counts in full. So the mask stands still with the scene and keeps up with an arm. Used by one thread at a time.
    """

    def __init__(self, segment: Callable[[Image], Mask], memory: float = 0.8) -> None:
        """Start without a past.

        Args:
            segment: Says where people are in a picture, (h, w) float32 in 0..1 of any size.
            memory: Share of the past where the picture rests, 0 (none) up to below 1.
        """
        self._segment, self._memory = segment, memory
        self._mask: Mask | None = None
        self._seen: Image | None = None

    def follow(self, image: Image) -> Mask:
        """The next frame's mask.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            (H, W) float32 in 0..1: 1 where people are, soft along edges.
        """
        fine = _shrunk(image, _FINE_SIDE)
        small = _shrunk(fine, _SIDE)
        change = self._change(small)
        found = self._find(small)
        if self._mask is not None and change is not None:
            keep = (self._memory * np.exp(-np.square(change / _STILL))).astype(np.float32)
            found += keep * (self._mask - found)
        self._mask, self._seen = found, small
        mask = _stretched(guided.align(self._mask, small, fine, _RADIUS, _EPS), _FAINT)
        return cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)

    def _change(self, small: Image) -> Mask | None:
        """How far each place has changed since the frame before, in levels; None where that had another size."""
        if self._seen is None or self._seen.shape != small.shape:
            return None
        red, green, blue = cv2.split(cv2.absdiff(small, self._seen))
        difference = cv2.max(cv2.max(red, green), blue)
        return cv2.boxFilter(difference, cv2.CV_32F, (5, 5)).astype(np.float32, copy=False)

    def _find(self, small: Image) -> Mask:
        """The segmenter's answer, at the size of its picture, with clear yes and no."""
        height, width = small.shape[:2]
        found = cv2.resize(self._segment(small), (width, height), interpolation=cv2.INTER_LINEAR)
        return _stretched(found.astype(np.float32, copy=False), _UNSURE)


def _shrunk(image: Image, side: int) -> Image:
    """A picture with at most this short side, smaller by a whole number: such averages are many times quicker."""
    height, width = image.shape[:2]
    times = math.ceil(min(height, width) / side)
    return resize(image, max(1, round(width / times)), max(1, round(height / times)))


def _stretched(mask: Mask, ends: float) -> Mask:
    """What lies within `ends` of 0 and 1 becomes 0 and 1, what lies between fills the range."""
    scale = 1 / (1 - 2 * ends)
    stretched: Mask = cv2.addWeighted(mask, scale, mask, 0, -ends * scale).astype(np.float32, copy=False)
    return np.clip(stretched, 0, 1, out=stretched)
