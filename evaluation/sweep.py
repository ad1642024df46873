"""Strengths between the photo and the full style: effectiveness against coherence, and systems at equal strength.

A content:style ratio of a:b is the strength b / (a + b): 1:2 mixes one part of content with two of style. It is equal in
what it says, not in what it does: at one ratio a strong system paints more than a weak one. So systems are compared twice,
at an equal ratio, and at an equal effect: how coherent each is where its curve reaches the same E.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from streamstyle.errors import UsageError

FULL = "0:1"
"""The ratio of the full style."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Parts of content to parts of style."""

    label: str
    alpha: float

    @classmethod
    def parse(cls, text: str) -> "Ratio":
        """`1:2` -> alpha 2/3.

        Raises:
            UsageError: It is no ratio.
        """
        content, _, style = text.partition(":")
        try:
            parts = float(content), float(style)
        except ValueError:
            parts = -1.0, -1.0
        if not all(math.isfinite(part) and part >= 0 for part in parts) or parts[1] == 0:
            raise UsageError(f"wanted a ratio of content to style like 1:2, got '{text}'")
        return cls(f"{parts[0]:g}:{parts[1]:g}", parts[1] / sum(parts))


def coherence_at(effect: float, curve: Sequence[tuple[float, float]]) -> float | None:
    """C where a curve first reaches an E, by straight lines between its points.

    Args:
        effect: The E.
        curve: (E, C) at rising strengths, the photo itself first.

    Returns:
        None where the curve never reaches it; C of the first point where that is beyond already.
    """
    if curve[0][0] >= effect:
        return curve[0][1]
    for (e1, c1), (e2, c2) in pairwise(curve):
        if e2 >= effect:
            return c1 + (c2 - c1) * (effect - e1) / (e2 - e1)
    return None


def common_effect(curves: Sequence[Sequence[tuple[float, float]]]) -> float:
    """The largest E that every one of these curves reaches."""
    return min(max(effect for effect, _ in curve) for curve in curves)
