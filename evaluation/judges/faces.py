"""Are faces still faces? A detector that found a face in the photo looks for it in the result.

Two networks must agree on a face of the photo, one that looks at the whole picture and one that looks at the place where
the first found something: each alone also finds faces in fur and brick. The second then looks at the same place of the
result.

Source: Bazarevsky et al. 2019, "BlazeFace", arXiv:1907.05047; boxes and landmarks are offsets from anchors in the middle
of the cells, in pixels of the network's input.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.judges import face_weights
from streamstyle.errors import ModelError
from streamstyle.frame import Image

SURE = 0.5
"""Score from which on a face is found."""
CERTAIN = 0.66
"""Score that a face of the photo must have in the whole picture: backs of heads and profiles have less."""
SAME = 0.3
"""Overlap over union from which on two boxes are of the same face."""
LEAST_SIDE = 32
"""Pixels of a face in the photo; smaller ones need not be legible."""
_AROUND = 2.0
"""Side of the place that is looked at closely, in sides of the face's box."""
_MOVABLE = 4
"""Of six landmarks, those that are told: eyes, nose and mouth; ears are guessed where hair covers them."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a picture, in pixels.

    Attributes:
        box: Left, top, right, bottom.
        landmarks: (6, 2) x and y: the eyes, the tip of the nose, the middle of the mouth, the ears.
        score: In [0, 1].
    """

    box: Array
    landmarks: Array
    score: float

    @property
    def width(self) -> float:
        """Of the box."""
        return float(self.box[2] - self.box[0])


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
    """What became of a face.

    Attributes:
        found: Whether there still is one.
        moved: Mean distance of its eyes, nose and mouth from where they were, as a share of the face's width; None where no
            face is found.
    """

    found: bool
    moved: float | None


class Detector:
    """One of the two networks."""

    def __init__(self, content: bytes, side: int, strides: Sequence[int], outputs: tuple[str, str]) -> None:
        """Read it.

        Args:
            content: Of the TensorFlow Lite file.
            side: Of its input, in pixels.
            strides: One for each anchor of a cell, those of equal strides one after the other.
            outputs: Names of scores and of boxes.

        Raises:
            ModelError: This OpenCV cannot read it.
        """
        try:
            self._network = cv2.dnn.readNetFromTFLite(np.frombuffer(content, np.uint8))
        except (cv2.error, AttributeError) as error:
            raise ModelError(f"OpenCV {cv2.__version__} cannot read the network that finds faces: {error}") from error
        self._side, self._outputs = side, outputs
        self._anchors = np.concatenate([_cells(side // stride, strides.count(stride)) for stride in dict.fromkeys(strides)])

    def find(self, image: Image) -> list[Face]:
        """Faces, the surest first; (H, W, 3) uint8 RGB, which is fitted into the network's square."""
        height, width = image.shape[:2]
        scale = self._side / max(height, width)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        corner = np.array([(self._side - inner[0]) // 2, (self._side - inner[1]) // 2])
        square = np.zeros((self._side, self._side, 3), np.uint8)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        square[corner[1] : corner[1] + inner[1], corner[0] : corner[0] + inner[0]] = cv2.resize(
            image, inner, interpolation=interpolation
        )
        self._network.setInput(cv2.dnn.blobFromImage(square, 1 / 127.5, mean=(127.5, 127.5, 127.5)))
        # One after the other: OpenCV 5 gives several outputs only where the file names them all.
        scores, boxes = (np.asarray(self._network.forward(name), np.float64) for name in self._outputs)
        scores, boxes = scores.reshape(-1), boxes.reshape(len(self._anchors), 16)
        found: list[Face] = []
        for index in np.argsort(-scores):
            score = float(1 / (1 + np.exp(-np.clip(scores[index], -80, 80))))
            if score < SURE:
                break
            points = boxes[index].reshape(8, 2)
            middle, size = points[0] + self._anchors[index] * self._side, points[1]
            landmarks = points[2:] + self._anchors[index] * self._side
            box = np.concatenate([middle - size / 2, middle + size / 2])
            face = Face((box - np.tile(corner, 2)) / scale, (landmarks - corner) / scale, score)
            if all(overlap(face.box, other.box) < SAME for other in found):
                found.append(face)
        return found


class Finder(Protocol):
    """What finds faces."""

    def find(self, image: Image) -> list[Face]: ...  # noqa: D102 - as Detector's


class FaceJudge:
    """Both networks."""

    def __init__(self, whole: Finder, close: Finder) -> None:
        """Take what finds faces anywhere in a picture, and what finds one that fills a third of it or more."""
        self._whole, self._close = whole, close

    @classmethod
    def installed(cls) -> Self:
        """The networks that `judges.face_weights` installs.

        Raises:
            ModelError: They are not there; says what to run.
        """
        whole, close = face_weights.WHOLE, face_weights.CLOSE
        outputs = ("reshaped_classifier_face_4", "reshaped_regressor_face_4")
        anywhere = Detector(face_weights.read(whole), whole.width, (4,), outputs)
        strides = (8, 8, 16, 16, 16, 16, 16, 16)
        return cls(anywhere, Detector(face_weights.read(close), close.width, strides, ("classificators", "regressors")))

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


def overlap(first: Array, second: Array) -> float:
    """Overlap over union of two boxes of left, top, right and bottom: 1 for the same box, 0 for boxes apart."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    both = float(np.prod(np.maximum(sides, 0)))
    areas = float(np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2]))
    return both / max(areas - both, 1e-9)


def _cells(count: int, times: int) -> Array:
    """Middles of count x count cells in [0, 1], row by row, each so many times: (count * count * times, 2) x and y."""
    rows, columns = np.mgrid[0:count, 0:count]
    middles = (np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5) / count
    return np.repeat(middles, times, axis=0)
