"""Everything of the input that is not the picture: audio, subtitles, chapters, titles.

A demuxer of its own reads the input a second time, just as far as the video has got, so that memory does not grow and no
other thread is involved. Packets are copied as they are where the container can hold them; else audio is encoded anew and
subtitles are converted, and that is said.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from streamstyle.media import quietly, reason

if TYPE_CHECKING:  # the class is generic in the stubs only
    AnyPacket: TypeAlias = Packet[Stream]
else:
    AnyPacket = Packet

Carrier: TypeAlias = Callable[[AnyPacket | None], Iterator[AnyPacket]]
"""Takes a packet of the input, or None at the end; gives packets for the output, their stream set."""

_FAILURES = (av.error.FFmpegError, OSError, ValueError)
_AUDIO_FALLBACK = {".webm": ("libopus", 128_000)}
_SUBTITLE_FALLBACK = {".mp4": "mov_text", ".m4v": "mov_text", ".mov": "mov_text", ".webm": "webvtt", ".mkv": "subrip"}
_TEXT_SUBTITLES = {"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"}


class Companion:
    """The other streams of one input, on their way into one output."""

    def __init__(self, uri: str, output: OutputContainer, suffix: str, warnings: list[str]) -> None:
        """Open the input again and add its other streams to the output.

        Args:
            uri: The input.
            output: Open, no header written yet, its video stream added.
            suffix: Of the output's name: its container.
            warnings: Takes one line per stream that is not simply copied.
        """
        self._output, self._suffix, self._warnings = output, suffix, warnings
        self._carriers: dict[int, Carrier] = {}
        self._packets: Iterator[AnyPacket] = iter(())
        self._waiting: AnyPacket | None = None
        self._input: InputContainer | None = None
        try:
            self._input = av.open(uri, metadata_errors="replace")
        except _FAILURES as error:
            warnings.append(f"sound and subtitles of '{uri}' cannot be read ({reason(error)}) and are left out")
            return
        streams = [stream for stream in self._input.streams if stream.type in {"audio", "subtitle"}]
        for stream in streams:
            carrier = self._carry(stream)
            if carrier is not None:
                self._carriers[stream.index] = carrier
        self._copy_attachments()
        carried = [stream for stream in streams if stream.index in self._carriers]
        self._start = min(
            (
                stream.start_time * stream.time_base
                for stream in carried
                if stream.start_time is not None and stream.time_base
            ),
            default=None,
        )
        if carried:
            self._packets = self._input.demux(*carried)

    @property
    def earliest(self) -> Fraction | None:
        """Start of the earliest of these streams on the input's clock, in seconds, as far as the file says."""
        return self._start if self._carriers else None

    def describe(self, origin: Fraction, end: Fraction | None, *, trimmed: bool) -> None:
        """Set where the output's zero lies on the input's clock, and copy titles and chapters.

        Args:
            origin: In seconds; this becomes zero.
            end: Packets from here on are left out; None for all of them.
            trimmed: Whether packets before the origin are left out.
        """
        self._origin, self._end, self._trimmed = origin, end, trimmed
        if self._input is None:
            return
        for key, value in self._input.metadata.items():
            if key not in {"major_brand", "minor_version", "compatible_brands", "encoder"}:
                self._output.metadata[key] = value
        chapters = self._input.chapters()
        if chapters and not trimmed and end is None:
            quietly(lambda: self._output.set_chapters(chapters))
        if trimmed:
            input_ = self._input
            quietly(lambda: input_.seek(int(max(origin - 1, Fraction(0)) * av.time_base)))

    def advance(self, until: Fraction | None) -> None:
        """Write packets up to a time on the input's clock; None for all that are left, and close.

        Raises:
            av.error.FFmpegError, OSError: The output failed.
        """
        while self._carriers:
            packet = self._waiting or self._next()
            self._waiting = None
            if packet is None:
                break
            moment = _time_of(packet)
            if moment is not None and until is not None and moment > until:
                self._waiting = packet
                return
            if moment is not None and self._end is not None and moment >= self._end:
                continue
            if self._trimmed and moment is not None and moment < self._origin:
                continue
            self._send(self._carriers[packet.stream_index](packet))
        if until is None:
            self.close(flush=True)

    def close(self, *, flush: bool = False) -> None:
        """Release the input; with flush, write what encoders still hold."""
        carriers, self._carriers = self._carriers, {}
        if flush:
            for carrier in carriers.values():
                self._send(carrier(None))
        if self._input is not None:
            self._input.close()
            self._input = None

    def _next(self) -> AnyPacket | None:
        try:
            for packet in self._packets:
                if packet.size and packet.dts is not None:
                    return packet
        except _FAILURES as error:
            self._warnings.append(f"sound and subtitles end early: the input is damaged ({reason(error)})")
        return None

    def _send(self, packets: Iterator[AnyPacket]) -> None:
        for packet in packets:
            tick = packet.time_base
            shift = round(self._origin / tick)
            if packet.pts is not None:
                packet.pts -= shift
            if packet.dts is not None:
                packet.dts -= shift
            self._output.mux(packet)

    def _carry(self, stream: Stream) -> Carrier | None:
        label = f"{stream.type} track {stream.index}"
        name = stream.codec_context.name if stream.codec_context is not None else "unknown"
        # A decoder's name may differ from its codec's (mp3float for mp3); the container knows codecs.
        codec = stream.codec_context.codec.canonical_name if stream.codec_context is not None else name
        if {name, codec} & self._output.supported_codecs:
            try:
                target = self._output.add_stream_from_template(stream)
            except _FAILURES as error:
                self._warnings.append(f"{label} ({codec}) is left out: {reason(error)}")
                return None
            _copy_labels(stream, target)
            return _copying(target)
        if isinstance(stream, AudioStream):
            encoder, rate = _AUDIO_FALLBACK.get(self._suffix, ("aac", 192_000))
            self._warnings.append(f"{label}: {self._suffix} cannot hold {codec}, encoded as {encoder.removeprefix('lib')}")
            return _recoding(stream, self._output, encoder, rate)
        fallback = _SUBTITLE_FALLBACK.get(self._suffix)
        if isinstance(stream, SubtitleStream) and codec in _TEXT_SUBTITLES and fallback:
            self._warnings.append(f"{label}: {self._suffix} cannot hold {codec}, converted to {fallback}")
            return _converting(stream, self._output, fallback)
        self._warnings.append(f"{label} is left out: {self._suffix} cannot hold {codec}; use an .mkv output to keep it")
        return None

    def _copy_attachments(self) -> None:
        """Fonts of subtitles go along from Matroska to Matroska."""
        assert self._input is not None  # called by the constructor, which opened it
        if self._suffix != ".mkv":
            return
        for stream in self._input.streams:
            if stream.type == "attachment":
                quietly(lambda stream=stream: self._output.add_stream_from_template(stream))  # type: ignore[misc]


def _time_of(packet: AnyPacket) -> Fraction | None:
    stamp = packet.dts if packet.pts is None else packet.pts
    return None if stamp is None or packet.time_base is None else stamp * packet.time_base


def _copy_labels(source: Stream, target: Stream) -> None:
    for key, value in source.metadata.items():
        if key in {"language", "title", "handler_name"}:
            target.metadata[key] = value
    target.disposition = source.disposition


def _copying(target: Stream) -> Carrier:
    def carry(packet: AnyPacket | None) -> Iterator[AnyPacket]:
        if packet is not None:
            packet.stream = target
            yield packet

    return carry


def _recoding(source: AudioStream, output: OutputContainer, encoder: str, bit_rate: int) -> Carrier:
    sample_rate = 48_000 if encoder == "libopus" else source.codec_context.sample_rate
    target = output.add_stream(encoder, rate=sample_rate)
    assert isinstance(target, AudioStream)  # both encoders are audio
    target.codec_context.bit_rate = bit_rate
    layout = source.codec_context.layout
    target.codec_context.layout = layout
    _copy_labels(source, target)
    resampler = av.AudioResampler(format=target.codec_context.format, layout=layout, rate=sample_rate)

    def carry(packet: AnyPacket | None) -> Iterator[AnyPacket]:
        try:
            frames = source.decode(packet)
        except av.error.InvalidDataError:
            return  # a damaged packet is a gap in the sound, not the end of it
        for frame in frames:
            for resampled in resampler.resample(frame):
                yield from target.encode(resampled)
        if packet is None:
            for resampled in resampler.resample(None):
                yield from target.encode(resampled)
            yield from target.encode(None)

    return carry


def _converting(source: SubtitleStream, output: OutputContainer, codec: str) -> Carrier:
    target = output.add_stream(codec)
    assert isinstance(target, SubtitleStream)  # a subtitle codec
    _copy_labels(source, target)
    tick = Fraction(1, 1000)
    target.time_base = tick
    target.codec_context.time_base = tick
    if source.codec_context.subtitle_header:
        target.codec_context.subtitle_header = source.codec_context.subtitle_header

    def carry(packet: AnyPacket | None) -> Iterator[AnyPacket]:
        if packet is None or packet.pts is None or packet.time_base is None:
            return
        start = round(packet.pts * packet.time_base / tick)
        length = max(1, round((packet.duration or 0) * packet.time_base / tick))
        for subtitle in source.decode(packet):
            text = getattr(subtitle, "ass", None)
            if not text:
                continue
            made = target.codec_context.encode_subtitle(av.subtitles.subtitle.SubtitleSet.create(text, 0, length, start))
            made.stream = target
            made.pts = made.dts = start
            made.duration = length
            made.time_base = tick
            yield made

    return carry


def can_have_companion(uri: str) -> bool:
    """Whether an input can be read a second time beside the first: files can, live streams cannot."""
    return Path(uri).is_file() or uri.startswith(("http://", "https://", "file:"))
