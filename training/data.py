"""Photos and paintings for training: decoded once, cropped on the training device.

Images come from folders and tars. One in twenty, chosen by the checksum of its name, is kept aside for validation and
never trained on, so that every run and every machine agrees on what was held out.
"""

import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
HELD_OUT_EVERY = 20


def is_held_out(name: str) -> bool:
    """Whether the image of this name is kept aside for validation."""
    return zlib.crc32(Path(name).name.encode()) % HELD_OUT_EVERY == 0


@contextmanager
def opened_tar(path: Path) -> Iterator[tarfile.TarFile]:
    """A tar of pictures.

    Raises:
        ValueError: The file is no tar, or a broken one; also while it is read.
        OSError: It cannot be read.
    """
    try:
        with tarfile.open(path) as archive:
            yield archive
    except (tarfile.TarError, EOFError) as error:
        reason = str(error).splitlines()[0].rstrip(":")
        raise ValueError(f"'{path}' cannot be read as a tar ({reason}); wanted a folder or tar of images") from error


def encoded_images(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every picture file in a folder (searched recursively) or a tar, in a fixed order.

    Raises:
        ValueError: The file is no tar, or a broken one.
        OSError: It cannot be read.
    """
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in SUFFIXES:
                yield file.name, file.read_bytes()
        return
    with opened_tar(path) as archive:
        for member in archive:
            if member.isfile() and Path(member.name).suffix.lower() in SUFFIXES:
                body = archive.extractfile(member)
                assert body is not None  # a regular member always has one
                yield Path(member.name).name, body.read()


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Images in memory.

    Attributes:
        names: File names.
        images: (3, H, W) uint8 RGB each, on the training device.
    """

    names: list[str]
    images: list[Tensor]

    def __len__(self) -> int:
        return len(self.images)


def load_images(paths: list[Path], device: torch.device, *, max_short_side: int = 512) -> tuple[ImageSet, ImageSet]:
    """Decode everything in folders and tars.

    Args:
        paths: Folders (searched recursively) and tar files.
        device: Where the pixels are kept.
        max_short_side: Larger images are reduced to this, to bound memory.

    Returns:
        The images to train on and those held out.

    Raises:
        ValueError: A path is missing, or nothing in the paths can be decoded.
    """
    train, held_out = ImageSet([], []), ImageSet([], [])
    for path in paths:
        if not path.exists():
            raise ValueError(f"wanted a folder or tar of images, but there is no '{path}'")
        for name, data in encoded_images(path):
            bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            if bgr is None:
                continue
            shrink = max_short_side / min(bgr.shape[:2])
            if shrink < 1:
                bgr = cv2.resize(bgr, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            rgb = np.ascontiguousarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).transpose(2, 0, 1))
            chosen = held_out if is_held_out(name) else train
            chosen.names.append(name)
            chosen.images.append(torch.from_numpy(rgb).to(device))
    if not train.images or not held_out.images:
        raise ValueError(f"too few readable images in {', '.join(map(str, paths))}: wanted at least 40")
    return train, held_out


def random_crop(
    image: Tensor,
    size: int,
    rng: np.random.Generator,
    *,
    smallest: float = 0.45,
    short_side: int | None = None,
) -> Tensor:
    """A square crop at a random place: of a random scale and perhaps mirrored, or just of a fixed scale.

    Args:
        image: (3, H, W) uint8.
        size: Side of the result in pixels.
        rng: Drawn from in a fixed order.
        smallest: Smallest side of the box as a share of the image's short side.
        short_side: The scale at which the image's short side has so many pixels, or its own where that is less; None for a
            random scale. With a scale, nothing is mirrored.

    Returns:
        (3, size, size) float32 in [0, 1].
    """
    height, width = image.shape[1:]
    short = min(height, width)
    share = rng.uniform(smallest, 1.0) if short_side is None else min(1.0, size / min(short, short_side))
    side = max(1, round(short * share))
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    box = image[:, top : top + side, left : left + side].float().div_(255)
    crop = F.interpolate(box[None], (size, size), mode="bilinear", antialias=True, align_corners=False)[0]
    if short_side is None and rng.random() < 0.5:
        crop = crop.flip(2)
    return crop.clamp_(0, 1)


def centre_crop(image: Tensor, size: int) -> Tensor:
    """The largest centred square, scaled to size: (3, size, size) float32 in [0, 1]."""
    height, width = image.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    box = image[:, top : top + side, left : left + side].float().div(255)
    return F.interpolate(box[None], (size, size), mode="bilinear", antialias=True, align_corners=False)[0].clamp_(0, 1)


class Shuffler:
    """Endless indices 0..count-1: every one once before any one again, in a new order each round."""

    def __init__(self, count: int, rng: np.random.Generator) -> None:
        self.count = count
        self.rng = rng
        self.queue: list[int] = []

    def take(self, number: int) -> list[int]:
        """The next indices."""
        while len(self.queue) < number:
            self.queue += self.rng.permutation(self.count).tolist()
        taken, self.queue = self.queue[:number], self.queue[number:]
        return taken
