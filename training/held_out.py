"""The paper's losses on pairs that were not trained on, and a sheet of pictures of them."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from models.losses import DEEPEST, Stats, content_loss, content_target, style_loss
from models.vgg import Vgg19
from training.data import ImageSet, centre_crop

SHOWN = 6
SIDE = 256


@dataclass(frozen=True, slots=True)
class Score:
    """Means over the pairs; Lc and Ls as in models.losses."""

    lc: float
    ls: float


class HeldOut:
    """A fixed set of held-out pairs of SIDE x SIDE pixels."""

    def __init__(self, contents: ImageSet, styles: ImageSet, vgg: Vgg19, *, pairs: int) -> None:
        rng = np.random.default_rng(0)
        chosen = [(int(rng.integers(len(contents))), int(rng.integers(len(styles)))) for _ in range(pairs)]
        self.vgg = vgg
        self.pairs = [
            (centre_crop(contents.images[c], SIDE)[None], centre_crop(styles.images[s], SIDE)[None]) for c, s in chosen
        ]
        self.targets: list[tuple[Tensor, Stats]] = []
        with torch.no_grad():
            for content, style in self.pairs:
                stats = Stats.of(vgg(style))
                self.targets.append((content_target(vgg(content)[DEEPEST], stats), stats))

    @torch.no_grad()
    def score(self, results: list[Tensor]) -> Score:
        """The losses of one (1, 3, H, W) result per pair, in float32, clamped and rounded to 8 bits as users see it."""
        lc, ls = 0.0, 0.0
        for result, (target, stats) in zip(results, self.targets, strict=True):
            features = self.vgg(result.clamp(0, 1).mul(255).round().div(255))
            lc += float(content_loss(features, target))
            ls += float(style_loss(Stats.of(features), stats))
        return Score(lc / len(results), ls / len(results))

    @torch.no_grad()
    def run(self, network: nn.Module) -> list[Tensor]:
        """The network's result for every pair, in float32."""
        network.eval()
        alpha = torch.ones(1, 1, 1, 1, device=self.pairs[0][0].device)
        results = [network(content, style, alpha) for content, style in self.pairs]
        network.train()
        return results

    def sheet(self, results: list[Tensor], path: Path) -> None:
        """Write the first pairs as a PNG: style, content and result in each row."""
        rows = [
            torch.cat([style[0], content[0], result[0].clamp(0, 1)], dim=2)
            for (content, style), result in zip(self.pairs[:SHOWN], results, strict=False)
        ]
        rgb = torch.cat(rows, dim=1).mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
        cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
