"""Paintings in the content's colours: matched before they are encoded, encoded again when the content has changed.

For families whose codes cannot be given other colours directly. Source: Gatys et al. 2016, arXiv:1606.05897, section 5.1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from streamstyle.color import ColorStats, match_matrix, recolor
from streamstyle.frame import Image
from streamstyle.look import StyleCode, blend

TOLERANCE = 6.0
"""How far the content's mean or deviation may drift, in levels, before its paintings are encoded again."""
_FADE_FRAMES = 12

Encode = Callable[[Image], StyleCode]
Beside = Callable[[Callable[[], None]], None]


@dataclass
class _Repainted:
    """One painting as it was last matched."""

    painting: Image  # held, so that its id() stays its own
    wanted: ColorStats | None = None
    current: StyleCode | None = None
    before: StyleCode | None = None
    frames: int = 0

    def code(self) -> StyleCode | None:
        """Fading from what it was before; None until it was first encoded."""
        if self.current is None or self.before is None or self.frames >= _FADE_FRAMES:
            return self.current
        self.frames += 1
        share = self.frames / _FADE_FRAMES
        return blend([self.before, self.current], [1 - share, share])


@dataclass
class Repainter:
    """The paintings of one stream.

    Attributes:
        encode: Makes a style code of a picture, not kept on the disk.
        beside: Runs the encoding beside the stream; by default at once, as suits files.
    """

    encode: Encode
    beside: Beside = field(default=lambda work: work())
    _known: dict[int, _Repainted] = field(default_factory=dict)

    def code(self, code: StyleCode, stats: ColorStats, strength: float) -> StyleCode:
        """The code, encoded anew from paintings in the content's colours.

        Args:
            code: With its paintings. One without is returned as it is, and so is one whose paintings are not encoded yet.
            stats: The content's colours, steady.
            strength: As in streamstyle.color.match_matrix.
        """
        if not code.paintings:
            return code
        parts = []
        for painting, _ in code.paintings:
            part = self._known.setdefault(id(painting), _Repainted(painting))
            if part.wanted is None or _drift(part.wanted, stats) > TOLERANCE:
                part.wanted = stats
                self._repaint(part, stats, strength)
            parts.append(part.code())
        if any(part is None for part in parts):
            return code
        return blend([part for part in parts if part is not None], [share for _, share in code.paintings])

    def _repaint(self, part: _Repainted, stats: ColorStats, strength: float) -> None:
        def work() -> None:
            matrix = match_matrix(ColorStats.of(part.painting), stats, strength)
            made = self.encode(recolor(part.painting, matrix))
            part.before, part.frames, part.current = part.code(), 0, made

        self.beside(work)


def _drift(first: ColorStats, second: ColorStats) -> float:
    means = np.abs(first.mean - second.mean).max()
    deviations = np.abs(np.sqrt(np.diag(first.covariance)) - np.sqrt(np.diag(second.covariance))).max()
    return float(max(means, deviations))
