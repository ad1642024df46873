"""Which kind of picture the first bytes of a file are."""

from PIL import Image as Pillow

from streamstyle.errors import SourceError

FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF", "JPEG2000", "PPM", "PSD", "QOI"),
    *("ICO", "PCX", "SGI", "SUN", "DDS", "TGA"),  # the last has no mark of its own
)
"""Kinds that are read, by Pillow's names; HEIF is that of pi_heif."""
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2"}
# Of TGA: with or without a palette, and which pixels; and how many bits these have.
_TGA_KINDS = {b"\0\2", b"\0\3", b"\0\x0a", b"\0\x0b", b"\1\1", b"\1\x09"}
_TGA_DEPTHS = {b"\x08", b"\x0f", b"\x10", b"\x18", b"\x20"}
_DOCUMENTS = {
    b"%PDF-": "a PDF document",
    b"%!PS": "a PostScript document",
    b"AT&TFORM": "a DjVu document",
    b"SIMPLE  =": "a FITS file of astronomy",
    b"PK\3\4": "an archive (ZIP, or an office document)",
}

Pillow.init()


def accepts(form: str, start: bytes) -> bool:
    """Whether the first bytes of a file are those of one of FORMATS."""
    if form == "HEIF":
        return start[4:8] == b"ftyp" and any(start[place : place + 4] in _HEIF_BRANDS for place in (8, *range(16, 48, 4)))
    if form == "TGA":
        no_palette = start[1:2] == b"\1" or start[3:8] == bytes(5)
        has_size = b"\0\0" not in (start[12:14], start[14:16])
        return start[1:3] in _TGA_KINDS and no_palette and has_size and start[16:17] in _TGA_DEPTHS
    accept = Pillow.OPEN[form][1]
    return accept is not None and accept(start[:16]) is True


def looks_like_photo(start: bytes) -> bool:
    """Whether the first bytes of a file are those of a kind of photo; some of these may also be pictures that move."""
    return any(accepts(form, start) for form in FORMATS)


def cannot_move(start: bytes) -> bool:
    """Whether the kind of picture that begins so has no pictures that move."""
    return start.startswith((b"\xff\xd8", b"BM", b"II", b"MM", b"P"))


def refuse_document(start: bytes, name: str) -> None:
    """Raise SourceError for what people take for a picture and is none."""
    for begins, what in _DOCUMENTS.items():
        if start.startswith(begins):
            raise SourceError(f"{name} is {what}; wanted a video or a photo")
