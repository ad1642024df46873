"""`python -m training.headroom`: how much better the stylizer could paint if the style encoder knew better.

For some held-out paintings, the style code is found by descent on the losses instead of by the encoder, with the stylizer
left as it is, on photos for training; both codes are then judged on held-out photos. What lies between the two is the
encoder's fault, what is left the stylizer's.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from models.adain import StyleCode
from models.fast import Fast
from models.layers import straight_through_clamp
from models.losses import DEEPEST, Stats, content_loss, content_target, style_loss
from models.vgg import LAYERS, Vgg19
from training.checkpoint import load_fast
from training.data import ImageSet, centre_crop, load_images, random_crop
from training.precision import usual_autocast
from training.rounding import Rounding, rounding_loss
from training.smooth import draw_smoothed
from training.stillness import stillness_loss

JUDGED = 6
"""Held-out photos on which a code is judged."""
_CROP = 192
_BATCH = 2
_RATE = 2e-2
_RANGE_WEIGHT = 100.0


@dataclass(frozen=True, slots=True)
class Judged:
    """Means over photos: Lc, Ls, and of each layer what it adds to Ls."""

    lc: float
    ls: float
    layers: tuple[float, ...]

    @classmethod
    def mean(cls, several: "list[Judged]") -> "Judged":
        """Of several paintings."""
        number = len(several)
        layers = tuple(sum(values) / number for values in zip(*(one.layers for one in several), strict=True))
        return cls(sum(one.lc for one in several) / number, sum(one.ls for one in several) / number, layers)


def _repeated(stats: Stats, number: int) -> Stats:
    return Stats(
        tuple(mean.expand(number, -1, -1, -1) for mean in stats.means),
        tuple(std.expand(number, -1, -1, -1) for std in stats.stds),
    )


@torch.no_grad()
def judge(network: Fast, vgg: Vgg19, code: StyleCode, stats: Stats, photos: list[Tensor]) -> Judged:
    """A code's losses on photos, (1, 3, H, W) float in [0, 1] each, as 8 bits show them."""
    rows = []
    for photo in photos:
        result = network.stylizer(photo, torch.ones(1, 1, 1, 1), code)
        features = vgg(result.clamp(0, 1).mul(255).round().div(255))
        got = Stats.of(features)
        layers = tuple(
            float((mean - wanted_mean).square().mean() + (std - wanted_std).square().mean())
            for mean, wanted_mean, std, wanted_std in zip(got.means, stats.means, got.stds, stats.stds, strict=True)
        )
        lc = float(content_loss(features, content_target(vgg(photo)[DEEPEST], stats)))
        rows.append(Judged(lc, float(style_loss(got, stats)), layers))
    return Judged.mean(rows)


def descended(
    network: Fast,
    vgg: Vgg19,
    start: StyleCode,
    stats: Stats,
    photos: ImageSet,
    *,
    steps: int,
    style_weight: float,
    stillness: float = 0.0,
    rounding: float = 0.0,
    tell: Callable[[int], None] = lambda _step: None,
) -> StyleCode:
    """A code of less loss than `start`, found with Adam.

    Deviations move as logarithms, so that they stay positive; the painting's own colours, `rgb_...`, stay.

    Args:
        network: Not changed.
        vgg: The judge.
        start: The encoder's code.
        stats: The judge's statistics of the painting.
        photos: To paint on.
        steps: Of the descent, with two crops each.
        style_weight: Lambda of the paper.
        stillness: As `--stillness` of the trainer.
        rounding: As `--rounding` of the trainer.
        tell: Told after every step how many are done.
    """
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    fixed = {name: tensor for name, tensor in start.items() if name.startswith("rgb_")}
    moving = {
        name: (tensor.log() if name.endswith("_std") else tensor.clone()).requires_grad_()
        for name, tensor in start.items()
        if name not in fixed
    }

    def code() -> dict[str, Tensor]:
        return fixed | {name: tensor.exp() if name.endswith("_std") else tensor for name, tensor in moving.items()}

    def codes() -> dict[str, Tensor]:
        return {name: tensor.expand(_BATCH, -1, -1, -1) for name, tensor in code().items()}

    def stylize(images: Tensor) -> Tensor:
        with usual_autocast():
            result: Tensor = network.stylizer(images, ones, codes())
        return result

    ones, rounded = torch.ones(_BATCH, 1, 1, 1), Rounding(network.stylizer)
    optimizer = torch.optim.Adam(moving.values(), lr=_RATE)
    wanted = _repeated(stats, _BATCH)
    for step in range(steps):
        if step > steps // 2:
            for group in optimizer.param_groups:
                group["lr"] *= 0.95
        chosen = [photos.images[int(rng.integers(len(photos)))] for _ in range(_BATCH)]
        crops = torch.stack([random_crop(photo, _CROP, rng) for photo in chosen])
        result = stylize(crops)
        with usual_autocast():
            target = content_target(vgg(crops)[DEEPEST], wanted)
            features = vgg(straight_through_clamp(result))
        losses = content_loss(features, target) + style_weight * style_loss(Stats.of(features), wanted)
        loss = losses.mean() + _RANGE_WEIGHT * (result - result.clamp(0, 1)).square().mean()
        if stillness:
            loss = loss + stillness * stillness_loss(crops, result, stylize, generator)
        if stillness or rounding:
            pictures = draw_smoothed(crops, generator)
            painted = stylize(pictures)
            if stillness:
                loss = loss + stillness * stillness_loss(pictures, painted, stylize, generator)
            if rounding:
                with usual_autocast():
                    loss = loss + rounding * rounding_loss(rounded, pictures, painted, codes(), ones)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        tell(step + 1)
    return {name: tensor.detach() for name, tensor in code().items()}


def main() -> int:
    """Print the table; exit code 1 with one line when an input cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m training.headroom", description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path("models/fast.safetensors"), help="of `fast`")
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="folders or tars of paintings")
    parser.add_argument("--vgg", type=Path, required=True, help="normalised VGG-19, layout of vgg_normalised.pth")
    parser.add_argument("--paintings", type=int, default=6, help="how many held-out paintings (default 6)")
    parser.add_argument("--steps", type=int, default=70, help="of descent per painting (default 70)")
    parser.add_argument("--style-weight", type=float, default=1.3, help="lambda of the descent (default 1.3)")
    parser.add_argument("--size", type=int, default=256, help="side of the pictures that are judged (default 256)")
    options = parser.parse_args()
    device = torch.device("cpu")
    try:
        vgg = Vgg19.load(options.vgg)
        network = load_fast(options.weights)[0].requires_grad_(requires_grad=False)
        photos, held_out = load_images(options.contents, device)
        _, paintings = load_images(options.styles, device)
    except (ValueError, OSError) as error:
        print(f"headroom: {error}", file=sys.stderr)
        return 1
    judged_on = [centre_crop(image, options.size)[None] for image in held_out.images[:JUDGED]]
    before, after = [], []
    started = time.monotonic()
    chosen = np.linspace(0, len(paintings) - 1, min(options.paintings, len(paintings))).astype(int)
    for index in chosen:
        painting = centre_crop(paintings.images[index], options.size)[None]
        with torch.no_grad():
            stats, code = Stats.of(vgg(painting)), network.encode(painting)[0]
        found = descended(network, vgg, code, stats, photos, steps=options.steps, style_weight=options.style_weight)
        before.append(judge(network, vgg, code, stats, judged_on))
        after.append(judge(network, vgg, found, stats, judged_on))
    seconds = time.monotonic() - started
    size = f"{options.size}x{options.size}"
    title = f"{len(chosen)} held-out paintings on {len(judged_on)} held-out photos, {size}; {seconds:.0f} s"
    table = Table("code", "Lc", "Ls", *LAYERS, title=title)
    for name, several in (("of the encoder", before), (f"by {options.steps} steps of descent", after)):
        mean = Judged.mean(several)
        table.add_row(name, *(f"{value:.3f}" for value in (mean.lc, mean.ls, *mean.layers)))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
