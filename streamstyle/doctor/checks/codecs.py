"""Which encoders really open here, with the settings of the program, and which formats can be read."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from streamstyle.doctor.finding import Finding
from streamstyle.errors import SinkError
from streamstyle.media.libav import reason
from streamstyle.media.sinks.codecs import choose_codec, open_encoder
from streamstyle.media.sources import hardware
from streamstyle.runtime.gpu import nvidia

AREA = "codecs"
VIDEO = ("h264", "hevc", "av1", "vp9", "h264_nvenc", "hevc_nvenc")
AUDIO = ("aac", "libopus")
DECODERS = (
    "h264",
    "hevc",
    "av1",
    "vp9",
    "vp8",
    "mpeg4",
    "mpeg2video",
    "mjpeg",
    "prores",
    "aac",
    "mp3",
    "opus",
    "vorbis",
    "flac",
)
_BUILD = "run: pip install --force-reinstall av"


def findings() -> Iterator[Finding]:
    """One tiny frame through each encoder; then the decoders."""
    for name in VIDEO:
        yield video(name)
    for name in AUDIO:
        yield audio(name)
    yield decoders()
    yield hwaccel()


def hwaccel() -> Finding:
    """Whether a device decodes for `--hwaccel`."""
    for name in hardware.choices()[2:]:
        device, _ = hardware.choose(name)
        if device is not None:
            return Finding(AREA, "hwaccel", "ok", f"{name} decodes H.264, for --hwaccel {name}")
    return Finding(AREA, "hwaccel", "missing", "no device decodes here; the CPU does")


def video(name: str) -> Finding:
    """Encode one small gray frame as `--codec NAME` would."""
    hardware = name.endswith("nvenc")
    try:
        codec = choose_codec(Path("probe.mkv"), name)
        encode_video(codec.encoder, codec.options | {codec.knob: str(codec.crf)})
    except SinkError:
        return Finding(AREA, name, "missing", "this build of PyAV has no such encoder", "" if hardware else _BUILD)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if hardware:
            # libav's own words for a missing driver are "operation not permitted".
            gpu = nvidia.look()
            detail = gpu.problem or f"does not open on {gpu.gpus[0]}: {reason(error)} (not every GPU has an encoder)"
            return Finding(AREA, name, "missing", detail)
        return Finding(AREA, name, "failed", f"{codec.encoder} does not encode: {reason(error)}", _BUILD)
    return Finding(AREA, name, "ok", f"{codec.encoder} encodes")


def encode_video(encoder: str, options: dict[str, str]) -> None:
    """One gray frame of 256x144, large enough for every encoder.

    Raises:
        av.error.FFmpegError, OSError, ValueError: The encoder does not open or gives nothing.
    """
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, VideoCodecContext)  # every name in VIDEO is one of video
    context.width, context.height, context.pix_fmt = 256, 144, "yuv420p"
    context.framerate, context.time_base = Fraction(24), Fraction(1, 24)
    context.options = options
    context.thread_count = 1
    open_encoder(context)
    frame = av.VideoFrame.from_ndarray(np.full((216, 256), 128, np.uint8), format="yuv420p")
    frame.pts, frame.time_base = 0, Fraction(1, 24)
    _expect(sum(packet.size for packet in [*context.encode(frame), *context.encode(None)]))


def audio(name: str) -> Finding:
    """Encode a moment of silence."""
    try:
        encode_audio(name)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        return Finding(AREA, name, "failed", f"does not encode: {reason(error)}", _BUILD)
    return Finding(AREA, name, "ok", "encodes, for sound that cannot be copied")


def encode_audio(encoder: str) -> None:
    """Silence, one frame of it.

    Raises:
        av.error.FFmpegError, OSError, ValueError: The encoder does not open or gives nothing.
    """
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, AudioCodecContext)  # every name in AUDIO is one of sound
    context.sample_rate, context.layout, context.time_base = 48_000, "stereo", Fraction(1, 48_000)
    assert context.codec.audio_formats is not None  # every audio encoder has some
    context.format = context.codec.audio_formats[0]
    context.open()
    frame = av.AudioFrame(format=context.format.name, layout="stereo", samples=context.frame_size or 960)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
    _expect(sum(packet.size for packet in [*context.encode(frame), *context.encode(None)]))


def _expect(size: int) -> None:
    if not size:
        raise ValueError("it gives no data")


def decoders() -> Finding:
    """What can be read."""
    absent = [name for name in DECODERS if not can_decode(name)]
    if absent:
        return Finding(AREA, "decoders", "warning", f"cannot read {', '.join(absent)}", _BUILD)
    return Finding(AREA, "decoders", "ok", f"can read {', '.join(DECODERS)} and more")


def can_decode(name: str) -> bool:
    """Whether this build has a decoder."""
    try:
        av.Codec(name, "r")
    except ValueError:
        return False
    return True
