"""Faces of a stream: found now and then, moved along with the content in between, faded in and out."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image
from streamstyle.look.people.faces import SAME, SURE, Face, FaceFinder, overlap
from streamstyle.paint.steady.changes import Changes, Motion

_BEGINS = 0.6
"""Score from which on a face is followed; below it there are many that are none."""
_STAYS = 0.4
"""Score that is enough for a face that is followed."""
_EVERY = 0.25
"""Seconds after which faces are looked for again where something moves."""
_EVERY_AT_REST = 1.0
"""The same where nothing does."""
_MISSES = 2
"""Times in a row that a face is not found until it counts as gone."""
_FADE = 0.4
"""Seconds in which a face is faded in, and out."""
_SAME_PLACE = 0.06
"""Widths of a face by which it is found elsewhere without having moved: what is found trembles."""
_EASE = 0.1
"""Seconds in which most of the way is made to where a face is found."""
_ARRIVED = 0.1
"""Pixels."""
_MOVES = 0.2
"""Pixels from one frame to the next from which on a place moves."""
_MOVING = 0.3
"""Share of a face that must move for the face to move."""
_SAMPLES = 12
"""Places across a face whose motion is looked at."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face in a frame.

    Attributes:
        points: (8, 2) x and y in pixels: left top and right bottom of its box, the eyes, the tip of the nose, the middle of
            the mouth, the ears.
        share: How far it is faded in, in (0, 1].
    """

    points: Array
    share: float

    @property
    def width(self) -> float:
        """Of its box, in pixels."""
        return float(self.points[1, 0] - self.points[0, 0])


def _points(face: Face) -> Array:
    return np.concatenate([face.box.reshape(2, 2), face.landmarks])


@dataclass(slots=True, eq=False)
class _Followed:
    """One face.

    Attributes:
        points: Where it is shown.
        goal: Where it goes.
        share: How far it is faded in, in [0, 1].
        misses: Times in a row that it was not found.
    """

    points: Array
    goal: Array
    share: float
    misses: int = 0

    def move(self, shift: Array) -> None:
        self.points, self.goal = self.points + shift, self.goal + shift

    def found_at(self, points: Array) -> None:
        self.misses = 0
        width = self.goal[1, 0] - self.goal[0, 0]
        if np.abs(points - self.goal).mean() > _SAME_PLACE * width:
            self.goal = points

    def pass_time(self, seconds: float) -> None:
        step = seconds / _FADE
        self.share = min(self.share + step, 1.0) if self.misses < _MISSES else self.share - step
        way = self.goal - self.points
        self.points = self.goal if np.abs(way).max() < _ARRIVED else self.points + (1 - np.exp(-seconds / _EASE)) * way


class FaceTrack:
    """Follows the faces of one stream."""

    def __init__(self, finder: FaceFinder) -> None:
        """Start without a past.

        Args:
            finder: Asked for the first frame of a shot, and now and then.
        """
        self._finder = finder
        self.forget()

    def forget(self) -> None:
        """Nobody has been seen yet."""
        self._faces: list[_Followed] = []
        self._seconds = _EVERY_AT_REST
        self._something_moved = False

    def follow(self, image: Image, changes: Changes | None) -> tuple[SeenFace, ...]:
        """The faces of the next frame.

        Args:
            image: (H, W, 3) uint8 RGB, at the size at which it is stylized.
            changes: Since the frame before; None for a frame by itself.
        """
        if changes is None or changes.motion is None:
            faces = [_points(face) for face in self._finder.find(image, _BEGINS)]
            self._faces = [_Followed(points, points, 1.0) for points in faces]
            self._seconds, self._something_moved = 0.0, False
            return self._seen()
        for followed in self._faces:
            followed.move(_shift(changes.motion, followed.points))
        self._seconds += changes.seconds
        self._something_moved |= bool(changes.motion.parts)
        if self._seconds >= (_EVERY if self._something_moved else _EVERY_AT_REST):
            self._match(self._finder.find(image, min(_STAYS, SURE)))
            self._seconds, self._something_moved = 0.0, False
        for followed in self._faces:
            followed.pass_time(changes.seconds)
        self._faces = [followed for followed in self._faces if followed.share > 0]
        return self._seen()

    def _seen(self) -> tuple[SeenFace, ...]:
        return tuple(SeenFace(followed.points, followed.share) for followed in self._faces)

    def _match(self, found: Iterable[Face]) -> None:
        """Tell those that were followed already, the surest first, from those that are new."""
        missed = list(self._faces)
        for face in found:
            same = max(missed, key=lambda followed: overlap(followed.goal[:2].ravel(), face.box), default=None)
            if same is not None and overlap(same.goal[:2].ravel(), face.box) >= SAME:
                missed.remove(same)
                same.found_at(_points(face))
            elif face.score >= _BEGINS:
                self._faces.append(_Followed(_points(face), _points(face), 0.0))
        for followed in missed:
            followed.misses += 1


def _shift(motion: Motion, points: Array) -> Array:
    """How far the middle of a face moved since the frame before: (2,) x and y in pixels."""
    (left, top), (right, bottom) = points[:2]
    quarter = (right - left) / 4
    across = np.linspace(left + quarter, right - quarter, _SAMPLES).astype(int)
    down = np.linspace(top + quarter, bottom - quarter, _SAMPLES).astype(int)
    shifts = []
    for part in motion.parts:
        rows, columns = part.area
        x = across[(across >= columns.start) & (across < columns.stop)]
        y = down[(down >= rows.start) & (down < rows.stop)]
        before = part.places[np.ix_(y - rows.start, x - columns.start)].reshape(-1, 2)
        now = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)
        shifts.append(now - before)
    moved = np.concatenate(shifts) if shifts else np.empty((0, 2))
    moved = moved[np.abs(moved).max(axis=1, initial=0) > _MOVES]
    if len(moved) < _MOVING * _SAMPLES**2:
        return np.zeros(2)
    shift: Array = np.median(moved, axis=0)
    return shift
