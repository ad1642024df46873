"""What VGG says of photos and paintings: the targets of the losses, kept where that saves work.

VGG-19 costs far more than the network that is trained. On a CPU the crops are therefore drawn from a fixed number of
variants per image and their targets are kept after the first sight: a step then runs VGG on the results only, which
halves its time. On a GPU (variants = 0) every crop is new.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.losses import DEEPEST, Stats
from models.vgg import LAYER_WIDTHS, LAYERS, Vgg19
from training.data import ImageSet, Shuffler, random_crop
from training.precision import autocast


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops and what VGG says of them.

    Attributes:
        images: (N, 3, H, W) float32 in [0, 1].
        stats: Statistics of relu1_1 ... relu4_1.
        features: (N, 512, H/8, W/8) relu4_1, or None where only the statistics are wanted.
    """

    images: Tensor
    stats: Stats
    features: Tensor | None


@dataclass(frozen=True, slots=True)
class _Kept:
    image: Tensor  # (3, H, W) uint8
    stats: Tensor  # means and deviations of all layers in one row
    features: Tensor | None  # (512, H/8, W/8) bfloat16


class TargetSampler:
    """Draws batches of crops of one image set with their VGG targets."""

    def __init__(
        self,
        images: ImageSet,
        vgg: Vgg19,
        *,
        seed: int,
        variants: int,
        keep_features: bool,
        precision: torch.dtype,
        short_side: int | None = None,
    ) -> None:
        self.images, self.vgg = images, vgg
        self.seed, self.variants = seed, variants
        self.keep_features, self.precision = keep_features, precision
        self.short_side = short_side
        self.rng = np.random.default_rng(seed)
        self.shuffler = Shuffler(len(images), self.rng)
        self.kept: dict[tuple[int, int, int], _Kept] = {}

    def sample(self, number: int, size: int) -> Batch:
        """Draw crops of size x size pixels."""
        indices = self.shuffler.take(number)
        if self.variants == 0:
            crops = [self._crop(index, size, self.rng) for index in indices]
            return self._judge(torch.stack(crops).contiguous(memory_format=torch.channels_last))
        keys = [(index, int(self.rng.integers(self.variants)), size) for index in indices]
        fresh = [key for key in dict.fromkeys(keys) if key not in self.kept]
        if fresh:
            self._keep(fresh)
        return self._join([self.kept[key] for key in keys])

    def _crop(self, index: int, size: int, rng: np.random.Generator) -> Tensor:
        return random_crop(self.images.images[index], size, rng, short_side=self.short_side)

    def state(self) -> dict[str, Any]:
        """Where the draws stand, for a checkpoint; the kept targets are made again as they are drawn."""
        return {"rng": json.dumps(self.rng.bit_generator.state), "queue": list(self.shuffler.queue)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.rng.bit_generator.state = json.loads(state["rng"])
        self.shuffler.queue = list(state["queue"])

    def _judge(self, images: Tensor) -> Batch:
        with torch.no_grad(), autocast(images.device.type, self.precision):
            features = self.vgg(images.contiguous(memory_format=torch.channels_last))
        return Batch(images, Stats.of(features), features[DEEPEST] if self.keep_features else None)

    def _keep(self, keys: list[tuple[int, int, int]]) -> None:
        crops = []
        for index, variant, size in keys:
            rng = np.random.default_rng((self.seed, index, variant, size))
            crops.append(self._crop(index, size, rng))
        # Rounded first, so that the targets belong to exactly the pixels that are kept.
        pixels = torch.stack(crops).mul(255).round().to(torch.uint8)
        batch = self._judge(pixels.float().div(255))
        rows = torch.cat(batch.stats.means + batch.stats.stds, dim=1).flatten(1)
        for position, key in enumerate(keys):
            features = None if batch.features is None else batch.features[position].to(torch.bfloat16).clone()
            self.kept[key] = _Kept(pixels[position], rows[position].clone(), features)

    def _join(self, kept: list[_Kept]) -> Batch:
        images = (
            torch.stack([entry.image for entry in kept]).float().div_(255).contiguous(memory_format=torch.channels_last)
        )
        rows = torch.stack([entry.stats for entry in kept])[:, :, None, None]
        parts = torch.split(rows, list(LAYER_WIDTHS * 2), dim=1)
        features = [entry.features for entry in kept if entry.features is not None]
        stacked = torch.stack(features) if features else None
        return Batch(images, Stats(parts[: len(LAYERS)], parts[len(LAYERS) :]), stacked)
