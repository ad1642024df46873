"""Legible faces: the contrast of eyes and mouths is raised before a frame is painted.

Strokes are as large as an eye or a mouth of a small face, and swallow it. A portrait painter draws eyes and mouth more
firmly than they are. So is it here: around them, and less in the rest of the face, the contrast of lightness is raised at
their own scale in what the network sees, and the network makes strokes of that. Colours and strokes are the painting's
everywhere; nothing of the photo is laid over the result, which would look pasted.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image
from streamstyle.paint.steady.faces import SeenFace

Plane = NDArray[np.float32]

_GAIN = 2.4
"""Factor on low contrast at full strength."""
_MOST = 40.0
"""Levels by which a pixel changes at most, so that eyes in shadow do not become holes."""
_SCALE = 0.12
"""Deviation of the blur whose difference from the face is raised, in widths of the face: about an eye's height."""
_FINEST = 0.03
"""Widths of the face below which detail is noise and wrinkles, which are left as they are."""
_GRID = 40
"""Pixels across a face at which everything but its detail is done: so large faces cost little more than small ones."""
_MARGIN = 0.35
"""Around the box, in widths of the face."""
_REST = 0.4
"""How far contrast is raised in the rest of the face."""
_SPOTS = ((0, 0.24, 0.17), (1, 0.24, 0.17), (3, 0.28, 0.17))
"""Where contrast is raised in full: landmark (the eyes, the mouth), half its width and height in widths of the face."""
_BROWS = 0.04
"""Widths of the face by which the spots of the eyes lie higher than the eyes: they hold the brows, too."""
_MIDDLE = 128
"""What stands for no change where changes are bytes."""
_LEAST_SIDE = 8
"""Pixels, across or down, from which on contrast is raised in a place."""


def legible(scene: Image, faces: Sequence[SeenFace], strength: float) -> Image:
    """A frame whose faces survive being painted.

    Args:
        scene: (H, W, 3) uint8 RGB, what the network is to see; left as it is.
        faces: In its pixels.
        strength: In [0, 1]; 0 returns the frame itself.

    Returns:
        (H, W, 3) uint8 RGB; outside of faces the same as the frame.
    """
    if strength == 0 or not faces:
        return scene
    result = scene.copy()
    for face in faces:
        _bring_out(result, scene, face, strength * face.share)
    return result


def _bring_out(result: Image, scene: Image, face: SeenFace, strength: float) -> None:
    width = max(face.width, 1.0)
    corners = np.concatenate([face.points[0] - _MARGIN * width, face.points[1] + _MARGIN * width])
    limits = np.tile(scene.shape[1::-1], 2)
    left, top, right, bottom = (int(value) for value in np.clip(np.rint(corners), 0, limits))
    if min(right - left, bottom - top) < _LEAST_SIDE:
        return
    area = (slice(top, bottom), slice(left, right))
    size = (right - left, bottom - top)
    gray = cv2.cvtColor(scene[area], cv2.COLOR_RGB2GRAY)
    scale = min(1.0, _GRID / width)
    small = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    shrunk = cv2.resize(gray, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    around = cv2.resize(cv2.GaussianBlur(shrunk, (0, 0), _SCALE * width * scale), size, interpolation=cv2.INTER_LINEAR)
    finest = int(_FINEST * width) | 1
    detail = np.subtract(cv2.blur(gray, (finest, finest)) if finest > 1 else gray, around, dtype=np.float32)
    detail *= np.float32(_GAIN * strength)
    detail /= 1 + np.abs(detail) / np.float32(_MOST)
    detail *= cv2.resize(_places(face, (left, top), small, scale), size, interpolation=cv2.INTER_LINEAR)
    # In bytes around a middle, as grain is added.
    shifted = cv2.cvtColor((detail + np.float32(_MIDDLE + 0.5)).astype(np.uint8), cv2.COLOR_GRAY2RGB)
    result[area] = cv2.addWeighted(result[area], 1, shifted, 1, -_MIDDLE)


def _places(face: SeenFace, corner: tuple[int, int], size: tuple[int, int], scale: float) -> Plane:
    """How far contrast is raised at each place.

    Args:
        face: In pixels of the frame.
        corner: Left and top of the places, in the same.
        size: Width and height of the result.
        scale: Its pixels in each of the frame's.

    Returns:
        (height, width) float32 in [0, 1].
    """
    width = face.width * scale
    points = (face.points - corner) * scale
    eyes = points[3] - points[2]
    turn = np.arctan2(eyes[1], eyes[0])
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    across, down = np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32)[:, None]

    def distance(middle: NDArray[np.float64], half_width: float, half_height: float) -> Plane:
        """In half widths and heights along the face, squared."""
        x, y = across - np.float32(middle[0]), down - np.float32(middle[1])
        along, upright = cos * x + sin * y, cos * y - sin * x
        squared: Plane = np.square(along / np.float32(half_width * width)) + np.square(
            upright / np.float32(half_height * width)
        )
        return squared

    share = _REST * np.exp(-np.square(distance((points[0] + points[1]) / 2, 0.6, 0.7)))
    for landmark, half_width, half_height in _SPOTS:
        middle = points[2 + landmark]
        if landmark < 2:  # an eye
            middle = middle + _BROWS * width * np.array([sin, -cos])
        np.maximum(share, np.exp(-np.square(distance(middle, half_width, half_height))), out=share)
    return share.astype(np.float32, copy=False)
