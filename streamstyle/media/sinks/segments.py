"""Segments of one film, each encoded by itself, joined without re-encoding: the packets as they are, on one clock.

Segments are NUT files: of libav's containers the one that keeps packets and headers as the encoder gave them, at times in
any unit, and that players show.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error

from streamstyle.errors import SinkError
from streamstyle.media.libav import address, reason
from streamstyle.media.places import quoted

SEGMENT_SUFFIX = ".nut"

_FAILURES = (av.error.FFmpegError, OSError, ValueError, IndexError)


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """A segment on the disk.

    Attributes:
        path: Where.
        first: Time of its first frame on the source's clock, in seconds.
        lasts: How long its last frame is shown, in seconds; None where the source does not say.
    """

    path: Path
    first: Fraction
    lasts: Fraction | None = None


class JoinedFrame(NamedTuple):
    """An encoded frame and its place in the film, in ticks since the first frame.

    Attributes:
        packet: The packet in the segment, with the segment's times.
        shown: When it is shown.
        decoded: When it must be decoded.
        duration: Until the next one is shown.
    """

    packet: Any
    shown: int
    decoded: int
    duration: int


def joined(segments: Sequence[EncodedSegment], tick: Fraction, headers: bytes | None) -> Iterator[JoinedFrame]:
    """All frames, in the order in which they are decoded.

    Decoding times are what one encoder would have given them: the times at which frames are shown, in their order, as many
    frames later as any frame is decoded ahead of its turn.

    Args:
        segments: In order; none is empty.
        tick: Of the film's clock, in seconds.
        headers: What the encoder says of all its frames, which must be the same in every segment.

    Raises:
        SinkError: A segment is damaged, or was encoded with other settings.
    """
    all_shown = [_shown(segment, segments[0].first, tick, headers) for segment in segments]
    order = sorted(moment for shown in all_shown for moment in shown)
    ahead = max(index - bisect_left(order, moment) for index, moment in enumerate(chain.from_iterable(all_shown)))
    lead = order[ahead] - order[0]
    lasts = segments[-1].lasts
    last_duration = max(1, round(lasts / tick)) if lasts else order[-1] - order[-2] if len(order) > 1 else 1
    ends = [*order[1:], order[-1] + last_duration]
    places = count()
    for segment, shown in zip(segments, all_shown, strict=True):
        for packet, moment in zip(_packets(segment), shown, strict=True):
            place = next(places)
            decoded = order[place - ahead] if place >= ahead else order[place] - lead
            yield JoinedFrame(packet, moment, decoded, ends[bisect_left(order, moment)] - moment)


def _shown(segment: EncodedSegment, zero: Fraction, tick: Fraction, headers: bytes | None) -> list[int]:
    """When the frames of a segment are shown, in the order in which they lie there, in ticks since the film's first."""
    try:
        with av.open(address(str(segment.path))) as container:
            stream = container.streams.video[0]
            if (stream.codec_context.extradata or b"") != (headers or b""):
                raise SinkError(f"{quoted(segment.path)} was encoded by another build of the encoder; use --no-resume")
            base = stream.time_base or tick
            found = [packet.pts for packet in container.demux(stream) if packet.size and packet.pts is not None]
            earliest = min(found)
    except _FAILURES as error:
        raise _damaged(segment, error) from error
    begin = round((segment.first - zero) / tick)
    return [begin + round((moment - earliest) * base / tick) for moment in found]


def _packets(segment: EncodedSegment) -> Iterator[Any]:
    try:
        with av.open(address(str(segment.path))) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.size and packet.pts is not None:
                    yield packet
    except _FAILURES as error:
        raise _damaged(segment, error) from error


def _damaged(segment: EncodedSegment, error: Exception) -> SinkError:
    return SinkError(f"the segment {quoted(segment.path)} is damaged ({reason(error)}); run the same command again")
