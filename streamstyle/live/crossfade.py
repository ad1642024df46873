"""From one look to another without a jump."""

from dataclasses import dataclass, replace

from streamstyle.look.look import Look
from streamstyle.styles.code import StyleCode, blend

FADE_SECONDS = 0.6

Painted = tuple[tuple[StyleCode, float], ...]
"""Code and strength of the base and of every region."""


def painted_by(look: Look) -> Painted:
    """Codes and strengths of a look."""
    return ((look.code, look.alpha), *((region.code, region.alpha) for region in look.regions))


@dataclass(frozen=True, slots=True)
class CrossFade:
    """A fade from what was shown before.

    Attributes:
        origin: Codes and strengths of that; empty for no fade.
        began: Its start, in seconds.
    """

    origin: Painted = ()
    began: float = 0.0

    def is_over(self, now: float) -> bool:
        """Whether the fade is over."""
        return not self.origin or now - self.began >= FADE_SECONDS

    def towards(self, look: Look, now: float) -> Look:
        """A look at this moment of the fade; as it is where the regions differ."""
        wanted = painted_by(look)
        if self.is_over(now) or len(self.origin) != len(wanted):
            return look
        share = max(0.0, (now - self.began) / FADE_SECONDS)
        smooth = share * share * (3 - 2 * share)
        mixed = []
        for (old, old_alpha), (new, alpha) in zip(self.origin, wanted, strict=True):
            code = new if old is new else replace(blend([old, new], [1 - smooth, smooth]), name=new.name)
            mixed.append((code, old_alpha + (alpha - old_alpha) * smooth))
        regions = tuple(
            replace(region, code=code, alpha=alpha) for region, (code, alpha) in zip(look.regions, mixed[1:], strict=True)
        )
        return replace(look, code=mixed[0][0], alpha=mixed[0][1], regions=regions)
