"""What enters the picture must not change the colours of the rest: the content's RGB statistics, steady over time.

A family whose first step matches the content's RGB mean and deviation to the painting's (AdaIN at level 0) takes both from
each frame by itself. A white shirt that walks in raises the mean, and everything else gets darker. With statistics of the
past second, or of the whole shot, it stays as it was. The graph computes its own statistics; the code is changed so that
the outcome is that of the steady ones, which costs nothing and no second graph.

Source: Huang & Belongie 2017, arXiv:1703.06868, equation 8, with statistics that are averaged over frames.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.color import ColorStats
from streamstyle.frame import Frame, Image
from streamstyle.look import StyleCode
from streamstyle.temporal import MotionTrack

RGB_CODE = frozenset({"rgb_mean", "rgb_std"})
"""Code tensors that are the painting's own colours."""

_MEMORY = 0.97
"""Share of the past in each new estimate: the memory of a second at 30 frames a second."""
_MOST_APART = 40.0
"""How far a followed mean may be from the frame's own, in levels: when the light goes on, the picture must not glare."""
_MOST_RATIO = 1.6
"""Likewise for the deviation, as a ratio."""
_GRAPH_EPS = 1e-5
"""Added to variances in the graph (models/adain.py), in units of the range."""
_SURVEYED_SIDE = 360


def measure(image: Image) -> ColorStats:
    """Of one picture, (H, W, 3) uint8 RGB, by all its pixels, as in the graph; without correlations of the channels."""
    mean, deviation = cv2.meanStdDev(image)
    return ColorStats(mean.ravel().astype(np.float64), np.diag(np.square(deviation.ravel())))


class SteadyStats:
    """Follows a stream, with a memory of a second."""

    def __init__(self) -> None:
        self._past: ColorStats | None = None

    def update(self, now: ColorStats, *, cut: bool) -> ColorStats:
        """Take in the next frame's; a cut starts anew."""
        if cut or self._past is None:
            self._past = now
            return now
        past, variance = now.toward(self._past, _MEMORY), np.diag(now.covariance)
        spread = np.diag(past.covariance).clip(variance / _MOST_RATIO**2, variance * _MOST_RATIO**2)
        self._past = ColorStats(past.mean.clip(now.mean - _MOST_APART, now.mean + _MOST_APART), np.diag(spread))
        return self._past


def exposed(code: StyleCode, own: ColorStats, steady: ColorStats) -> StyleCode:
    """The code with which a frame comes out as if its statistics were others.

    (x - m) / s * S + M of the graph, with the frame's own m and s, is to be (x - m') / s' * S + M: so S becomes S s / s',
    and M becomes M + (m - m') / s' * S.

    Args:
        code: With the tensors of RGB_CODE; others are returned as they are.
        own: Of the frame.
        steady: Those wanted in their place.
    """
    if not set(code.tensors) >= RGB_CODE:
        return code
    mean, std = (code.tensors[name].astype(np.float64).reshape(-1, 3, 1, 1) for name in ("rgb_mean", "rgb_std"))
    own_std, steady_std = (_graph_deviation(stats) for stats in (own, steady))
    shift = ((own.mean - steady.mean) / 255).reshape(1, 3, 1, 1)
    tensors = dict(code.tensors)
    tensors["rgb_std"] = (std * own_std / steady_std).astype(np.float32)
    tensors["rgb_mean"] = (mean + shift / steady_std * std).astype(np.float32)
    return replace(code, tensors=tensors)


def _graph_deviation(stats: ColorStats) -> NDArray[np.float64]:
    deviation: NDArray[np.float64] = np.sqrt(np.diag(stats.covariance) / 255**2 + _GRAPH_EPS).reshape(1, 3, 1, 1)
    return deviation


@dataclass(frozen=True, slots=True)
class Shots:
    """What a first pass over a video found.

    Attributes:
        starts: Time of the first frame of every shot, rising, in seconds.
        stats: Of the whole shots: means over their frames of what each frame has. The spread of the frames' means is left
            out: a shot that gets darker is not one of high contrast.
    """

    starts: list[float]
    stats: list[ColorStats]

    def at(self, seconds: float) -> ColorStats:
        """Of the shot that is seen then."""
        return self.stats[max(0, bisect_right(self.starts, seconds) - 1)]


def survey(frames: Iterable[Frame], progress: Callable[[int], None] | None = None) -> Shots | None:
    """Look through a video: where its cuts are, and the statistics of every shot.

    Args:
        frames: All of them.
        progress: Called with the number of frames seen so far.

    Returns:
        None where there is no frame.
    """
    track, starts, shots = MotionTrack(), list[float](), list[list[ColorStats]]()
    for count, frame in enumerate(frames, start=1):
        # Every so many pixels, not a smaller picture: that would have less contrast.
        step = max(1, min(frame.image.shape[:2]) // _SURVEYED_SIDE)
        sample = np.ascontiguousarray(frame.image[::step, ::step])
        if track.update(sample, "strong") is None:
            starts.append(float(frame.time))
            shots.append([])
        shots[-1].append(measure(sample))
        if progress is not None:
            progress(count)
    if not shots:
        return None
    return Shots(starts, [_mean(shot) for shot in shots])


def _mean(parts: list[ColorStats]) -> ColorStats:
    return ColorStats(np.mean([part.mean for part in parts], axis=0), np.mean([part.covariance for part in parts], axis=0))
