"""How still a video is: warping error, sharpness, jumps of the background; and strips of pixels over time.

Source: warping error as in Lai et al. 2018, "Learning Blind Video Temporal Consistency", arXiv:1808.00449, with L1 and
levels scaled to [0, 1]; motion and occlusion from the *input* (DIS at full size, forward-backward check).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Where the pixels of a frame were in the frame before.

    Attributes:
        places: (H, W, 2) float32: x and y in the frame before.
        seen: (H, W) float32: 1 where the pixel was there at all, 0 where it was hidden or out of the picture.
    """

    places: Plane
    seen: Plane


def _grid(height: int, width: int) -> Plane:
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.dstack([x, y])


def known_motion(height: int, width: int, dx: float, dy: float) -> Correspondence:
    """Of a picture whose content has moved by (dx, dy) pixels since the frame before."""
    places = _grid(height, width) - np.array([dx, dy], np.float32)
    return Correspondence(places, _inside(places))


def find_motion(before: Image, now: Image) -> Correspondence:
    """Motion between two input frames, (H, W, 3) uint8 RGB, with the occlusion test of Sundaram et al. 2010."""
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    first, second = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (before, now))
    backward = dis.calc(second, first, None)
    forward = dis.calc(first, second, None)
    places = (_grid(*now.shape[:2]) + backward).astype(np.float32)
    there = cv2.remap(forward, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    apart = np.square(backward + there).sum(axis=2)
    length = np.square(backward).sum(axis=2) + np.square(there).sum(axis=2)
    # In flat places the motion is a guess: where the input looks as much the same without it, there is none.
    moved = cv2.remap(before, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    with_it, without = (cv2.blur(cv2.absdiff(now, image).astype(np.float32).mean(axis=2), (5, 5)) for image in (moved, before))
    rests = without <= with_it + 1
    places[rests] = _grid(*now.shape[:2])[rests]
    apart[rests] = 0
    visible = (apart < 0.01 * length + 0.5).astype(np.float32)
    return Correspondence(places, visible * _inside(places))


def _inside(places: Plane) -> Plane:
    height, width = places.shape[:2]
    x, y = places[..., 0], places[..., 1]
    return ((x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)).astype(np.float32)


def warping_error(before: Image, now: Image, motion: Correspondence) -> float:
    """Mean difference of a frame from the one before, moved along: 0 is perfectly steady; in units of the full range."""
    moved = cv2.remap(before, motion.places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    difference = cv2.absdiff(now, moved).astype(np.float32).mean(axis=2) / 255
    weight = float(motion.seen.sum())
    return float((difference * motion.seen).sum() / weight) if weight > 0 else 0.0


def sharpness(image: Image) -> float:
    """Mean absolute Laplacian of the luminance, in levels."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.abs(cv2.Laplacian(gray, cv2.CV_32F)).mean())


def adjacent_difference(frames: Sequence[Image]) -> float:
    """Mean absolute difference of neighbouring frames in units of the full range: what still scenes are judged by."""
    pairs = zip(frames, frames[1:], strict=False)
    return float(np.mean([cv2.absdiff(first, second).mean() for first, second in pairs])) / 255


def background_jump(frames: Sequence[Image], background: NDArray[np.bool_]) -> float:
    """Largest change of the background's mean colour from one frame to the next, in levels.

    Args:
        frames: (H, W, 3) uint8 RGB.
        background: (H, W): what nothing ever enters.
    """
    means = np.array([frame[background].mean(axis=0) for frame in frames])
    return float(np.abs(np.diff(means, axis=0)).max())


def strip(frames: Sequence[Image], row: int | None = None) -> Image:
    """One row of pixels over time, a line per frame: what flickers shows as grain, what stays shows as straight lines.

    Returns:
        (number of frames, W, 3) uint8 RGB.
    """
    row = frames[0].shape[0] // 2 if row is None else row
    return np.stack([frame[row] for frame in frames])
