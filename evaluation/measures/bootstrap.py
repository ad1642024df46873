"""How sure a mean is: bootstrap intervals, a paired test, and when a sample is too small to say anything.

Source: Efron & Tibshirani 1993, "An Introduction to the Bootstrap" (percentile intervals, chapter 13; permutation tests,
chapter 15); Holm 1979, "A simple sequentially rejective multiple test procedure".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

LEVEL = 0.95
RESAMPLES = 10_000
ENOUGH = 20
"""Below so many pairs a percentile interval is clearly too narrow, and only large differences stand out from chance."""
_EXACT = 14
"""Up to so many pairs all sign flips are tried, 2**14 of them; beyond, as many as there are resamples."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it probably lies.

    Attributes:
        mean: Of the values.
        low: Lower end of the interval; the mean itself for a single value.
        high: Upper end.
        count: Number of values.
    """

    mean: float
    low: float
    high: float
    count: int

    @property
    def too_small(self) -> bool:
        """Whether there are too few values to trust the interval."""
        return self.count < ENOUGH


def mean_interval(values: Sequence[float], seed: int = 0) -> Interval:
    """Mean and its 95 % percentile bootstrap interval.

    Args:
        values: At least one, finite; independent of each other.
        seed: Of the resampling.

    Raises:
        ValueError: There are none, or one is not finite.
    """
    sample = _checked(values)
    if len(sample) == 1:
        return Interval(float(sample[0]), float(sample[0]), float(sample[0]), 1)
    rng = np.random.default_rng(seed)
    means = sample[rng.integers(len(sample), size=(RESAMPLES, len(sample)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(sample.mean()), float(low), float(high), len(sample))


def paired_p(differences: Sequence[float], seed: int = 0) -> float:
    """Two-sided p-value of the mean of paired differences under random flips of their signs.

    Exact up to 14 pairs: the smallest value that n pairs can give is 2 / 2**n.

    Args:
        differences: One per pair, at least one, finite.
        seed: Of the flips where not all are tried.

    Returns:
        In (0, 1]; 1 where all differences are 0.

    Raises:
        ValueError: There are none, or one is not finite.
    """
    sample = _checked(differences)
    if len(sample) <= _EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=len(sample))))
        extra = 0
    else:
        signs = np.random.default_rng(seed).choice((1.0, -1.0), size=(RESAMPLES, len(sample)))
        extra = 1  # the observed order is one of the possible ones: p is never 0
    sums = np.abs(signs @ sample)
    observed = abs(float(sample.sum()))
    as_far = int((sums >= observed * (1 - 1e-12)).sum())
    return (as_far + extra) / (len(signs) + extra)


def holm(values: Sequence[float]) -> list[float]:
    """P-values adjusted for their number, in the given order."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    adjusted = [0.0] * len(values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = largest
    return adjusted


def _checked(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    sample = np.asarray(values, np.float64).ravel()
    if sample.size == 0 or not np.isfinite(sample).all():
        raise ValueError(f"wanted at least one finite value, got {list(values)[:5]}")
    return sample
