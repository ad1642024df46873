"""The pictures that judges judge by: which photos, which paintings; the same ones every time, on every machine."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs

from evaluation.judges import lattice, texture
from evaluation.report.pictures import Pictures
from evaluation.sizes import Painting, as_painting, crop_to
from streamstyle.frame import Image
from streamstyle.media.resize import resize_short_side

PAINTINGS = 55
"""Among which the right one is to be found."""
BUILT_IN = ("impr_0012", "kand_0071", "bee_0032")
"""Paintings that training keeps aside by their names, but that built-in styles were made of."""
_WIDEST = 16 / 9


@dataclass(frozen=True, slots=True)
class Pair:
    """What is stylized.

    Attributes:
        name: Of the photo.
        photo: (H, W, 3) uint8 RGB.
        painting: Its style.
        right: Which of the gallery's paintings that is, where the texture is to be judged; None else.
    """

    name: str
    photo: Image
    painting: Painting
    right: int | None = None


class Gallery:
    """Photos and paintings, in the order of the checksums of their names: in no order that a collector gave them.

    Attributes:
        paintings: At most PAINTINGS.
    """

    def __init__(self, contents: Pictures, styles: Pictures, size: int) -> None:
        """Take the pictures.

        Args:
            contents: Photos.
            styles: Paintings.
            size: Short side of the photos in pixels.
        """
        self._contents, self._styles, self._size = contents, styles, size
        names = [name for name in shuffled(styles.names) if Path(name).stem not in BUILT_IN]
        self.paintings = [as_painting(name, styles.image(name)) for name in names[:PAINTINGS]]
        self._photos = shuffled(contents.names)

    def shown(self) -> list[Painting]:
        """What systems saw of the paintings, in the size of the photos: detail finer than that counts for nobody."""
        return [Painting(one.key, resize_short_side(one.image, self._size)) for one in self.paintings]

    def photo(self, name: str) -> Image:
        """At the size, its middle where it is longer than 16:9."""
        return as_photo(self._contents.image(name), self._size)

    def photos(self) -> Iterator[tuple[str, Image]]:
        """All of them, in order."""
        for name in self._photos:
            yield name, self.photo(name)

    def pairs(self, count: int) -> list[Pair]:
        """Photos with a smooth place, for the lattice, and any others, in turn; fewer pairs are the first of more."""
        smooth: list[tuple[str, Image]] = []
        other: list[tuple[str, Image]] = []
        for name, photo in self.photos():
            (smooth if lattice.smooth_places(photo) else other).append((name, photo))
            if min(len(smooth), len(other)) >= -(-count // 2):
                break
        taken: list[tuple[str, Image]] = []
        while len(taken) < count and (smooth or other):
            turn = other if len(taken) % 2 else smooth
            taken.append((turn or smooth or other).pop(0))
        return [
            Pair(name, photo, self.paintings[index % len(self.paintings)], index % len(self.paintings))
            for index, (name, photo) in enumerate(taken)
        ]

    def pair(self, name: str, painting: Painting) -> Pair:
        """A photo in a painting, whether that is one of the gallery or not."""
        return Pair(name, self.photo(name), painting)


def as_photo(image: Image, size: int) -> Image:
    """Short side `size`; of one longer than 16:9 the middle."""
    height, width = image.shape[:2]
    scale = size / min(height, width)
    longest = round(size * _WIDEST)
    return crop_to(image, min(longest, max(size, round(width * scale))), min(longest, max(size, round(height * scale))))


def shuffled(names: Sequence[str]) -> list[str]:
    """In an order that depends on nothing but the names."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())


def textures(judge: texture.TextureJudge, paintings: Sequence[Painting], vgg: Path) -> list[texture.Signature]:
    """What the judge sees of paintings; kept in the user's cache, since VGG takes a minute for them."""
    digest = hashlib.sha256(vgg.read_bytes() + Path(texture.__file__).read_bytes())
    for painting in paintings:
        digest.update(np.ascontiguousarray(painting.image).tobytes())
    folder = Path(platformdirs.user_cache_dir("streamstyle", appauthor=False)) / "judges"
    path = folder / f"textures-{digest.hexdigest()[:16]}.npy"
    try:
        return list(np.load(path, allow_pickle=False))
    except (OSError, ValueError):
        seen = np.stack([judge.see(painting.image) for painting in paintings])
    partial = path.with_suffix(".partial.npy")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(partial, seen)
        partial.replace(path)
    except OSError:
        pass  # a cache that cannot be written costs time only
    return list(seen)
