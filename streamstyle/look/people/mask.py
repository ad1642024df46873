"""A mask of the people in a stream: steady in time, along the picture's edges."""

import math

import cv2
import numpy as np

from streamstyle.frame import Image
from streamstyle.look.people import guided
from streamstyle.look.people.segmenter import Mask, PersonSegmenter
from streamstyle.media.resize import resize

_SIDE = 270  # short side, at most, at which everything but the edges is done, in pixels
_FINE_SIDE = 540  # short side, at most, at which edges are drawn, in pixels: at 1080 it would take four times as long
_RADIUS, _EPS = 4, 1e-3  # of the guided filter, at the first size
_FAINT = 0.2  # of the filter's answer, from either end: texture that shines through, and haze
_STILL = 9.0  # levels by which a resting picture changes at that size, at most: noise
_CUT = 40.0  # mean change of the picture, in levels, that is another scene
_UNSURE = 0.1  # of the network's answer, from either end: it means no and yes


class PersonMask:
    """Follows a stream and says of each frame where people are.

    The network's answers tremble. Where the picture rests, each new answer counts little; where the picture moves, it
    counts in full. So the mask stands still with the scene and keeps up with an arm. Used by one thread at a time.
    """

    def __init__(self, segmenter: PersonSegmenter, every: int = 1, memory: float = 0.8) -> None:
        """Start without a past.

        Args:
            segmenter: Closed by `close`.
            every: Ask it for every n-th frame, 1 or more; in between, the mask it gave last is laid along the new frame.
            memory: Share of the past where the picture rests, 0 (none) up to below 1.
        """
        if every < 1 or not 0 <= memory < 1:
            raise ValueError(f"every must be at least 1 and memory in [0, 1), not {every} and {memory}")
        self.every, self.memory = every, memory
        self._segmenter = segmenter
        self.reset()

    def reset(self) -> None:
        """Forget the past, as for another stream; cuts and another frame size are noticed without it."""
        self._mask: Mask | None = None
        self._seen: Image | None = None
        self._age = 0

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
        self._age += 1
        if self._mask is None or self._seen is None or change is None or self._age >= self.every:
            found = self._find(small)
            if self._mask is not None and change is not None:
                keep = (self.memory * np.exp(-np.square(change / _STILL))).astype(np.float32)
                found += keep * (self._mask - found)
            self._mask, self._seen, self._age = found, small, 0
        mask = _stretched(guided.align(self._mask, small, fine, _RADIUS, _EPS), _FAINT)
        return cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)

    def close(self) -> None:
        """Forget the past and close the segmenter."""
        self.reset()
        self._segmenter.close()

    def _change(self, small: Image) -> Mask | None:
        """How far each place has changed since the segmenter was asked last, in levels; None for another scene."""
        if self._seen is None or self._seen.shape != small.shape:
            return None
        red, green, blue = cv2.split(cv2.absdiff(small, self._seen))
        difference = cv2.max(cv2.max(red, green), blue)
        if cv2.mean(difference)[0] > _CUT:
            return None
        return cv2.boxFilter(difference, cv2.CV_32F, (5, 5)).astype(np.float32, copy=False)

    def _find(self, small: Image) -> Mask:
        """The segmenter's answer, at the size of its picture, with clear yes and no."""
        height, width = small.shape[:2]
        found = cv2.resize(self._segmenter.mask(small), (width, height), interpolation=cv2.INTER_LINEAR)
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
