"""Photos out."""

import contextlib
from pathlib import Path

import cv2

from streamstyle.errors import SinkError
from streamstyle.frame import Frame
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.place import Place

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_OPTIONS = {
    ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444],
    ".webp": [cv2.IMWRITE_WEBP_QUALITY, 95],
}
_OPTIONS[".jpeg"] = _OPTIONS[".jpg"]


class ImageSink(Sink):
    """Writes one photo, whole or not at all."""

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Check the place.

        Args:
            path: Its ending chooses the format, one of IMAGE_SUFFIXES.
            overwrite: Replace an existing file.

        Raises:
            SinkError: The ending is unknown, or nothing can be written there.
        """
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            raise SinkError(f"'{path}' has no ending of a photo; choose one of {', '.join(IMAGE_SUFFIXES)}")
        self._place = Place(path, overwrite=overwrite)
        self._encoded: bytes | None = None
        self._closed = False
        self.destination = None
        self.warnings = []

    def write(self, frame: Frame) -> None:
        """Encode the photo; it is stored by close()."""
        if self._encoded is not None:
            raise SinkError(f"'{self._place.final}' takes one photo, got a second; name a video file for several frames")
        suffix = self._place.final.suffix.lower()
        try:
            _, data = cv2.imencode(suffix, cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR), _OPTIONS.get(suffix, []))
        except cv2.error as error:
            height, width = frame.image.shape[:2]
            raise SinkError(f"{width}x{height} pixels cannot be written as {suffix}: {error.err}; try .png") from error
        self._encoded = data.tobytes()

    def close(self) -> None:
        """Store the photo under its name."""
        if self._closed:
            return
        self._closed = True
        if self._encoded is None:
            self._leave_nothing()
            raise SinkError(f"nothing to write to '{self._place.final}': no picture came")
        try:
            with self._place.failing_clearly():
                self._place.partial.write_bytes(self._encoded)
                self._place.finish()
        except BaseException:
            self._leave_nothing()
            raise
        self._place.release()
        self.destination = str(self._place.final)

    def abort(self) -> str | None:
        """Leave nothing."""
        if not self._closed:
            self._closed = True
            self._leave_nothing()
        return None

    def _leave_nothing(self) -> None:
        with contextlib.suppress(OSError):
            self._place.partial.unlink(missing_ok=True)
        self._place.release()
