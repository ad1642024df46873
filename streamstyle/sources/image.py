"""Photos."""

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamstyle.errors import SourceError
from streamstyle.frame import Frame, Image
from streamstyle.sources.base import Source, SourceInfo

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".webp", ".bmp", ".tif", ".tiff", ".pgm", ".ppm")


def read_image(path: Path) -> Image:
    """Decode a photo: turned upright as its EXIF orientation says, transparency dropped, 16 bits reduced to 8.

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
    if data.size == 0:
        raise SourceError(f"'{path}' is empty; wanted a picture")
    try:
        bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise SourceError(f"'{path}' is too large to decode: {error.err}; reduce it first") from error
    if bgr is None:
        raise SourceError(f"'{path}' is not a picture that can be read; wanted PNG, JPEG, WebP, TIFF or BMP")
    return np.ascontiguousarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


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
