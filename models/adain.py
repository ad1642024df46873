"""Adaptive instance normalisation and what it is made of: pure functions, no weights.

Source: Huang & Belongie 2017, "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization",
arXiv:1703.06868, equation 8. Statistics are over space, per sample and channel, with the *population* variance (divide by
n), as in the authors' Lua code; pytorch-AdaIN divides by n - 1. Weights trained here expect n.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

StyleCode = Mapping[str, Tensor]
"""`<layer>_mean` and `<layer>_std` of every layer that a style sets."""


def channel_stats(features: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Per-channel mean and standard deviation over space.

    Args:
        features: (N, C, H, W) float. Half precision is raised to float32 first: its sums overflow at 65,504.
        eps: Added to the variance, so that the gradient of the root exists on flat channels.

    Returns:
        mean, std: each (N, C, 1, 1); float32 for half precision, else in the dtype of the features.

    Source: Huang & Belongie 2017, arXiv:1703.06868, equations 5 and 6; population variance.
    """
    if features.dtype == torch.float16:
        features = features.float()
    mean = features.mean(dim=(2, 3), keepdim=True)
    variance = (features - mean).square().mean(dim=(2, 3), keepdim=True)
    return mean, (variance + eps).sqrt()


def adain(
    content: Tensor, style_mean: Tensor, style_std: Tensor, *, eps: float = 1e-5, max_gain: float | None = None
) -> Tensor:
    """Give the content's features the style's per-channel mean and standard deviation.

    Args:
        content: (N, C, H, W) float.
        style_mean: (N, C, 1, 1) for the whole picture, or (N, C, H, W) to style region by region.
        style_std: As style_mean; not negative.
        eps: Added to the content's variance.
        max_gain: Upper bound of style_std / content_std. A nearly flat picture has next to no deviation of its own, and
            without a bound its sensor noise would be blown up to the style's full contrast.

    Returns:
        (N, C, H, W) in the content's dtype, with mean style_mean and deviation style_std (where max_gain does not bind).

    Source: Huang & Belongie 2017, arXiv:1703.06868, equation 8; the bound on the gain is ours.
    """
    content_mean, content_std = channel_stats(content, eps)
    gain = style_std / content_std
    if max_gain is not None:
        gain = gain.clamp(max=max_gain)
    return ((content - content_mean) * gain + style_mean).to(content.dtype)
