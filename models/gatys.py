"""The slow reference: a picture is found by optimisation, with no network trained for it.

Pure: `stylize` reads and writes no file. `python -m models.gatys CONTENT STYLE -o OUT.png` is models.gatys_command.

Source: Gatys, Ecker & Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks", CVPR. Where this differs:

- The mean takes the place of the sum in equations 1, 4 and 5, so that weights suit any size of picture.
- `Vgg19` pools by the maximum, as the weights were trained, and pads by reflection; the paper prefers average pooling.
- The noise to start from is smoothed and faint. The network hardly sees a checkerboard of pixels, so what a full white
  noise has of it would stay.
- The picture is held in [0, 1] throughout, so that the reported loss is the loss of the picture returned.
- Weights that end at relu4_1 give the content at relu4_1 for relu4_2, and leave relu5_1 out of the style.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from models.losses import gram, gram_loss
from models.vgg import POOLED, WIDTHS, Vgg19, convolution_of

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


@dataclass(frozen=True, slots=True)
class Result:
    """A stylized picture and how it came about.

    Attributes:
        picture: (1, 3, H, W) in [0, 1]: the best that was met.
        losses: Of the pictures in the order they were tried, the start first; one per evaluation.
        best: The losses of `picture`.
        content_layer: The one that was taken.
        style_layers: Those that were taken.
    """

    picture: Tensor
    losses: tuple[Losses, ...]
    best: Losses
    content_layer: str
    style_layers: tuple[str, ...]

    @property
    def reduction(self) -> float:
        """How many times smaller the total loss became; 1 where it was 0 from the beginning."""
        before, after = self.losses[0].total, self.best.total
        return 1.0 if before == after else before / after if after else math.inf


OnStep = Callable[[int, Losses, Tensor], None]
"""Called after every evaluation with its number from 1 on, its losses, and the best picture so far."""


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


def noise(shape: torch.Size, seed: int) -> Tensor:
    """Faint coloured noise around gray, without what changes from one pixel to the next.

    Args:
        shape: (1, 3, H, W), H and W at least 2.
        seed: The same gives the same noise, on every device.

    Returns:
        float32 in [0, 1], mean 0.5, deviation 0.12.
    """
    values = torch.rand(shape, generator=torch.Generator().manual_seed(seed))
    binomial = torch.tensor([1.0, 2.0, 1.0]) / 4
    kernel = (binomial[:, None] * binomial).expand(3, 1, 3, 3)
    for _ in range(2):
        values = F.conv2d(F.pad(values, (1, 1, 1, 1), mode="reflect"), kernel, groups=3)
    deviation, mean = torch.std_mean(values)
    return ((values - mean) / deviation * 0.12 + 0.5).clamp(0, 1)


class _StopEarly(Exception):  # noqa: N818 - not an error
    """Leaves L-BFGS from within: no evaluation is left, or it went where the loss is not finite."""


class _Search:
    """L-BFGS on the values of a picture, with a record of what it tried."""

    def __init__(self, objective: Objective, start: Tensor, on_step: OnStep | None) -> None:
        self._objective, self._on_step = objective, on_step
        self._settings = objective.settings
        # The first step of L-BFGS has length 1 (sum of absolute values) in its variable, whatever the picture's size: with
        # this unit it changes values by about a hundredth on average, which is neither nothing nor a leap. A power of two
        # scales without rounding: white stays exactly 1, and does not get lost beyond it.
        self._unit = 2.0 ** round(math.log2(0.01 * start.numel()))
        self.losses: list[Losses] = []
        self.best: Losses | None = None
        self.picture = start

    def run(self) -> None:
        """Use up the evaluations; start again at the best picture where L-BFGS gives up, as long as that helps."""
        while len(self.losses) < self._settings.steps:
            before = self.best
            self._descend()
            if self.best is before or (self.best is not None and self.best.total == 0):
                return

    def _descend(self) -> None:
        variable = (self.picture / self._unit).contiguous().requires_grad_()
        optimizer = torch.optim.LBFGS(
            [variable],
            max_iter=self._settings.steps,
            max_eval=self._settings.steps,
            history_size=self._settings.history,
            tolerance_grad=0,  # gradients are small where pictures are large: no fixed bound suits
            tolerance_change=1e-12,
            line_search_fn="strong_wolfe",  # without it a step can go astray
        )

        def closure() -> float:
            if len(self.losses) == self._settings.steps:
                raise _StopEarly
            return self._evaluate(variable)

        try:
            optimizer.step(closure)  # type: ignore[no-untyped-call]
        except _StopEarly:
            return

    def _evaluate(self, variable: Tensor) -> float:
        """The loss, as a share of the start's; its gradient is left in the variable."""
        # Values beyond black and white have no gradient and are shown, and judged, as black and white.
        picture = (variable * self._unit).clamp(0, 1)
        total, losses = self._objective(picture)
        first = self.losses[0].total if self.losses else losses.total
        scale = 1 / first if first else 1.0
        gradient = torch.autograd.grad(total * scale, variable)[0].contiguous()
        if not math.isfinite(losses.total * scale) or not bool(gradient.isfinite().all()):
            raise _StopEarly
        variable.grad = gradient
        self.losses.append(losses)
        if self.best is None or losses.total < self.best.total:
            self.best, self.picture = losses, picture.detach().clone()
        if self._on_step is not None:
            self._on_step(len(self.losses), losses, self.picture)
        return losses.total * scale


def stylize(
    content: Tensor, style: Tensor, vgg: Vgg19, settings: Settings | None = None, on_step: OnStep | None = None
) -> Result:
    """Find the picture that has the content of one and the style of another.

    Args:
        content: (1, 3, H, W) float in [0, 1], RGB; H and W at least 9, or 17 where the network has relu5_1.
        style: (1, 3, h, w) float in [0, 1], RGB; of any size from there on. The size sets the scale of the strokes.
        vgg: Should have WANTED_LAYERS, or those that its weights reach; on the device and in the dtype of the pictures.
        settings: The defaults where None.
        on_step: See OnStep; an exception that it raises ends the search.

    Returns:
        The best picture that was met, as large as the content; values are finite and in [0, 1].

    Raises:
        ValueError: A picture has another shape or other values, the network lacks the layers, or the loss of the start is
            not finite.

    Source: Gatys, Ecker & Bethge 2016, section 2.3.
    """
    settings = settings or Settings()
    content_layer, style_layers = choose_layers(vgg, settings)
    for name, picture in (("content", content), ("style", style)):
        _check(name, picture, vgg, smallest_side(vgg.layers))
    objective = Objective(content.detach(), style.detach(), vgg, settings)
    start = content.detach()
    if settings.start == "noise":
        start = noise(content.shape, settings.seed).to(content)
    search = _Search(objective, start, on_step)
    search.run()
    if search.best is None:
        raise ValueError("the loss of the starting picture is not finite; lower the weights of content and style")
    return Result(search.picture, tuple(search.losses), search.best, content_layer, style_layers)


def smallest_side(layers: Sequence[str]) -> int:
    """The least height and width that the network can take: reflection needs two values at every scale."""
    order = list(WIDTHS)
    deepest = max(order.index(convolution_of(layer)) for layer in layers)
    return 1 + (1 << len([name for name in order[: deepest + 1] if name in POOLED]))


def _check(name: str, picture: Tensor, vgg: Vgg19, least: int) -> None:
    if picture.dim() != 4 or picture.shape[:2] != (1, 3) or min(picture.shape[2:]) < least:
        raise ValueError(f"{name}: wanted (1, 3, H, W) with H and W at least {least}, got {tuple(picture.shape)}")
    weight = vgg.preprocess.weight
    if (picture.dtype, picture.device) != (weight.dtype, weight.device):
        wanted, got = f"{weight.dtype} on {weight.device}", f"{picture.dtype} on {picture.device}"
        raise ValueError(f"{name}: wanted {wanted} like the network's weights, got {got}")
    low, high = float(picture.min()), float(picture.max())
    if not (low >= 0 and high <= 1):  # this way round, since NaN compares as false
        raise ValueError(f"{name}: wanted values in [0, 1], got {low:g} to {high:g}")


if __name__ == "__main__":
    from models.gatys_command import main

    raise SystemExit(main())
