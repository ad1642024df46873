"""Training for int8: what rounding to bytes does to the network must not be seen.

The int8 graph (`export.quantize`) rounds the inputs and the weights of its convolutions. Every AdaIN after a rounded layer
blows up what that adds where the picture is flat, so a network that was never told pays with mottled walls, or with layers
that stay float. Here the stylizer runs once more with rounded values, and has to paint the same picture. Rounding has no
gradient; that of the identity stands in. Costs no pass through VGG.

Source: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
arXiv:1712.05877 (rounding in the forward pass only, ranges that follow the activations); Krishnamoorthi 2018,
arXiv:1806.08342 (weights per channel, symmetric). Instead of training the rounded network itself, as they do, we ask that
it be like the exact one: both are shipped.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call

FORGETTING = 0.998
"""Per step, of a range that is not filled any more."""
LEVELS = 255
WEIGHT_LEVELS = 127


class Rounding:
    """The stylizer as int8 sees it, with the ranges that its activations have had."""

    def __init__(self, stylizer: nn.Module) -> None:
        self.stylizer = stylizer
        self.lowest: dict[str, Tensor] = {}
        self.highest: dict[str, Tensor] = {}
        self._layers = {name: part for name, part in stylizer.named_modules() if isinstance(part, nn.Conv2d)}

    def state(self) -> dict[str, dict[str, Tensor]]:
        """The ranges, for a checkpoint."""
        return {"lowest": self.lowest, "highest": self.highest}

    def restore(self, state: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go on from what `state` returned."""
        self.lowest, self.highest = dict(state["lowest"]), dict(state["highest"])

    def stylize(self, content: Tensor, alpha: Tensor, code: Mapping[str, Tensor]) -> Tensor:
        """What the stylizer would return if its convolutions worked on bytes."""
        weights = {f"{name}.weight": rounded_weight(layer.weight) for name, layer in self._layers.items()}
        with self._rounded_inputs():
            result: Tensor = functional_call(self.stylizer, weights, (content, alpha, code))
        return result

    @contextmanager
    def _rounded_inputs(self) -> Iterator[None]:
        hooks = [
            layer.register_forward_pre_hook(lambda _layer, inputs, name=name: (self._rounded(name, inputs[0]),))
            for name, layer in self._layers.items()
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _rounded(self, name: str, features: Tensor) -> Tensor:
        values = features.detach()
        # Zero is always a byte of its own, as the runtimes want it.
        low, high = values.amin().float().clamp(max=0), values.amax().float().clamp(min=0)
        if name in self.lowest:
            low, high = low.minimum(FORGETTING * self.lowest[name]), high.maximum(FORGETTING * self.highest[name])
        self.lowest[name], self.highest[name] = low, high
        return rounded(features, low, high)


def rounded(features: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Rounded to LEVELS + 1 values from low to high, one of which is zero; with the gradient of the identity.

    Args:
        features: Any shape, float.
        low: Scalar, at most 0.
        high: Scalar, at least 0.
    """
    step = ((high - low) / LEVELS).clamp(min=torch.finfo(torch.float32).tiny)
    least, most = torch.round(low / step), torch.round(high / step)
    values = features.detach().float()
    near = (torch.round(values / step).clamp(least, most) * step).to(features.dtype)
    return features + (near - features.detach())


def rounded_weight(weight: Tensor) -> Tensor:
    """A kernel (O, I, h, w) rounded to signed bytes, with a scale per output channel; with the gradient of the identity."""
    step = (
        weight.detach().abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=torch.finfo(torch.float32).tiny) / WEIGHT_LEVELS
    )
    near = torch.round(weight.detach() / step) * step
    return weight + (near - weight.detach())


def rounding_loss(
    rounding: Rounding, content: Tensor, painted: Tensor, code: Mapping[str, Tensor], alpha: Tensor
) -> Tensor:
    """How far the rounded network is from the exact one.

    Args:
        rounding: Of the stylizer that is trained.
        content: (N, 3, H, W) float in [0, 1].
        painted: What the exact stylizer makes of it.
        code: Of N styles.
        alpha: (N, 1, 1, 1).

    Returns:
        A scalar: the root of the mean squared difference of each picture, in units of the full range, averaged.
    """
    difference = rounding.stylize(content, alpha, code).float() - painted.float()
    errors: Tensor = (difference.square().mean(dim=(1, 2, 3)) + 1e-8).sqrt()
    return errors.mean()
