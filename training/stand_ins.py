"""`python -m training.stand_ins`: the pictures that the style encoder looks at, made to stand for photos.

The encoder corrects a code by what comes of painting a fixed picture with it (`models.style_encoder`). What VGG says of
that picture, painted, should therefore be what it says of photos on average. Here the picture itself is found by descent:
for the codes of many paintings, the statistics of the painted picture are drawn to the mean of those of painted photos.
What comes out is no photo, and shows none.

Source: Zhao & Bilen 2021, "Dataset Condensation with Distribution Matching", arXiv:2110.04181: pictures whose features
agree with those of a whole set.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.adain import StyleCode
from models.dead_leaves import dead_leaves
from models.fast import LOOKED_AT, Fast
from models.layers import straight_through_clamp
from models.losses import Stats
from models.vgg import Vgg19
from training.checkpoint import load_weights, save_weights
from training.data import ImageSet, centre_crop, load_images
from training.precision import usual_autocast

PHOTOS = 5
"""Per code; their mean is what is aimed at."""
BATCH = 4
RATE = 0.02
STATED_EVERY = 20


@dataclass(frozen=True, slots=True)
class Painted:
    """Codes of paintings, and what photos painted with them look like to VGG.

    Attributes:
        codes: Of M paintings.
        rows: (M, S): the statistics of all layers, the mean over photos; scaled so that squares add up to the style loss.
        wanted: (M, S): those of the paintings.
    """

    codes: list[StyleCode]
    rows: Tensor
    wanted: Tensor


def row(stats: Stats) -> Tensor:
    """Statistics as (N, S): the squared distance of two rows is their style loss."""
    return torch.cat([part.flatten(1) / part.shape[1] ** 0.5 for part in stats.means + stats.stds], 1)


class StandIns:
    """Makes the pictures for one network."""

    def __init__(self, network: Fast, vgg: Vgg19, size: int = 256) -> None:
        self.network, self.vgg, self.size = network, vgg, size

    def painted_row(self, pictures: Tensor, code: StyleCode) -> Tensor:
        """What VGG says of pictures (N, 3, H, W) in [0, 1], painted with N codes or with one: (N, S)."""
        number = len(pictures)
        code = {name: part.expand(number, -1, -1, -1) for name, part in code.items()}
        with usual_autocast():
            result = self.network.stylizer(pictures, torch.ones(number, 1, 1, 1), code)
            return row(Stats.of(self.vgg(straight_through_clamp(result))))

    @torch.no_grad()
    def paint(self, photos: ImageSet, paintings: ImageSet, number: int, seed: int) -> Painted:
        """Photos drawn by the seed in the codes of that many paintings; every third code is one from before the looks."""
        rng = np.random.default_rng(seed)
        codes, rows, wanted = [], [], []
        for index in range(number):
            painting = self._drawn(paintings, 1, rng)
            codes.append(self.network.encode(painting)[0] if index % 3 else self.network.encoder(painting)[0])
            rows.append(self.painted_row(self._drawn(photos, PHOTOS, rng), codes[-1]).mean(0))
            wanted.append(row(Stats.of(self.vgg(painting)))[0])
        return Painted(codes, torch.stack(rows), torch.stack(wanted))

    def _drawn(self, images: ImageSet, number: int, rng: np.random.Generator) -> Tensor:
        chosen = rng.integers(len(images), size=number)
        return torch.stack([centre_crop(images.images[int(index)], self.size) for index in chosen])

    @torch.no_grad()
    def agreement(self, picture: Tensor, judged: Painted) -> float:
        """Cosine between what a painted picture (1, 3, H, W) and photos say is lacking, over all codes; 1 is best."""
        told = torch.cat([self.painted_row(picture, code) for code in judged.codes]) - judged.wanted
        truth = judged.rows - judged.wanted
        return float((told * truth).sum() / (told.square().sum() * truth.square().sum()).sqrt())

    def make(self, painted: Painted, steps: int, seed: int, judged: Painted) -> Tensor:
        """A picture, (1, 3, LOOKED_AT, LOOKED_AT) in [0, 1]; begins with dead leaves."""
        rng = np.random.default_rng(seed)
        picture = dead_leaves(LOOKED_AT, seed=seed).float().div(255).requires_grad_()
        optimizer = torch.optim.Adam([picture], lr=RATE, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        started = time.monotonic()
        print(f"picture {seed}: agreement {self.agreement(picture.detach(), judged):.3f} at first", flush=True)
        for step in range(1, steps + 1):
            drawn = rng.integers(len(painted.codes), size=BATCH)
            code = {name: torch.cat([painted.codes[index][name] for index in drawn]) for name in painted.codes[0]}
            told = self.painted_row(straight_through_clamp(picture).expand(BATCH, -1, -1, -1), code)
            loss = (told - painted.rows[drawn]).square().sum(1).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                picture.clamp_(0, 1)
            if step % STATED_EVERY == 0 or step == steps:
                agreement = self.agreement(picture.detach(), judged)
                print(f"step {step}: agreement {agreement:.3f}, {time.monotonic() - started:.0f} s", flush=True)
        return picture.detach()


def main() -> int:
    """Write weights with new pictures; exit code 1 with one line when an input cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m training.stand_ins", description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, default=Path("models/fast.safetensors"), help="of `fast`")
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="folders or tars of paintings")
    parser.add_argument("--vgg", type=Path, required=True, help="normalised VGG-19, layout of vgg_normalised.pth")
    parser.add_argument("--output", type=Path, required=True, help="weights to write; train on from them with --init")
    parser.add_argument("--paintings", type=int, default=140, help="whose codes are used (default 140)")
    parser.add_argument("--judged", type=int, default=10, help="held-out paintings of the agreement (default 10)")
    parser.add_argument("--steps", type=int, default=120, help="of descent per picture (default 120)")
    parser.add_argument("--size", type=int, default=256, help="side of the photos and paintings (default 256)")
    parser.add_argument("--threads", type=int, help="CPU threads")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device("cpu")
    try:
        vgg = Vgg19.load(options.vgg).requires_grad_(requires_grad=False)
        network, record = load_weights(options.weights, vgg)
        if not isinstance(network, Fast) or not network.config.looks:
            raise ValueError(f"'{options.weights}' holds no network that looks at pictures; wanted weights of `fast`")
        photos, held_out_photos = load_images(options.contents, device)
        paintings, held_out_paintings = load_images(options.styles, device)
    except (ValueError, OSError) as error:
        print(f"stand_ins: {error}", file=sys.stderr)
        return 1
    maker = StandIns(network.requires_grad_(requires_grad=False), vgg, options.size)
    painted = maker.paint(photos, paintings, options.paintings, seed=0)
    judged = maker.paint(held_out_photos, held_out_paintings, options.judged, seed=1)
    for look in range(network.config.looks):
        network.looked_at[look : look + 1] = maker.make(painted, options.steps, look + 1, judged)
    save_weights(network, options.output, record)
    print(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
