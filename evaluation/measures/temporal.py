"""How still a video is: warping error, sharpness, jumps of the background; and strips of pixels over time.

Source: warping error as in Lai et al. 2018, "Learning Blind Video Temporal Consistency", arXiv:1808.00449, with L1 and
levels scaled to [0, 1]; motion and occlusion from the *input* (DIS at full size, forward-backward check).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image
from streamstyle.paint.steady.flow import FlowFinder, Plane, grid, inside, moved


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Where the pixels of a frame were in the frame before.

    Attributes:
        places: (H, W, 2) float32: x and y in the frame before.
        seen: (H, W) float32: 1 where the pixel was there at all, 0 where it was hidden or out of the picture.
    """

    places: Plane
    seen: Plane


def known_motion(height: int, width: int, dx: float, dy: float) -> Correspondence:
    """Of a picture whose content has moved by (dx, dy) pixels since the frame before."""
    places = grid(height, width) - np.array([dx, dy], np.float32)
    return Correspondence(places, inside(places))


def find_motion(before: Image, now: Image) -> Correspondence:
    """Motion between two input frames, (H, W, 3) uint8 RGB, with the occlusion test of Sundaram et al. 2010."""
    finder = FlowFinder(careful=True)
    first, second = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8) for image in (before, now))
    backward, forward = finder.find(second, first), finder.find(first, second)
    places = grid(*now.shape[:2]) + backward
    there = moved(forward, places)
    apart = np.square(backward + there).sum(axis=2)
    length = np.square(backward).sum(axis=2) + np.square(there).sum(axis=2)
    # In flat places the motion is a guess: where the input looks as much the same without it, there is none.
    differences = [cv2.absdiff(now, image).astype(np.float32).mean(axis=2) for image in (moved(before, places), before)]
    with_it, without = (cv2.blur(difference, (5, 5)) for difference in differences)
    rests = without <= with_it + 1
    places[rests] = grid(*now.shape[:2])[rests]
    visible = rests | (apart < 0.01 * length + 0.5)
    return Correspondence(places, visible.astype(np.float32) * inside(places))


def warping_error(before: Image, now: Image, motion: Correspondence) -> float:
    """Mean difference of a frame from the one before, moved along: 0 is perfectly steady; in units of the full range."""
    difference = cv2.absdiff(now, moved(before, motion.places)).astype(np.float32).mean(axis=2) / 255
    weight = float(motion.seen.sum())
    return float((difference * motion.seen).sum() / weight) if weight > 0 else 0.0


def sharpness(image: Image) -> float:
    """Mean absolute Laplacian of the luminance, in levels."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.abs(cv2.Laplacian(gray, cv2.CV_32F)).mean())


def adjacent_difference(frames: Sequence[Image]) -> float:
    """Mean absolute difference of neighboring frames in units of the full range, for clips in which nothing moves."""
    return float(np.mean([cv2.absdiff(first, second).mean() for first, second in pairwise(frames)])) / 255


def background_jump(frames: Sequence[Image], background: NDArray[np.bool_]) -> float:
    """Largest change of the background's mean color from one frame to the next, in levels.

    Args:
        frames: (H, W, 3) uint8 RGB.
        background: (H, W): what nothing ever enters.
    """
    means = np.array([frame[background].mean(axis=0) for frame in frames])
    return float(np.abs(np.diff(means, axis=0)).max())


def background_drift(frames: Sequence[Image], background: NDArray[np.bool_]) -> float:
    """How far apart the background's mean colors come over all frames, in levels; arguments as in `background_jump`."""
    means = np.array([frame[background].mean(axis=0) for frame in frames])
    return float(np.ptp(means, axis=0).max())


def strip(frames: Sequence[Image], row: int | None = None) -> Image:
    """One row of pixels over time, a line per frame: what flickers shows as grain, what stays shows as straight lines.

    Returns:
        (number of frames, W, 3) uint8 RGB.
    """
    row = frames[0].shape[0] // 2 if row is None else row
    return np.stack([frame[row] for frame in frames])
