"""What enters the picture must not change the colours of the rest: the content's RGB statistics, steady over time.

A family whose first step matches the content's RGB mean and deviation to the painting's (AdaIN at level 0) takes both from
each frame by itself. A white shirt that walks in raises the mean, and everything else gets darker. With statistics of the
past second it stays as it was. The graph computes its own statistics; the code is changed so that
the outcome is that of the steady ones, which costs nothing and no second graph. Where the light changes (fades, a lamp),
most pixels change alike, and the statistics go along at once.

Source: Huang & Belongie 2017, arXiv:1703.06868, equation 8, with statistics that are averaged over frames.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image
from streamstyle.paint.color import ColorStats
from streamstyle.styles.code import StyleCode

RGB_CODE = frozenset({"rgb_mean", "rgb_std"})
"""Code tensors that are the painting's own colours."""

_MEMORY = 0.97
"""Share of the past in each new estimate: the memory of a second at 30 frames a second."""
_MOST_APART = 0.6
"""How far a steady mean may be from the frame's own, in deviations of the frame: no glare, whatever happens."""
_MOST_RATIO = 1.4
"""Likewise for the deviation, as a ratio."""
_ARRIVED = 0.5
"""Nearer than this, in levels, the rest of the way is taken at once."""
_GRAPH_EPS = 1e-5
"""Added to variances in the graph (models/adain.py), in units of the range."""
_LIGHT_PIXELS = 4096
"""So many are looked at to see how the light has changed."""


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


class Light:
    """How the light changes from frame to frame: by how much most pixels do, whatever else moves."""

    def __init__(self) -> None:
        self._before: NDArray[np.int16] | None = None

    def change(self, image: Image) -> NDArray[np.float64]:
        """Since the frame before: (3,) levels; 0 for a first frame and at another size.

        Args:
            image: (H, W, 3) uint8 RGB.
        """
        step = max(1, int((image.shape[0] * image.shape[1] / _LIGHT_PIXELS) ** 0.5))
        now, before = image[::step, ::step].astype(np.int16), self._before
        self._before = now
        if before is None or before.shape != now.shape:
            return np.zeros(3)
        # Not the median, since levels are whole numbers and fades are slower than one per frame.
        differences = (now - before).reshape(-1, 3)
        below, beyond = 2 * len(differences) // 5, len(differences) - 2 * len(differences) // 5
        differences.partition((below, beyond - 1), axis=0)
        return np.asarray(differences[below:beyond].mean(axis=0), np.float64)


class SteadyStats:
    """Follows a stream, with a memory of a second."""

    def __init__(self) -> None:
        self._light = Light()
        self._past: ColorStats | None = None
        self._own: ColorStats | None = None

    def update(self, image: Image, *, cut: bool) -> tuple[ColorStats, ColorStats]:
        """Take in the next frame.

        Args:
            image: (H, W, 3) uint8 RGB.
            cut: Start anew.

        Returns:
            The frame's own statistics, and the steady ones.
        """
        now, change = measure(image), self._light.change(image)
        past = now if cut or self._past is None else ColorStats(self._past.mean + change, self._past.covariance)
        self._past = bounded(now.toward(past, _MEMORY), now)
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
