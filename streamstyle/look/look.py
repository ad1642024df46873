"""What the user wants to see: one immutable value, swapped whole."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import UsageError
from streamstyle.styles.code import StyleCode

ColorMode = Literal["style", "content", "luma"]
COLOR_MODES: tuple[ColorMode, ...] = ("style", "content", "luma")

TemporalMode = Literal["off", "on"]
TEMPORAL_MODES: tuple[TemporalMode, ...] = ("off", "on")

GRAIN = 0.5
"""How much grain looks have that do not say otherwise."""

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
class Look:
    """How frames are to look.

    Attributes:
        code: The style, blended if there are several.
        alpha: Strength in [0, 1]: 0 shows the content itself.
        color: `style` for the painting's colours, `content` to keep the distribution of the content's, `luma` to keep every
            pixel's own chroma and style the luminance only.
        size: Short side in pixels at which frames are stylized, or None for their own size.
        color_strength: How far to go with `content` and `luma`, in [0, 1].
        temporal: How much each frame leans on the one before, so that still pictures stay still.
        grain: How much there is to paint with in flat places, in [0, 1] (streamstyle.paint.grain).
        regions: Parts with styles of their own; `code` and `alpha` hold for the rest.

    Raises:
        UsageError: A value is out of its range.
    """

    code: StyleCode
    alpha: float = 1.0
    color: ColorMode = "style"
    size: int | None = None
    color_strength: float = 1.0
    temporal: TemporalMode = "off"
    grain: float = 0.0
    regions: tuple[Region, ...] = ()

    def __post_init__(self) -> None:
        for name, share in (("alpha", self.alpha), ("color strength", self.color_strength), ("grain", self.grain)):
            if not 0 <= share <= 1:
                raise UsageError(f"{name} must lie between 0 and 1, got {share:g}")
        if self.temporal not in TEMPORAL_MODES:
            raise UsageError(f"temporal must be one of {', '.join(TEMPORAL_MODES)}, got '{self.temporal}'")
        if not all(0 <= region.alpha <= 1 for region in self.regions):
            raise UsageError("the alpha of every region must lie between 0 and 1")
        if self.color not in COLOR_MODES:
            raise UsageError(f"color must be one of {', '.join(COLOR_MODES)}, got '{self.color}'")
        if self.size is not None and self.size < 8:
            raise UsageError(f"size must be at least 8 pixels, got {self.size}")
