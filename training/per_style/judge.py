"""What a per-style network is to learn, and how well it does on photos that are never trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.feedforward import FeedForward
from models.losses import DEEPEST, content_loss, gram, gram_loss
from models.vgg import Vgg19
from training.data import ImageSet, centre_crop

SMALLEST_PAINTING = 16
LONGEST_SIDES = 4
JUDGED_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Paintings:
    """What is to be learnt.

    Attributes:
        names: Of the styles, in order.
        grams: Layer -> (styles, C, C) float32.
    """

    names: list[str]
    grams: dict[str, Tensor]

    @classmethod
    def load(cls, paths: Sequence[Path], vgg: Vgg19, device: torch.device, *, short_side: int) -> "Paintings":
        """Read picture files; each is named after its file.

        Args:
            paths: One or more.
            vgg: The judge.
            device: Where the Gram matrices are kept.
            short_side: Pixels to which the short side is scaled; it decides how large the strokes are.

        Raises:
            ValueError: A file is missing or no picture, or two have the same name.
        """
        names = [path.stem for path in paths]
        doubled = {name for name in names if names.count(name) > 1}
        if doubled:
            raise ValueError(f"two paintings are called '{min(doubled)}'; rename one, styles are named after their files")
        found = []
        for path in paths:
            with torch.no_grad():
                features = vgg(read_painting(path, short_side).to(device))
            found.append({layer: gram(tensor) for layer, tensor in features.items()})
        return cls(names, {layer: torch.cat([grams[layer] for grams in found]) for layer in found[0]})

    def of(self, indices: Tensor) -> dict[str, Tensor]:
        """Layer -> (N, C, C): the Gram matrices of N styles."""
        return {layer: grams[indices] for layer, grams in self.grams.items()}


def read_painting(path: Path, short_side: int) -> Tensor:
    """A picture file as (1, 3, H, W) float32 in [0, 1], RGB; a very long one is cut to the middle of it.

    Raises:
        ValueError: The file is missing, is no picture, or has next to no pixels.
    """
    if not path.is_file():
        raise ValueError(f"wanted a painting, but there is no file '{path}'")
    data = np.frombuffer(path.read_bytes(), np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if bgr is None:
        raise ValueError(f"wanted a painting, but '{path}' is not a picture that can be read")
    height, width = bgr.shape[:2]
    short = min(height, width)
    if short < SMALLEST_PAINTING:
        wanted = f"{SMALLEST_PAINTING}x{SMALLEST_PAINTING}"
        raise ValueError(f"painting '{path}' is {width}x{height} pixels; wanted at least {wanted}")
    limit = LONGEST_SIDES * short
    top, left = max(0, height - limit) // 2, max(0, width - limit) // 2
    rgb = np.ascontiguousarray(bgr[top : top + limit, left : left + limit, ::-1].transpose(2, 0, 1))
    image = torch.from_numpy(rgb)[None].float().div(255)
    size = [round(side * short_side / short) for side in image.shape[2:]]
    return F.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


@dataclass(frozen=True, slots=True)
class Score:
    """Means over pictures.

    Attributes:
        lc: Content loss.
        ls: Gram loss.
        loss: Lc + lambda Ls.
    """

    lc: float
    ls: float
    loss: float


class HeldOutPhotos:
    """Photos that are never trained on, each with one of the styles in turn, and what VGG wants of their results."""

    def __init__(
        self, photos: ImageSet, paintings: Paintings, vgg: Vgg19, *, number: int, size: int, style_weight: float
    ) -> None:
        chosen = np.random.default_rng(0).permutation(len(photos))[:number]
        self.photos = torch.stack([centre_crop(photos.images[index], size) for index in chosen])  # (N, 3, size, size)
        self.styles = torch.arange(len(chosen), device=self.photos.device) % len(paintings.names)
        self.vgg, self.paintings, self.style_weight = vgg, paintings, style_weight
        with torch.no_grad():
            self.wanted = [vgg(photos)[DEEPEST] for photos in torch.split(self.photos, JUDGED_AT_ONCE)]

    @torch.no_grad()
    def run(self, network: FeedForward) -> Tensor:
        """The network's results, rounded to 8 bits as users see them: (N, 3, H, W) float32 in [0, 1]."""
        result: Tensor = network(self.photos, self.styles, torch.ones(1, 1, 1, 1, device=self.photos.device))
        return result.mul(255).round().div(255)

    @torch.no_grad()
    def score(self, results: Tensor) -> Score:
        """The losses of one result per photo, in float32."""
        lc, ls = 0.0, 0.0
        grams = self.paintings.of(self.styles)
        for number, (part, wanted) in enumerate(zip(torch.split(results, JUDGED_AT_ONCE), self.wanted, strict=True)):
            features = self.vgg(part)
            rows = slice(number * JUDGED_AT_ONCE, (number + 1) * JUDGED_AT_ONCE)
            lc += float(content_loss(features, wanted).sum())
            ls += float(gram_loss(features, {layer: matrices[rows] for layer, matrices in grams.items()}).sum())
        lc, ls = lc / len(results), ls / len(results)
        return Score(lc, ls, lc + self.style_weight * ls)
