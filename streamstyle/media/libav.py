"""What reading and writing media with PyAV have in common: error texts, colours, containers."""

import contextlib
import functools
import logging
import re
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import av
import av.container.core
import av.error
import av.logging
import cv2
import numpy as np
from av.container import InputContainer
from av.filter import Graph
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from numpy.typing import NDArray

from streamstyle.media.places import NO_ANSWER, is_url
from streamstyle.media.resize import over_white

# ISO/IEC 23091-2 matrix coefficients, as libav numbers a frame's tag -> what swscale expects.
_MATRIX_OF_TAG = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_LUMA = {
    Colorspace.ITU709: (0.2126, 0.0722),
    Colorspace.FCC: (0.3, 0.11),
    Colorspace.ITU601: (0.299, 0.114),
    Colorspace.SMPTE240M: (0.212, 0.087),
    Colorspace.BT2020: (0.2627, 0.0593),
}
"""Shares of red and blue in the luma of each."""
_PLANAR = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"}
_EXPANDED = ((np.arange(256) - 16) * 255 / 219).round().clip(0, 255).astype(np.uint8)
_OPAQUE = 255
_PEAKS = {SideDataType.MASTERING_DISPLAY_METADATA, SideDataType.DYNAMIC_HDR_PLUS}
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


@functools.cache
def rgb_to_yuv(matrix: Colorspace, levels: ColorRange) -> NDArray[np.float64]:
    """What cv2.transform takes to convert levels of 8 bits: (3, 4), by ITU-T H.273, section 8.3."""
    red, blue = _LUMA[matrix]
    luma = np.array([red, 1 - red - blue, blue])
    chroma = [(np.eye(3)[channel] - luma) / (2 - 2 * luma[channel]) for channel in (2, 0)]
    black, white, most = (0, 255, 255) if levels == ColorRange.JPEG else (16, 219, 224)
    gains = np.array([white * luma, *(most * plane for plane in chroma)]) / 255
    return np.hstack([gains, [[black], [128], [128]]])


@functools.cache
def _yuv_to_rgb(matrix: Colorspace, levels: ColorRange) -> NDArray[np.float64]:
    """The other way round."""
    gains, offsets = np.split(rgb_to_yuv(matrix, levels), [3], axis=1)
    inverse = np.linalg.inv(gains)
    return np.hstack([inverse, -inverse @ offsets])


def planes_of(frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
    """The planes of a frame of 8 bits, (h, w) each, where they are."""
    return [
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]  # type: ignore[call-overload]
        for plane in frame.planes
    ]


def _planar_to_rgb(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """A frame of a format in _PLANAR by OpenCV, in half the time that swscale takes for the same interpolation."""
    light, *chroma = planes_of(frame)
    height, width = light.shape
    across, down = (2 if half < whole else 1 for half, whole in zip(chroma[0].shape[::-1], (width, height), strict=True))
    grown = [cv2.resize(half, None, fx=across, fy=down, interpolation=cv2.INTER_LINEAR)[:height, :width] for half in chroma]
    matrix = _yuv_to_rgb(source_matrix(frame), source_range(frame))
    return cv2.transform(cv2.merge([light, *grown]), matrix).astype(np.uint8, copy=False)


def to_rgb(
    frame: av.VideoFrame,
    width: int,
    height: int,
    reformatter: VideoReformatter | None = None,
    tell_transparent: Callable[[], object] = lambda: None,
) -> NDArray[np.uint8]:
    """A decoded frame of any format as RGB.

    Args:
        frame: As it was decoded.
        width: Of the result, in pixels.
        height: Of the result, in pixels.
        reformatter: One for all frames of a stream: making its tables takes longer than converting a small frame.
        tell_transparent: Called where something of the frame is transparent.

    Returns:
        (height, width, 3) uint8 RGB; what is transparent lies over white.
    """
    if frame.format.name in _PLANAR and (frame.width, frame.height) == (width, height):
        return _planar_to_rgb(frame)
    transparent = has_alpha(frame)
    converted = (reformatter or VideoReformatter()).reformat(
        frame,
        width=width,
        height=height,
        format="rgba" if transparent else "gbrp",  # to planes it takes half the time, and gives the same
        src_colorspace=source_matrix(frame),
        src_color_range=source_range(frame),
        dst_color_range="JPEG",
        interpolation=ACCURATE,
    )
    if transparent:
        rgba = converted.to_ndarray()
        if rgba[:, :, 3].min() < _OPAQUE:
            tell_transparent()
            return over_white(rgba[:, :, :3], np.ascontiguousarray(rgba[:, :, 3]))  # type: ignore[arg-type]
        return np.ascontiguousarray(rgba[:, :, :3])
    green, blue, red = planes_of(converted)
    rgb: NDArray[np.uint8] = cv2.merge([red, green, blue]).astype(np.uint8, copy=False)
    if frame.format.name.startswith("gray") and source_range(frame) == ColorRange.MPEG:
        rgb = _EXPANDED[rgb]  # swscale takes all gray for full range, whatever its arguments
    return rgb


def has_alpha(frame: av.VideoFrame) -> bool:
    """Whether a frame's format has an alpha plane; a palette may hold transparent colours too."""
    return frame.format.has_palette or any(component.is_alpha for component in frame.format.components)


def states_peak(frame: av.VideoFrame) -> bool:
    """Whether an HDR frame says how bright it may get."""
    return any(data.type in _PEAKS for data in frame.side_data)  # type: ignore[attr-defined]  # they are no names


def brightest_of(frame: av.VideoFrame) -> int | None:
    """The brightest pixel of all of a video, in cd/m2, by its own words; libav's mapping knows nothing of them."""
    kept: Any = frame.side_data  # the stubs take them for names
    said = (bytes(data) for data in kept if data.type == SideDataType.CONTENT_LIGHT_LEVEL)
    return next((int.from_bytes(level[:4], sys.byteorder) for level in said), None)


class ToneMap:
    """Shows HDR (PQ or HLG) and wide colours on an ordinary screen, by libav's own mapping (`scale`, perceptual intent).

    Highlights are rolled off and BT.2020 colours moved into BT.709, as the frame's mastering data ask. Where PQ has none,
    libav takes it for a picture of up to 10,000 cd/m2, as which it comes out dark.
    """

    def __init__(self, transfer: str = "bt709") -> None:
        """Nothing is made before the first frame.

        Args:
            transfer: Of what comes out, as libav calls it.
        """
        self._transfer = transfer
        self._graph: Graph | None = None
        self._layout: tuple[int, int, str] | None = None

    def apply(self, frame: av.VideoFrame) -> av.VideoFrame:
        """A frame as an SDR one with the primaries of BT.709, in RGB of 8 bits."""
        layout = frame.width, frame.height, frame.format.name
        if self._graph is None or layout != self._layout:
            self._graph, self._layout = Graph(), layout
            source = self._graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 1000)
            )
            scale = self._graph.add("scale", f"out_primaries=bt709:out_transfer={self._transfer}:intent=perceptual")
            self._graph.link_nodes(
                source,
                scale,
                self._graph.add("format", "rgba" if has_alpha(frame) else "rgb24"),
                self._graph.add("buffersink"),
            ).configure()
        self._graph.push(frame)
        mapped = self._graph.pull()
        assert isinstance(mapped, av.VideoFrame)  # a video graph
        return mapped


def stream_notes(container: InputContainer) -> dict[int, str]:
    """What libav's summary of a container says of each stream: PyAV's objects do not tell all of it.

    Returns:
        Index of the stream -> its lines: `Stream #0:1: Audio: pcm_s24le, 48000 Hz, 7.1, s32`, side data and so on.
    """
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)  # the summary is a message
    try:
        text = container.dumps_format()  # type: ignore[attr-defined]  # not in the stubs
    finally:
        av.logging.set_level(level)
    parts = re.split(r"^  Stream #0:(?=\d+)", text, flags=re.MULTILINE)
    return {int(re.match(r"\d+", part)[0]): part for part in parts[1:]}  # type: ignore[index]  # each begins with digits


def _name_unknown_side_data(cls: type[SideDataType], value: object) -> SideDataType:
    member = object.__new__(cls)
    member._name_ = f"UNKNOWN_{value}"
    member._value_ = value  # type: ignore[assignment]  # an int, as all of them
    return member


# libav knows kinds of side data (EXIF, say) for which PyAV has no name, and would fail on any frame that has one.
SideDataType._missing_ = classmethod(_name_unknown_side_data)  # type: ignore[assignment, method-assign]
# What libav says while a summary is made goes nowhere.
logging.getLogger("libav").addHandler(logging.NullHandler())


def tag_bt709(context: Any) -> None:  # noqa: ANN401 - encoder contexts and frames take the same four tags
    """Say of an encoder or a frame that its levels are BT.709, limited range."""
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    context.colorspace = Colorspace.ITU709
    context.color_range = ColorRange.MPEG


_SILENT_SECONDS, _SILENT_LIVE_SECONDS = 20, 5


class Waiting:
    """What PyAV asks, in place of the module `time`, whether libav has waited for the network for too long.

    Attributes:
        monotonic: Of `time`; another one ends what libav waits for. While the main thread waits it is a function of C: what
            signal handlers raise in one of Python would be lost.
    """

    monotonic: ClassVar[Callable[[], float]] = time.monotonic


setattr(av.container.core, "time", Waiting)  # noqa: B010 - its stubs do not have it


def silence(*, is_live: bool) -> float:
    """Seconds without a byte over the network that are too many."""
    return _SILENT_LIVE_SECONDS if is_live else _SILENT_SECONDS


def opened(uri: str, *, is_live: bool = False, **more: Any) -> InputContainer:  # noqa: ANN401 - as `av.open` has them
    """A container to read from; what is read over the network fails where nothing comes.

    Args:
        uri: A path or an address.
        is_live: Whether to give it up sooner.
        **more: As `av.open` has them.

    Raises:
        av.error.FFmpegError, OSError, ValueError: It cannot be opened.
    """
    timeout = silence(is_live=is_live) if is_url(uri) else None
    container: InputContainer = av.open(address(uri), metadata_errors="replace", timeout=timeout, **more)
    return container


def address(uri: str) -> str:
    """What libav opens for a name: a local file by its whole path, so that `12:30.mp4` is not taken for a protocol."""
    return uri if "://" in uri else str(Path(uri).absolute())


def reason(error: BaseException) -> str:
    """What libav or the system said, in a few words, without its error number and the file's name."""
    if isinstance(error, av.error.ExitError):  # libav's word for its timeout: "Immediate exit requested"
        return NO_ANSWER
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error).split(":")[0]
    text = re.sub(r"^\[Errno -?\d+\] ", "", text).strip() or type(error).__name__
    return text[0].lower() + text[1:]


def quietly(action: Callable[[], object]) -> None:
    """Do what may fail when something has failed already: closing a broken file must not hide why it broke."""
    try:
        action()
    except (av.error.FFmpegError, OSError, OverflowError, ValueError):
        return


class Resampler:
    """Sound in one layout at one rate, also where a broadcast, or damage, changes its own in the middle.

    PyAV's resampler (18) refuses such a change; where it had nothing to do before, it hands the frames on as they are.
    """

    def __init__(self, sample_format: Any, layout: str, rate: int) -> None:  # noqa: ANN401 - a name, or PyAV's own
        """What is wanted, in libav's words; nothing is opened."""
        self._wanted = {"format": sample_format, "layout": layout, "rate": rate}
        self._resampler = av.AudioResampler(**self._wanted)
        self._of: tuple[str, str, int] | None = None

    def resample(self, frame: av.AudioFrame | None) -> list[av.AudioFrame]:
        """Convert a frame, or None at the end; returns what is ready.

        Raises:
            av.error.FFmpegError, ValueError: This frame cannot be converted; others may be.
        """
        ended: av.AudioResampler | None = self._resampler if frame is None else None
        if frame is not None and self._of != (this := (frame.format.name, frame.layout.name, frame.sample_rate)):
            ended, self._of = self._resampler, this
            self._resampler = av.AudioResampler(**self._wanted)
        came: list[av.AudioFrame] = []
        if ended is not None:
            with contextlib.suppress(av.error.FFmpegError, ValueError):
                came = [last for last in ended.resample(None) if last is not None]
        return came if frame is None else came + self._resampler.resample(frame)
