"""Video files and streams, through PyAV: decoding, seeking, exact times, and damaged files."""

import gc
import itertools
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error

from streamstyle.errors import SourceError
from streamstyle.frame import Frame
from streamstyle.media.libav import quietly, reason
from streamstyle.media.places import is_url, quoted
from streamstyle.media.sources import hardware, timecode
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.media.sources.clock import Clock
from streamstyle.media.sources.conversion import Converter
from streamstyle.media.sources.deinterlacer import Deinterlacer
from streamstyle.media.sources.opening import (
    cropping_of,
    decoder_of,
    open_container,
    rate_of,
    stated_length,
    time_base_of,
    video_stream,
)
from streamstyle.media.sources.skipping import CLOCK_LEAPS, ClockJumpsError, VideoPacket, must_be_skipped, packets_for

_DAMAGE = (av.error.FFmpegError, OSError)
# How many seconds before the wanted moment to look for a key frame, until one is found.
_SEEK_EARLY = (1, 10, 60, 600)
_LABELS = ("language", "title")


class VideoSource(Source):
    """Frames of one video stream: upright, progressive, RGB, each at its exact time.

    The matrix is the tagged one; where nothing is tagged, BT.709 for HD and BT.601 below, as players do. HDR (PQ, HLG) is
    tone-mapped to BT.709, what is transparent is laid over white, and what the container crops is left out; the first two
    are said. Of several video streams the default one is taken. A damaged file is read as far as it can be, and said.
    """

    def __init__(
        self,
        uri: str,
        start: Fraction | None = None,
        end: Fraction | None = None,
        *,
        is_live: bool = False,
        hwaccel: str = hardware.OFF,
    ) -> None:
        """Open a file or URL and decode its first frame.

        Args:
            uri: What PyAV opens.
            start: Seconds from the beginning of the clip; earlier frames are left out.
            end: Seconds from the same beginning; this and later frames are left out.
            is_live: A stream where a frame now is worth more than all frames later: nothing is buffered or decoded ahead.
            hwaccel: Where it is decoded: `off` for the CPU, `auto` for a device where there is one, or a kind of device,
                whose absence is a warning.

        Raises:
            SourceError: It cannot be opened, holds no video, or ends before `start`; or `end` is not after `start`.
        """
        if end is not None and end <= (start or 0):
            raise SourceError(
                f"wanted an end after the start, got {float(start or 0):g} s to {float(end):g} s; set a later end"
            )
        self.warnings = []
        self._uri, self._is_live, self._closed, self._trouble = uri, is_live, False, ""
        self._device, problem = hardware.choose(hwaccel)
        if problem:
            self.warnings.append(problem)
        try:
            self._container = open_container(uri, is_live, self._device)
        except SourceError:
            if self._device is None:
                raise
            self._device = None
            self._container = open_container(uri, is_live, None)
            self.warnings.append(f"--hwaccel {hwaccel}: the device does not open '{uri}'; the CPU decodes")
        try:
            self.warnings += self._choose_stream()
            if self._device is not None and hwaccel != hardware.AUTO and not self._stream.codec_context.is_hwaccel:
                codec = self._stream.codec_context.name
                self.warnings.append(f"--hwaccel {hwaccel}: it does not decode {codec} ('{uri}'); the CPU decodes")
            sounds = self._container.streams.audio
            self.has_sound = bool(sounds) and sounds[0].codec_context is not None
            self._converter = Converter(uri, cropping_of(self._container, self._stream), self._warn_once)
            self._clock = Clock(self._stream)
            self._is_settled = start is None
            self._frames = self._decode_from(start, end)
            self._first = next(self._frames, None)
            if self._first is None:
                raise SourceError(self._why_nothing_came(start))
            self.info = self._describe(self._first, start, end)
        except BaseException:
            self._container.close()
            raise

    def _choose_stream(self) -> list[str]:
        """Find the stream and its decoder; returns what to tell the user."""
        self._stream, remark = video_stream(self._container, self._uri)
        self._decoder = decoder_of(self._stream)
        if self._is_live:
            self._stream.thread_type = "SLICE"  # threads by frame hold as many frames back
        return remark

    def __iter__(self) -> Iterator[Frame]:
        """The frames."""
        try:
            if self._first is not None and not self._closed:
                first, self._first = self._first, None
                yield first
                yield from self._frames
        finally:
            self._release()

    def close(self) -> None:
        """Stop at the next frame. The iterating thread closes the file; if there is none yet, this call does."""
        self._closed = True
        if self._first is not None:
            self._first = None
            self._release()

    def _release(self) -> None:
        self._container.close()
        self._frames = iter(())
        # In PyAV a frame and its side data hold each other, and the frame the decoder's memory: without this, a looped clip
        # takes half a megabyte more each round, until Python's collector comes by.
        gc.collect()

    # Frames, from the container outward: packets -> decoded -> deinterlaced -> on time -> upright RGB.

    def _decode_from(self, start: Fraction | None, end: Fraction | None) -> Iterator[Frame]:
        known = self._stream.start_time
        beginning = None if known is None else known * time_base_of(self._stream)
        if start is not None and self._container.format.name == "avi":  # where frames out of order begin later than it says
            beginning = next((moment for _, moment in self._timed(None)), None)
            self._rewind()
        index = 0
        timed = self._timed(None if start is None or beginning is None else beginning + start)
        for decoded, moment in timed:
            if self._closed:
                return
            if beginning is None or (start is None and index == 0):
                beginning = moment
            if start is not None and moment < beginning + start:
                continue
            if end is not None and moment >= beginning + end:
                return
            self._is_settled = True
            yield Frame(self._converter.convert(decoded), index, moment, self._clock.duration_of(decoded), time.monotonic())
            index += 1

    def _timed(self, wanted: Fraction | None) -> Iterator[tuple[av.VideoFrame, Fraction]]:
        """Decoded frames and their times, from the one at a moment or from earlier ones on."""
        is_file = Path(self._uri).is_file()
        if wanted is not None and is_file and must_be_skipped(self._container):
            try:
                yield from self._with_times(packets_for(self._container, self._stream, wanted))
            except ClockJumpsError:
                self._rewind()
            else:
                return
        elif wanted is not None and (is_file or "://" in self._uri):
            for early in _SEEK_EARLY:
                landing = wanted - early
                if landing <= (self._stream.start_time or 0) * time_base_of(self._stream):
                    break
                self._seek(landing)
                timed = self._with_times(self._container.demux(self._stream))
                first = next(timed, None)
                if first is not None and first[1] <= wanted:
                    yield from itertools.chain([first], timed)
                    return
            self._rewind()
        yield from self._with_times(self._container.demux(self._stream))

    def _with_times(self, packets: Iterator[VideoPacket]) -> Iterator[tuple[av.VideoFrame, Fraction]]:
        self._clock = Clock(self._stream)
        for frame in self._decoded(packets):
            yield frame, self._clock.time_of(frame)
            if self._clock.skipped:
                detail = f"by {float(self._clock.skipped):.0f} s, after {float(self._clock.elapsed):.2f} s of picture"
                leaps = CLOCK_LEAPS.format(quoted(self._uri))
                self._warn_once(f"{leaps} ({detail}); what follows is shown without a pause")

    def _rewind(self) -> None:
        """Begin again, by opening it again: to seek back does not work in every container."""
        self._container.close()
        self._container = open_container(self._uri, self._is_live, self._device)
        self._choose_stream()

    def _seek(self, moment: Fraction) -> None:
        quietly(lambda: self._container.seek(int(moment / time_base_of(self._stream)), stream=self._stream))
        quietly(self._decoder.flush_buffers)

    def _decoded(self, packets: Iterator[VideoPacket]) -> Iterator[av.VideoFrame]:
        self._deinterlacer, damaged = Deinterlacer(), False
        while True:
            try:
                packet = next(packets, None)
            except _DAMAGE as error:
                self._trouble = reason(error)
                self._warn_damaged(self._trouble)
                damaged = True
                packet = None
            try:
                for frame in self._decoder.decode(packet):
                    # After a seek the first frames may want others that were not read.
                    if frame.is_corrupt and not damaged and self._is_settled:
                        self._warn_damaged("parts of the picture are missing")
                        damaged = True
                    yield from self._deinterlacer.progressive(frame)
            except _DAMAGE as error:
                if not damaged and self._is_settled:
                    self._warn_damaged(reason(error))
                    damaged = True
            if packet is None or packet.size == 0:
                break
        yield from self._deinterlacer.flush()
        stated = (stated_length(self._stream) or 0) - self._clock.skipped
        if not damaged and stated > 0 and self._clock.started_at_beginning and self._clock.elapsed < 0.95 * stated:
            self._warn_damaged(f"{float(stated):.2f} s were announced")

    # What to say.

    def _describe(self, first: Frame, start: Fraction | None, end: Fraction | None) -> SourceInfo:
        stream, container = self._stream, self._container
        rate = rate_of(stream)
        length = stated_length(stream)
        if length is None and container.duration is not None and container.duration > 0:
            length = Fraction(container.duration, av.time_base)
        if length is not None:
            length = max(min(length, end if end is not None else length) - (start or 0), Fraction(0))
        count = stream.frames if stream.frames and start is None and end is None else None
        if count is None and length is not None and rate:
            count = max(1, round(length * rate))
        aspect = stream.sample_aspect_ratio or Fraction(1)
        return SourceInfo(
            name=self._uri,
            width=first.image.shape[1],
            height=first.image.shape[0],
            frame_rate=rate,
            time_base=time_base_of(stream),
            sample_aspect_ratio=self._converter.orientation.aspect(Fraction(aspect)),
            frame_count=count,
            duration=None if length is None else float(length),
            labels=self._labels(start, rate),
        )

    def _labels(self, start: Fraction | None, rate: Fraction | None) -> dict[str, str]:
        labels = {name: self._stream.metadata[name] for name in _LABELS if name in self._stream.metadata}
        sources = [
            self._stream.metadata,
            self._container.metadata,
            *(stream.metadata for stream in self._container.streams),
        ]
        code = next((metadata["timecode"] for metadata in sources if "timecode" in metadata), None)
        if code is not None and rate:
            labels["timecode"] = timecode.later(code, rate, start or Fraction(0))
        return labels

    def _why_nothing_came(self, start: Fraction | None) -> str:
        if start is not None and self._clock.last is not None:
            return f"'{self._uri}' ends before --start {float(start):g} s; begin earlier"
        if is_url(self._uri) and self._trouble:
            return f"'{self._uri}' shows no picture: {self._trouble}"
        if self.warnings:
            return f"'{self._uri}' is damaged: not one frame can be decoded; get a whole copy"
        return f"'{self._uri}' holds no video frames"

    def _warn_damaged(self, detail: str) -> None:
        at = "at its start" if self._clock.last is None else f"after {float(self._clock.elapsed):.2f} s"
        self._warn_once(f"'{self._uri}' is damaged or cut short {at} ({detail}); what could be read was used")

    def _warn_once(self, line: str) -> None:
        topic = line.split("(", maxsplit=1)[0].split(" after ", maxsplit=1)[0]
        if not any(known.startswith(topic) for known in self.warnings):
            self.warnings.append(line)
