"""What Gatys' optimisation makes small: the loss of a picture for one content and one style, and its settings.

Source: Gatys, Ecker & Bethge 2016, section 2, equations 1 to 7.
"""

import math
from dataclasses import dataclass, fields
from typing import Literal, get_args

import torch
from torch import Tensor

from models.losses import gram, gram_loss
from models.vgg import WIDTHS, Vgg19, convolution_of

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
WANTED_LAYERS = (*STYLE_LAYERS[:4], CONTENT_LAYER, STYLE_LAYERS[4])
"""What to load: `Vgg19.load(path, WANTED_LAYERS, as_available=True)`."""

Start = Literal["content", "noise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is wanted of the optimisation.

    Attributes:
        content_weight: Alpha of equation 7.
        style_weight: Beta of equation 7.
        variation_weight: Weight of the total variation, which the paper does not have.
        steps: How often the loss and its gradient are computed at most; the time is proportional to it. From the content
            the style is there after 20 and little changes after 40; from noise the content takes 100 (docs/lab/gatys.md).
        start: The content picture, or noise (see `noise`).
        seed: Of the noise.
        history: How many earlier gradients L-BFGS remembers; each takes the memory of two pictures.
        content_layer: Where the content is compared; the deepest layer up to there that the network has is taken.
        style_layers: Where Gram matrices are compared; those that the network has are taken.
    """

    content_weight: float = 0.03
    style_weight: float = 1.0
    variation_weight: float = 0.0
    steps: int = 100
    start: Start = "content"
    seed: int = 0
    history: int = 20
    content_layer: str = CONTENT_LAYER
    style_layers: tuple[str, ...] = STYLE_LAYERS

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: One makes no sense.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_weight") and not 0 <= value < math.inf:
                raise ValueError(f"{field.name}: wanted a number from 0 on, got {value}")
            if field.name in {"steps", "history"} and value < 1:
                raise ValueError(f"{field.name}: wanted at least 1, got {value}")
        if self.start not in get_args(Start):
            raise ValueError(f"start: wanted {' or '.join(get_args(Start))}, got {self.start!r}")
        for layer in (self.content_layer, *self.style_layers):
            if convolution_of(layer) not in WIDTHS:
                raise ValueError(f"wanted layers like relu4_1, got {layer!r}")


@dataclass(frozen=True, slots=True)
class Losses:
    """The loss of one picture: total = content_weight * content + style_weight * style (+ variation)."""

    total: float
    content: float
    style: float


def choose_layers(vgg: Vgg19, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """Which of the layers wanted the network has.

    Returns:
        The layer of the content, and those of the style.

    Raises:
        ValueError: It has none.
    """
    order = list(WIDTHS)

    def depth(layer: str) -> int:
        return order.index(convolution_of(layer))

    content = [layer for layer in vgg.layers if depth(layer) <= depth(settings.content_layer)]
    style = tuple(layer for layer in settings.style_layers if layer in vgg.layers)
    if not content or not style:
        wanted = ", ".join((settings.content_layer, *settings.style_layers))
        raise ValueError(f"wanted a VGG-19 with some of {wanted}, got one with {', '.join(vgg.layers) or 'no layers'}")
    return max(content, key=depth), style


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Half the mean squared difference: equation 1, as a mean. Both (1, C, H, W)."""
    return (features - target).square().mean() / 2


def total_variation(picture: Tensor) -> Tensor:
    """Mean squared difference of neighbours, down and across.

    Source: Mahendran & Vedaldi 2015, arXiv:1412.0035, equation 3 with exponent 2.
    """
    return picture.diff(dim=2).square().mean() + picture.diff(dim=3).square().mean()


class Objective:
    """The loss of pictures for one content and one style: equation 7.

    Attributes:
        content_layer: Where the content is compared.
        style_layers: Where the style is compared.
    """

    def __init__(self, content: Tensor, style: Tensor, vgg: Vgg19, settings: Settings) -> None:
        """Compute the targets, once.

        Args:
            content: (1, 3, H, W) in [0, 1].
            style: (1, 3, h, w) in [0, 1]; of any other size.
            vgg: Not changed.
            settings: See there.

        Raises:
            ValueError: The network has none of the layers.
        """
        self.content_layer, self.style_layers = choose_layers(vgg, settings)
        self.settings = settings
        self._vgg = vgg
        with torch.no_grad():
            self._content = vgg(content)[self.content_layer]
            style_features = vgg(style)
            self._grams = {layer: gram(style_features[layer]) for layer in self.style_layers}

    def __call__(self, picture: Tensor) -> tuple[Tensor, Losses]:
        """The total loss with its graph, and all parts as numbers.

        Args:
            picture: (1, 3, H, W), as large as the content.
        """
        features = self._vgg(picture)
        content = content_loss(features[self.content_layer], self._content)
        style = gram_loss(features, self._grams)[0]
        total = self.settings.content_weight * content + self.settings.style_weight * style
        if self.settings.variation_weight:
            total = total + self.settings.variation_weight * total_variation(picture)
        return total, Losses(*torch.stack([part.detach() for part in (total, content, style)]).tolist())
