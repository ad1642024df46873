"""Still pictures stay still: each stylized frame leans on the one before, moved along with the content.

The content's motion is found at low resolution. Where the content is where the motion says, the stylized picture before,
moved likewise, is as good as the new one, and mixing both takes away what differs for no reason: sensor noise that the
style has blown up, strokes that jump. Where the content is not there (uncovered, too fast, a cut), nothing is mixed in, so
nothing trails behind.

Source: Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search", arXiv:1603.03590 (the motion); Ruder et al.
2016, arXiv:1604.08610 (a stylized frame should agree with the warped one before where the motion can be trusted).
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from streamstyle.frame import Image
from streamstyle.motion import FlowFinder, Plane, grid, inside, moved

TemporalMode = Literal["off", "on", "strong"]
TEMPORAL_MODES: tuple[TemporalMode, ...] = ("off", "on", "strong")

_FLOW_SIDE = 180
"""Short side at which motion is found, in pixels."""
_AT_REST = 0.3
"""Motion below this many pixels of the stylized picture is taken for none: a still picture is not resampled."""
_LEAST_TOLERANCE, _MOST_TOLERANCE = 5.0, 14.0
"""Bounds of how far the content may be from where the motion puts it, in levels."""
_EDGE_SHARE = 0.2
"""Of the local contrast, which widens that tolerance."""
_CUT = 22.0
"""Mean difference that motion cannot explain, in levels, of a cut."""
_RESTING = {"on": 0.82, "strong": 0.9}
"""Share of the picture before where the content rests."""
_MOVING = {"on": 0.6, "strong": 0.7}
"""Likewise where it moves: less, since every resampling costs sharpness."""


@dataclass(frozen=True, slots=True)
class Motion:
    """From one content frame to the next.

    Attributes:
        share: (H, W) float32 in [0, 1]: how much of the picture before to keep.
        area: Rows and columns of the least rectangle outside of which nothing moved; None where nothing moved at all.
        places: (h, w, 2) float32: x and y in the picture before of every pixel of the area.
    """

    share: Plane
    area: tuple[slice, slice] | None = None
    places: Plane | None = None


class MotionTrack:
    """Follows the content of one stream."""

    def __init__(self) -> None:
        self._flow = FlowFinder()
        self._before: Image | None = None
        self._gray: Image | None = None
        self._shape: tuple[int, ...] = ()
        self._grid: Plane | None = None
        self._small_grid: Plane | None = None

    def update(self, content: Image, mode: TemporalMode) -> Motion | None:
        """Take in the next frame.

        Args:
            content: (H, W, 3) uint8 RGB, at the size at which it is stylized.
            mode: `on` or `strong`.

        Returns:
            The motion since the frame before, or None for a first frame, another size, or a cut.
        """
        height, width = content.shape[:2]
        scale = min(1.0, _FLOW_SIDE / min(height, width))
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        small = cv2.resize(content, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
        before, gray_before, shape = self._before, self._gray, self._shape
        self._before, self._gray, self._shape = small, gray, content.shape
        if before is None or gray_before is None or shape != content.shape:
            return None
        # In very small pictures no motion can be found.
        flow = self._flow.find(gray, gray_before) if min(size) >= 16 else np.zeros((*gray.shape, 2), np.float32)
        return self._judge(small, before, flow, (width, height), mode)

    def _judge(self, small: Image, before: Image, flow: Plane, size: tuple[int, int], mode: TemporalMode) -> Motion | None:
        """How far the motion can be trusted, place by place."""
        to_full = size[0] / small.shape[1]
        speed = cv2.magnitude(flow[..., 0], flow[..., 1]) * np.float32(to_full)
        # In flat places the motion is a guess; what looks the same where it is rests.
        change = _most(cv2.absdiff(small, before))
        alike = cv2.blur(change.astype(np.float32), (5, 5)) < np.clip(
            2 * _median(change), _LEAST_TOLERANCE, _MOST_TOLERANCE / 2
        )
        rests = alike | (speed < _AT_REST)
        flow = cv2.copyTo(flow, (~rests).view(np.uint8)).astype(np.float32, copy=False)  # 0 elsewhere
        if self._small_grid is None or self._small_grid.shape != flow.shape:
            self._small_grid = grid(*small.shape[:2])
        places = self._small_grid + flow
        levels = _most(cv2.absdiff(small, moved(before, places)))
        difference = levels.astype(np.float32)
        if float(difference.mean()) > _CUT:
            return None
        # Noise is what most of the picture differs by; at edges, a fraction of a pixel makes a difference too.
        local = _most(cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
        tolerance = np.clip(4 * _median(levels), _LEAST_TOLERANCE, _MOST_TOLERANCE) + np.float32(_EDGE_SHARE) * local
        ratio = cv2.blur(difference, (3, 3)) / tolerance.astype(np.float32, copy=False)
        ratio *= ratio
        trust = np.exp(-ratio * ratio) * inside(places, 0.5)
        share = trust * np.where(rests, np.float32(_RESTING[mode]), np.float32(_MOVING[mode]))
        share = cv2.resize(share, size, interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)
        if rests.mean() > 0.995:
            return Motion(share)
        area = _around(~rests, size)
        flow = cv2.resize(flow, size, interpolation=cv2.INTER_LINEAR)[area].astype(np.float32, copy=False)
        if self._grid is None or self._grid.shape[:2] != size[::-1]:
            self._grid = grid(size[1], size[0])
        return Motion(share, area, self._grid[area] + flow * np.float32(to_full))


def _around(where: NDArray[np.bool_], size: tuple[int, int]) -> tuple[slice, slice]:
    """The rectangle of a (width, height) picture that holds a smaller map's true places and half of their neighbours.

    Args:
        where: (h, w), with at least one true place.
        size: Of the picture.

    Returns:
        Rows and columns.
    """
    slices = []
    for axis, length in ((1, size[1]), (0, size[0])):
        found = np.flatnonzero(where.any(axis=axis))
        scale = length / where.shape[1 - axis]
        slices.append(slice(max(0, int((found[0] - 1) * scale)), min(length, int(np.ceil((found[-1] + 2) * scale)))))
    return slices[0], slices[1]


def _most(picture: MatLike) -> Image:
    """The largest of each pixel's channels, (H, W, 3) -> (H, W); NumPy's max over so short an axis is slow."""
    red, green, blue = cv2.split(picture)
    return cv2.max(cv2.max(red, green), blue).astype(np.uint8, copy=False)


def _median(levels: Image) -> float:
    """Of (H, W) uint8: by counting, which is several times faster than by sorting."""
    counts = cv2.calcHist([levels], [0], None, [256], [0, 256]).cumsum()
    return float(np.searchsorted(counts, levels.size / 2))


class Steadier:
    """Holds the stylized picture before, of one style in one stream."""

    def __init__(self) -> None:
        self._before: Image | None = None
        self._index = -1

    def steady(self, stylized: Image, motion: Motion | None, index: int, share: float = 1.0) -> Image:
        """The stylized picture, leaning on the one before.

        Args:
            stylized: (H, W, 3) uint8 RGB.
            motion: Of the content since then; None to start anew.
            index: Of the frame in its stream; one that does not follow on the last one starts anew, too.
            share: How far to lean at all, in [0, 1]: less where the look itself has changed.
        """
        before, follows = self._before, index == self._index + 1
        self._index = index
        if motion is None or not follows or before is None or before.shape != stylized.shape:
            self._before = stylized
            return stylized
        if motion.area is not None and motion.places is not None:
            carried = moved(before, motion.places, sharp=True)
            before = before.copy()
            before[motion.area] = carried
        kept = motion.share * np.float32(share)
        steady = cv2.blendLinear(before, stylized, kept, 1 - kept).astype(np.uint8, copy=False)
        self._before = steady
        return steady
