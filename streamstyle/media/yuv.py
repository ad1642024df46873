"""Between RGB and the luma and chroma of videos, by ITU-T H.273, section 8.3."""

import functools

import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

_LUMA = {
    Colorspace.ITU709: (0.2126, 0.0722),
    Colorspace.FCC: (0.3, 0.11),
    Colorspace.ITU601: (0.299, 0.114),
    Colorspace.SMPTE240M: (0.212, 0.087),
    Colorspace.BT2020: (0.2627, 0.0593),
}
"""Shares of red and blue in the luma of each."""


@functools.cache
def rgb_to_yuv(matrix: Colorspace, levels: ColorRange) -> NDArray[np.float64]:
    """What cv2.transform takes to convert levels of 8 bits: (3, 4)."""
    red, blue = _LUMA[matrix]
    luma = np.array([red, 1 - red - blue, blue])
    chroma = [(np.eye(3)[channel] - luma) / (2 - 2 * luma[channel]) for channel in (2, 0)]
    black, white, most = (0, 255, 255) if levels == ColorRange.JPEG else (16, 219, 224)
    gains = np.array([white * luma, *(most * plane for plane in chroma)]) / 255
    return np.hstack([gains, [[black], [128], [128]]])


@functools.cache
def yuv_to_rgb(matrix: Colorspace, levels: ColorRange) -> NDArray[np.float64]:
    """The other way round; the same object for the same arguments."""
    gains, offsets = np.split(rgb_to_yuv(matrix, levels), [3], axis=1)
    inverse = np.linalg.inv(gains)
    return np.hstack([inverse, -inverse @ offsets])


TO_ENCODED, OF_ENCODED = (convert(Colorspace.ITU709, ColorRange.MPEG) for convert in (rgb_to_yuv, yuv_to_rgb))
"""What videos are written in: BT.709, limited range."""
