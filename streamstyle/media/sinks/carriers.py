"""Ways of bringing one track of the input into the output: as it is, re-encoded, or converted."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import av
import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import SubtitleSet

from streamstyle.media.libav import Resampler

if TYPE_CHECKING:  # the class is generic in the stubs only
    AnyPacket: TypeAlias = Packet[Stream]
else:
    AnyPacket = Packet

_AAC_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)

Carrier: TypeAlias = Callable[[AnyPacket | None], Iterator[AnyPacket]]
"""Takes a packet of the input, or None at the end; gives packets for the output, their stream set."""

_LAYOUTS = {
    1: ("mono",),
    2: ("stereo",),
    3: ("3.0", "2.1", "3.0(back)"),
    4: ("4.0", "quad", "quad(side)", "3.1"),
    5: ("5.0", "5.0(side)", "4.1"),
    6: ("5.1", "5.1(side)", "6.0", "hexagonal"),
    7: ("6.1", "6.1(back)", "7.0"),
    8: ("7.1", "7.1(wide)", "octagonal"),
}
"""Number of channels -> libav's names of layouts, the usual one first."""
# What libav's own converters write at the top: text subtitles are converted by way of ASS.
_ASS_HEADER = b"""[Script Info]\r
ScriptType: v4.00+\r
PlayResX: 384\r
PlayResY: 288\r
\r
[V4+ Styles]\r
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\r
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\r
\r
[Events]\r
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r
"""


def copying(source: Stream, output: OutputContainer, *, into_mp4: bool) -> Carrier:
    """Copy every packet as it is.

    Raises:
        av.error.FFmpegError, ValueError: The container cannot hold the track.
    """
    target = output.add_stream_from_template(source)
    _copy_labels(source, target)
    # AAC of transport streams repeats its parameters in every packet, which MP4 keeps once; the muxer does not convert
    # by itself while it writes fragments.
    repeats = into_mp4 and source.codec_context.codec.canonical_name == "aac" and not source.codec_context.extradata
    unwrap = BitStreamFilterContext("aac_adtstoasc", source) if repeats else None

    def carry(packet: AnyPacket | None) -> Iterator[AnyPacket]:
        if packet is None:
            return
        for copied in [packet] if unwrap is None else unwrap.filter(packet):
            copied.stream = target
            yield copied

    return carry


@dataclass(frozen=True, slots=True)
class Channels:
    """The order of the channels of a track.

    Attributes:
        count: How many there are.
        names: Of each, in the track's own order, where that is none of libav's layouts; else empty. PyAV (18) frees the
            memory of such a layout twice: nothing of it may be looked at, nor anything decoded that has it.
    """

    count: int
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, note: str) -> "Channels":
        """From libav's summary of the stream: `... 48000 Hz, 8 channels (FL+FR+FC+LFE+SL+SR+BL+BR), s32`."""
        custom = re.search(r" Hz, (?:(\d+) channels(?: \(([^)]*)\))?|ambisonic (\d+)[^,]*),", note)
        if custom is not None:
            names = tuple(name.partition("@")[0] for name in (custom[2] or "").split("+")) if custom[2] else ()
            return cls(int(custom[1] or (int(custom[3]) + 1) ** 2), names)
        known = re.search(r" Hz, ([^,]+),", note)
        try:
            return cls(av.AudioLayout(known[1]).nb_channels if known else 0)
        except ValueError:
            return cls(0)

    @property
    def layout(self) -> str:
        """Libav's name of the layout that has these channels, or as many."""
        candidates = _LAYOUTS.get(self.count, ("stereo",))
        return next((name for name in candidates if sorted(_names(name)) == sorted(self.names)), candidates[0])

    @property
    def order(self) -> list[int] | None:
        """Where each channel of `layout` lies in the track; None where it lies in its place."""
        names = _names(self.layout)
        return [self.names.index(name) for name in names] if sorted(names) == sorted(self.names) else None


def _names(layout: str) -> list[str]:
    return [channel.name for channel in av.AudioLayout(layout).channels]


def recoding(source: AudioStream, output: OutputContainer, encoder: str, bit_rate: int, channels: Channels) -> Carrier:
    """Decode and encode sound again, with the same number of channels if the encoder takes that many.

    Raises:
        av.error.FFmpegError, ValueError: The encoder does not take it, or it cannot be decoded.
    """
    if channels.names:
        if not source.codec_context.name.startswith("pcm_"):
            raise ValueError(f"{channels.count} channels in an order of its own")
        source.codec_context.layout = channels.layout  # before the original layout is used anywhere
    stated = source.codec_context.sample_rate
    sample_rate = 48_000 if encoder == "libopus" else min(_AAC_RATES, key=lambda rate: abs(rate - stated))
    layout = channels.layout if channels.count in _LAYOUTS else "stereo"
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, AudioCodecContext)  # both encoders are audio
    context.layout, context.sample_rate, context.format = layout, sample_rate, _format(encoder)
    try:
        context.open()
    except (av.error.FFmpegError, OSError, ValueError):
        layout = "stereo"
    target = output.add_stream(encoder, rate=sample_rate)
    assert isinstance(target, AudioStream)
    target.codec_context.bit_rate = bit_rate * max(1, av.AudioLayout(layout).nb_channels // 2)
    target.codec_context.layout = layout
    _copy_labels(source, target)
    resampler = Resampler(target.codec_context.format, layout, sample_rate)
    order = channels.order if channels.names else None

    line_up = _lining_up()

    def carry(packet: AnyPacket | None) -> Iterator[AnyPacket]:
        try:
            frames = source.decode(packet)
        except (av.error.FFmpegError, ValueError):
            return  # a damaged packet is a gap in the sound, not the end of it
        for frame in frames:
            ordered = frame if order is None else _reordered(frame, order)
            line_up(ordered)
            try:
                pieces = resampler.resample(ordered)
            except (av.error.FFmpegError, ValueError):
                continue
            for resampled in pieces:
                yield from target.encode(resampled)
        if packet is None:
            for resampled in resampler.resample(None):
                yield from target.encode(resampled)
            yield from target.encode(None)

    return carry


def _format(encoder: str) -> str:
    formats = av.Codec(encoder, "w").audio_formats
    return formats[0].name if formats else "fltp"


def _reordered(frame: av.AudioFrame, order: list[int]) -> av.AudioFrame:
    if frame.format.is_planar:  # of eight channels, PyAV (18) counts nine planes
        return frame
    samples: Any = np.ascontiguousarray(frame.to_ndarray().reshape(-1, len(order))[:, order]).reshape(1, -1)
    made = av.AudioFrame.from_ndarray(samples, format=frame.format.name, layout=frame.layout.name)
    made.sample_rate, made.time_base, made.pts = frame.sample_rate, frame.time_base, frame.pts
    return made


def _lining_up() -> Callable[[av.AudioFrame], None]:
    """Gives audio frames times that follow from their lengths: a container's own may be coarse, or missing.

    Only a gap of more than a tenth of a second is taken for one.
    """
    due: Fraction | None = None

    def line_up(frame: av.AudioFrame) -> None:
        nonlocal due
        tick = Fraction(1, frame.sample_rate)
        stated = None if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base
        if due is None or (stated is not None and stated > due + Fraction(1, 10)):
            due = stated or due or Fraction(0)
        frame.time_base = tick
        frame.pts = round(due / tick)
        due += frame.samples * tick

    return line_up


def converting(source: SubtitleStream, output: OutputContainer, codec: str) -> Carrier:
    """Convert lines of text to another subtitle format."""
    target = output.add_stream(codec)
    assert isinstance(target, SubtitleStream)  # a subtitle codec
    _copy_labels(source, target)
    tick = Fraction(1, 1000)
    target.time_base = tick
    target.codec_context.time_base = tick
    target.codec_context.subtitle_header = source.codec_context.subtitle_header or _ASS_HEADER

    def carry(packet: AnyPacket | None) -> Iterator[AnyPacket]:
        if packet is None or packet.pts is None or packet.time_base is None:
            return
        start = round(packet.pts * packet.time_base / tick)
        length = max(1, round((packet.duration or 0) * packet.time_base / tick))
        try:
            subtitles = source.decode(packet)
        except av.error.InvalidDataError:
            return
        for subtitle in subtitles:
            text = getattr(subtitle, "ass", None)
            if not text:
                continue
            made = target.codec_context.encode_subtitle(SubtitleSet.create(text, 0, length, start))
            made.stream = target
            made.pts = made.dts = start
            made.duration = length
            made.time_base = tick
            yield made

    return carry


def _copy_labels(source: Stream, target: Stream) -> None:
    for key, value in source.metadata.items():
        if key in {"language", "title", "handler_name"}:
            target.metadata[key] = value
    target.disposition = source.disposition
