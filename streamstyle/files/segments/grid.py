"""Where a film is divided. Each painter of a segment applies this rule by itself, without having seen the rest.

Every so many seconds is a mark. A segment begins at the first cut within the window before its mark, or at the mark where
there is none. At a cut nothing is remembered anyway, so that the segments come out as the whole would. Where a shot is
divided, the window before the mark is watched, and the last frames of it are painted and thrown away.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from streamstyle.media.sources.base import SourceInfo

LEAST_SECONDS = 60
"""Shorter films are painted in one piece."""
SECONDS = 30
"""How long a segment is, about."""
WINDOW_SECONDS = 5
"""The window before each mark: a segment may begin at a cut in it; averages, which reach back 1.1 s, start in it."""
LEAD_FRAMES = 24
"""Painted and thrown away where a shot is divided. Measured at five places of two real clips, in int8, with the painting's
colors and the content's: the first frame then differs from that of the undivided run by 0.9 to 1.3 levels in the mean, the
twelve from there on by 0.9 to 1.2, about what rounding makes of it. With 16 frames it is 1.0 to 1.5, with 8 it is 1.3 to
2.9, with none 3 to 10; without watching the window before, 1.2 to 3."""
LEAST_FRAMES = 840
"""The fewest frames of a segment: the lead-in is then under 3 % of it, and slow clips get no tiny segments."""
_USUAL_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class Grid:
    """The marks of one film.

    Attributes:
        origin: Time of the first frame on the source's clock, in seconds.
        length: From mark to mark, in seconds.
        window: Before each mark, in seconds.
        lead: Seconds before a mark from which on frames are painted.
        count: How many segments there are, at least two; the last one takes what is left.
    """

    origin: Fraction
    length: Fraction
    window: Fraction
    lead: Fraction
    count: int

    @classmethod
    def of(cls, info: SourceInfo) -> Self | None:
        """For a source; None where it is too short for more than one segment, or does not say how long it is.

        Args:
            info: Of the source, from where the run begins to where it ends.

        Returns:
            The marks, as if the first frame came at zero.
        """
        if info.is_still or info.is_live or info.duration is None or info.duration <= LEAST_SECONDS:
            return None
        rate = info.frame_rate or _USUAL_RATE
        length = max(Fraction(SECONDS), LEAST_FRAMES / rate)
        lead = LEAD_FRAMES / rate
        count = int(Fraction(info.duration) / length)
        return cls(Fraction(0), length, max(Fraction(WINDOW_SECONDS), lead), lead, count) if count >= 2 else None

    def mark(self, index: int) -> Fraction | None:
        """Where a segment begins at the latest, in seconds on the source's clock; None after the last one."""
        return self.origin + index * self.length if index < self.count else None
