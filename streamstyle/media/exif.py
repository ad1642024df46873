"""What of a photo's EXIF still holds for its painting."""

from PIL import ExifTags
from PIL import Image as Pillow

_PRIVATE_IFD, _GPS_IFD = 0x8769, 0x8825
# When it was taken, and whose it is.
_KEPT = (ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright)
_KEPT_PRIVATE = (
    *(ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized),
    *(ExifTags.Base.OffsetTime, ExifTags.Base.OffsetTimeOriginal, ExifTags.Base.OffsetTimeDigitized),
    *(ExifTags.Base.SubsecTime, ExifTags.Base.SubsecTimeOriginal, ExifTags.Base.SubsecTimeDigitized),
)


def kept_exif(picture: Pillow.Image) -> bytes:
    """The EXIF block for a painting of the photo; with GPS only on request."""
    try:
        given, kept = picture.getexif(), Pillow.Exif()
        private = given.get_ifd(_PRIVATE_IFD)
        kept.update({tag: given[tag] for tag in _KEPT if tag in given})
        parts = {
            _PRIVATE_IFD: {tag: private[tag] for tag in _KEPT_PRIVATE if tag in private},
            _GPS_IFD: dict(given.get_ifd(_GPS_IFD)),
        }
        kept.update({tag: part for tag, part in parts.items() if part})
        if not kept:
            return b""
        kept[ExifTags.Base.Orientation] = 1
        return kept.tobytes()
    except Exception:  # noqa: BLE001 - a damaged EXIF block is worth less than the picture
        return b""


def without_place(exif: bytes) -> bytes:
    """EXIF without where the photo was taken."""
    kept = Pillow.Exif()
    kept.load(exif)
    if _GPS_IFD not in kept:
        return exif
    del kept[_GPS_IFD]
    return kept.tobytes() if len(kept) > 1 or kept.get_ifd(_PRIVATE_IFD) else b""
