"""What the user wants to see: one immutable value, swapped whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import UsageError
from streamstyle.temporal import TEMPORAL_MODES, TemporalMode

ColorMode = Literal["style", "content", "luma"]
COLOR_MODES: tuple[ColorMode, ...] = ("style", "content", "luma")

Mask = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StyleCode:
    """A style as the model sees it: named arrays whose meaning only the model knows.

    Attributes:
        name: What to call it: a built-in's name, or the image's file name without its ending.
        model_version: Of the model that made it; no other model understands it.
        tensors: Name -> float32 array; (1, C, 1, 1) for AdaIN families.
    """

    name: str
    model_version: str
    tensors: Mapping[str, NDArray[np.float32]]


def blend(codes: Sequence[StyleCode], weights: Sequence[float] | None = None) -> StyleCode:
    """Mix style codes linearly; one code, or all the weight on one, gives that code.

    Args:
        codes: At least one, all of one model.
        weights: One per code, not negative, not all zero; normalised to sum 1. Equal ones by default.

    Raises:
        UsageError: The weights do not fit, or the codes are of different models.

    Source: Huang & Belongie 2017, arXiv:1703.06868, equation 15 (for one layer, linear in AdaIN's output).
    """
    if not codes:
        raise UsageError("wanted at least one style, got none; name one with --style")
    if weights is None:
        weights = [1.0] * len(codes)
    if len(weights) != len(codes):
        raise UsageError(f"wanted one weight per style, got {len(weights)} weights for {len(codes)} styles")
    if not all(np.isfinite(weight) and weight >= 0 for weight in weights) or sum(weights) <= 0:
        raise UsageError(f"weights must be 0 or more and not all 0, got {', '.join(f'{w:g}' for w in weights)}")
    if len({code.model_version for code in codes}) > 1:
        raise UsageError("styles of different models cannot be blended; encode them with one model")
    shares = [weight / sum(weights) for weight in weights]
    if 1.0 in shares:
        return codes[shares.index(1.0)]
    tensors: dict[str, Any] = {}
    for name in codes[0].tensors:
        parts = [np.float32(share) * code.tensors[name] for share, code in zip(shares, codes, strict=True) if share > 0]
        tensors[name] = sum(parts[1:], parts[0])
    name = "+".join(code.name for code, share in zip(codes, shares, strict=True) if share > 0)
    return StyleCode(name, codes[0].model_version, tensors)


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
        grain: How much there is to paint with in flat places, in [0, 1] (streamstyle.grain).
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
