"""Ways of bringing one track of the input into the output: as it is, encoded anew, or converted."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

import av
import av.error
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import SubtitleSet

if TYPE_CHECKING:  # the class is generic in the stubs only
    AnyPacket: TypeAlias = Packet[Stream]
else:
    AnyPacket = Packet

Carrier: TypeAlias = Callable[[AnyPacket | None], Iterator[AnyPacket]]
"""Takes a packet of the input, or None at the end; gives packets for the output, their stream set."""

_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
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
    """Every packet as it is.

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


def recoding(source: AudioStream, output: OutputContainer, encoder: str, bit_rate: int) -> Carrier:
    """Sound decoded and encoded anew, with as many channels."""
    sample_rate = 48_000 if encoder == "libopus" else source.codec_context.sample_rate
    target = output.add_stream(encoder, rate=sample_rate)
    assert isinstance(target, AudioStream)  # both encoders are audio
    target.codec_context.bit_rate = bit_rate
    layout = _LAYOUTS.get(len(source.codec_context.layout.channels) or 2, "stereo")
    target.codec_context.layout = layout
    _copy_labels(source, target)
    resampler = av.AudioResampler(format=target.codec_context.format, layout=layout, rate=sample_rate)

    line_up = _lining_up()

    def carry(packet: AnyPacket | None) -> Iterator[AnyPacket]:
        try:
            frames = source.decode(packet)
        except av.error.InvalidDataError:
            return  # a damaged packet is a gap in the sound, not the end of it
        for frame in frames:
            line_up(frame)
            for resampled in resampler.resample(frame):
                yield from target.encode(resampled)
        if packet is None:
            for resampled in resampler.resample(None):
                yield from target.encode(resampled)
            yield from target.encode(None)

    return carry


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
    """Lines of text in another subtitle format."""
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
