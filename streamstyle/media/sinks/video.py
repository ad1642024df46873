"""Video files, through PyAV: playable everywhere, exact in time, safe against crashes."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.frame import PictureType

from streamstyle.errors import SinkError
from streamstyle.frame import Frame
from streamstyle.media.libav import address, quietly
from streamstyle.media.sinks.base import Sink, check_frame
from streamstyle.media.sinks.codecs import MP4_SUFFIXES, VideoCodec, choose_codec
from streamstyle.media.sinks.companion import Companion, can_have_companion
from streamstyle.media.sinks.encoder import add_video_stream
from streamstyle.media.sinks.faststart import put_index_in_front
from streamstyle.media.sinks.pixels import Pictures
from streamstyle.media.sinks.place import Place
from streamstyle.media.sinks.segments import SEGMENT_SUFFIX, EncodedSegment, joined
from streamstyle.media.sinks.sound_track import SoundTrack
from streamstyle.media.sources.base import SourceInfo
from streamstyle.media.sources.sound import SoundFrom

# Of a live source the rate that comes is not the one announced: key frames go by time.
_LIVE_GROUP = Fraction(1)
# MP4 knows how long the frame stands that is decoded last. Where the last one shown is a key frame, it is that one.
_STANDS = Fraction(1, 2)
# MP4 counts the time from one frame to the next in 32 bits.
_FINEST_TICK = Fraction(1, 50_000_000)
# Too few frames for any to be out of order; x265 (216) then leaves their decoding times unset, to chance.
_UNORDERED_FRAMES = 2
# Sound may begin a codec's priming earlier than the picture; that is no reason to delay the picture.
_PRIMING_SECONDS = Fraction(1, 20)


class VideoSink(Sink):
    """Encodes frames as H.264 or another codec, 4:2:0, BT.709 limited range, tagged as such.

    Until it is whole the file is called `<name>.partial<ending>`. MP4 is written in fragments of two seconds at most, so
    that even after `kill -9` what was done plays; of a live source they last one second. Not so with subtitles: there
    libav's muxer of fragments would end the program by an assertion (FFmpeg 8.1). A finished MP4 is an ordinary
    one with its index in front.

    4:2:0 H.264 and HEVC hold even sizes only: an odd row or column is repeated once, with a warning.
    """

    def __init__(
        self,
        path: Path,
        *,
        info: SourceInfo,
        width: int,
        height: int,
        codec: str | VideoCodec | None = None,
        crf: int | None = None,
        companion: str | None = None,
        start: Fraction | None = None,
        end: Fraction | None = None,
        sound: SoundFrom | None = None,
        overwrite: bool = False,
        reads: tuple[str, ...] = (),
        survives: bool = True,
    ) -> None:
        """Open the output.

        Args:
            path: Its ending chooses the container.
            info: Of the source: rate, time base, pixel aspect.
            width: Of the frames that will come, in pixels.
            height: Of the frames that will come, in pixels.
            codec: `h264`, `hevc`, `av1`, `vp9`, `h264_nvenc` or `hevc_nvenc`; None for the container's usual one; or a
                row of the table of codecs, whatever the container.
            crf: Constant quality; None for the codec's usual one.
            companion: The input whose sound, subtitles, chapters and titles go along; None for none.
            start: Where the frames begin in the input, in seconds from its beginning; None for its beginning.
            end: Where they end; None for the input's end.
            sound: What sounds on the clock of the frames; None for none. Not together with a companion.
            overwrite: Replace an existing file.
            reads: Files of this run, which are never replaced.
            survives: What was written plays even after `kill -9`; not needed where nothing would be lost.

        Raises:
            SinkError: Container, codec or place cannot be used.
        """
        self.destination, self.warnings = None, []
        self._codec = codec if isinstance(codec, VideoCodec) else choose_codec(path, codec)
        self._place = Place(path, overwrite=overwrite, reads=reads)
        self._is_mp4 = path.suffix.lower() in MP4_SUFFIXES
        self._shape = (height, width, 3)
        self._tick = max(info.time_base, _FINEST_TICK)
        self._start, self._end = start, end
        self._origin = Fraction(0)
        self._last: Fraction | None = None
        self._last_tick = -1
        self._is_live = info.is_live
        self._last_key: Fraction | None = None
        self._written = 0
        self._durations: dict[int, Fraction] = {}
        self._pictures: Pictures | None = None
        self._copies = False
        self._closed = False
        self._companion = self._open_companion(companion)
        # Packets reach the disk as they are written, and wait at most a second for those of sparse tracks.
        options = {"flush_packets": "1", "max_interleave_delta": "1000000"}
        if self._is_mp4:
            survives = survives and not (self._companion is not None and self._companion.has_subtitles)
            # Without delay_moov the edit lists are made before the encoder's delay is known, and the sound runs early.
            # Fragments begin at key frames: libav takes the first frame of one for the latest so far, and were a later one
            # in the fragment before, it would lie behind the end of the edit list and never be shown.
            options |= {"movflags": "hybrid_fragmented+delay_moov+frag_keyframe" if survives else "faststart"}
            # In libav's usual milliseconds the edit list may end before a last frame that is shown for less than that.
            options |= {"movie_timescale": str(_timescale(self._tick))}
        elif path.suffix.lower() != SEGMENT_SUFFIX:
            options |= {"cluster_time_limit": "1000"}
        try:
            with self._place.failing_clearly():
                # libav would take .m4v for an iPod's, which holds less.
                kind = "mp4" if path.suffix.lower() == ".m4v" else None
                self._container = av.open(address(str(self._place.partial)), "w", format=kind, container_options=options)
            self._stream, warnings = add_video_stream(
                self._container, self._codec, (width, height), info, crf=crf, tick=self._tick, is_mp4=self._is_mp4
            )
            self.warnings += warnings
            if self._companion is not None:
                self._companion.join(self._container, path.suffix.lower())
            self._sound = None if sound is None else SoundTrack(sound, self._container, path.suffix.lower())
        except BaseException:
            self._discard()
            raise

    def _open_companion(self, uri: str | None) -> Companion | None:
        if uri is None:
            return None
        if not can_have_companion(uri):
            self.warnings.append(f"sound of '{uri}' is not recorded: it can be read only once")
            return None
        return Companion(uri, self.warnings)

    def write(self, frame: Frame) -> None:
        """Encode one frame, and copy what sounds until then."""
        check_frame(frame, self._shape, self._last)
        if self._last is None:
            self._begin(frame.time)
            if self._sound is not None:
                self._sound.begin(frame)
        self._last = frame.time
        tick = round((frame.time - self._origin) / self._tick)
        if self._is_live and tick <= self._last_tick:
            return  # it is over before the file's clock ticks, as frames that a pause repeats are
        if self._pictures is None:
            self._pictures = Pictures(self._stream.width, self._stream.height)
        picture = self._pictures.of(frame.image, again=not self._is_live)
        self._last_tick = picture.pts = max(tick, self._last_tick + 1)
        picture.time_base = self._tick
        if self._is_live and (self._last_key is None or frame.time - self._last_key >= _LIVE_GROUP):
            picture.pict_type = PictureType.I
            self._last_key = frame.time
            self._place.refuse_if_gone()
        elif not self._is_live:
            stands = frame.duration is not None and frame.duration >= _STANDS
            picture.pict_type = PictureType.I if stands else PictureType.NONE
        if frame.duration is not None:
            self._durations[picture.pts] = frame.duration
        with self._place.failing_clearly():
            self._written += 1
            self._mux(self._stream.encode(picture))
            if self._companion is not None:
                self._companion.advance(frame.time)
            if self._sound is not None:
                self._sound.advance(frame)

    def _begin(self, first: Fraction) -> None:
        """Set the zero of the output: the first frame, or the sound where that begins clearly earlier."""
        self._origin = first
        if self._companion is None:
            return
        earliest = self._companion.earliest
        if self._start is None and earliest is not None and earliest < first - _PRIMING_SECONDS:
            # Down to a whole tick of the video's clock, so that frame times stay exact.
            self._origin = first - int((first - earliest) / self._tick) * self._tick
        end = None if self._end is None else first - (self._start or 0) + self._end
        self._companion.describe(self._origin, end, trimmed=self._start is not None)

    def copy(self, segments: Sequence[EncodedSegment], progress: Callable[[int], None] = lambda _frames: None) -> None:
        """Take all frames from segments that were encoded with these settings, as they are, instead of from `write`.

        Args:
            segments: In order, one or more; none is empty.
            progress: Called with the number of frames copied so far.

        Raises:
            SinkError: A segment cannot be read or was encoded with other settings, or the output cannot be written.
        """
        self._copies = True
        first = self._last = segments[0].first
        self._begin(first)
        zero = round((first - self._origin) / self._tick)
        for done, frame in enumerate(joined(segments, self._tick, self._stream.codec_context.extradata), start=1):
            packet = frame.packet
            packet.stream = self._stream
            packet.time_base = self._tick
            packet.pts, packet.dts, packet.duration = zero + frame.shown, zero + frame.decoded, frame.duration
            with self._place.failing_clearly():
                self._container.mux(packet)
                if self._companion is not None:
                    self._companion.advance(first + frame.shown * self._tick)
            progress(done)

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            duration = self._durations.pop(round(packet.pts * packet.time_base / self._tick), None)
            if duration is not None:
                packet.duration = max(1, round(duration / packet.time_base))
            if self._written <= _UNORDERED_FRAMES:
                packet.dts = packet.pts
            self._container.mux(packet)

    def close(self) -> None:
        """Flush, put the index in front, give the file its name."""
        if self._closed:
            return
        if self._last is None:
            self._discard()
            raise SinkError(f"nothing to write to '{self._place.final}': no frame came")
        try:
            with self._place.failing_clearly():
                self._finish()
                if self._is_mp4 and (failure := put_index_in_front(self._place.partial)):
                    self.warnings.append(f"the index stays at the end of '{self._place.final}': {failure}")
                self._place.finish(durable=True)
        except BaseException:
            quietly(self._container.close)
            self._closed = True
            raise
        finally:
            self._place.release()
        self.destination = str(self._place.final)

    def _finish(self) -> None:
        self._flush()
        if self._companion is not None:
            self._companion.advance(None)
        if self._sound is not None:
            self._sound.close(flush=True)
        self._container.close()
        self._closed = True

    def _flush(self) -> None:
        if not self._copies:
            self._mux(self._stream.encode(None))

    def abort(self) -> str | None:
        """Finish what was done under the partial name."""
        if self._closed:
            return str(self._place.partial) if self.destination is None and self._place.partial.exists() else None
        if self._last is None:
            self._discard()
            return None
        self._closed = True
        quietly(self._flush)
        if self._companion is not None:
            quietly(self._companion.close)
        if self._sound is not None:
            sound = self._sound
            quietly(lambda: sound.close(flush=True))
        quietly(self._container.close)
        self._place.release()
        return str(self._place.partial) if self._place.partial.exists() else None

    def _discard(self) -> None:
        self._closed = True
        if hasattr(self, "_container"):
            quietly(self._container.close)
        if self._companion is not None:
            quietly(self._companion.close)
        quietly(lambda: self._place.partial.unlink(missing_ok=True))
        self._place.release()


def _timescale(tick: Fraction) -> int:
    """Parts of a second that hold whole ticks, and sound's times well."""
    return tick.denominator * -(-10_000 // tick.denominator)
