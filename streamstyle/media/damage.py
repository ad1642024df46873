"""Photos that were cut short, and headers that lie about how much there is."""

import struct
from collections.abc import Iterator

from streamstyle.errors import SourceError

CUT_SHORT = "{} is damaged or cut short; what could be read of it was used"
"""A warning, to be filled with the name of the picture."""
# 200 MP is what the largest sensors of phones give.
_MOST_PIXELS = 256_000_000
# Above this many pixels a file must hold at least a byte for each hundred: photos hold ten times as many.
_UNSUSPECTED_PIXELS, _PIXELS_PER_BYTE = 40_000_000, 100
_MOST_GROWTH = 100
_MOST_BYTES = 1 << 30


def refuse_size(width: int, height: int, size: int, name: str) -> None:
    """Refuse by its header what would take memory for nothing.

    Args:
        width: As the header says, in pixels.
        height: As the header says, in pixels.
        size: Of the file, in bytes.
        name: Of the picture, for messages.

    Raises:
        SourceError: It is too large, or holds too little for its size: damaged, or made to fill memory.
    """
    pixels = width * height
    if pixels > _MOST_PIXELS:
        raise SourceError(f"{name} is too large: {width}x{height} pixels; at most {_MOST_PIXELS // 1_000_000} million")
    if pixels > _UNSUSPECTED_PIXELS and pixels > size * _PIXELS_PER_BYTE:
        raise SourceError(f"{name} claims {width}x{height} pixels, but holds {size} bytes; reduce it, or get a whole copy")
    if width < 1 or height < 1:
        raise SourceError(f"{name} is damaged: {width}x{height} pixels; get a whole copy")


def completed(data: bytes) -> bytes:
    """A file that is shorter than it says, with zeros for what is missing; any other as it is.

    Decoders of WebP, HEIC, AVIF and JPEG 2000 take nothing that is short, but make what they can of zeros. Of a WebP that
    moves, the frames that are whole remain instead.
    """
    announced = _announced(data)
    if announced <= len(data) or announced > min(len(data) * _MOST_GROWTH, _MOST_BYTES):
        return data
    if data[:4] == b"RIFF" and b"ANMF" in data and (end := _end_of_frames(data)):
        return data[:4] + struct.pack("<I", end - 8) + data[8:end]
    return data + bytes(announced - len(data))


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The pieces of a WebP file: kind, where each begins with its head of eight bytes, and where it ends."""
    place = 12
    while place + 8 <= len(data):
        kind, length = struct.unpack("<4sI", data[place : place + 8])
        yield kind, place, place + 8 + length
        place += 8 + length + length % 2


def _end_of_frames(data: bytes) -> int:
    """Where the last whole frame of a WebP ends; 0 where there is none."""
    ends = (end + end % 2 for kind, _, end in webp_chunks(data) if kind == b"ANMF")
    return max((end for end in ends if end <= len(data)), default=0)


def _announced(data: bytes) -> int:
    """How many bytes a file says that it has; 0 where it does not."""
    if data[:4] == b"RIFF" and len(data) >= 12:
        return 8 + int(struct.unpack("<I", data[4:8])[0])
    if data[4:8] not in {b"ftyp", b"jP  "}:
        return 0
    place = 0
    while place + 16 <= len(data):
        length = int(struct.unpack(">I", data[place : place + 4])[0])
        if length == 1:
            length = int(struct.unpack(">Q", data[place + 8 : place + 16])[0])
        if length < 8:  # 0: to the end of the file
            return 0
        place += length
    return place
