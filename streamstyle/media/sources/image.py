"""Photos."""

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import SourceError
from streamstyle.frame import Frame, Image
from streamstyle.media.sources.base import Source, SourceInfo

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".webp", ".bmp", ".tif", ".tiff", ".pgm", ".ppm")


def read_image(path: Path) -> Image:
    """Decode a photo: upright as its EXIF orientation says, 16 bits reduced to 8, what is transparent laid over white.

    Args:
        path: Any name that the system allows.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        SourceError: The file is missing, unreadable, empty, or not a picture.
    """
    try:
        data = np.fromfile(path, np.uint8)
    except FileNotFoundError as error:
        raise SourceError(f"'{path}' does not exist; check the name") from error
    except OSError as error:
        raise SourceError(f"'{path}' cannot be read: {(error.strerror or str(error)).lower()}") from error
    return decode_image(data, f"'{path}'")


def decode_image(data: NDArray[np.uint8], name: str) -> Image:
    """Decode the bytes of a picture file, as `read_image` does.

    Args:
        data: (N,) uint8.
        name: What to call it where it cannot be used.

    Raises:
        SourceError: It is empty, damaged, or not a picture.
    """
    if data.size == 0:
        raise SourceError(f"{name} is empty; wanted a picture")
    try:
        bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise SourceError(f"{name} is too large to decode: {error.err}; reduce it first") from error
    if bgr is None:
        raise SourceError(f"{name} is not a picture that can be read; wanted PNG, JPEG, WebP, TIFF or BMP")
    return cv2.cvtColor(_over_white(bgr.astype(np.uint8, copy=False), data), cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _over_white(bgr: Image, data: NDArray[np.uint8]) -> Image:
    """Composite over white where the file has an alpha channel; cv2 turns pictures upright only without it."""
    if data[:2].tobytes() == b"\xff\xd8":  # JPEG has none
        return bgr
    whole = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if whole is None or whole.shape != (*bgr.shape[:2], 4):
        return bgr
    alpha = whole[:, :, 3:].astype(np.float32) / (255 if whole.dtype == np.uint8 else 65535)
    return np.asarray(255 + (bgr - np.float32(255)) * alpha + np.float32(0.5)).astype(np.uint8)


class ImageSource(Source):
    """One photo: one frame at time zero."""

    def __init__(self, path: str) -> None:
        """Decode a photo.

        Raises:
            SourceError: As read_image.
        """
        self._image: Image | None = read_image(Path(path))
        self.info = SourceInfo(path, self._image.shape[1], self._image.shape[0], is_still=True, frame_count=1)
        self.warnings = []

    def __iter__(self) -> Iterator[Frame]:
        """The photo."""
        if self._image is not None:
            yield Frame(self._image, 0, Fraction(0), captured_at=time.monotonic())
        self._image = None

    def close(self) -> None:
        """Let go of the pixels."""
        self._image = None
