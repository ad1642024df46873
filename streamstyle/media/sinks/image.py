"""The one writer of photos."""

import contextlib
import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from streamstyle.errors import SinkError
from streamstyle.frame import Frame, Image
from streamstyle.media.exif import without_place
from streamstyle.media.resize import over_white
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.place import Place


@dataclass(frozen=True, slots=True)
class _Format:
    """A kind of file.

    Attributes:
        name: Pillow's.
        longest: Side, in pixels.
        holds_alpha: Whether it can be transparent.
        options: For Pillow's encoder.
    """

    name: str
    longest: int = (1 << 31) - 1
    holds_alpha: bool = False
    options: Mapping[str, object] = field(default_factory=dict)


# JPEG keeps the colour of single pixels (4:4:4): strokes have hard edges.
_JPEG = _Format("JPEG", longest=65500, options={"quality": 95, "subsampling": 0})
_TIFF = _Format("TIFF", holds_alpha=True, options={"compression": "tiff_lzw"})
_FORMATS = {
    ".png": _Format("PNG", holds_alpha=True),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": _Format("WEBP", longest=16383, holds_alpha=True, options={"quality": 95}),
    ".bmp": _Format("BMP"),
    ".tif": _TIFF,
    ".tiff": _TIFF,
}
IMAGE_SUFFIXES = tuple(_FORMATS)


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse what a kind of file cannot hold.

    Args:
        path: Its ending, one of IMAGE_SUFFIXES, says which.
        width: In pixels.
        height: In pixels.

    Raises:
        SinkError: A side is too long.
    """
    longest = _FORMATS[path.suffix.lower()].longest
    if max(width, height) > longest:
        raise SinkError(
            f"{path.suffix.lower()} holds at most {longest} pixels a side, got {width}x{height}; "
            "name a .png, or set a smaller --output-size"
        )


class ImageSink(Sink):
    """Writes one photo, whole or not at all."""

    def __init__(
        self,
        path: Path,
        *,
        overwrite: bool = False,
        exif: bytes = b"",
        keep_gps: bool = False,
        reads: tuple[str, ...] = (),
    ) -> None:
        """Check the place.

        Args:
            path: Its ending chooses the format, one of IMAGE_SUFFIXES.
            overwrite: Replace an existing file.
            exif: What is known of the photo that was painted: dates, author, place.
            keep_gps: Keep the place too.
            reads: Files of this run, which are never replaced.

        Raises:
            SinkError: The ending is unknown, or nothing can be written there.
        """
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            raise SinkError(f"'{path}' has no ending of a photo; choose one of {', '.join(IMAGE_SUFFIXES)}")
        self._format = _FORMATS[path.suffix.lower()]
        self._exif = exif if keep_gps or not exif else without_place(exif)
        self._place = Place(path, overwrite=overwrite, reads=reads)
        self._encoded: bytes | None = None
        self._closed = False
        self.destination = None
        self.warnings = []

    def write(self, frame: Frame) -> None:
        """Encode the photo; it is stored by close(). Transparency stays, or is laid over white, with a warning."""
        if self._encoded is not None:
            raise SinkError(f"'{self._place.final}' takes one photo, got a second; name a video file for several frames")
        height, width = frame.image.shape[:2]
        check_size(self._place.final, width, height)
        color, alpha = frame.image, frame.alpha
        if alpha is not None and alpha.shape != color.shape[:2]:
            way = cv2.INTER_AREA if alpha.shape[0] >= height else cv2.INTER_LINEAR
            alpha = np.asarray(cv2.resize(alpha, (width, height), interpolation=way), np.uint8)
        if alpha is not None and not self._format.holds_alpha:
            suffix = self._place.final.suffix.lower()
            self.warnings.append(f"transparent parts are laid over white: {suffix} cannot hold them; .png and .webp do")
            color, alpha = over_white(color, alpha), None
        try:
            self._encoded = self._encode(color, alpha)
        except (cv2.error, OSError, ValueError, RuntimeError, MemoryError) as error:
            suffix = self._place.final.suffix.lower()
            raise SinkError(f"{width}x{height} pixels cannot be written as {suffix}; try .png") from error

    def _encode(self, color: Image, alpha: NDArray[np.uint8] | None) -> bytes:
        if self._format.name == "PNG":
            return _png(color, alpha, self._exif)
        pixels = color if alpha is None else np.dstack([color, alpha])
        stream, options = io.BytesIO(), dict(self._format.options)
        if self._exif and self._format.name != "BMP":
            options["exif"] = self._exif
            options.pop("compression", None)  # libtiff cannot write the directories of EXIF
        Pillow.fromarray(pixels).save(stream, self._format.name, **options)
        return stream.getvalue()

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


def _png(color: Image, alpha: NDArray[np.uint8] | None, exif: bytes) -> bytes:
    """By OpenCV, which takes a fifth of Pillow's time for files as small; EXIF goes behind the header."""
    way = cv2.COLOR_RGB2BGR if alpha is None else cv2.COLOR_RGBA2BGRA
    _, encoded = cv2.imencode(".png", cv2.cvtColor(color if alpha is None else np.dstack([color, alpha]), way))
    data = encoded.tobytes()
    if not exif:
        return data
    chunk = b"eXIf" + exif.removeprefix(b"Exif\0\0")
    header = 8 + 25
    return data[:header] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[header:]
