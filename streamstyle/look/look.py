"""How one frame is to look: an immutable value, swapped whole."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import UsageError
from streamstyle.look.fields import check_fields
from streamstyle.look.recipe import PaintOptions
from streamstyle.styles.code import StyleCode

Mask = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the frame with a style of its own.

    Attributes:
        mask: (H, W) float32 in [0, 1], of the frame's size: how much of each pixel belongs to it.
        code: Its style.
        alpha: Its strength in [0, 1]; 0 keeps the content there.
    """

    mask: Mask
    code: StyleCode
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Look(PaintOptions):
    """How a frame is to look: what may differ from frame to frame, and the options that all of a stream share.

    Attributes:
        code: The style, blended if there are several.
        alpha: Strength in [0, 1]: 0 shows the content itself.
        size: Short side in pixels at which the frame is stylized, at most its own, or None for that.
        regions: Parts with styles of their own; `code` and `alpha` hold for the rest.

    Raises:
        UsageError: A value is out of its range.
    """

    code: StyleCode
    alpha: float = 1.0
    size: int | None = None
    regions: tuple[Region, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self)
        if not all(0 <= alpha <= 1 for alpha in (self.alpha, *(region.alpha for region in self.regions))):
            raise UsageError(f"alpha, also of every region, must lie between 0 and 1, got {self.alpha:g}")
        if self.size is not None and self.size < 8:
            raise UsageError(f"size must be at least 8 pixels, got {self.size}")
