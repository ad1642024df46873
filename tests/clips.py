"""Makes the clips that tests read: small, by code, with every oddity that real files have."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import SubtitleSet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from streamstyle.frame import Image

COLORS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "gray": (128, 128, 128),
    "red": (220, 20, 20),
    "green": (20, 200, 40),
    "blue": (30, 40, 230),
    "cyan": (10, 210, 220),
    "orange": (250, 140, 10),
}
MATRICES = {
    "bt709": (0.2126, 0.0722, 1),
    "bt601": (0.299, 0.114, 5),
    "smpte170m": (0.299, 0.114, 6),
    "bt2020": (0.2627, 0.0593, 9),
}
"""Name -> Kr, Kb, and the number of H.273 by which files name the matrix."""

_ASS_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True)
class Audio:
    """A tone in one audio track."""

    codec: str = "aac"
    seconds: float = 1.0
    start: Fraction = Fraction(0)
    language: str | None = None
    title: str | None = None
    layout: str = "stereo"
    rate: int = 48_000
    pitch: float = 440.0
    default: bool = False


@dataclass(frozen=True)
class Subtitles:
    """Lines of one subtitle track: start and end in milliseconds, text."""

    lines: tuple[tuple[int, int, str], ...] = ((100, 300, "hello"), (400, 700, "world"))
    codec: str = "subrip"
    language: str | None = None


@dataclass(frozen=True)
class Tags:
    """What the file says of its colors; the numbers are those of H.273, 2 is unspecified."""

    matrix: int = 1
    primaries: int = 1
    transfer: int = 1
    full_range: bool = False


@dataclass
class Orientation:
    """A display matrix: degrees counter-clockwise, then flips."""

    degrees: float = 0
    hflip: bool = False
    vflip: bool = False


@dataclass
class _Track:
    stream: Any
    packets: list[Any] = field(default_factory=list)


def pattern(index: int, width: int, height: int) -> Image:
    """Four differently colored quarters with a bar that moves: which way is up, and which frame it is, can be seen."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (200, 40, 40)
    image[: height // 2, width // 2 :] = (40, 200, 40)
    image[height // 2 :, : width // 2] = (40, 40, 200)
    image[height // 2 :, width // 2 :] = (200, 200, 60)
    x = (4 * index) % max(1, width - 4)
    image[height // 2 - 4 : height // 2 + 4, x : x + 4] = 255
    return image


def flat(color: tuple[int, int, int], width: int = 64, height: int = 48) -> Image:
    """One color everywhere."""
    return np.full((height, width, 3), color, np.uint8)


def brightness(index: int, width: int = 64, height: int = 48) -> Image:
    """Flat gray that tells which frame it is: 20 + 8 * index."""
    return flat((20 + 8 * index,) * 3, width, height)


def make_clip(
    path: Path,
    *,
    images: Sequence[Image] | None = None,
    frames: int = 10,
    width: int = 64,
    height: int = 48,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: Fraction | int = 25,
    time_base: Fraction | None = None,
    pts: Sequence[int] | None = None,
    matrix: str = "bt601",
    full_range: bool = False,
    tags: Tags | None = None,
    sample_aspect_ratio: Fraction | None = None,
    orientation: Orientation | None = None,
    interlaced: bool = False,
    audio: Sequence[Audio] = (),
    subtitles: Sequence[Subtitles] = (),
    chapters: Sequence[tuple[float, float, str]] = (),
    metadata: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    attachment: bytes | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    container_format: str | None = None,
    group: int = 5,
) -> Path:
    """Encode a clip; `pts` are in `time_base`, the matrix and range are those of the levels, `tags` what the file says.

    Untagged small clips are BT.601 by every player's rule, so that is the usual matrix here.
    """
    images = [pattern(i, width, height) for i in range(frames)] if images is None else images
    height, width = images[0].shape[:2]
    container = av.open(str(path), "w", format=container_format, container_options=container_options or {})
    container.metadata.update(metadata or {})
    video = _add_video(container, codec, Fraction(rate), options)
    video.width, video.height, video.pix_fmt = width, height, pix_fmt
    video.metadata.update(labels or {})
    context = video.codec_context
    tick = time_base or 1 / Fraction(rate)
    video.time_base = context.time_base = tick
    context.gop_size = group
    if sample_aspect_ratio is not None:
        context.sample_aspect_ratio = video.sample_aspect_ratio = sample_aspect_ratio
    if tags is not None:
        _tag(context, tags)
    if orientation is not None:
        video.set_display_rotation(orientation.degrees, hflip=orientation.hflip, vflip=orientation.vflip)
    if interlaced:
        context.flags |= av.codec.context.Flags.interlaced_dct | av.codec.context.Flags.interlaced_me
    tracks = [_audio_track(container, wanted) for wanted in audio]
    tracks += [_subtitle_track(container, wanted) for wanted in subtitles]
    if attachment is not None:
        container.add_attachment("font.ttf", "font/ttf", attachment)
    if chapters:
        container.set_chapters(
            [
                {
                    "id": number,
                    "start": round(start * 1000),
                    "end": round(end * 1000),
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for number, (start, end, title) in enumerate(chapters)
            ]
        )
    packets = _encode_video(
        video, images, pts, tick, matrix=matrix, full_range=full_range, tags=tags, interlaced=interlaced
    )
    for track in tracks:
        packets += track.packets
    container.start_encoding()
    for packet in sorted(packets, key=lambda packet: Fraction(packet.dts or 0) * packet.time_base):
        container.mux(packet)
    container.close()
    return path


def make_audio_only(path: Path, *, cover: bool = False) -> Path:
    """A file with sound, and perhaps a picture of its cover, but no video."""
    with av.open(str(path), "w", format="mp4") as container:
        track = _audio_track(container, Audio(seconds=0.3))
        if cover:
            stream = container.add_stream("png", rate=1)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb24"
            stream.disposition = av.stream.Disposition.attached_pic
            container.start_encoding()
            for packet in stream.encode(av.VideoFrame.from_ndarray(flat((9, 9, 9), 32, 32), format="rgb24")):
                container.mux(packet)
        for packet in track.packets:
            container.mux(packet)
    return path


def read_packets(path: Path, kind: str) -> list[list[bytes]]:
    """The bytes of all packets of each track of a kind."""
    with av.open(str(path)) as container:
        tracks: dict[int, list[bytes]] = {stream.index: [] for stream in container.streams if stream.type == kind}
        for packet in container.demux(*(container.streams[index] for index in tracks)) if tracks else ():
            if packet.size:
                tracks[packet.stream_index].append(bytes(packet))
    return list(tracks.values())


def read_times(path: Path, kind: str = "video") -> list[list[Fraction]]:
    """The times of all packets of each track of a kind, sorted, in seconds."""
    with av.open(str(path)) as container:
        tracks: dict[int, list[Fraction]] = {stream.index: [] for stream in container.streams if stream.type == kind}
        for packet in container.demux(*(container.streams[index] for index in tracks)) if tracks else ():
            if packet.size and packet.pts is not None:
                tracks[packet.stream_index].append(packet.pts * packet.time_base)
    return [sorted(times) for times in tracks.values()]


def read_texts(path: Path) -> list[list[tuple[int, str]]]:
    """Start in milliseconds and plain text of the lines of each subtitle track."""
    found: list[list[tuple[int, str]]] = []
    with av.open(str(path)) as container:
        for stream in container.streams.subtitles:
            lines = []
            for packet in container.demux(stream):
                if packet.size and packet.pts is not None:
                    for line in packet.decode():
                        text = bytes(getattr(line, "dialogue", b"")).decode().strip()
                        if text:
                            lines.append((round(packet.pts * packet.time_base * 1000), text))
            found.append(lines)
            container.seek(0)
    return found


def _add_video(container: OutputContainer, codec: str, rate: Fraction, options: dict[str, str] | None) -> VideoStream:
    usual = {
        "libx264": {"crf": "1", "preset": "ultrafast"},
        "libx265": {"crf": "1", "preset": "ultrafast", "x265-params": "log-level=none"},
        "mpeg2video": {"qscale": "1", "b": "8000000"},
    }
    stream = container.add_stream(codec, rate=rate, options=usual.get(codec, {}) | (options or {}))
    assert isinstance(stream, VideoStream)
    return stream


def _tag(target: Any, tags: Tags) -> None:
    target.colorspace, target.color_primaries, target.color_trc = tags.matrix, tags.primaries, tags.transfer
    target.color_range = 2 if tags.full_range else 1


def _encode_video(
    stream: VideoStream,
    images: Sequence[Image],
    pts: Sequence[int] | None,
    tick: Fraction,
    *,
    matrix: str,
    full_range: bool,
    tags: Tags | None,
    interlaced: bool,
) -> list[Any]:
    step = max(1, round(1 / (stream.codec_context.framerate * tick)))
    packets: list[Any] = []
    for index, image in enumerate(images):
        frame = to_video_frame(image, str(stream.pix_fmt), matrix, full_range)
        frame.pts = pts[index] if pts is not None else index * step
        frame.time_base = tick
        if tags is not None:
            _tag(frame, tags)
        if interlaced:
            frame = _as_interlaced(frame)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _as_interlaced(frame: av.VideoFrame) -> av.VideoFrame:
    """Mark a frame as two fields, the top one first; PyAV's frames cannot be marked by hand, a filter can."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    graph.link_nodes(source, graph.add("setfield", "tff"), graph.add("buffersink")).configure()
    graph.push(frame)
    marked = graph.pull()
    assert isinstance(marked, av.VideoFrame)
    return marked


def to_video_frame(image: Image, pix_fmt: str, matrix: str = "bt709", full_range: bool = False) -> av.VideoFrame:
    """RGB to a pixel format by the formulas of the standard, not by swscale, which is what tests check.

    Source: ITU-T H.273, section 8.3: Y' = Kr R' + (1 - Kr - Kb) G' + Kb B', chroma 0.5 (B' - Y') / (1 - Kb) and likewise.
    """
    info = av.VideoFormat(pix_fmt, image.shape[1], image.shape[0])
    if info.is_rgb or info.has_palette:
        rgb = av.VideoFrame.from_ndarray(image, format="rgb24")
        return rgb if pix_fmt == "rgb24" else rgb.reformat(format=pix_fmt)
    kr, kb, _ = MATRICES[matrix]
    red, green, blue = np.moveaxis(image.astype(np.float64) / 255, -1, 0)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = [0.5 * (blue - luma) / (1 - kb), 0.5 * (red - luma) / (1 - kr)]
    bits = info.components[0].bits
    scale = 2 ** (bits - 8)
    top = 2**bits - 1
    full_range = full_range or pix_fmt.startswith("yuvj")
    planes = [luma * top if full_range else (16 + 219 * luma) * scale]
    if len(info.components) >= 3:
        middle = 2 ** (bits - 1)
        for plane, component in zip(chroma, info.components[1:3], strict=True):
            level = middle + plane * (top if full_range else 224 * scale)
            planes.append(_subsample(level, component.width, component.height))
    if len(info.components) == 4:
        planes.append(np.full(luma.shape, float(top)))
    frame = av.VideoFrame(image.shape[1], image.shape[0], pix_fmt)
    for target, plane in zip(frame.planes, planes, strict=True):
        levels = np.clip(np.round(plane), 0, top).astype(np.uint8 if bits == 8 else "<u2")
        padded = np.zeros((target.height, target.line_size), np.uint8)
        row = levels.view(np.uint8).reshape(target.height, -1)
        padded[:, : row.shape[1]] = row
        target.update(padded.tobytes())
    return frame


def _subsample(plane: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    down, across = math.ceil(plane.shape[0] / height), math.ceil(plane.shape[1] / width)
    padded = np.pad(plane, ((0, height * down - plane.shape[0]), (0, width * across - plane.shape[1])), mode="edge")
    means: NDArray[np.float64] = padded.reshape(height, down, width, across).mean(axis=(1, 3))
    return np.ascontiguousarray(means)


def _audio_track(container: OutputContainer, wanted: Audio) -> _Track:
    stream = container.add_stream(wanted.codec, rate=wanted.rate)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = wanted.layout
    stream.codec_context.bit_rate = 64_000
    _label(stream, wanted.language, wanted.title)
    if wanted.default:
        stream.disposition = av.stream.Disposition.default
    track = _Track(stream)
    channels = len(stream.codec_context.layout.channels)
    size = 1024
    total = round(wanted.seconds * wanted.rate / size)
    rng = np.random.default_rng(5)  # a little noise, so that no two packets are the same
    for number in range(total):
        t = (np.arange(size) + number * size) / wanted.rate
        tone = (np.sin(2 * np.pi * wanted.pitch * t) * 0.3 + rng.normal(0, 0.003, size)).astype(np.float32)
        samples = np.repeat(tone[None], channels, axis=0)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=wanted.layout)
        frame.sample_rate = wanted.rate
        frame.time_base = Fraction(1, wanted.rate)
        frame.pts = round(wanted.start * wanted.rate) + number * size
        track.packets += stream.encode(frame)
    track.packets += stream.encode(None)
    return track


def _subtitle_track(container: OutputContainer, wanted: Subtitles) -> _Track:
    stream = container.add_stream(wanted.codec)
    assert isinstance(stream, SubtitleStream)
    tick = Fraction(1, 1000)
    stream.time_base = stream.codec_context.time_base = tick
    stream.codec_context.subtitle_header = _ASS_HEADER
    _label(stream, wanted.language, None)
    track = _Track(stream)
    for number, (start, end, text) in enumerate(wanted.lines):
        line = f"{number},0,Default,,0,0,0,,{text}".encode()
        packet = stream.codec_context.encode_subtitle(SubtitleSet.create(line, 0, end - start, start))
        packet.stream = stream
        packet.time_base = tick
        packet.pts = packet.dts = start
        packet.duration = end - start
        track.packets.append(packet)
    return track


def _label(stream: Any, language: str | None, title: str | None) -> None:
    if language:
        stream.metadata["language"] = language
    if title:
        stream.metadata["title"] = title
