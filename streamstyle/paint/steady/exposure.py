"""What enters the picture must not change the colours of the rest: the content's RGB statistics, steady over time.

A family whose first step matches the content's RGB mean and deviation to the painting's (AdaIN at level 0) takes both from
each frame by itself. A white shirt that walks in raises the mean, and everything else gets darker. With statistics of the
past second it stays as it was. The graph computes its own statistics; the code is changed so that
the outcome is that of the steady ones, which costs nothing and no second graph. Where the light changes (fades, a lamp),
most pixels change alike, and the statistics go along at once.

Source: Huang & Belongie 2017, arXiv:1703.06868, equation 8, with statistics that are averaged over frames.
"""

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image
from streamstyle.paint.color import ColorStats
from streamstyle.paint.steady.changes import Changes
from streamstyle.styles.code import StyleCode

RGB_CODE = frozenset({"rgb_mean", "rgb_std"})
"""Code tensors that are the painting's own colours."""

_MEMORY_SECONDS = 1.1
"""Of the average."""
_MOST_APART = 0.6
"""How far a steady mean may be from the frame's own, in deviations of the frame: no glare, whatever happens."""
_MOST_RATIO = 1.4
"""The same for the deviation, as a ratio."""
_ARRIVED = 0.5
"""Nearer than this, in levels, the rest of the way is taken at once."""
_GRAPH_EPS = 1e-5
"""Added to variances in the graph (models/adain.py), in units of the range."""


def measure(image: Image) -> ColorStats:
    """Of one picture, (H, W, 3) uint8 RGB, by all its pixels, as in the graph; without correlations of the channels."""
    mean, deviation = cv2.meanStdDev(image)
    return ColorStats(mean.ravel().astype(np.float64), np.diag(np.square(deviation.ravel())))


def bounded(steady: ColorStats, own: ColorStats) -> ColorStats:
    """Steady statistics, but not too far from the frame's own."""
    variance = np.diag(own.covariance)
    reach = _MOST_APART * np.sqrt(variance)
    spread = np.diag(steady.covariance).clip(variance / _MOST_RATIO**2, variance * _MOST_RATIO**2)
    return ColorStats(steady.mean.clip(own.mean - reach, own.mean + reach), np.diag(spread))


def _apart(one: ColorStats, other: ColorStats) -> float:
    """Largest difference of a mean or a deviation, in levels."""
    spreads = [np.sqrt(np.diag(stats.covariance)) for stats in (one, other)]
    return float(max(np.abs(one.mean - other.mean).max(), np.abs(spreads[0] - spreads[1]).max()))


class SteadyStats:
    """Follows a stream."""

    def __init__(self) -> None:
        self._past: ColorStats | None = None
        self._own: ColorStats | None = None

    def update(self, image: Image, changes: Changes) -> tuple[ColorStats, ColorStats]:
        """Take in the next frame.

        Args:
            image: (H, W, 3) uint8 RGB.
            changes: Since the frame before.

        Returns:
            The frame's own statistics, and the steady ones.
        """
        now, past = measure(image), self._past
        if changes.cut or past is None:
            past = now
        else:
            gain = changes.light.gain
            past = ColorStats(changes.light.of(past.mean), past.covariance * np.outer(gain, gain))
        self._past = bounded(now.toward(past, math.exp(-changes.seconds / _MEMORY_SECONDS)), now)
        if self._own is not None and _apart(now, self._own) == 0 and _apart(now, self._past) < _ARRIVED:
            self._past = now  # a picture that is repeated comes to rest
        self._own = now
        return now, self._past


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
