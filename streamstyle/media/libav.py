"""What reading and writing media with PyAV have in common: error texts, colours, containers."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from numpy.typing import NDArray

# ISO/IEC 23091-2 matrix coefficients, as libav numbers a frame's tag -> what swscale is to be told.
_MATRIX_OF_TAG = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_EXPANDED = ((np.arange(256) - 16) * 255 / 219).round().clip(0, 255).astype(np.uint8)
HDR_TRANSFERS = {int(ColorTrc.SMPTE2084): "PQ", int(ColorTrc.ARIB_STD_B67): "HLG"}

# Chroma is averaged over whole pixels and sums are rounded: flat colours come out right to the level.
ACCURATE = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP


def source_matrix(frame: av.VideoFrame) -> Colorspace:
    """The YUV matrix of a frame: the tagged one; untagged HD is BT.709, anything smaller BT.601, as players take it."""
    tagged = _MATRIX_OF_TAG.get(int(frame.colorspace))
    if tagged is not None:
        return tagged
    return Colorspace.ITU709 if frame.height >= 720 or frame.width >= 1280 else Colorspace.ITU601


def source_range(frame: av.VideoFrame) -> ColorRange:
    """Full or limited range of a frame's levels: RGB, gray without a tag and the `yuvj` formats are full."""
    name = frame.format.name
    if name.startswith("yuvj") or frame.format.is_rgb:
        return ColorRange.JPEG
    untagged = ColorRange.JPEG if name.startswith("gray") else ColorRange.MPEG
    return {1: ColorRange.MPEG, 2: ColorRange.JPEG}.get(int(frame.color_range), untagged)


def to_rgb(frame: av.VideoFrame, width: int, height: int, reformatter: VideoReformatter | None = None) -> NDArray[np.uint8]:
    """A decoded frame of any format as RGB.

    Args:
        frame: As it was decoded.
        width: Of the result, in pixels.
        height: Likewise.
        reformatter: One for all frames of a stream: making its tables takes longer than converting a small frame.

    Returns:
        (height, width, 3) uint8 RGB; transparency is dropped.
    """
    rgb = (
        (reformatter or VideoReformatter())
        .reformat(
            frame,
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=source_matrix(frame),
            src_color_range=source_range(frame),
            dst_color_range="JPEG",
            interpolation=ACCURATE,
        )
        .to_ndarray()
    )
    if frame.format.name.startswith("gray") and source_range(frame) == ColorRange.MPEG:
        rgb = _EXPANDED[rgb]  # swscale takes all gray for full range, whatever it is told
    return rgb  # type: ignore[return-value]  # of rgb24 it is uint8


def tag_bt709(context: Any) -> None:  # noqa: ANN401 - encoder contexts and frames take the same four tags
    """Say of an encoder or a frame that its levels are BT.709, limited range."""
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    context.colorspace = Colorspace.ITU709
    context.color_range = ColorRange.MPEG


def address(uri: str) -> str:
    """What libav opens for a name: a local file by its whole path, lest `12:30.mp4` be taken for a protocol."""
    return uri if "://" in uri else str(Path(uri).absolute())


def reason(error: BaseException) -> str:
    """What libav or the system said, in a few words, without its error number and the file's name."""
    if isinstance(error, av.error.ExitError):  # libav's word for its timeout: "Immediate exit requested"
        return "no answer in time"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error).split(":")[0]
    text = re.sub(r"^\[Errno -?\d+\] ", "", text).strip() or type(error).__name__
    return text[0].lower() + text[1:]


def quietly(action: Callable[[], object]) -> None:
    """Do what may fail when something has failed already: closing a broken file must not hide why it broke."""
    try:
        action()
    except (av.error.FFmpegError, OSError, ValueError):
        return
