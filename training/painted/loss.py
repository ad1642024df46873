"""What is asked of painted pictures: style and content by the critic, and prices beside them.

The prices: colours out of range, a lattice, seams between the network's own cells, strokes that do not move with the
scene, and what int8 would change. Each is asked for where it can be learnt: in turn of photos and of smooth pictures, and
of one half of a batch.
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from models.critic import Critic, Target, content_distance, grid_energy, style_distance
from models.fast import Stylizer
from models.layers import straight_through_clamp
from training.precision import autocast
from training.prices.grained import draw_grained
from training.prices.lattice import lattice_price
from training.prices.octaves import octave_noise
from training.prices.rounding import Rounding, rounding_loss
from training.prices.seams import seams_price
from training.prices.smooth import draw_smoothed
from training.prices.stillness import stillness_loss

PRICES = {
    "style": 1.0,
    "content": 0.03,
    "range": 100.0,
    "grid": 200.0,
    "stillness": 3.0,
    "rounding": 4.0,
    "lattice": 2.0,
    "seams": 0.2,
}
GRAIN_SHARE = 0.75


class Loss:
    """The loss of one stylizer; it remembers the ranges of its activations.

    Attributes:
        rounding: The stylizer as int8 sees it.
    """

    def __init__(self, critic: Critic, stylizer: Stylizer, precision: torch.dtype, generator: Generator) -> None:
        """The stylizer runs in `precision`; the generator, on the CPU, draws noise and motion."""
        self.rounding = Rounding(stylizer)
        self._critic, self._stylizer, self._precision, self._generator = critic, stylizer, precision, generator

    def of(
        self, photos: Tensor, code: dict[str, Tensor], wanted: Sequence[Target], step: int, *, with_prices: bool = True
    ) -> tuple[Tensor, dict[str, float]]:
        """Paint photos and judge them.

        Args:
            photos: (N, 3, H, W) float in [0, 1], channels last, H and W multiples of 64.
            code: Of N styles.
            wanted: What the critic wants of each.
            step: Of the training, which decides what else is asked for.
            with_prices: Ask for stillness, rounding and no lattice, too, which is half of the work.

        Returns:
            A scalar to go down, and what its parts are.
        """
        # Full size is most of the work; half of the pictures tell enough of it.
        half = max(1, len(photos) // 2)
        content = self._something_to_paint_from(photos, step)
        result = self._stylize(content, code)
        seen = self._critic.see(straight_through_clamp(result.float()), at_full_size=half)
        parts = {
            "style": style_distance(seen.statistics, wanted),
            "content": content_distance(seen.content, self._critic.content(photos)),
            "range": (result - result.clamp(0, 1)).square().mean(),
            "grid": grid_energy(result.float() - photos),
        }
        if with_prices:
            first = half * (step % 4 // 2) % len(photos)
            some = slice(first, first + half)
            few = {name: tensor[some] for name, tensor in code.items()}
            parts |= self._prices(photos[some], content[some], result[some], few, step)
        total = torch.stack([PRICES[name] * value for name, value in parts.items()]).sum()
        return total, {name: float(value.detach()) for name, value in parts.items()}

    def _stylize(self, images: Tensor, code: dict[str, Tensor]) -> Tensor:
        with autocast("cpu", self._precision):
            painted: Tensor = self._stylizer(images, torch.ones(len(images), 1, 1, 1), code)
        return painted

    def _something_to_paint_from(self, photos: Tensor, step: int) -> Tensor:
        """Photos with grain as frames have it, in turn with noise all over."""
        if step % 2:
            return draw_grained(photos, torch.ones(len(photos), 1, 1, 1), GRAIN_SHARE, self._generator)
        return (photos + octave_noise(photos.shape, self._generator)).clamp(0, 1)

    def _prices(
        self, photos: Tensor, content: Tensor, result: Tensor, code: dict[str, Tensor], step: int
    ) -> dict[str, Tensor]:
        """Stillness, lattice and seams, in turn on photos and on smooth pictures, and there also what int8 would change."""

        def stylize(images: Tensor) -> Tensor:
            return self._stylize(images, code)

        if step % 2:
            parts = {"lattice": lattice_price(result.float(), photos), "seams": seams_price(result.float())}
            return parts | {"stillness": stillness_loss(content, result, stylize, self._generator)}
        ones = torch.ones(len(photos), 1, 1, 1)
        bare = draw_smoothed(photos, self._generator)
        smooth = draw_grained(bare, ones, GRAIN_SHARE, self._generator)
        painted = stylize(smooth)
        parts = {"lattice": lattice_price(painted.float(), bare), "seams": seams_price(painted.float())}
        parts["stillness"] = stillness_loss(smooth, painted, stylize, self._generator)
        with autocast("cpu", self._precision):
            parts["rounding"] = rounding_loss(self.rounding, smooth, painted, code, ones)
        return parts
