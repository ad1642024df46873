"""What must be known of a HEIC file before libheif's binding gets it."""

import re


def has_readable_items(data: bytes) -> bool:
    """Whether the kinds and names of all items are text: pi-heif ends the whole process at one that is not UTF-8.

    Args:
        data: The file.
    """
    meta = meta_box(data)
    for found in re.finditer(rb"infe", meta):
        begins = found.start() - 4
        entry = meta[found.end() : begins + int.from_bytes(meta[begins : begins + 4])]
        kind = 10 if entry[:1] >= b"\3" else 8  # after version, flags, number and protection
        try:
            for text in (entry[kind : kind + 4], *entry[kind + 4 :].split(b"\0")):  # apart: halves of one letter are none
                text.decode()
        except UnicodeDecodeError:
            return False
    return True


def without_alpha(data: bytes) -> bytes:
    """The file with a picture of its transparency no longer tied to it: a cut takes that first."""
    meta = meta_box(data)
    return data.replace(meta, meta.replace(b"auxl", b"free"), 1) if meta else data


def meta_box(data: bytes) -> bytes:
    """The box that lists the items; empty where there is none."""
    place = 0
    while place + 8 <= len(data):
        size = int.from_bytes(data[place : place + 4])
        if size == 1:  # the size proper follows
            size = int.from_bytes(data[place + 8 : place + 16])
        if data[place + 4 : place + 8] == b"meta":
            return data[place : place + size] if size else data[place:]
        if size < 8:
            break
        place += size
    return b""
