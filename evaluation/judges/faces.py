"""Are faces still faces? A detector that found a face in the photo looks for it in the result.

Two networks must agree on a face of the photo, one that looks at the whole picture and one that looks at the place where
the first found something: each alone also finds faces in fur and brick. The second then looks at the same place of the
result.

The setting `faces` finds faces of the photo with the first of the two, too; the second, which judges the result, it does
not know.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from evaluation.judges import face_weights
from streamstyle.frame import Image
from streamstyle.look.people.faces import SAME, BlazeFace, Face, FaceFinder, full_range, overlap

CERTAIN = 0.66
"""Score that a face of the photo must have in the whole picture: backs of heads and profiles have less."""
LEAST_SIDE = 32
"""Pixels of a face in the photo; smaller ones need not be legible."""
_AROUND = 2.0
"""Side of the place that is looked at closely, in sides of the face's box."""
_MOVABLE = 4
"""How many of the six landmarks are compared: eyes, nose and mouth. Ears under hair are only guessed by the network."""


@dataclass(frozen=True, slots=True)
class Known:
    """A face of a photo, as both networks see it.

    Attributes:
        anywhere: As it is found in the whole picture; around it one looks closely, in the photo and in the result.
        closely: As it is found there.
    """

    anywhere: Face
    closely: Face


@dataclass(frozen=True, slots=True)
class Kept:
    """A face of the photo, looked for in the result.

    Attributes:
        found: Whether there still is one.
        moved: Mean distance of its eyes, nose and mouth from where they were, as a share of the face's width; None where no
            face is found.
    """

    found: bool
    moved: float | None


class FaceJudge:
    """Both networks."""

    def __init__(self, whole: FaceFinder, close: FaceFinder) -> None:
        """Take what finds faces anywhere in a picture, and what finds one that fills a third of it or more."""
        self._whole, self._close = whole, close

    @classmethod
    def installed(cls) -> Self:
        """The networks that `judges.face_weights` installs.

        Raises:
            ModelError: They are not there; says what to run.
        """
        close = face_weights.CLOSE
        strides = (8, 8, 16, 16, 16, 16, 16, 16)
        closely = BlazeFace(face_weights.read(close), close.width, strides, ("classificators", "regressors"))
        return cls(full_range(face_weights.read(face_weights.WHOLE)), closely)

    def find(self, photo: Image) -> list[Known]:
        """Faces of a photo that both networks find, and that are LEAST_SIDE or more across.

        Args:
            photo: (H, W, 3) uint8 RGB.
        """
        certain = [face for face in self._whole.find(photo) if face.score >= CERTAIN and face.width >= LEAST_SIDE]
        return [Known(face, closely) for face in certain if (closely := self._look(photo, face))]

    def keep(self, known: Known, result: Image) -> Kept:
        """Whether a face of the photo is still one in the result, which is of the photo's size."""
        again = self._look(result, known.anywhere)
        if again is None:
            return Kept(found=False, moved=None)
        distances = np.linalg.norm(again.landmarks[:_MOVABLE] - known.closely.landmarks[:_MOVABLE], axis=1)
        return Kept(found=True, moved=float(distances.mean() / known.closely.width))

    def _look(self, image: Image, face: Face) -> Face | None:
        """The face that is found where this one is, looked at closely."""
        middle = (face.box[:2] + face.box[2:]) / 2
        half = _AROUND / 2 * float((face.box[2:] - face.box[:2]).max())
        left, top = (int(max(0, value - half)) for value in middle)
        right, bottom = (int(value + half) + 1 for value in middle)
        corner = np.array([left, top])
        for close in self._close.find(np.ascontiguousarray(image[top:bottom, left:right])):
            found = Face(close.box + np.tile(corner, 2), close.landmarks + corner, close.score)
            if overlap(found.box, face.box) >= SAME:
                return found
        return None
