"""One painting's style code, found by descent: the network stays as it is, only the numbers of the code learn.

The style encoder's code is the start. Photos are painted with it, the critic compares them with the painting, and Adam
moves the code, as the codes of the built-in styles are moved in training.
"""

import copy
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.critic import Critic, style_distance
from models.fast import SIZE_MULTIPLE, Fast
from streamstyle.styles.code import STYLE_SIZE
from training.checkpoint import follow
from training.data import Shuffler, centre_crop, random_crop
from training.painted.learner import Learner
from training.painted.loss import Loss

CROP, BATCH, RATE = 256, 1, 1e-1
SMALLEST_PHOTO = 0.6
"""Smallest side of a crop as a share of the photo's short side."""
EMA = 0.98
MOST_GRADIENT = 1.0
WARM_UP_STEPS = 10


class Tuner:
    """The code of one painting while it learns."""

    def __init__(
        self,
        network: Fast,
        critic: Critic,
        painting: Tensor,
        photos: Sequence[Tensor],
        *,
        crop: int = CROP,
        batch: int = BATCH,
        rate: float = RATE,
        precision: torch.dtype = torch.float32,
        seed: int = 0,
    ) -> None:
        """Begin with the code that the encoder gives.

        Args:
            network: Stays as it is.
            critic: Judges.
            painting: (3, H, W) uint8 RGB.
            photos: To paint: (3, H, W) uint8 RGB each, any sizes.
            crop: Side of what is painted in a step, in pixels; a multiple of 64.
            batch: Photos per step.
            rate: Of learning.
            precision: In which the network runs.
            seed: Of everything that is drawn.
        """
        self._critic, self._photos, self._crop, self._batch, self._rate = critic, list(photos), crop, batch, rate
        network.requires_grad_(requires_grad=False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._learner = Learner(network, [encoded(network, painting)])
        self._average = copy.deepcopy(self._learner.free)
        self._target = critic.target(painting)
        self._rng = np.random.default_rng(seed)
        self._draw = Shuffler(len(self._photos), self._rng)
        self._loss = Loss(critic, network.stylizer, precision, torch.Generator().manual_seed(seed))
        self._optimizer = torch.optim.Adam(self._learner.free.parameters(), betas=(0.9, 0.99))
        self.steps = 0

    def step(self, progress: float) -> dict[str, float]:
        """One step of learning.

        Args:
            progress: How much of all is done, 0..1.

        Returns:
            What the parts of the loss are.
        """
        crops = [
            random_crop(self._photos[index], self._crop, self._rng, smallest=SMALLEST_PHOTO)
            for index in self._draw.take(self._batch)
        ]
        photos = torch.stack(crops).contiguous(memory_format=torch.channels_last)
        loss, parts = self._loss.of(
            photos, self._learner.builtin([0] * self._batch), [self._target] * self._batch, self.steps
        )
        warm = min(1.0, (self.steps + 1) / WARM_UP_STEPS)
        self._optimizer.param_groups[0]["lr"] = self._rate * warm * 0.5 * (1 + math.cos(math.pi * progress))
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._learner.free.parameters(), MOST_GRADIENT)
        if bool(norm.isfinite()):
            self._optimizer.step()
        self.steps += 1
        follow(self._average, self._learner.free, self.steps, EMA)
        return parts

    @torch.no_grad()
    def code(self) -> dict[str, Tensor]:
        """The code as it is now, averaged over the last steps: name -> (1, C, 1, 1) float32."""
        now, self._learner.free = self._learner.free, self._average
        code = {name: tensor.clone() for name, tensor in self._learner.builtin([0]).items()}
        self._learner.free = now
        return code

    @torch.no_grad()
    def distance(self, photos: Sequence[Tensor]) -> float:
        """How far the middles of photos, (3, H, W) uint8 each, are from being painted like the painting: the mean."""
        code, ones = self.code(), torch.ones(1, 1, 1, 1)
        total = 0.0
        for photo in photos:
            painted = self._learner.network.stylizer(centre_crop(photo, self._crop)[None], ones, code).clamp(0, 1)
            total += float(style_distance(self._critic.see(painted).statistics, [self._target]))
        return total / len(photos)


@torch.no_grad()
def encoded(network: Fast, painting: Tensor) -> dict[str, Tensor]:
    """The encoder's code of a painting, (3, H, W) uint8, at the size at which looks have it encoded."""
    scale = STYLE_SIZE / min(painting.shape[1:])
    size = [max(1, round(side * scale / SIZE_MULTIPLE)) * SIZE_MULTIPLE for side in painting.shape[1:]]
    picture = F.interpolate(painting[None].float() / 255, size, mode="bilinear", antialias=True, align_corners=False)
    return dict(network.encode(picture.clamp(0, 1))[0])
