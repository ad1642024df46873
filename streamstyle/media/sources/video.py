"""Video files and streams, through PyAV, right for real files."""

import gc
import itertools
import re
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.filter import Graph
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from streamstyle.errors import SourceError
from streamstyle.frame import Frame, Image
from streamstyle.media.libav import HDR_TRANSFERS, ToneMap, address, quietly, reason, stream_notes, to_rgb
from streamstyle.media.resize import letterboxed
from streamstyle.media.sources import hardware, timecode
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.media.sources.clock import Clock
from streamstyle.media.sources.orientation import Orientation
from streamstyle.media.sources.skipping import ClockRunsBackwardsError, VideoPacket, must_be_skipped, packets_for

# For opening and for each read of a network stream; a live one that is silent for longer is broken.
_TIMEOUT_SECONDS, _LIVE_TIMEOUT_SECONDS = 20, 5
_LIVE_OPTIONS = {"fflags": "nobuffer", "rtsp_flags": "prefer_tcp"}
_DAMAGE = (av.error.FFmpegError, OSError)
# How many seconds before the wanted moment to look for a key frame, until one is found.
_SEEK_EARLY = (1, 10, 60, 600)
# libav's own decoders of these do not see the transparency that WebM keeps beside the picture.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
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
            end: Seconds likewise; this and later frames are left out.
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
        self._uri, self._closed = uri, False
        device, problem = hardware.choose(hwaccel)
        if problem:
            self.warnings.append(problem)
        try:
            self._container = _open(uri, is_live, device)
        except SourceError:
            if device is None:
                raise
            device = None
            self._container = _open(uri, is_live, None)
            self.warnings.append(f"--hwaccel {hwaccel}: the device does not open '{uri}'; the CPU decodes")
        try:
            self._stream = self._video_stream()
            self._decoder = _decoder(self._stream)
            if device is not None and hwaccel != hardware.AUTO and not self._stream.codec_context.is_hwaccel:
                codec = self._stream.codec_context.name
                self.warnings.append(f"--hwaccel {hwaccel}: it does not decode {codec} ('{uri}'); the CPU decodes")
            if is_live:
                self._stream.thread_type = "SLICE"  # threads by frame hold as many frames back
            self._graph: Graph | None = None
            self._graph_layout: tuple[int, int, str] | None = None
            self._cropped = _cropping(self._container, self._stream)
            self._clock, self._reformatter, self._tone_map = Clock(self._stream), VideoReformatter(), ToneMap()
            self._is_settled = start is None
            self._frames = self._decode_from(start, end)
            self._first = next(self._frames, None)
            if self._first is None:
                raise SourceError(self._why_nothing_came(start))
            self.info = self._describe(self._first, start, end)
        except BaseException:
            self._container.close()
            raise

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
        """Stop at the next frame; the file is closed by whoever iterates, or here if nobody has begun to."""
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

    def _video_stream(self) -> VideoStream:
        """The default stream of moving pictures, or the first; the cover of a record is none."""
        found = [
            stream
            for stream in self._container.streams.video
            if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None
        ]
        if not found:
            kinds = ", ".join(sorted({stream.type for stream in self._container.streams})) or "nothing"
            raise SourceError(f"'{self._uri}' holds no video (only {kinds}); wanted a video or a photo")
        chosen = next((stream for stream in found if stream.disposition & Disposition.default), found[0])
        if len(found) > 1:
            place = found.index(chosen) + 1
            self._warn_once(f"'{self._uri}' holds {len(found)} videos; number {place}, the default one, is painted")
        chosen.thread_type = "AUTO"
        return chosen

    # Frames, from the container outward: packets -> decoded -> deinterlaced -> on time -> upright RGB.

    def _decode_from(self, start: Fraction | None, end: Fraction | None) -> Iterator[Frame]:
        known = self._stream.start_time
        beginning = None if known is None else known * _time_base(self._stream)
        index = 0
        timed = self._timed(None if start is None or beginning is None else beginning + start)
        for decoded, moment in timed:
            if self._closed:
                return
            beginning = moment if beginning is None or start is None else beginning
            if start is not None and moment < beginning + start:
                continue
            if end is not None and moment >= beginning + end:
                return
            self._is_settled = True
            yield Frame(self._picture(decoded), index, moment, self._clock.duration_of(decoded), time.monotonic())
            index += 1

    def _timed(self, wanted: Fraction | None) -> Iterator[tuple[av.VideoFrame, Fraction]]:
        """Decoded frames and their times, from the one at a moment or from earlier ones on."""
        is_file = Path(self._uri).is_file()
        if wanted is not None and is_file and must_be_skipped(self._container):
            try:
                yield from self._with_times(packets_for(self._container, self._stream, wanted))
            except ClockRunsBackwardsError:
                self._rewind()
            else:
                return
        elif wanted is not None and (is_file or "://" in self._uri):
            for early in _SEEK_EARLY:
                landing = wanted - early
                if landing <= (self._stream.start_time or 0) * _time_base(self._stream):
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

    def _rewind(self) -> None:
        first = self._stream.start_time or 0
        quietly(lambda: self._container.seek(min(first, 0), stream=self._stream))
        quietly(self._decoder.flush_buffers)

    def _seek(self, moment: Fraction) -> None:
        quietly(lambda: self._container.seek(int(moment / _time_base(self._stream)), stream=self._stream))
        quietly(self._decoder.flush_buffers)

    def _decoded(self, packets: Iterator[VideoPacket]) -> Iterator[av.VideoFrame]:
        damaged = False
        self._graph = None
        while True:
            try:
                packet = next(packets, None)
            except _DAMAGE as error:
                self._warn_damaged(reason(error))
                damaged = True
                packet = None
            try:
                for frame in self._decoder.decode(packet):
                    # After a seek the first frames may want others that were not read.
                    if frame.is_corrupt and not damaged and self._is_settled:
                        self._warn_damaged("parts of the picture are missing")
                        damaged = True
                    yield from self._progressive(frame)
            except _DAMAGE as error:
                if not damaged and self._is_settled:
                    self._warn_damaged(reason(error))
                    damaged = True
            if packet is None or packet.size == 0:
                break
        yield from self._flush_graph()
        stated = _stated_length(self._stream)
        if not damaged and stated and self._clock.started_at_beginning and self._clock.elapsed < 0.95 * stated:
            self._warn_damaged(f"{float(stated):.2f} s were announced")

    def _progressive(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        layout = frame.width, frame.height, frame.format.name
        if self._graph is not None and layout != self._graph_layout:
            yield from self._flush_graph()
            self._graph = None
        if self._graph is None and frame.interlaced_frame:
            self._graph, self._graph_layout = _deinterlacer(self._stream, frame), layout
        if self._graph is None:
            yield frame
            return
        self._graph.push(frame)
        yield from _pull(self._graph)

    def _flush_graph(self) -> Iterator[av.VideoFrame]:
        if self._graph is not None:
            quietly(lambda: self._graph.push(None) if self._graph else None)
            yield from _pull(self._graph)

    def _picture(self, frame: av.VideoFrame) -> Image:
        if not hasattr(self, "_orientation"):
            self._orientation = Orientation.of(frame)
            self._size = frame.width, frame.height
        width, height = self._size
        if (frame.width, frame.height) != self._size:
            self._warn_once(f"the picture size changes; all frames are fitted into {width}x{height}")
        transfer = HDR_TRANSFERS.get(int(frame.color_trc))
        if transfer:
            self._warn_once(f"'{self._uri}' is HDR ({transfer}); it is tone-mapped to the colors of ordinary screens")
            frame = self._tone_map.apply(frame)
        if (frame.width, frame.height) != self._size:
            whole = to_rgb(frame, frame.width, frame.height, self._reformatter, self._note_transparency)
            rgb = letterboxed(whole, width, height)
        else:
            rgb = to_rgb(frame, width, height, self._reformatter, self._note_transparency)
        left, right, top, bottom = self._cropped
        return self._orientation.apply(rgb[top : height - bottom, left : width - right])

    # What to say.

    def _describe(self, first: Frame, start: Fraction | None, end: Fraction | None) -> SourceInfo:
        stream, container = self._stream, self._container
        rate = stream.average_rate or stream.guessed_rate
        length = _stated_length(stream)
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
            frame_rate=Fraction(rate) if rate else None,
            time_base=_time_base(stream),
            sample_aspect_ratio=self._orientation.aspect(Fraction(aspect)),
            frame_count=count,
            duration=None if length is None else float(length),
            labels=self._labels(start, Fraction(rate) if rate else None),
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

    def _note_transparency(self) -> None:
        self._warn_once(f"'{self._uri}' is transparent in places; it is painted as it looks over white")


def _time_base(stream: VideoStream) -> Fraction:
    return stream.time_base or Fraction(1, 90_000)


def _stated_length(stream: VideoStream) -> Fraction | None:
    """Seconds that the stream plays, as the file says of this stream itself; a file's other streams may be longer."""
    if stream.duration is not None:
        return stream.duration * _time_base(stream)
    tag = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))  # Matroska
    if tag is None:
        return None
    beginning = (stream.start_time or 0) * _time_base(stream)  # the tag tells the time of the end
    return int(tag[1]) * 3600 + int(tag[2]) * 60 + Fraction(tag[3]) - max(beginning, Fraction(0))


def _open(uri: str, is_live: bool, device: HWAccel | None) -> InputContainer:
    timeout = (_LIVE_TIMEOUT_SECONDS if is_live else _TIMEOUT_SECONDS) if "://" in uri else None
    options = _LIVE_OPTIONS if is_live else {}
    try:
        return av.open(address(uri), metadata_errors="replace", timeout=timeout, options=options, hwaccel=device)
    except FileNotFoundError as error:
        raise SourceError(f"'{uri}' does not exist; check the name") from error
    except PermissionError as error:
        raise SourceError(f"'{uri}' cannot be read: permission denied") from error
    except av.error.InvalidDataError as error:
        raise SourceError(f"'{uri}' is not a video or photo that can be read, or its index is missing") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise SourceError(f"'{uri}' cannot be opened: {reason(error)}") from error


def _decoder(stream: VideoStream) -> VideoCodecContext:
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


def _cropping(container: InputContainer, stream: VideoStream) -> tuple[int, int, int, int]:
    """Pixels that the container takes off: left, right, top, bottom."""
    found = re.search(r"Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)", stream_notes(container).get(stream.index, ""))
    if found is None:
        return 0, 0, 0, 0
    left, right, top, bottom = (int(number) for number in found.groups())
    fits = left + right < stream.width and top + bottom < stream.height
    return (left, right, top, bottom) if fits else (0, 0, 0, 0)


def _deinterlacer(stream: VideoStream, frame: av.VideoFrame) -> Graph:
    """bwdif, one frame out per frame in; frames that are progressive pass through."""
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or _time_base(stream)
    )
    graph.link_nodes(
        source, graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced"), graph.add("buffersink")
    ).configure()
    return graph


def _pull(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, av.VideoFrame)  # a video graph
        yield frame
