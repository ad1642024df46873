"""Photos and paintings out of folders and tars, and the pairs that are evaluated."""

import fnmatch
import hashlib
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np

from streamstyle.errors import SourceError
from streamstyle.frame import Image
from streamstyle.media.pictures import decode_picture
from training.data import Shuffler, encoded_images, is_held_out

LEAST_SIDE = 32
"""Below this VGG's deepest features are a handful of positions."""


class Pictures:
    """Encoded pictures by name, decoded when they are wanted.

    Attributes:
        source: Where they are from, for people.
        names: In a fixed order, each once.
    """

    def __init__(self, path: str, *, held_out: bool = False) -> None:
        """Read the bytes of a folder (searched recursively) or tar.

        Args:
            path: `DIR` or `TAR`; `TAR:PATTERN` takes the names that match, as `contents.tar:bsds_*`.
            held_out: Take only what `python -m training` never trains on.

        Raises:
            SourceError: There is no such path, or nothing in it has the name of a picture.
        """
        place, pattern = path, "*"
        if not Path(path).exists() and ":" in path:
            place, _, pattern = path.rpartition(":")
        if not Path(place).exists():
            raise SourceError(f"wanted a folder or tar of pictures, but there is no '{place}'; check the name")
        self.source = Path(path).name
        self._bytes: dict[str, bytes] = {}
        try:
            for name, data in encoded_images(Path(place)):
                if fnmatch.fnmatch(name, pattern) and (is_held_out(name) or not held_out):
                    self._bytes[self._own_name(name)] = data
        except (OSError, ValueError) as error:
            raise SourceError(f"'{place}' cannot be read as a folder or tar of pictures; name another") from error
        self.names = list(self._bytes)
        if not self.names:
            which = " that training keeps aside" if held_out else ""
            raise SourceError(f"'{path}' holds no pictures{which}; wanted .jpg, .png, .webp, .bmp or .tif")

    def _own_name(self, name: str) -> str:
        """The name, made different where two folders hold the same one."""
        own, number = name, 2
        while own in self._bytes:
            own, number = f"{Path(name).stem}~{number}{Path(name).suffix}", number + 1
        return own

    def image(self, name: str) -> Image:
        """Decode one: (H, W, 3) uint8 RGB.

        Raises:
            SourceError: It is damaged, no picture at all, or too small.
        """
        image = decode_picture(self._bytes[name], f"'{name}' of {self.source}").over_white
        if min(image.shape[:2]) < LEAST_SIDE:
            raise SourceError(f"'{name}' of {self.source} is {image.shape[1]}x{image.shape[0]}; wanted {LEAST_SIDE} a side")
        return image

    @property
    def checksum(self) -> str:
        """Of all names and bytes."""
        digest = hashlib.sha256()
        for name, data in sorted(self._bytes.items()):
            digest.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
        return digest.hexdigest()[:12]


def choose_pairs(
    contents: Sequence[str],
    styles: Sequence[str],
    count: int,
    seed: int,
    usable: Callable[[tuple[str, str]], bool] = lambda _pair: True,
) -> list[tuple[str, str]]:
    """Random pairs, none twice; each photo and painting once before any one again. Fewer pairs are the first of more.

    Args:
        contents: Names.
        styles: Names.
        count: How many; all combinations where there are fewer.
        seed: The same gives the same.
        usable: Asked of each pair before it is taken.
    """
    rows = Shuffler(len(contents), np.random.default_rng([seed, 0]))
    columns = Shuffler(len(styles), np.random.default_rng([seed, 1]))
    drawn: dict[tuple[str, str], bool] = {}
    total = len(contents) * len(styles)
    for _ in range(4 * min(total, count + len(contents) + len(styles))):
        pair = contents[rows.take(1)[0]], styles[columns.take(1)[0]]
        if pair not in drawn:
            drawn[pair] = usable(pair)
        if sum(drawn.values()) == count:
            break
    # The last few combinations come up too rarely by chance.
    if sum(drawn.values()) < count:
        for pair in product(contents, styles):
            if sum(drawn.values()) == count:
                break
            if pair not in drawn:
                drawn[pair] = usable(pair)
    return [pair for pair, good in drawn.items() if good]
