"""Getting to a moment of a stream whose container has no index that could be believed (MPEG-TS, MPEG-PS, Ogg)."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

if TYPE_CHECKING:  # the class is generic in the stubs only
    VideoPacket: TypeAlias = Packet[VideoStream]
else:
    VideoPacket = Packet

_DISCONTINUOUS = 0x0200
"""libav's AVFMT_TS_DISCONT: time stamps may jump, and seeking is by guess."""
_MOST_BYTES = 256 * 1024 * 1024


class ClockRunsBackwardsError(Exception):
    """The recording is made of several, each with a clock of its own; only decoding all of it shows what is when."""


def must_be_skipped(container: InputContainer) -> bool:
    """Whether seeking in a container may land anywhere, so that packets must be read from the beginning."""
    return bool(container.format.flags & _DISCONTINUOUS)


def packets_for(container: InputContainer, stream: VideoStream, moment: Fraction) -> Iterator[VideoPacket]:
    """The packets that decode to the frame at a moment and all later ones: from the last key frame that is not after it.

    Nothing is decoded on the way there.

    Args:
        container: At its beginning.
        stream: Of it.
        moment: In seconds on the stream's clock.

    Raises:
        ClockRunsBackwardsError: Before the moment, time stamps fall, or key frames lie too far apart to keep what is
            between them in memory.
    """
    group: list[VideoPacket] = []
    size, latest = 0, None
    packets = container.demux(stream)
    for packet in packets:
        if packet.dts is None or packet.time_base is None:
            group.append(packet)
            if packet.size == 0:
                break
            continue
        if latest is not None and packet.dts < latest:
            raise ClockRunsBackwardsError
        latest = packet.dts
        if packet.is_keyframe and packet.pts is not None and packet.pts * packet.time_base <= moment:
            group, size = [], 0
        group.append(packet)
        size += packet.size
        if size > _MOST_BYTES:
            raise ClockRunsBackwardsError
        if packet.dts * packet.time_base > moment:
            break
    yield from group
    yield from packets
