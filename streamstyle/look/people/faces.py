"""Who finds faces in one picture.

Source: Bazarevsky et al. 2019, "BlazeFace", arXiv:1907.05047; boxes and landmarks are offsets from anchors in the middle
of the cells, in pixels of the network's input.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import ModelError
from streamstyle.frame import Image
from streamstyle.look.people import weights

SURE = 0.5
"""Score from which on a face is found."""
SAME = 0.3
"""Overlap over union from which on two boxes are of the same face."""
_LEAST_SIDE = 16
"""Pixels of a picture, across or down, below which it is not looked at."""

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


class FaceFinder(Protocol):
    """Finds faces in single pictures; one thread at a time may ask it."""

    def find(self, image: Image, least: float = SURE) -> list[Face]:
        """Faces, the surest first.

        Args:
            image: (H, W, 3) uint8 RGB, any size.
            least: Score that they must have, in [0, 1].
        """
        ...


class BlazeFace:
    """A network of Google's BlazeFace kind. OpenCV's own network engine runs it, on the CPU."""

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

    def find(self, image: Image, least: float = SURE) -> list[Face]:
        """See FaceFinder; the picture is fitted into the network's square."""
        height, width = image.shape[:2]
        if min(height, width) < _LEAST_SIDE:
            return []
        scale = self._side / max(height, width)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        corner = np.array([(self._side - inner[0]) // 2, (self._side - inner[1]) // 2])
        square = np.zeros((self._side, self._side, 3), np.uint8)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        square[corner[1] : corner[1] + inner[1], corner[0] : corner[0] + inner[0]] = cv2.resize(
            image, inner, interpolation=interpolation
        )
        self._network.setInput(cv2.dnn.blobFromImage(square, 1 / 127.5, mean=(127.5, 127.5, 127.5)))
        scores = self._outcome(self._outputs[0]).reshape(-1)
        likely = 1 / (1 + np.exp(-np.clip(scores, -80, 80)))
        if likely.max() < least:
            return []
        # OpenCV 5 gives several outputs only where the file names them all, and runs the whole network for each.
        boxes = self._outcome(self._outputs[1]).reshape(len(self._anchors), 16)
        found: list[Face] = []
        for index in np.argsort(-scores):
            score = float(likely[index])
            if score < least:
                break
            points = boxes[index].reshape(8, 2)
            middle, size = points[0] + self._anchors[index] * self._side, points[1]
            landmarks = points[2:] + self._anchors[index] * self._side
            box = np.concatenate([middle - size / 2, middle + size / 2])
            face = Face((box - np.tile(corner, 2)) / scale, (landmarks - corner) / scale, score)
            if all(overlap(face.box, other.box) < SAME for other in found):
                found.append(face)
        return found

    def _outcome(self, output: str) -> Array:
        return np.asarray(self._network.forward(output), np.float64)


class InstalledFaceFinder:
    """The network that `install` put here, read when it is asked first; without it nothing is found.

    Source: MediaPipe Face Detection, full range, model card of 2021, Apache-2.0.
    """

    def __init__(self) -> None:
        self._network: BlazeFace | None = None
        self._is_open = False

    def find(self, image: Image, least: float = SURE) -> list[Face]:
        """See FaceFinder."""
        if not self._is_open:
            self._is_open = True
            try:
                self._network = full_range(*weights.read(weights.FACES))
            except ModelError:
                self._network = None
        return [] if self._network is None else self._network.find(image, least)


def full_range(content: bytes) -> BlazeFace:
    """The network for faces anywhere in a picture, from the content of its file.

    Raises:
        ModelError: This OpenCV cannot read it.
    """
    outputs = ("reshaped_classifier_face_4", "reshaped_regressor_face_4")
    return BlazeFace(content, weights.FACE.width, (4,), outputs)


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
