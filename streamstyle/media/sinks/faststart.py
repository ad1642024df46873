"""Moving an MP4's index to the front, so that it plays while it is still being loaded.

The crash-safe way of writing (`movflags=hybrid_fragmented`) leaves the index (`moov`) at the end, and libav cannot do both.
Moving it is a change of places: the media data stay bit for bit, and the chunk offsets in the index grow by its size.

Source: ISO/IEC 14496-12, boxes `moov`, `stco` and `co64`.
"""

import shutil
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from streamstyle.media.libav import reason

_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
_COPY_BYTES = 4 * 1024 * 1024


def put_index_in_front(path: Path) -> str | None:
    """Move the index of a finished MP4 to its front, where that is possible; the file is whole at any time.

    Returns:
        Why that failed: the file then plays as it is, and only starts later over a network. None where it did not.
    """
    moved = path.with_name(f"{path.stem}.front-{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        if move_index_to_front(path, moved):
            moved.replace(path)
    except OSError as error:
        moved.unlink(missing_ok=True)
        return reason(error)
    except BaseException:
        moved.unlink(missing_ok=True)
        raise
    return None


def move_index_to_front(source: Path, target: Path) -> bool:
    """Write a copy of an MP4 with `moov` before the media data.

    Args:
        source: A finished MP4.
        target: Written over.

    Returns:
        False, with nothing written, where that is not possible or not needed.

    Raises:
        OSError: Reading or writing failed; the target may be half written.
    """
    with source.open("rb") as file:
        boxes = list(_boxes(file, 0, source.stat().st_size))
        kinds = [kind for kind, _, _ in boxes]
        if kinds.count(b"moov") != 1 or b"mdat" not in kinds or kinds.index(b"moov") < kinds.index(b"mdat"):
            return False
        _, start, size = boxes[kinds.index(b"moov")]
        if start + size != source.stat().st_size:
            return False
        file.seek(start)
        moov = bytearray(file.read(size))
        if not _shift_offsets(moov, 0, size, size):
            return False
        first = boxes[0][2] if kinds[0] == b"ftyp" else 0
        with target.open("wb") as out:
            file.seek(0)
            out.write(file.read(first))
            out.write(moov)
            _copy(file, out, start - first)
    shutil.copymode(source, target)
    return True


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        elif size == 0:
            size = end - start
        if size < 8:
            return
        yield kind, start, size
        start += size


def _shift_offsets(moov: bytearray, start: int, end: int, shift: int) -> bool:
    """Add to all chunk offsets in place; False where one would outgrow its 32 bits."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", moov, start)
        if size < 8 or start + size > end:
            return False
        if kind in _CONTAINERS:
            if not _shift_offsets(moov, start + 8, start + size, shift):
                return False
        elif kind in {b"stco", b"co64"}:
            (count,) = struct.unpack_from(">I", moov, start + 12)
            form = f">{count}{'I' if kind == b'stco' else 'Q'}"
            offsets = [offset + shift for offset in struct.unpack_from(form, moov, start + 16)]
            if kind == b"stco" and offsets and max(offsets) >= 1 << 32:
                return False
            struct.pack_into(form, moov, start + 16, *offsets)
        start += size
    return True


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size > 0:
        block = source.read(min(_COPY_BYTES, size))
        if not block:
            raise OSError("the file became shorter while it was copied")
        target.write(block)
        size -= len(block)
