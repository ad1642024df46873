"""How well a network paints what it was not trained on, and a sheet to look at."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from models.critic import Critic, Target, style_distance
from models.pictures import to_uint8
from training.data import centre_crop
from training.painted.learner import Learner

PAIRS = 12
_PAIRS_PER_LINE = 4


class HeldOut:
    """Held-out photos in held-out paintings and in the built-in styles."""

    def __init__(
        self, critic: Critic, photos: list[Tensor], paintings: list[Tensor], builtin: list[Tensor], size: int
    ) -> None:
        """Choose the pairs.

        Args:
            critic: Judges.
            photos: (3, H, W) uint8 each, not trained on.
            paintings: (3, H, W) uint8 each, not trained on.
            builtin: Paintings of the built-in styles, in their order.
            size: Side of the photos' middle in pixels.
        """
        number = min(PAIRS, len(photos), len(paintings))
        chosen = [np.linspace(0, len(images) - 1, number).astype(int) for images in (photos, paintings)]
        self.critic, self.size = critic, size
        self.photos = [centre_crop(photos[index], size) for index in chosen[0]]
        self.paintings, self.builtin = [paintings[index] for index in chosen[1]], builtin

    @torch.no_grad()
    def score(self, learner: Learner, sheet: Path | None = None) -> dict[str, float]:
        """Mean style distance of held-out paintings and of built-in styles; with a sheet of photo, painting, result.

        Args:
            learner: In evaluation.
            sheet: A PNG to write.
        """
        rows, distances = [], {"held_out": [0.0], "builtin": [0.0]}
        codes = [("held_out", p, learner.network.encode(self._middle(p)[None])[0]) for p in self.paintings]
        codes += [("builtin", p, learner.builtin([index])) for index, p in enumerate(self.builtin)]
        for index, (kind, painting, code) in enumerate(codes):
            photo = self.photos[index % len(self.photos)]
            picture = learner.network.stylizer(photo[None], torch.ones(1, 1, 1, 1), code).clamp(0, 1)
            distances[kind].append(self._distance(picture, self.critic.target(painting)))
            rows.append(torch.cat([photo, self._middle(painting), picture[0]], 2))
        if sheet is not None:
            rows += [torch.zeros_like(rows[0])] * (-len(rows) % _PAIRS_PER_LINE)
            lines = [torch.cat(rows[at : at + _PAIRS_PER_LINE], 2) for at in range(0, len(rows), _PAIRS_PER_LINE)]
            cv2.imwrite(str(sheet), np.ascontiguousarray(to_uint8(torch.cat(lines, 1)[None])[0].numpy()[..., ::-1]))
        return {kind: round(sum(values) / max(1, len(values) - 1), 4) for kind, values in distances.items()}

    def _middle(self, painting: Tensor) -> Tensor:
        return centre_crop(painting, self.size)

    def _distance(self, picture: Tensor, target: Target) -> float:
        return float(style_distance(self.critic.see(picture).statistics, [target]))
