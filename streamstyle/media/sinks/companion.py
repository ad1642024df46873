"""Everything of the input that is not the picture: audio, subtitles, chapters, titles.

A demuxer of its own reads the input a second time, just as far as the video has got, so that memory does not grow and no
other thread is involved. Packets are copied as they are where the container can hold them; else audio is encoded again and
subtitles are converted, with a warning.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from streamstyle.media.libav import opened, quietly, reason, stream_notes
from streamstyle.media.sinks.carriers import AnyPacket, Carrier, Channels, converting, copying, recoding
from streamstyle.media.sources.skipping import LONGEST_GAP, must_be_skipped

if TYPE_CHECKING:  # named in the stubs only
    from av.container.core import Chapter

_FAILURES = (av.error.FFmpegError, OSError, ValueError)
_AUDIO_FALLBACK = {".webm": ("libopus", 128_000)}
_SUBTITLE_FALLBACK = {".mp4": "mov_text", ".m4v": "mov_text", ".mov": "mov_text", ".webm": "webvtt", ".mkv": "subrip"}
_TEXT_SUBTITLES = {"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"}
_MP4_SUFFIXES = (".mp4", ".m4v", ".mov")
# libav lists more than its muxers can really hold.
_REFUSED = {".mov": ("opus", "flac", "vorbis", "truehd"), ".mp4": ("truehd", "pcm_"), ".m4v": ("truehd", "pcm_")}
_OF_THE_FILE = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "timecode"}
_SLACK_SECONDS = 10
_JUMP_SECONDS = Fraction(1, 50)


class Companion:
    """Copies the other streams of one input into one output."""

    def __init__(self, uri: str, warnings: list[str]) -> None:
        """Open the input again.

        Args:
            uri: The input.
            warnings: Takes one line per stream that is not simply copied.
        """
        self._warnings = warnings
        self._carriers: dict[int, Carrier] = {}
        self._packets: Iterator[AnyPacket] = iter(())
        self._waiting: AnyPacket | None = None
        self._latest: dict[int, tuple[Fraction, Fraction]] = {}  # track -> when its last packet began, and ends
        self._shifts: dict[int, Fraction] = {}
        self._input: InputContainer | None = None
        try:
            self._input = opened(uri)
        except _FAILURES as error:
            warnings.append(f"sound and subtitles of '{uri}' cannot be read ({reason(error)}) and are left out")

    @property
    def has_subtitles(self) -> bool:
        """Whether there are subtitles among them."""
        return self._input is not None and bool(self._input.streams.subtitles)

    def join(self, output: OutputContainer, suffix: str) -> None:
        """Add the streams to the output.

        Args:
            output: Open, no header written yet, its video stream added.
            suffix: Of the output's name: its container.
        """
        self._output, self._suffix = output, suffix
        if self._input is None:
            return
        self._notes = stream_notes(self._input)
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
        self._may_leap = must_be_skipped(self._input)
        if carried:
            # Sound that is silent for long is told from a clock that leaps by the picture beside it.
            self._packets = self._input.demux(*carried, *(self._input.streams.video if self._may_leap else ()))

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
            # Phones write where a video was taken under several names that hold this word.
            if key.lower() not in _OF_THE_FILE and "location" not in key.lower():
                self._output.metadata[key] = value
        chapters = self._chapters(self._input)
        if chapters:
            quietly(lambda: self._output.set_chapters(chapters))
        if trimmed and not must_be_skipped(self._input):
            input_ = self._input
            quietly(lambda: input_.seek(int(max(origin - 1, Fraction(0)) * av.time_base)))

    def _chapters(self, input_: InputContainer) -> "list[Chapter]":
        """The input's chapters on the output's clock, without those that lie outside."""
        kept: list[Chapter] = []
        for chapter in input_.chapters():
            tick = chapter["time_base"] or Fraction(1, 1000)
            start = max(chapter["start"] * tick - self._origin, Fraction(0))
            last = chapter["end"] * tick if self._end is None else min(chapter["end"] * tick, self._end)
            if last - self._origin > start:
                end = last - self._origin
                kept.append({**chapter, "start": round(start / tick), "end": round(end / tick), "time_base": tick})
        return kept

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
            if until is not None and moment > until:
                self._waiting = packet
                return
            if self._end is not None and moment >= self._end:
                if moment >= self._end + _SLACK_SECONDS:
                    break  # tracks are interleaved more tightly than that: nothing before the end is still to come
                continue
            if self._trimmed and moment < self._origin:
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
                    self._smooth(packet)
                    if packet.stream_index in self._carriers:
                        return packet
        except _FAILURES as error:
            self._warnings.append(f"sound and subtitles end early: the input is damaged ({reason(error)})")
        return None

    def _smooth(self, packet: AnyPacket) -> None:
        """Where the clock jumps (joined recordings) go on from the time before, as the video does."""
        track, tick = packet.stream_index, packet.time_base
        assert packet.dts is not None  # seen by the caller
        moment = packet.dts * tick + self._shifts.get(track, 0)
        latest = self._latest.get(track)
        newest = max((end for _, end in self._latest.values()), default=moment)
        leaps = self._may_leap and moment > newest + LONGEST_GAP
        if leaps or (latest is not None and moment < latest[0] - _JUMP_SECONDS):
            moment = newest if latest is None else latest[1]
            self._shifts[track] = moment - packet.dts * tick
        shift = round(self._shifts.get(track, 0) / tick)
        packet.dts += shift
        packet.pts = packet.dts if packet.pts is None else packet.pts + shift
        self._latest[track] = moment, moment + (packet.duration or 0) * tick

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
        if {name, codec} & self._output.supported_codecs and not codec.startswith(_REFUSED.get(self._suffix, ())):
            try:
                return copying(stream, self._output, into_mp4=self._suffix in _MP4_SUFFIXES)
            except _FAILURES as error:
                self._warnings.append(f"{label} ({codec}) is left out: {reason(error)}")
                return None
        if name == "unknown":
            self._warnings.append(f"{label} is left out: its codec is not known")
            return None
        if isinstance(stream, AudioStream):
            return self._recode(stream, label, codec)
        fallback = _SUBTITLE_FALLBACK.get(self._suffix)
        if isinstance(stream, SubtitleStream) and codec in _TEXT_SUBTITLES and fallback:
            self._warnings.append(f"{label}: {self._suffix} cannot hold {codec}, converted to {fallback}")
            return converting(stream, self._output, fallback)
        self._warnings.append(f"{label} is left out: {self._suffix} cannot hold {codec}; use an .mkv output to keep it")
        return None

    def _recode(self, stream: AudioStream, label: str, codec: str) -> Carrier | None:
        encoder, rate = _AUDIO_FALLBACK.get(self._suffix, ("aac", 192_000))
        channels = Channels.of(self._notes.get(stream.index, ""))
        try:
            carrier = recoding(stream, self._output, encoder, rate, channels)
        except _FAILURES as error:
            self._warnings.append(
                f"{label} is left out: {self._suffix} cannot hold {codec}, and it cannot be encoded again "
                f"({reason(error)}); use an .mkv output to keep it"
            )
            return None
        self._warnings.append(f"{label}: {self._suffix} cannot hold {codec}, encoded as {encoder.removeprefix('lib')}")
        return carrier

    def _copy_attachments(self) -> None:
        """Fonts of subtitles go along from Matroska to Matroska."""
        assert self._input is not None  # called by the constructor, which opened it
        if self._suffix != ".mkv":
            return
        for stream in self._input.streams:
            if stream.type == "attachment":
                quietly(lambda stream=stream: self._output.add_stream_from_template(stream))  # type: ignore[misc]


def _time_of(packet: AnyPacket) -> Fraction:
    assert packet.pts is not None  # set by _smooth
    return packet.pts * packet.time_base


def can_have_companion(uri: str) -> bool:
    """Whether an input can be read a second time beside the first: files can, live streams cannot."""
    return Path(uri).is_file() or uri.startswith(("http://", "https://", "file:"))
