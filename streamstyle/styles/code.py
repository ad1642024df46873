"""Style codes: what a model knows of a painting, and blends of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import UsageError

STYLE_SIZE = 256
"""Short side in pixels at which paintings are encoded, as in training; it decides how large the strokes look."""


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
    tensors: Mapping[str, NDArray[np.float32]] = field(repr=False)


def blend(codes: Sequence[StyleCode], weights: Sequence[float] | None = None) -> StyleCode:
    """Mix style codes linearly; one code, or all the weight on one, gives that code.

    Args:
        codes: At least one, all of one model.
        weights: One per code, not negative, not all zero; normalized to sum 1. Equal ones by default.

    Raises:
        UsageError: There is not one weight per code, or the codes are of different models.

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
