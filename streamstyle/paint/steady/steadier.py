"""Still pictures stay still: each stylized frame leans on the one before, moved along with the content.

The content's motion is found at low resolution. Where the content is where the motion says, the stylized picture before,
moved likewise, is as good as the new one, and mixing both takes away what differs for no reason: sensor noise that the
style has blown up, strokes that jump. Where the content is not there (uncovered, too fast, a cut), nothing is mixed in, so
nothing trails behind.

Source: Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search", arXiv:1603.03590 (the motion); Ruder et al.
2016, arXiv:1604.08610 (a stylized frame should agree with the warped one before where the motion can be trusted).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike

from streamstyle.frame import Image
from streamstyle.paint.steady.flow import FlowFinder, Plane, grid, inside, moved
from streamstyle.paint.steady.light import relit
from streamstyle.paint.steady.sharpen import Crispness

_FLOW_SIDE = 180
"""Short side at which motion is found, in pixels, about: sizes are divided by whole numbers, since whole blocks of pixels
are averaged many times faster than parts of them."""
_AT_REST = 0.3
"""Motion below this many pixels of the stylized picture is taken for none: a still picture is not resampled."""
_LEAST_TOLERANCE, _MOST_TOLERANCE = 5.0, 14.0
"""Bounds of how far the content may be from where the motion puts it, in levels."""
_EDGE_SHARE = 0.2
"""Of the local contrast, which widens that tolerance."""
_CUT = 22.0
"""Mean difference that motion cannot explain, in levels, of a cut."""
_BAND = 15
"""Rows, of those in which motion is found, that have their own rectangle: the less is resampled, the better."""
_SPECK = np.ones((3, 3), np.uint8)
"""Motion that this does not fit into is none."""
_RESTING = np.float32(0.86)
"""Share of the picture before where the content rests."""
_MOVING = np.float32(0.88)
"""Likewise where it moves."""
_FINE = (3, 3)
"""Pixels whose mean parts coarse from fine where it moves."""
_ALIKE = 7
"""Levels by which fine detail may differ and still be kept where it moves. The networks do not paint a moved scene as moved
strokes to the pixel, and fine detail that does not meet itself averages to a blur: beyond this it is the new picture's."""


class Part(NamedTuple):
    """A rectangle in which something moved.

    Attributes:
        area: Its rows and columns.
        places: (h, w, 2) float32: x and y in the picture before of every pixel of it.
    """

    area: tuple[slice, slice]
    places: Plane


@dataclass(frozen=True, slots=True)
class Motion:
    """From one content frame to the next.

    Attributes:
        share: (H, W) float32 in [0, 1]: how much of the picture before to keep.
        parts: Rectangles outside of which nothing moved.
        fades: Whether the picture got brighter or darker as a whole, after which the networks paint other strokes.
    """

    share: Plane
    parts: tuple[Part, ...] = ()
    fades: bool = False


class MotionTrack:
    """Follows the content of one stream."""

    def __init__(self) -> None:
        self._flow = FlowFinder()
        self._before: Image | None = None
        self._gray: Image | None = None
        self._shape: tuple[int, ...] = ()
        self._grid: Plane | None = None
        self._offsets: Plane | None = None
        self._small_grid: Plane | None = None

    def update(self, content: Image) -> Motion | None:
        """Take in the next frame.

        Args:
            content: (H, W, 3) uint8 RGB, at the size at which it is stylized.

        Returns:
            The motion since the frame before, or None for a first frame, another size, or a cut.
        """
        height, width = content.shape[:2]
        divisor = max(1, round(min(height, width) / _FLOW_SIDE))
        size = (max(8, width // divisor), max(8, height // divisor))
        blocks = content[: divisor * size[1], : divisor * size[0]]  # the few pixels beyond do without
        small = cv2.resize(blocks, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
        before, gray_before, shape = self._before, self._gray, self._shape
        self._before, self._gray, self._shape = small, gray, content.shape
        if before is None or gray_before is None or shape != content.shape:
            return None
        in_this_light = relit(before, small)
        if in_this_light is not None:
            gray_before = cv2.cvtColor(in_this_light, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
        # In very small pictures no motion can be found.
        flow = self._flow.find(gray, gray_before) if min(size) >= 16 else np.zeros((*gray.shape, 2), np.float32)
        return self._judge(small, before, in_this_light, flow)

    def _judge(self, small: Image, before: Image, in_this_light: Image | None, flow: Plane) -> Motion | None:
        """How far the motion can be trusted, place by place."""
        size = self._shape[1], self._shape[0]
        change = _most(cv2.absdiff(small, before))
        flow *= np.float32(size[0] / small.shape[1])
        moves = _moves(change if in_this_light is None else _most(cv2.absdiff(small, in_this_light)), flow)
        # Trust is by the light as it is: what is shown shall not lag behind a light that is switched on.
        levels, known = change, None
        if cv2.countNonZero(moves):
            flow = cv2.copyTo(flow, moves).astype(np.float32, copy=False)  # 0 elsewhere
            if self._small_grid is None or self._small_grid.shape != flow.shape:
                self._small_grid = grid(*small.shape[:2])
            places = self._small_grid + flow * np.float32(small.shape[1] / size[0])
            levels, known = _most(cv2.absdiff(small, moved(before, places))), inside(places, 0.5)
        if cv2.mean(levels)[0] > _CUT:
            return None
        share = _trust(small, levels) * np.where(moves, _MOVING, _RESTING)
        if known is not None:
            share *= known
        share = cv2.resize(share, size, interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)
        return Motion(share, () if known is None else self._parts(moves, flow, size), in_this_light is not None)

    def _parts(self, moves: Image, flow: Plane, size: tuple[int, int]) -> tuple[Part, ...]:
        if self._grid is None or self._grid.shape[:2] != size[::-1]:
            self._grid = grid(size[1], size[0])
            self._offsets = np.empty_like(self._grid)
        whole, offsets = self._grid, cv2.resize(flow, size, dst=self._offsets, interpolation=cv2.INTER_LINEAR)
        areas = _around(moves, size)
        return tuple(Part(area, cv2.add(whole[area], offsets[area]).astype(np.float32, copy=False)) for area in areas)


def _moves(change: Image, flow: Plane) -> Image:
    """Where something moves, (h, w) uint8, 0 or 1, from the change in levels and the motion in pixels of the picture.

    In flat places the motion is a guess; what looks the same where it is rests. Specks of motion are guesses, too, and
    would make what is resampled much larger.
    """
    tolerance = min(max(2 * _median(change), _LEAST_TOLERANCE), _MOST_TOLERANCE / 2)
    other = cv2.blur(change.astype(np.float32), (5, 5)) >= tolerance
    fast = cv2.magnitude(flow[..., 0], flow[..., 1]) >= _AT_REST
    return cv2.morphologyEx((other & fast).view(np.uint8), cv2.MORPH_OPEN, _SPECK).astype(np.uint8, copy=False)


def _trust(small: Image, levels: Image) -> Plane:
    """How sure it is that the content is where the motion puts it, (h, w) in [0, 1], from the difference in levels."""
    # Noise is what most of the picture differs by; at edges, a fraction of a pixel makes a difference too.
    local = _most(cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    tolerance = min(max(4 * _median(levels), _LEAST_TOLERANCE), _MOST_TOLERANCE) + np.float32(_EDGE_SHARE) * local
    ratio = cv2.blur(levels.astype(np.float32), (3, 3)) / tolerance
    ratio *= ratio
    return cv2.exp(-ratio * ratio).astype(np.float32, copy=False)  # NumPy's is six times slower


def _around(where: Image, size: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Rectangles of a (width, height) picture that hold a smaller map's places and half of their neighbours.

    Args:
        where: (h, w) uint8, 0 or 1.
        size: Of the picture.

    Returns:
        Rows and columns of each, from top to bottom; none overlaps another.
    """
    height, width = where.shape
    across, down = size[0] / width, size[1] / height
    # Of each band with the rows above and below it, which interpolation reaches, what moves in any.
    bands = cv2.dilate(where, np.ones((_BAND + 2, 1), np.uint8), anchor=(0, 1))[::_BAND]
    firsts, lasts = bands.argmax(axis=1).tolist(), (width - 1 - bands[:, ::-1].argmax(axis=1)).tolist()
    areas = []
    for band in np.flatnonzero(bands.any(axis=1)).tolist():
        top, bottom = _BAND * band, min(_BAND * (band + 1), height)
        left, right = int((firsts[band] - 1) * across), math.ceil((lasts[band] + 2) * across)
        areas.append((slice(round(top * down), round(bottom * down)), slice(max(0, left), min(size[0], right))))
    return areas


def _most(picture: MatLike) -> Image:
    """The largest of each pixel's channels, (H, W, 3) -> (H, W); NumPy's max over so short an axis is slow."""
    red, green, blue = cv2.split(picture)
    return cv2.max(cv2.max(red, green), blue).astype(np.uint8, copy=False)


def _median(levels: Image) -> float:
    """Of (H, W) uint8: by counting, which is several times faster than by sorting."""
    counts = cv2.calcHist([levels], [0], None, [256], [0, 256]).cumsum()
    return float(np.searchsorted(counts, levels.size / 2))


def _with_detail(picture: Image, detailed: Image) -> Image:
    """A picture with the fine detail of another, but for what differs by little; (H, W, 3) uint8 each."""
    # NumPy widens and narrows several times faster than OpenCV's mixed types; bands of rows, as `_around` finds them, stay
    # in the cache.
    result = picture.astype(np.int16)
    fine = result - detailed.astype(np.int16)
    fine -= cv2.blur(fine, _FINE).astype(np.int16, copy=False)
    fine -= np.clip(fine, -_ALIKE, _ALIKE)
    result -= fine
    return np.clip(result, 0, 255, out=result).astype(np.uint8)


class Steadier:
    """Holds the stylized picture before, of one style in one stream."""

    def __init__(self) -> None:
        self._before: Image | None = None
        self._crispness = Crispness()
        # Memory that is asked for anew costs as much as some of the arithmetic: what nobody gets to see is used again.
        self._moved: Image = np.empty((0, 0, 3), np.uint8)
        self._fresh_share: Plane = np.empty((0, 0), np.float32)

    def steady(self, stylized: Image, motion: Motion | None, share: float = 1.0) -> Image:
        """The stylized picture, leaning on the one before.

        Args:
            stylized: (H, W, 3) uint8 RGB.
            motion: Of the content since then; None to start anew.
            share: How far to lean at all, in [0, 1]: less where the look itself has changed.
        """
        before = self._before
        if motion is None or before is None or before.shape != stylized.shape:
            self._before = stylized
            self._crispness.forget()
            return stylized
        if self._moved.shape != stylized.shape:
            self._moved, self._fresh_share = np.empty_like(stylized), np.empty(stylized.shape[:2], np.float32)
        if motion.parts:
            still, before = before, self._moved
            np.copyto(before, still)
            for part in motion.parts:
                before[part.area] = _with_detail(moved(still, part.places), stylized[part.area])
        kept = motion.share if share == 1 else motion.share * np.float32(share)
        fresh = np.subtract(1, kept, out=self._fresh_share)
        steady = cv2.blendLinear(before, stylized, kept, fresh).astype(np.uint8, copy=False)
        self._before = steady
        whole = (slice(0, stylized.shape[0]), slice(0, stylized.shape[1]))
        return self._crispness.restore(steady, stylized, [whole] if motion.fades else [part.area for part in motion.parts])
