"""A video stream in an output container, with its encoder opened."""

from fractions import Fraction

import av
import av.error
from av.container import OutputContainer
from av.video.stream import VideoStream

from streamstyle.errors import SinkError
from streamstyle.media.libav import reason, tag_bt709
from streamstyle.media.sinks.codecs import VideoCodec, open_encoder
from streamstyle.media.sources.base import SourceInfo

_GROUP_SECONDS = 2
# Browsers announce a thousand frames a second for what they record.
_GROUP_FRAMES = 240
# The shape of pixels is written by the codec itself or by MP4; PyAV cannot tell Matroska's muxer.
_BARE_CODECS = {"libvpx-vp9", "libsvtav1"}


def add_video_stream(
    container: OutputContainer,
    codec: VideoCodec,
    size: tuple[int, int],
    info: SourceInfo,
    *,
    crf: int | None,
    tick: Fraction,
    is_mp4: bool,
) -> tuple[VideoStream, list[str]]:
    """Add a stream to a container that was opened for writing.

    Args:
        container: Where it goes.
        codec: Its encoder and settings.
        size: Width and height of the frames that will come, in pixels.
        info: Of the source: rate, pixel aspect, labels.
        crf: Constant quality; None for the codec's usual one.
        tick: Unit of the frames' times, in seconds.
        is_mp4: Whether the container is MP4 or MOV.

    Returns:
        The stream, and what to tell the user.

    Raises:
        SinkError: The encoder does not take such frames, or does not run here.
    """
    width, height = size
    warnings = []
    if width < codec.narrowest:
        raise SinkError(
            f"{codec.encoder} holds pictures of at least {codec.narrowest} pixels across, got {width}; "
            "choose another --codec or a larger --output-size"
        )
    # Frames cannot come faster than the clock ticks; libvpx would take a frame's duration for zero, and refuse it.
    rate = min(info.frame_rate or Fraction(25), 1 / tick)
    options = codec.options | (codec.live if info.is_live else {}) | {codec.knob: str(codec.crf if crf is None else crf)}
    stream = container.add_stream(codec.encoder, rate=rate, options=options)
    assert isinstance(stream, VideoStream)  # all codecs of the table are video
    stream.width, stream.height = (width + width % 2, height + height % 2) if codec.even else (width, height)
    if (stream.width, stream.height) != (width, height):
        warnings.append(
            f"{width}x{height} became {stream.width}x{stream.height}: {codec.encoder} holds even sizes only "
            "(.webm keeps odd ones)"
        )
    stream.pix_fmt = "yuv420p"
    stream.metadata.update(info.labels)
    context = stream.codec_context
    stream.time_base = context.time_base = tick
    context.gop_size = max(1, min(round(rate * _GROUP_SECONDS), _GROUP_FRAMES))
    stream.sample_aspect_ratio = context.sample_aspect_ratio = info.sample_aspect_ratio
    if info.sample_aspect_ratio != 1 and not is_mp4 and codec.encoder in _BARE_CODECS:
        warnings.append(f"pixels of {info.sample_aspect_ratio} are shown as square ones; .mp4 keeps their shape")
    if codec.tag and is_mp4:
        context.codec_tag = codec.tag
    tag_bt709(context)
    try:
        open_encoder(context)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise SinkError(
            f"the encoder {codec.encoder} does not take {width}x{height} at {codec.knob} {options[codec.knob]}, "
            f"or does not run on this computer ({reason(error)}); choose another --codec or --crf"
        ) from error
    return stream, warnings
