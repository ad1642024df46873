"""Style codes bettered by descent on the losses (`training.headroom`), judged before and after on pictures of their own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.fast import Fast
from models.losses import Stats
from models.pictures import to_float
from models.vgg import Vgg19
from streamstyle.descent import MULTIPLE
from streamstyle.frame import Image
from streamstyle.look import StyleCode
from training.data import ImageSet, centre_crop
from training.headroom import Judged, descended, judge

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "models" / "fast.safetensors"
"""Of the network whose codes are bettered: those behind the shipped graphs."""
STYLE_WEIGHT, STILLNESS, ROUNDING = 1.5, 6.0, 6.0
"""Prices of the descent, as in training."""
STEPS = 60
JUDGED_SIDE = 256
"""Side of the pictures that codes are judged on."""


@dataclass(frozen=True, slots=True)
class Bettered:
    """A code, and what it is worth.

    Attributes:
        code: Of less loss.
        before: Losses of the code that it began with.
        after: Its own.
    """

    code: StyleCode
    before: Judged
    after: Judged

    def __str__(self) -> str:
        """`Lc 0.99 -> 0.97, Ls 0.42 -> 0.33`, with three digits."""
        before, after = self.before, self.after
        return f"Lc {before.lc:.3f} -> {after.lc:.3f}, Ls {before.ls:.3f} -> {after.ls:.3f}"


@torch.no_grad()
def stats_of(vgg: Vgg19, painting: Image) -> Stats:
    """What the judge says of a painting, (H, W, 3) uint8 RGB, without the rows and columns beyond multiples of 8."""
    height, width = (side // MULTIPLE * MULTIPLE for side in painting.shape[:2])
    return Stats.of(vgg(to_float(torch.from_numpy(painting[None, :height, :width]))))


def in_one_row(stats: Stats) -> NDArray[np.float32]:
    """As `streamstyle.descent` takes them: (1, S), means, then deviations."""
    row: NDArray[np.float32] = torch.cat(stats.means + stats.stds, 1).flatten(1).numpy()
    return row


class Betterer:
    """Betters codes, one after the other."""

    def __init__(self, network: Fast, vgg: Vgg19, photos: ImageSet, judged: list[Tensor], steps: int = STEPS) -> None:
        """Take what all of them need.

        Args:
            network: That paints with the codes.
            vgg: The judge.
            photos: To paint on during the descent.
            judged: (3, H, W) uint8 each, to judge codes on.
            steps: Of the descent.
        """
        self.network = network.requires_grad_(requires_grad=False)
        self.vgg, self.photos, self.steps = vgg, photos, steps
        self.judged_on = [centre_crop(image, JUDGED_SIDE)[None] for image in judged]

    def better(self, code: StyleCode, tell: Callable[[int], None] = lambda _step: None) -> Bettered:
        """A code of less loss.

        Args:
            code: The encoder's, with its painting.
            tell: Told after every step how many are done.
        """
        (painting, _), *_ = code.paintings
        stats = stats_of(self.vgg, painting)
        start = {name: torch.from_numpy(tensor) for name, tensor in code.tensors.items()}
        found = descended(
            self.network,
            self.vgg,
            start,
            stats,
            self.photos,
            steps=self.steps,
            style_weight=STYLE_WEIGHT,
            stillness=STILLNESS,
            rounding=ROUNDING,
            tell=tell,
        )
        before, after = (judge(self.network, self.vgg, one, stats, self.judged_on) for one in (start, found))
        tensors = {name: tensor.numpy() for name, tensor in found.items()}
        return Bettered(replace(code, tensors=tensors, judged=in_one_row(stats)), before, after)
