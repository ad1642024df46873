"""From the processing size back to the frame's own, with the content's edges.

A picture stylized at a smaller size is soft when it is enlarged. What the content itself lost on the way down, the fine
part of its luminance, is known exactly. It is added where and as far as the stylized picture follows the content there:
outlines come back, while noise, small texture, and edges that were painted over stay away, so that strokes stay strokes.
"""

from collections.abc import Sequence
from typing import overload

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from streamstyle.frame import Image, Picture, Planes
from streamstyle.media.resize import resize
from streamstyle.media.yuv import OF_ENCODED, TO_ENCODED

_WINDOW = (3, 3)
"""Pixels across and down, at half the stylized picture's size, in which it is compared with the content."""
_FLAT = 30.0
"""Variance of the content's luminance in a window below which it is noise rather than an edge; in levels squared."""
_NOISE = 8
"""Levels of contrast that are left to the noise of a camera, so that a still picture does not tremble."""
_LARGER, _MUCH_LARGER, _FAR_LARGER = 3.0, 4.0, 6.0
"""Times its size from which a picture is enlarged by cubic interpolation, is doubled as it is sharpened, and so once more.
1080p at 300 is not doubled, which takes half the time."""
_SHARPER = 0.5
_AROUND = np.ones((3, 3), np.uint8)
"""What is around a pixel of the stylized picture."""
_ROWS = 256


@overload
def enlarge(stylized: Image, small: Image, content: Image) -> Image: ...


@overload
def enlarge(stylized: Image, small: Picture, content: Picture) -> Picture: ...


def enlarge(stylized: Image, small: Picture, content: Picture) -> Picture:
    """Scale a stylized picture to the content's size and give it the content's edges where it has them.

    These do not make it lighter or darker than the painting is around them, so there is no halo. How much they may change
    is found at the smaller size. What is left to do at full size is in bytes, a few times faster than in wider numbers.

    Args:
        stylized: (h, w, 3) uint8 RGB.
        small: The content at that size, in the form of `content`.
        content: (H, W, 3) uint8 RGB, or planes; larger.

    Returns:
        (H, W, 3) uint8 RGB; or planes as videos are encoded in, which takes half the time: colors are enlarged plainly.
    """
    height, width = content.shape[:2]
    planar = isinstance(content, Planes)
    picture, *colors = cv2.split(cv2.transform(stylized, TO_ENCODED)) if planar else [stylized]
    coarse = _light(small)
    contrast = cv2.subtract(cv2.dilate(coarse, _AROUND), cv2.erode(coarse, _AROUND))
    followed = cv2.multiply(contrast, _grown(_followed(_light(picture), coarse), coarse.shape), scale=1 / 255)
    times = height / stylized.shape[0]
    crisp, darkest, lightest = _sharpened(picture, times)
    less_noise = cv2.subtract(followed, _NOISE)  # type: ignore[call-overload]  # a number will do
    light, room = _light(crisp), _grown(less_noise, crisp.shape)
    limit = cv2.min(cv2.subtract(light, _light(darkest)), cv2.subtract(_light(lightest), light))
    most = _grown(cv2.min(room, limit), content.shape)
    known = _grown(_grown(coarse, crisp.shape), content.shape)
    enlarged = _grown(crisp, content.shape, cv2.INTER_CUBIC if times >= _LARGER else cv2.INTER_LINEAR)
    all_seen = _light(content)
    for top in range(0, height, _ROWS):  # few enough to stay in the cache
        rows = slice(top, top + _ROWS)
        seen, part = all_seen[rows], enlarged[rows]
        # Bytes have no sign: first what is lighter than the coarse content, then what is darker.
        for apply, above, below in ((cv2.add, seen, known[rows]), (cv2.subtract, known[rows], seen)):
            fine = cv2.min(cv2.subtract(above, below), most[rows])
            apply(part, fine if planar else cv2.cvtColor(fine, cv2.COLOR_GRAY2RGB), dst=part)
    if not planar:
        return enlarged
    blue, red = (_grown(color, (-(-height // 2), -(-width // 2))) for color in colors)
    return Planes(enlarged, blue, red, OF_ENCODED)


def _followed(painted: Image, light: Image) -> Image:
    """How far the stylized picture's luminance follows the content's around each place: 255 for all the way, 0 for not.

    The slope of a linear fit in a small window, as in guided filters (He et al. 2013).

    Args:
        painted: (h, w) uint8.
        light: The content's, of the same form.

    Returns:
        (about h / 2, w / 2) uint8.
    """

    def mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.blur(plane, _WINDOW).astype(np.float32, copy=False)

    width, height = (max(1, side // 2) for side in painted.shape[::-1])
    # An odd row or column is left out: whole areas of four pixels are ten times faster.
    x, y = (resize(plane[: 2 * height, : 2 * width], width, height).astype(np.float32) for plane in (light, painted))
    slope = (mean(x * y) - mean(x) * mean(y)) / (mean(x * x) - mean(x) ** 2 + np.float32(_FLAT))
    share: Image = (255 * slope.clip(0, 1)).astype(np.uint8)
    return share


def _sharpened(stylized: MatLike, times: float) -> tuple[MatLike, MatLike, MatLike]:
    """A picture that will be enlarged so many times, larger already where that is much, with strokes as crisp as before.

    Returns:
        The picture, and the darkest and the lightest that the stylized picture is around each place.
    """
    darkest, lightest = cv2.erode(stylized, _AROUND), cv2.dilate(stylized, _AROUND)
    factor = 2 if times >= _MUCH_LARGER else 1
    for _ in range(2 if times >= _FAR_LARGER else 1):
        sharp = cv2.addWeighted(stylized, 1 + _SHARPER, cv2.GaussianBlur(stylized, (3, 3), 0), -_SHARPER, 0)
        sharp = cv2.resize(sharp, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        darkest, lightest = _grown(darkest, sharp.shape), _grown(lightest, sharp.shape)
        stylized = cv2.min(cv2.max(sharp, darkest, dst=sharp), lightest, dst=sharp)
    return stylized, darkest, lightest


def _light(picture: Picture | MatLike) -> Image:
    """Luminance, (H, W) uint8; of planes in the range of what is encoded."""
    if isinstance(picture, Planes):
        gain = picture.to_rgb[0, 0] / OF_ENCODED[0, 0]
        light = picture.light if abs(gain - 1) < 1e-3 else cv2.convertScaleAbs(picture.light, alpha=gain)
    else:
        light = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return light.astype(np.uint8, copy=False)


def _grown(picture: MatLike, shape: Sequence[int], interpolation: int = cv2.INTER_LINEAR) -> Image:
    """At the height and width of a shape."""
    return cv2.resize(picture, (shape[1], shape[0]), interpolation=interpolation).astype(np.uint8, copy=False)
