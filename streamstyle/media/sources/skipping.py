"""Containers without an index, whose clock may jump (MPEG-TS, MPEG-PS, Ogg, FLV): getting to a moment of a stream."""

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
LONGEST_GAP = 60
"""Seconds without a picture or a sound that are taken for a pause; what is longer is a clock that jumps, as where two
broadcasts are joined."""
CLOCK_LEAPS = "the clock of {} jumps ahead"
"""How a warning begins, to be filled with the name of the file."""
_MOST_BYTES = 256 * 1024 * 1024


class ClockJumpsError(Exception):
    """The recording is made of several, each with a clock of its own: only decoding all of it shows what is when."""


def must_be_skipped(container: InputContainer) -> bool:
    """Whether seeking in a container may land anywhere, and packets must be read from the beginning; see LONGEST_GAP."""
    # After a seek, libav reads a joined FLV only as far as its first part goes.
    return bool(container.format.flags & _DISCONTINUOUS) or container.format.name == "flv"


def packets_for(container: InputContainer, stream: VideoStream, moment: Fraction) -> Iterator[VideoPacket]:
    """The packets that decode to the frame at a moment and all later ones: from the last key frame that is not after it.

    Nothing is decoded on the way there.

    Args:
        container: At its beginning.
        stream: Of it.
        moment: In seconds on the stream's clock.

    Raises:
        ClockJumpsError: Before the moment, time stamps fall or leap ahead, or key frames lie too far apart to keep what is
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
        if latest is not None and not 0 <= (packet.dts - latest) * packet.time_base <= LONGEST_GAP:
            raise ClockJumpsError
        latest = packet.dts
        if packet.is_keyframe and packet.pts is not None and packet.pts * packet.time_base <= moment:
            group, size = [], 0
        group.append(packet)
        size += packet.size
        if size > _MOST_BYTES:
            raise ClockJumpsError
        if packet.dts * packet.time_base > moment:
            break
    yield from group
    yield from packets
