"""A container opened, and which of its streams is the picture."""

import errno
import re
import time
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from streamstyle.errors import SourceError
from streamstyle.media.libav import opened, reason, silence, stream_notes
from streamstyle.media.places import NO_ANSWER, NOT_REACHED, is_url, kind, quoted

# Of which libav gives the length of the whole for that of each stream.
_LENGTHS_OF_FILES = {"asf", "matroska,webm"}
_LIVE_OPTIONS = {"fflags": "nobuffer", "rtsp_flags": "prefer_tcp"}
# libav's own decoders of these do not see the transparency that WebM keeps beside the picture.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def video_stream(container: InputContainer, uri: str) -> tuple[VideoStream, list[str]]:
    """The default stream of moving pictures, or the first; the cover of a record is none.

    Returns:
        It, and a line for the user where there are others.

    Raises:
        SourceError: There is none.
    """
    found = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None
    ]
    if not found:
        kinds = ", ".join(sorted({_called(stream) for stream in container.streams})) or "nothing"
        raise SourceError(f"'{uri}' holds no video (only {kinds}); wanted a video or a photo")
    chosen = next((stream for stream in found if stream.disposition & Disposition.default), found[0])
    chosen.thread_type = "AUTO"
    if len(found) == 1:
        return chosen, []
    return chosen, [f"'{uri}' holds {len(found)} videos; number {found.index(chosen) + 1}, the default one, is painted"]


def _called(stream: Stream) -> str:
    return "a cover" if stream.disposition & Disposition.attached_pic else stream.type


def time_base_of(stream: VideoStream) -> Fraction:
    """Seconds of one tick of a stream's clock."""
    return stream.time_base or Fraction(1, 90_000)


def rate_of(stream: VideoStream) -> Fraction | None:
    """Frames per second, as far as that is known."""
    average, guessed = stream.average_rate, stream.guessed_rate
    # Of raw DV libav takes the ticks of its clock for frames.
    rate = guessed if guessed and average and average == 1 / time_base_of(stream) > guessed else average or guessed
    return Fraction(rate) if rate else None


def stated_length(stream: VideoStream) -> Fraction | None:
    """Seconds that the stream plays, as the file says of this stream itself; a file's other streams may be longer."""
    is_told = stream.container.format.name not in _LENGTHS_OF_FILES or len(stream.container.streams) == 1
    if stream.duration is not None and is_told:
        return stream.duration * time_base_of(stream)
    tag = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))  # Matroska
    if tag is None:
        return None
    beginning = (stream.start_time or 0) * time_base_of(stream)  # the tag is the time of the end
    return int(tag[1]) * 3600 + int(tag[2]) * 60 + Fraction(tag[3]) - max(beginning, Fraction(0))


def open_container(uri: str, is_live: bool, device: HWAccel | None) -> InputContainer:
    """A file or an address, opened; SourceError says why it cannot be, or that it is a picture that is not read as one."""
    options, begun = _LIVE_OPTIONS if is_live else {}, time.monotonic()
    try:
        container = opened(uri, is_live=is_live, options=options, hwaccel=device)
    except FileNotFoundError as error:
        raise SourceError(f"'{uri}' does not exist; check the name") from error
    except PermissionError as error:
        raise SourceError(f"'{uri}' cannot be read: permission denied") from error
    except av.error.InvalidDataError as error:
        if is_url(uri) and time.monotonic() - begun > silence(is_live=is_live):  # as libav has it for RTSP
            raise SourceError(f"'{uri}' cannot be opened: {NO_ANSWER}") from error
        raise SourceError(f"'{uri}' is not a video or photo that can be read, or its index is missing") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        is_away = "://" in uri and getattr(error, "errno", 0) == errno.EIO
        raise SourceError(f"'{uri}' cannot be opened: {NOT_REACHED if is_away else reason(error)}") from error
    form = container.format.name
    if form.endswith("_pipe") and not is_url(uri) and kind(uri) == "pipe":
        container.close()
        raise SourceError(f"{quoted(uri)} is a photo from a pipe; save it to a file first")
    if Path(uri).is_file() and (form.endswith("_pipe") or form == "image2"):
        called = f" ({form.removesuffix('_pipe').upper()})" if form != "image2" else ""
        container.close()
        raise SourceError(f"'{uri}' is no video, nor a photo of a kind that is read{called}; save it as PNG or JPEG")
    return container


def decoder_of(stream: VideoStream) -> VideoCodecContext:
    """What decodes a stream: its own decoder, or the one that sees its transparency."""
    context = stream.codec_context
    name = _ALPHA_DECODERS.get(context.name)
    if name is None or stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) != "1":
        return context
    try:
        decoder = av.CodecContext.create(name, "r")
    except (av.error.FFmpegError, ValueError):  # this build has none
        return context
    assert isinstance(decoder, VideoCodecContext)  # both are of video
    decoder.extradata = context.extradata
    return decoder


def cropping_of(container: InputContainer, stream: VideoStream) -> tuple[int, int, int, int]:
    """Pixels that the container takes off: left, right, top, bottom."""
    found = re.search(r"Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)", stream_notes(container).get(stream.index, ""))
    if found is None:
        return 0, 0, 0, 0
    left, right, top, bottom = (int(number) for number in found.groups())
    fits = left + right < stream.width and top + bottom < stream.height
    return (left, right, top, bottom) if fits else (0, 0, 0, 0)
