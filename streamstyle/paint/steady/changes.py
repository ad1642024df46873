"""What changes in a stream from one frame to the next: another shot, another light, motion.

One observer sees the frames of a stream, at low resolution, and all who ask go by what it found. The light is found first,
then the motion in that light; where both explain next to nothing of what is seen, it is another shot.

What it was measured against: docs/decisions/one-observer.md.

Source: Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search", arXiv:1603.03590 (the motion).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike

from streamstyle.frame import Image
from streamstyle.paint.steady.flow import FlowFinder, Plane, grid, inside, moved
from streamstyle.paint.steady.light import SAME_LIGHT, Light, light_between, relit

_SIDE = 180
"""Short side at which is looked, in pixels, about: sizes are divided by whole numbers, since whole blocks of pixels
are averaged many times faster than parts of them. At half of it a pan is steadied by 5 instead of 7, at rest alike."""
_AT_REST = 0.3
"""Motion below this many pixels of the stylized picture is taken for none: a still picture is not resampled. With half or
twice as much, a still and a pan of 3 pixels come out alike."""
_LEAST_TOLERANCE, _MOST_TOLERANCE = 5.0, 14.0
"""Bounds of how far the content may be from where the motion puts it, in levels. Halved or doubled, stillness changes by at
most 5 %."""
_EDGE_SHARE = 0.2
"""Of the local contrast, which widens that tolerance. Halved or doubled, stillness changes by 2 %."""
_CUT = 0.25
"""Trust in light and motion, on average, below which it is another shot. Cuts leave 0.19 at most, plain motion 0.81 at
least; between them lie whip pans, and flashes that burn out."""
_AT_A_STROKE = 25.0
"""Levels by which the light changes the mean in one frame when a lamp is switched on."""
_USUAL_SECONDS = 1 / 30
"""Between frames without a clock."""
_MOST_SECONDS = 0.1
"""Between frames, as they count for averages over time: a frame after a pause must not outweigh all before."""
_RESTING = np.float32(0.86)
"""Share of the picture before where the content rests; of frames, not of time, since it averages the noise of frames.
The most sensitive one: noise is divided by 9; with 0.80 by 7, with 0.92 by 15, but what is wrong lasts almost twice as
long."""
_MOVING = np.float32(0.88)
"""The same where it moves: noise is divided by 7; with 0.80 by 5, with 0.92 by 8."""
_BAND = 15
"""Rows, of those in which motion is found, that have their own rectangle: the less is resampled, the better. With 8 or
30, a pan is as still to 3 %."""
_SPECK = np.ones((3, 3), np.uint8)
"""Motion that this does not fit into is none."""


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


@dataclass(frozen=True, slots=True)
class Changes:
    """From the frame before to the one now.

    Attributes:
        seconds: Between them.
        cut: Whether this is another shot: a first frame, another size, or another picture.
        breaks: Whether averages over time are to start anew: at cuts, and where the light changes at a stroke.
        light: How the light has changed.
        motion: Of the content; None at cuts.
    """

    seconds: float
    cut: bool
    breaks: bool
    light: Light
    motion: Motion | None


def _another_shot(seconds: float) -> Changes:
    return Changes(seconds, True, True, SAME_LIGHT, None)


class Observer:
    """Sees the content of one stream, frame by frame."""

    def __init__(self) -> None:
        self._flow = FlowFinder()
        self._before: Image | None = None
        self._shape: tuple[int, ...] = ()
        self._seconds: float | None = None
        self._grid: Plane | None = None
        self._offsets: Plane | None = None
        self._small_grid: Plane | None = None

    def forget(self) -> None:
        """Take the next frame for a first one."""
        self._before = None

    def observe(self, content: Image, seconds: float | None = None) -> Changes:
        """Take in the next frame.

        Args:
            content: (H, W, 3) uint8 RGB, at the size at which it is stylized.
            seconds: On the stream's clock; None where there is none, for frames of 30 a second.
        """
        height, width = content.shape[:2]
        divisor = max(1, round(min(height, width) / _SIDE))
        size = (max(8, width // divisor), max(8, height // divisor))
        blocks = content[: divisor * size[1], : divisor * size[0]]  # the few pixels beyond do without
        now = cv2.resize(blocks, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        before, shape, elapsed = self._before, self._shape, self._since(seconds)
        self._before, self._shape = now, content.shape
        if before is None or shape != content.shape:
            return _another_shot(elapsed)
        light = light_between(before, now)
        found = self._motion(before, relit(light, before, now), now)
        if found is None:
            return _another_shot(elapsed)
        return Changes(elapsed, False, light.change(before) >= _AT_A_STROKE, light, found)

    def _since(self, seconds: float | None) -> float:
        """Since the frame before."""
        before, self._seconds = self._seconds, seconds
        if seconds is None or before is None:
            return _USUAL_SECONDS
        return min(max(seconds - before, 0.0), _MOST_SECONDS)

    def _motion(self, before: Image, lit: Image | None, now: Image) -> Motion | None:
        """Of the content, and how far it can be trusted, place by place; None at cuts.

        Args:
            before: (h, w, 3) uint8.
            lit: The frame before in the light of now, if that is another.
            now: This frame, in the same form.
        """
        size = self._shape[1], self._shape[0]
        reference = before if lit is None else lit
        if min(now.shape[:2]) < 16:  # no motion can be found
            flow = np.zeros((*now.shape[:2], 2), np.float32)
        else:
            flow = self._flow.find(_gray(now), _gray(reference))
        flow *= np.float32(size[0] / now.shape[1])
        change = _most(cv2.absdiff(now, before))
        moves = _moves(change if lit is None else _most(cv2.absdiff(now, lit)), flow)
        places, known = None, None
        if cv2.countNonZero(moves):
            flow = cv2.copyTo(flow, moves).astype(np.float32, copy=False)  # 0 elsewhere
            if self._small_grid is None or self._small_grid.shape != flow.shape:
                self._small_grid = grid(*now.shape[:2])
            places = np.add(self._small_grid, flow * np.float32(now.shape[1] / size[0]), dtype=np.float32)
            known = inside(places, 0.5)
        # Trust is by the light as it is: what is shown shall not lag behind a light that is switched on.
        share = _trust(now, before if places is None else moved(before, places))
        if cv2.mean(share)[0] < _CUT:
            explained = None if lit is None else _trust(now, lit if places is None else moved(lit, places))
            if explained is None or cv2.mean(explained)[0] < _CUT:
                return None
        share *= np.where(moves.view(np.bool_), _MOVING, _RESTING)
        if known is not None:
            share *= known
        share = cv2.resize(share, size, interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)
        return Motion(share, () if known is None else self._parts(moves, flow, size), lit is not None)

    def _parts(self, moves: Image, flow: Plane, size: tuple[int, int]) -> tuple[Part, ...]:
        if self._grid is None or self._grid.shape[:2] != size[::-1]:
            self._grid = grid(size[1], size[0])
            self._offsets = np.empty_like(self._grid)
        whole, offsets = self._grid, cv2.resize(flow, size, dst=self._offsets, interpolation=cv2.INTER_LINEAR)
        areas = _around(moves, size)
        return tuple(Part(area, cv2.add(whole[area], offsets[area]).astype(np.float32, copy=False)) for area in areas)


def _gray(picture: Image) -> Image:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def _moves(change: Image, flow: Plane) -> Image:
    """Where something moves, (h, w) uint8, 0 or 1, from the change in levels and the motion in pixels of the picture.

    In flat places the motion is a guess; what looks the same where it is rests. Specks of motion are guesses, too, and
    would make what is resampled much larger.
    """
    tolerance = min(max(2 * _median(change), _LEAST_TOLERANCE), _MOST_TOLERANCE / 2)
    other = cv2.blur(change.astype(np.float32), (5, 5)) >= tolerance
    fast = cv2.magnitude(flow[..., 0], flow[..., 1]) >= _AT_REST
    return cv2.morphologyEx((other & fast).view(np.uint8), cv2.MORPH_OPEN, _SPECK).astype(np.uint8, copy=False)


def _trust(now: Image, before: Image) -> Plane:
    """How sure it is that two pictures show the same, place by place, (h, w) in [0, 1]."""
    levels = _most(cv2.absdiff(now, before))
    # Noise is what most of the picture differs by; at edges, a fraction of a pixel makes a difference too.
    local = _most(cv2.morphologyEx(now, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
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
