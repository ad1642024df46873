"""Pictures that move, for chats and pages: GIF and animated WebP."""

import contextlib
import tempfile
from abc import abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av
import av.error
import numpy as np
from PIL import Image as Pillow

from streamstyle.errors import SinkError
from streamstyle.frame import Frame, Image
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
_WEBP_QUALITY = 75
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
        self._ticks: list[int] = []
        self._length = _USUAL_LENGTH
        self._closed = self._whole = False

    def write(self, frame: Frame) -> None:
        """Take one frame."""
        check_frame(frame, self._shape, None if self._first is None else self._last)
        self._first = frame.time if self._first is None else self._first
        self._length = frame.duration or (frame.time - self._last if self._ticks else _USUAL_LENGTH)
        self._last = frame.time
        tick = round((frame.time - self._first) / self._tick)
        self._ticks.append(max(tick, self._ticks[-1] + 1) if self._ticks else 0)
        with self._place.failing_clearly():
            self._add(frame.image)

    def close(self) -> None:
        """Write what is left, and give the file its name."""
        if self._closed:
            return
        if not self._ticks:
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
        if self._ticks and not self._whole:
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
        return self._ticks[-1] + max(1, round(self._length / self._tick))

    @abstractmethod
    def _add(self, image: Image) -> None: ...

    @abstractmethod
    def _finish(self) -> None:
        """Make the partial file whole."""

    @abstractmethod
    def _release(self) -> None: ...


class GifSink(_AnimationSink):
    """A GIF of 256 colors, chosen from the whole clip, with dithering. Frames wait in a temporary file for the last one."""

    _tick, _longest = _GIF_TICK, 65535

    def __init__(
        self, path: Path, width: int, height: int, *, overwrite: bool = False, reads: tuple[str, ...] = ()
    ) -> None:
        """Open the output; the arguments are those of any animation."""
        super().__init__(path, width, height, overwrite=overwrite, reads=reads)
        self._frames: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _release
        self._samples: list[Image] = []

    def _add(self, image: Image) -> None:
        self._frames.write(np.ascontiguousarray(image).data)
        rows, columns = (np.linspace(0, side - 1, min(side, _SAMPLE_SIDE)).round().astype(int) for side in image.shape[:2])
        self._samples.append(image[np.ix_(rows, columns)])

    def _finish(self) -> None:
        palette = Pillow.fromarray(np.vstack(self._samples)).quantize(_COLORS, method=Pillow.Quantize.MEDIANCUT)
        frames = self._dithered(palette)
        ends = [*self._ticks[1:], self._end]
        next(frames).save(
            self._place.partial,
            "GIF",
            save_all=True,
            append_images=frames,
            duration=[10 * (end - begin) for begin, end in zip(self._ticks, ends, strict=True)],
            loop=0,
            optimize=False,
        )
        self._release()

    def _dithered(self, palette: Pillow.Image) -> Iterator[Pillow.Image]:
        self._frames.seek(0)
        for _ in self._ticks:
            pixels = np.frombuffer(self._frames.read(int(np.prod(self._shape))), np.uint8).reshape(self._shape)
            yield Pillow.fromarray(pixels).quantize(palette=palette, dither=Pillow.Dither.FLOYDSTEINBERG)

    def _release(self) -> None:
        self._frames.close()


class WebpSink(_AnimationSink):
    """An animated WebP, encoded as frames come."""

    _tick, _longest = _WEBP_TICK, 16383

    def __init__(
        self, path: Path, width: int, height: int, *, overwrite: bool = False, reads: tuple[str, ...] = ()
    ) -> None:
        """Open the output; the arguments are those of any animation."""
        super().__init__(path, width, height, overwrite=overwrite, reads=reads)
        try:
            with self._place.failing_clearly():
                self._container = av.open(address(str(self._place.partial)), "w", format="webp", options={"loop": "0"})
                options = {"quality": str(_WEBP_QUALITY)}
                self._stream: Any = self._container.add_stream("libwebp_anim", rate=MOST_RATE, options=options)
        except BaseException:
            self._place.partial.unlink(missing_ok=True)
            self._place.release()
            raise
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = self._tick

    def _add(self, image: Image) -> None:
        self._encode(image, self._ticks[-1])

    def _encode(self, image: Image, tick: int) -> None:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame.pts, frame.time_base = tick, self._tick
        frame.duration = max(1, round(self._length / self._tick))
        self._container.mux(self._stream.encode(frame))

    def _finish(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _release(self) -> None:
        self._container.close()


def open_animation_sink(
    path: Path, width: int, height: int, *, overwrite: bool = False, reads: tuple[str, ...] = ()
) -> Sink:
    """A GIF or an animated WebP, by the ending of the name; arguments and errors are those of their constructors."""
    kind = GifSink if path.suffix.lower() == ".gif" else WebpSink
    return kind(path, width, height, overwrite=overwrite, reads=reads)
