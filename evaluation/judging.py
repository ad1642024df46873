"""Asks all judges about a system: the figures of its pictures, and their summary."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from evaluation.gallery import Pair
from evaluation.judges import faces, texture
from evaluation.judges.contrast import contrast
from evaluation.judges.lattice import lattice, smooth_places
from evaluation.judges.sharpness import sharpness
from evaluation.judges.stillness import stillness
from evaluation.measures.coherence import luma, ssim
from evaluation.systems.base import System
from streamstyle.errors import ModelError
from streamstyle.frame import Image

FIRST = 3
"""Places that count as among the first."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of the table.

    Attributes:
        key: In the JSON.
        label: In the table.
        digits: After the point.
        better: What is better.
    """

    key: str
    label: str
    digits: int
    better: str

    def text(self, figures: Mapping[str, float]) -> str:
        """Its cell; a dash where there is nothing to tell by."""
        return f"{figures[self.key]:.{self.digits}f}" if self.key in figures else "-"


FIGURES = (
    Figure("texture_rank", "texture rank", 1, "less"),
    Figure("texture_mean", "its mean", 1, "less"),
    Figure("texture_first", "in first 3", 2, "more"),
    Figure("lattice", "lattice", 2, "less"),
    Figure("contrast", "contrast", 2, "1"),
    Figure("sharpness", "sharpness", 2, "1"),
    Figure("ssim", "SSIM", 2, "more"),
    Figure("noise", "noise", 1, "less"),
    Figure("shift", "shift", 1, "less"),
    Figure("faces_kept", "faces kept", 2, "more"),
    Figure("faces_moved", "moved", 3, "less"),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judges say of one picture.

    Attributes:
        photo: Name of the photo.
        painting: Name of the painting.
        result: The picture.
        figures: Name -> value; names are absent where there is nothing to tell by.
    """

    photo: str
    painting: str
    result: Image
    figures: Mapping[str, float]


class Judges:
    """All judges, with the paintings among which the right one is to be found."""

    def __init__(
        self, textures: texture.TextureJudge, paintings: Sequence[texture.Signature], face_judge: faces.FaceJudge | None
    ) -> None:
        """Take them; without a judge of faces, there are no figures of faces."""
        self._textures, self._paintings, self._faces = textures, paintings, face_judge

    def judge(self, system: System, pair: Pair, *, still: bool) -> Judged:
        """Have a pair stylized, and look at the result.

        Args:
            system: Knows the painting's style.
            pair: Photo and painting.
            still: Whether it is stylized twice more, for the stillness.

        Raises:
            StreamstyleError: The system failed.
        """
        result = stylized(system, pair)
        painting = pair.painting.image
        figures: dict[str, float] = {
            "contrast": contrast(result, painting),
            "sharpness": sharpness(result, painting),
            "ssim": ssim(luma(pair.photo), luma(result)).value,
        }
        if pair.right is not None:
            figures["rank"] = texture.rank(self._textures.see(result), self._paintings, pair.right)
        if (repeats := lattice(result, smooth_places(pair.photo))) is not None:
            figures["lattice"] = repeats
        if still and system.modes:
            change = stillness(pair.photo, result, lambda photo: system.stylize(photo, pair.painting))
            figures |= {"noise": change.noise, "shift": change.shift}
        return Judged(pair.name, pair.painting.name, result, figures)

    def judge_faces(self, system: System, pair: Pair) -> Judged:
        """Have a pair stylized whose photo has faces, and look for them."""
        result = stylized(system, pair)
        figures: dict[str, float] = {}
        if self._faces is not None:
            kept = [self._faces.keep(face, result) for face in self._faces.find(pair.photo)]
            figures = {"faces": len(kept), "faces_kept": sum(face.found for face in kept)}
            if moved := [face.moved for face in kept if face.moved is not None]:
                figures["faces_moved"] = float(np.mean(moved))
        return Judged(pair.name, pair.painting.name, result, figures)


def stylized(system: System, pair: Pair) -> Image:
    """A pair's result.

    Raises:
        ModelError: It is not of the photo's size.
    """
    result = system.stylize(pair.photo, pair.painting)
    if result.shape != pair.photo.shape:
        raise ModelError(f"a system gave a picture of {result.shape} for one of {pair.photo.shape}")
    return result


def summary(pairs: Sequence[Judged], faces: Sequence[Judged]) -> dict[str, float]:
    """The figures of FIGURES, over all pictures that have them.

    Ranks by their median, and by their geometric mean, which is steadier; ratios by their geometric mean, so that half and
    twice as much are as far from 1; the rest by their mean; faces by all faces together.
    """
    found: dict[str, float] = {}
    if ranks := _values(pairs, "rank"):
        found |= {
            "texture_rank": median(ranks),
            "texture_mean": float(np.exp(np.mean(np.log(ranks)))),
            "texture_first": float(np.mean(np.array(ranks) <= FIRST)),
        }
    for key in ("contrast", "sharpness"):
        if ratios := [value for value in _values(pairs, key) if 0 < value < float("inf")]:
            found[key] = float(np.exp(np.mean(np.log(ratios))))
    for key in ("lattice", "ssim", "noise", "shift"):
        if values := _values(pairs, key):
            found[key] = float(np.mean(values))
    if total := sum(_values(faces, "faces")):
        found["faces_kept"] = sum(_values(faces, "faces_kept")) / total
    if moved := _values(faces, "faces_moved"):
        found["faces_moved"] = float(np.mean(moved))
    return found


def _values(pictures: Iterable[Judged], key: str) -> list[float]:
    return [picture.figures[key] for picture in pictures if key in picture.figures]
