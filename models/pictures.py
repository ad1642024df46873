"""Picture files for the tools that work on tensors; the only module here that knows cv2 and BGR."""

import contextlib
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SUFFIXES = (".png", ".jpg", ".jpeg")
_OPTIONS = {".png": [], ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95], ".jpeg": [cv2.IMWRITE_JPEG_QUALITY, 95]}
MOST_PIXELS = 8_000_000


def read_picture(path: Path, short_side: int | None = None) -> Tensor:
    """Decode a picture: upright, gray as RGB, 16 bits reduced to 8, what is transparent laid over white.

    Args:
        path: PNG, JPEG, WebP, TIFF, BMP, or what else this OpenCV reads.
        short_side: Reduce or enlarge it to that many pixels on the shorter side; None: as it is.

    Returns:
        (1, 3, H, W) float32 in [0, 1], RGB.

    Raises:
        ValueError: The file is missing, unreadable, empty or damaged, or the picture would have more than MOST_PIXELS.
    """
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise ValueError(f"cannot read '{path}': {_reason(error)}; check the name") from error
    if data.size == 0:
        raise ValueError(f"'{path}' is empty; wanted a picture")
    try:
        bgr = _decode(data)
    except cv2.error as error:
        raise ValueError(f"'{path}' cannot be decoded: {error.err or error.func}; reduce it first") from error
    if bgr is None:
        raise ValueError(f"'{path}' is not a picture that can be read, or is damaged; wanted PNG, JPEG, WebP, TIFF or BMP")
    height, width = bgr.shape[:2]
    scale = short_side / min(height, width) if short_side else 1.0
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size[0] * size[1] > MOST_PIXELS:
        raise ValueError(
            f"'{path}' of {width}x{height} would become {size[0]}x{size[1]}, more than {MOST_PIXELS // 1_000_000} million "
            "pixels; cut it, or choose a smaller size"
        )
    if size != (width, height):
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        bgr = cv2.resize(bgr, size, interpolation=method).astype(np.uint8, copy=False)
    rgb = np.ascontiguousarray(bgr[:, :, ::-1].transpose(2, 0, 1))
    return torch.from_numpy(rgb)[None].float().div(255)


def to_float(image: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) float32 in [0, 1]."""
    return image.permute(0, 3, 1, 2).float() / 255


def to_uint8(image: Tensor) -> Tensor:
    """(N, 3, H, W) float -> (N, H, W, 3) uint8, clamped and rounded to the nearest level."""
    return (image * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def _decode(data: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """(H, W, 3) uint8 BGR; None where it is no picture."""
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if bgr is None or bgr.dtype != np.uint8:
        return None
    # Read a second time for transparency; cv2 turns pictures upright only where it leaves transparency out.
    whole = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if whole is not None and whole.shape == (*bgr.shape[:2], 4):
        alpha = whole[:, :, 3:].astype(np.float32) / (255 if whole.dtype == np.uint8 else 65535)
        bgr = np.rint(255 + (bgr - np.float32(255)) * alpha)
    return np.asarray(bgr).astype(np.uint8)


def silence_opencv() -> None:
    """Keep what OpenCV logs of damaged files from appearing next to our own line; for programs, not for libraries."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class PictureOutput:
    """A place for a picture that is checked before the work begins, and holds it only when whole.

    Attributes:
        final: Where the finished picture will lie.
        partial: `<name>.partial<ending>`: what is kept of an unfinished run.
    """

    def __init__(self, final: Path, *, overwrite: bool) -> None:
        """Check that a picture can be written there; leaves an empty partial file.

        Raises:
            ValueError: The ending is unknown, the folder is missing or cannot be written to, or the file exists.
        """
        if final.suffix.lower() not in SUFFIXES:
            raise ValueError(f"'{final}' has no ending of a picture; choose one of {', '.join(SUFFIXES)}")
        if not final.parent.is_dir():
            raise ValueError(f"the folder '{final.parent}' does not exist; make it first, or name another with -o")
        if final.is_dir():
            raise ValueError(f"'{final}' is a folder; name a file")
        if final.exists() and not overwrite:
            raise ValueError(f"'{final}' exists; use --overwrite, or name another with -o")
        self.final, self.partial = final, final.with_name(f"{final.stem}.partial{final.suffix}")
        self._write(self.partial, b"")

    def step(self, number: int) -> Path:
        """Where the picture after so many steps goes: `<name>.step0050<ending>`."""
        return self.final.with_name(f"{self.final.stem}.step{number:04}{self.final.suffix}")

    def finish(self, picture: Tensor) -> None:
        """Write the finished picture; no partial one remains.

        Args:
            picture: (1, 3, H, W) float in [0, 1], RGB.

        Raises:
            ValueError: The system refused.
        """
        self.write(picture, self.final)

    def write(self, picture: Tensor, path: Path) -> None:
        """Write a picture under another name in the same folder, whole or not at all.

        Raises:
            ValueError: The system refused.
        """
        self.keep(picture)
        try:
            self.partial.replace(path)
        except OSError as error:
            raise ValueError(f"'{path}' cannot be written: {_reason(error)}; name another place with -o") from error

    def keep(self, picture: Tensor) -> None:
        """Write a picture as the partial one.

        Raises:
            ValueError: The system refused.
        """
        values = picture[0].detach().mul(255).round().to("cpu", torch.uint8)
        bgr = np.ascontiguousarray(values.permute(1, 2, 0).numpy()[:, :, ::-1])
        suffix = self.final.suffix.lower()
        try:
            _, data = cv2.imencode(suffix, bgr, _OPTIONS[suffix])
        except cv2.error as error:
            raise ValueError(f"{bgr.shape[1]}x{bgr.shape[0]} pixels cannot be written as {suffix}; try .png") from error
        self._write(self.partial, data.tobytes())

    def discard(self) -> None:
        """Leave no partial picture."""
        with contextlib.suppress(OSError):
            self.partial.unlink(missing_ok=True)

    def _write(self, path: Path, data: bytes) -> None:
        try:
            path.write_bytes(data)
        except OSError as error:
            raise ValueError(f"'{path}' cannot be written: {_reason(error)}; name another place with -o") from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
