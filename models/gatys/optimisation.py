"""The search for the picture: L-BFGS on its values, from the content or from noise."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from models.gatys.objective import Losses, Objective, Settings, choose_layers
from models.vgg import POOLED, WIDTHS, Vgg19, convolution_of


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
        """Use up the evaluations; where L-BFGS gives up, start it again at the best picture, as long as that helps."""
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
