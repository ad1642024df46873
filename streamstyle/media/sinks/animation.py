"""Pictures that move, for chats and pages: GIF and animated WebP."""

import contextlib
import io
import struct
from abc import abstractmethod
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from PIL import Image as Pillow

from streamstyle.errors import SinkError
from streamstyle.frame import Frame, Image
from streamstyle.media.damage import webp_chunks
from streamstyle.media.libav import address
from streamstyle.media.sinks.base import Sink, check_frame
from streamstyle.media.sinks.place import Place

ANIMATION_SUFFIXES = (".gif", ".webp")
MOST_SIDE = 320
"""Short side in pixels that animations have unless another one is asked for."""
MOST_RATE = 15
"""Frames per second that they have at most."""

_GIF_TICK, _WEBP_TICK = Fraction(1, 100), Fraction(1, 1000)
_COLORS = 256
_SAMPLE_SIDE = 48
"""Rows and columns of each frame by which the colors of a GIF are chosen."""
_MUCH_WORSE = 1.5
"""A GIF gets new colors when the present ones are more than so many times as far from the pixels as new ones would be."""
_WEBP_QUALITY = 75
# What is held in memory: frames of a GIF until their colors are chosen, and encoded frames of a WebP.
_GIF_PART_BYTES, _WEBP_PART_FRAMES = 1 << 26, 240
_LONGEST_MS = (1 << 24) - 1
_USUAL_LENGTH = Fraction(1, 10)
_MUCH_BYTES = 10_000_000


class _AnimationSink(Sink):
    """What both kinds share: the place, the order of frames, and an end that leaves nothing half done under the name."""

    _tick: Fraction
    _longest: int

    def __init__(self, path: Path, width: int, height: int, *, overwrite: bool, reads: tuple[str, ...]) -> None:
        """Open the output.

        Args:
            path: Where.
            width: Of the frames that will come, in pixels.
            height: Of the frames that will come, in pixels.
            overwrite: Replace an existing file.
            reads: Files of this run, which are never replaced.

        Raises:
            SinkError: The place cannot be used, or the frames are too large for this kind of file.
        """
        if max(width, height) > self._longest:
            raise SinkError(
                f"{path.suffix.lower()} holds at most {self._longest} pixels a side, got {width}x{height}; "
                "set a smaller --output-size"
            )
        self.destination, self.warnings = None, []
        self._place = Place(path, overwrite=overwrite, reads=reads)
        self._shape = (height, width, 3)
        self._first: Fraction | None = None
        self._last: Fraction = Fraction(0)
        self._tick_before: int | None = None
        self._length = _USUAL_LENGTH
        self._closed = self._whole = False

    def write(self, frame: Frame) -> None:
        """Take one frame."""
        check_frame(frame, self._shape, None if self._first is None else self._last)
        self._first = frame.time if self._first is None else self._first
        before = self._tick_before
        self._length = frame.duration or (_USUAL_LENGTH if before is None else frame.time - self._last)
        self._last = frame.time
        tick = round((frame.time - self._first) / self._tick)
        self._tick_before = tick if before is None else max(tick, before + 1)
        with self._place.failing_clearly():
            self._add(np.ascontiguousarray(frame.image), self._tick_before)

    def close(self) -> None:
        """Write what is left, and give the file its name."""
        if self._closed:
            return
        if self._tick_before is None:
            self.abort()
            raise SinkError(f"nothing to write to '{self._place.final}': no frame came")
        try:
            with self._place.failing_clearly():
                self._finish()
                self._whole = True
                size = self._place.partial.stat().st_size
                self._place.finish()
        except BaseException:
            self.abort()
            raise
        self._closed = True
        self._place.release()
        self.destination = str(self._place.final)
        if size > _MUCH_BYTES:
            self.warnings.append(
                f"'{self._place.final}' has {size / 1e6:.0f} MB, more than most chats take; .mp4 and .webp are smaller, "
                "or set a smaller --output-size or an earlier --end"
            )

    def abort(self) -> str | None:
        """Keep what came so far under the partial name, where anything came."""
        if self._closed:
            return str(self._place.partial) if self.destination is None and self._place.partial.exists() else None
        self._closed = True
        if self._tick_before is not None and not self._whole:
            with contextlib.suppress(OSError, ValueError, av.error.FFmpegError):
                self._finish()
                self._whole = True
        self._release()
        if not self._whole:
            with contextlib.suppress(OSError):
                self._place.partial.unlink(missing_ok=True)
        self._place.release()
        return str(self._place.partial) if self._whole else None

    @property
    def _end(self) -> int:
        """Tick at which the last frame is over."""
        assert self._tick_before is not None  # asked for once frames have come
        return self._tick_before + max(1, round(self._length / self._tick))

    @abstractmethod
    def _add(self, image: Image, tick: int) -> None: ...

    @abstractmethod
    def _finish(self) -> None:
        """Make the partial file whole."""

    @abstractmethod
    def _release(self) -> None: ...


class GifSink(_AnimationSink):
    """A GIF with dithering. Its 256 colors are chosen from the first seconds, and again where they no longer fit."""

    _tick, _longest = _GIF_TICK, 65535

    def __init__(
        self, path: Path, width: int, height: int, *, overwrite: bool = False, reads: tuple[str, ...] = ()
    ) -> None:
        """Open the output; the arguments are those of any animation."""
        super().__init__(path, width, height, overwrite=overwrite, reads=reads)
        self._part: list[tuple[Image, int]] = []
        self._colors: Pillow.Image | None = None
        self._table = np.full((_COLORS, 4), 255, np.uint8)  # alpha, red, green, blue
        try:
            with self._place.failing_clearly():
                self._container = av.open(address(str(self._place.partial)), "w", format="gif", options={"loop": "0"})
                self._stream = _stream_of(self._container, "gif", "pal8", width, height, self._tick)
        except BaseException:
            self._place.partial.unlink(missing_ok=True)
            self._place.release()
            raise

    def _add(self, image: Image, tick: int) -> None:
        self._part.append((image.copy(), tick))
        if len(self._part) * image.nbytes >= _GIF_PART_BYTES:
            self._encode_part()

    def _encode_part(self) -> None:
        rows, columns = (np.linspace(0, side - 1, min(side, _SAMPLE_SIDE)).round().astype(int) for side in self._shape[:2])
        samples = Pillow.fromarray(np.vstack([image[np.ix_(rows, columns)] for image, _ in self._part]))
        colors = samples.quantize(_COLORS, method=Pillow.Quantize.MEDIANCUT)
        if self._colors is None or _miss(self._colors, samples) > _MUCH_WORSE * _miss(colors, samples):
            known = np.array(colors.getpalette(), np.uint8).reshape(-1, 3)
            self._table[: len(known), 1:] = known
            # Tables after the first must differ from it, since libav compares pixels of frames that have the first by their
            # numbers, also with a frame that had another: one is a little less opaque, which GIF does not store.
            self._table[0, 0] = 255 if self._colors is None else 254
            self._colors = colors
        for image, tick in self._part:
            pixels = Pillow.fromarray(image).quantize(palette=self._colors, dither=Pillow.Dither.FLOYDSTEINBERG)
            frame: Any = av.VideoFrame.from_ndarray((np.asarray(pixels), self._table), format="pal8")  # type: ignore[arg-type]  # as this format wants it
            frame.pts, frame.time_base = tick, self._tick
            for packet in self._stream.encode(frame):
                packet.duration = self._end - tick  # it counts where no other frame follows
                self._container.mux(packet)
        self._part.clear()

    def _finish(self) -> None:
        if self._part:
            self._encode_part()
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _release(self) -> None:
        self._container.close()


def _miss(colors: Pillow.Image, samples: Pillow.Image) -> float:
    """Mean distance of pixels from the nearest of some colors, in levels; at least one."""
    nearest = samples.quantize(palette=colors, dither=Pillow.Dither.NONE).convert("RGB")
    return max(1.0, float(np.abs(np.asarray(nearest, np.int16) - np.asarray(samples)).mean()))


class WebpSink(_AnimationSink):
    """An animated WebP, encoded as frames come, in parts, since libwebp keeps a file until its end."""

    _tick, _longest = _WEBP_TICK, 16383

    def __init__(
        self, path: Path, width: int, height: int, *, overwrite: bool = False, reads: tuple[str, ...] = ()
    ) -> None:
        """Open the output; the arguments are those of any animation."""
        super().__init__(path, width, height, overwrite=overwrite, reads=reads)
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        self._sides, self._count, self._begin = sides, 0, 0
        try:
            with self._place.failing_clearly():
                self._file = self._place.partial.open("wb")
                self._file.write(b"RIFF____WEBP" + _chunk(b"VP8X", b"\2\0\0\0" + sides) + _chunk(b"ANIM", bytes(6)))
        except BaseException:
            self._place.partial.unlink(missing_ok=True)
            self._place.release()
            raise

    def _add(self, image: Image, tick: int) -> None:
        if self._count == _WEBP_PART_FRAMES:
            self._end_part(tick)
        if not self._count:
            self._begin, self._part = tick, io.BytesIO()
            self._container = av.open(self._part, "w", format="webp")
            height, width, _ = self._shape
            self._stream = _stream_of(self._container, "libwebp_anim", "yuv420p", width, height, self._tick)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = tick - self._begin, self._tick
        self._container.mux(self._stream.encode(frame))
        self._count += 1

    def _end_part(self, end: int) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        data, self._count = self._part.getvalue(), 0
        frames = [data[begin + 8 : stop] for kind, begin, stop in webp_chunks(data) if kind == b"ANMF"]
        if not frames:  # all frames alike: a still picture
            frames = [bytes(6) + self._sides + bytes(4) + data[12:]]
        # The last frame's length is a guess of libwebp.
        lasts = end - self._begin - sum(int.from_bytes(frame[12:15], "little") for frame in frames[:-1])
        frames[-1] = frames[-1][:12] + min(lasts, _LONGEST_MS).to_bytes(3, "little") + frames[-1][15:]
        for body in frames:
            self._file.write(_chunk(b"ANMF", body))

    def _finish(self) -> None:
        self._end_part(self._end)
        size = self._file.tell()
        self._file.seek(4)
        self._file.write(struct.pack("<I", size - 8))
        self._file.close()

    def _release(self) -> None:
        self._file.close()


def _stream_of(container: Any, codec: str, pixels: str, width: int, height: int, tick: Fraction) -> Any:  # noqa: ANN401 - PyAV's, with fields that its stubs lack
    options = {"quality": str(_WEBP_QUALITY), "loop": "0"} if codec != "gif" else {}
    stream = container.add_stream(codec, rate=MOST_RATE, options=options)
    stream.width, stream.height, stream.pix_fmt = width, height, pixels
    stream.time_base = stream.codec_context.time_base = tick
    return stream


def _chunk(kind: bytes, body: bytes) -> bytes:
    """A piece of a WebP file."""
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def open_animation_sink(
    path: Path, width: int, height: int, *, overwrite: bool = False, reads: tuple[str, ...] = ()
) -> Sink:
    """A GIF or an animated WebP, by the ending of the name; arguments and errors are those of their constructors."""
    kind = GifSink if path.suffix.lower() == ".gif" else WebpSink
    return kind(path, width, height, overwrite=overwrite, reads=reads)
