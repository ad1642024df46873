"""Which video codecs go into which containers, and how they are set for speed and quality on few cores."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext

from streamstyle.errors import SinkError, SinkNameError


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """An encoder and its settings.

    Attributes:
        encoder: libav's name.
        options: For the encoder, without the quality.
        live: In addition, so that frames of a live source leave the encoder at once: it would keep back some dozens, which
            at a few frames per second are many seconds, and lost when the program is killed.
        crf: Usual constant quality.
        knob: The encoder's own name for it.
        tag: Four-character code for MP4 where the default does not play everywhere.
        even: Whether width and height must be even.
        narrowest: Least width in pixels.
    """

    encoder: str
    options: dict[str, str] = field(default_factory=dict)
    live: dict[str, str] = field(default_factory=dict)
    crf: int = 23
    knob: str = "crf"
    tag: str | None = None
    even: bool = True
    narrowest: int = 1


# Painted frames are full of texture, in which x264's search for where B-frames pay finds none; blocks of 4x4 and vectors
# between pixels do not pay either. With three B-frames always, and key frames every two seconds rather than at cuts, no
# frame is looked at ahead. `veryfast` takes two to three times as long, for files that are a fifth smaller at best
# (docs/figures.md).
_H264 = VideoCodec(
    "libx264",
    {"preset": "superfast", "profile": "high", "x264-params": "b-adapt=0:partitions=i8x8:subme=0:scenecut=0:weightp=0"},
    {"tune": "zerolatency"},
    crf=20,
)
# Without b=0 the quality would be that of libav's usual two megabits a second.
_NVENC = {"preset": "p4", "rc": "vbr", "b": "0"}
_NVENC_LIVE = {"zerolatency": "1", "delay": "0"}
_CODECS = {
    "h264": _H264,
    # x265 (216) writes behind its memory where its half-size picture is fewer than four blocks of eight wide.
    "hevc": VideoCodec(
        "libx265", {"preset": "ultrafast", "x265-params": "log-level=none"}, crf=23, tag="hvc1", narrowest=49
    ),
    "av1": VideoCodec("libsvtav1", {"preset": "8", "svtav1-params": "lookahead=0"}, crf=32, even=False),
    "vp9": VideoCodec(
        "libvpx-vp9",
        {"deadline": "realtime", "cpu-used": "6", "row-mt": "1", "b": "0"},
        {"lag-in-frames": "0"},
        crf=30,
        even=False,
    ),
    "h264_nvenc": VideoCodec("h264_nvenc", _NVENC, _NVENC_LIVE, crf=23, knob="cq"),
    "hevc_nvenc": VideoCodec("hevc_nvenc", _NVENC, _NVENC_LIVE, crf=26, knob="cq", tag="hvc1"),
}
_ALIASES = {"libx264": "h264", "x264": "h264", "h265": "hevc", "libx265": "hevc", "x265": "hevc", "libsvtav1": "av1"}
_ALIASES["libvpx-vp9"] = "vp9"

_GENERAL = ("h264", "hevc", "av1", "h264_nvenc", "hevc_nvenc")
_CONTAINERS = {
    ".mp4": _GENERAL,
    ".m4v": _GENERAL,
    ".mov": ("h264", "hevc", "h264_nvenc", "hevc_nvenc"),
    ".mkv": (*_GENERAL[:3], "vp9", *_GENERAL[3:]),
    ".webm": ("vp9", "av1"),
}
VIDEO_SUFFIXES = tuple(_CONTAINERS)
MP4_SUFFIXES = (".mp4", ".m4v", ".mov")


def choose_codec(path: Path, name: str | None) -> VideoCodec:
    """The codec for a file.

    Args:
        path: Its ending is the container.
        name: What the user asked for, or None for the container's usual one.

    Raises:
        SinkNameError: Container or codec is unknown, or they do not go together.
        SinkError: This build lacks the encoder.
    """
    allowed = _CONTAINERS.get(path.suffix.lower())
    if allowed is None:
        raise SinkNameError(f"'{path}' has no ending of a video; choose one of {', '.join(VIDEO_SUFFIXES)}")
    key = allowed[0] if name is None else _ALIASES.get(name.lower(), name.lower())
    if key not in _CODECS:
        raise SinkNameError(f"unknown codec '{name}'; choose one of {', '.join(_CODECS)}")
    if key not in allowed:
        raise SinkNameError(f"{key} does not go into {path.suffix}; choose one of {', '.join(allowed)}, or another ending")
    codec = _CODECS[key]
    if codec.encoder == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # errors only; otherwise it prints its settings to the terminal
    if codec.encoder not in av.codecs_available:
        raise SinkError(f"this build of PyAV has no encoder {codec.encoder}; choose another --codec")
    return codec


def open_encoder(context: VideoCodecContext) -> None:
    """Open an encoder, and leave the process its usual priority.

    SVT-AV1, when root runs it, puts its threads and the one that opens it before everything else on the computer
    (SCHED_FIFO), programs that are started later included: a busy computer can come to a halt.

    Raises:
        av.error.FFmpegError, OSError, ValueError: It does not open.
    """
    if not hasattr(os, "sched_getscheduler"):  # macOS and Windows
        context.open()
        return
    usual, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        context.open()
    finally:
        if usual != os.SCHED_FIFO:
            for thread in (int(path.name) for path in Path("/proc/self/task").iterdir()):
                with suppress(OSError):  # it has ended
                    if os.sched_getscheduler(thread) == os.SCHED_FIFO:
                        os.sched_setscheduler(thread, usual, parameter)
