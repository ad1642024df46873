"""The one reader of photos."""

import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from streamstyle.errors import SourceError
from streamstyle.media.exif import without_place
from streamstyle.media.pictures import Picture, decode_picture, read_picture
from streamstyle.media.profiles import ADOBE_PRIMARIES, matrix_profile
from streamstyle.media.resize import over_white
from streamstyle.media.sources import open_source
from streamstyle.media.sources.image import AnimationSource, ImageSource

pillow_heif.register_heif_opener()
ORIENTATION, DATE, DATE_TAKEN, EXIF_IFD, GPS_IFD, INTEROP_IFD = 274, 306, 36867, 0x8769, 0x8825, 40965
# What lays an upright picture so that the orientation brings it back.
LAID = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
ADOBE_GREEN, SRGB_GREEN = (60, 200, 60), (0, 201, 37)


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """Red at the left, blue at the right, brighter below; smooth, so that lossy formats keep it."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return Image.fromarray((np.stack([1 - x, y, x], -1) * 200 + 25).astype(np.uint8))


def transparent(width: int = 96, height: int = 64) -> Image.Image:
    """The scene, opaque in its right half and not to be seen in its first quarter."""
    picture = scene(width, height)
    alpha = np.repeat(np.interp(np.arange(width), [width // 4, width // 2], [0, 255])[None], height, 0)
    picture.putalpha(Image.fromarray(alpha.astype(np.uint8)))
    return picture


def stored(picture: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def exif_of(**tags: object) -> Image.Exif:
    exif = Image.Exif()
    if "orientation" in tags:
        exif[ORIENTATION] = tags["orientation"]
    if "taken" in tags:
        exif[EXIF_IFD] = {DATE_TAKEN: tags["taken"]}
    if "place" in tags:
        exif[GPS_IFD] = {1: "N", 2: (48.0, 6.0, 0.0), 3: "E", 4: (11.0, 30.0, 0.0)}
    return exif


def decode(data: bytes) -> Picture:
    return decode_picture(data, "'a'")


def difference(image: np.ndarray, wanted: object) -> float:
    wanted = np.asarray(wanted)
    assert image.shape == wanted.shape
    return float(np.abs(image.astype(int) - wanted.astype(int)).mean())


@pytest.mark.parametrize(
    ("form", "tolerance"),
    [
        *((form, 0) for form in ("PNG", "TIFF", "BMP", "PPM", "TGA", "PCX", "SGI", "DDS")),
        *(("JPEG2000", 1), ("JPEG", 3), ("WEBP", 3), ("AVIF", 3), ("HEIF", 3)),
    ],
)
def test_a_photo_is_told_by_its_content(tmp_path: Path, form: str, tolerance: float) -> None:
    path = tmp_path / "photo.mp4"
    path.write_bytes(stored(scene(), form))
    with open_source(str(path)) as source:
        assert isinstance(source, ImageSource)
        (frame,) = source
    assert source.warnings == []
    assert difference(frame.image, scene()) <= tolerance


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_every_format_is_turned_with_its_alpha(form: str, orientation: int) -> None:
    has_alpha = form != "JPEG"
    upright = transparent() if has_alpha else scene()
    lying = upright if orientation == 1 else upright.transpose(LAID[orientation])
    picture = decode(stored(lying, form, exif=exif_of(orientation=orientation).tobytes()))
    assert difference(picture.over_white, over_white_of(upright)) < 4
    if has_alpha:
        assert picture.alpha is not None
        assert difference(picture.alpha, upright.getchannel("A")) < 4


def over_white_of(picture: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture.convert("RGBA"))
    return paper.convert("RGB")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_profiles_become_srgb(form: str) -> None:
    profile = matrix_profile(ADOBE_PRIMARIES, gamma=563 / 256)
    picture = decode(stored(Image.new("RGB", (64, 64), ADOBE_GREEN), form, icc_profile=profile, quality=100))
    assert np.abs(picture.color[32, 32].astype(int) - SRGB_GREEN).max() <= 3
    assert picture.warnings == ()


def test_profiles_hold_under_transparency_and_for_palettes() -> None:
    profile = matrix_profile(ADOBE_PRIMARIES, gamma=563 / 256)
    picture = decode(stored(Image.new("RGBA", (8, 8), (*ADOBE_GREEN, 100)), "PNG", icc_profile=profile))
    assert picture.alpha is not None
    assert (picture.alpha == 100).all()
    assert np.abs(picture.color[0, 0].astype(int) - SRGB_GREEN).max() <= 1
    palette = decode(stored(Image.new("RGB", (8, 8), ADOBE_GREEN).convert("P"), "PNG", icc_profile=profile))
    assert np.abs(palette.color[0, 0].astype(int) - palette.color[4, 4]).max() == 0
    assert palette.color[0, 0, 0] < 40


def test_a_profile_of_srgb_changes_no_pixel() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert difference(decode(stored(scene(), "PNG", icc_profile=profile)).color, scene()) == 0


def test_gray_with_a_profile_of_its_own_and_with_one_of_rgb() -> None:
    gray = scene().convert("L")
    for profile in (matrix_profile(ADOBE_PRIMARIES), b"no profile at all"):
        picture = decode(stored(gray, "PNG", icc_profile=profile))
        assert picture.color.shape == (64, 96, 3)
        assert difference(picture.color, gray.convert("RGB")) < 5
        assert bool(picture.warnings) == (profile == b"no profile at all")


def test_adobe_rgb_that_a_camera_says_by_exif() -> None:
    exif = Image.Exif()
    exif[EXIF_IFD] = {INTEROP_IFD: {1: "R03"}, 40961: 65535}
    picture = decode(stored(Image.new("RGB", (64, 64), ADOBE_GREEN), "JPEG", quality=100, subsampling=0, exif=exif))
    assert np.abs(picture.color[32, 32].astype(int) - SRGB_GREEN).max() <= 3


def with_told_colors(form: str, color: tuple[int, int, int], primaries: int, transfer: int) -> bytes:
    """A flat picture that tells its colours by numbers (ITU-T H.273) instead of by an ICC profile."""
    picture = Image.new("RGB", (64, 64), color)
    if form == "PNG":
        data = stored(picture, form)
        said = b"cICP" + bytes([primaries, transfer, 0, 1])
        return data[:33] + struct.pack(">I", 4) + said + struct.pack(">I", zlib.crc32(said)) + data[33:]
    data = bytearray(stored(picture, form, quality=100))
    struct.pack_into(">HH", data, data.index(b"nclx") + 4, primaries, transfer)
    return bytes(data)


@pytest.mark.parametrize("form", ["PNG", "AVIF", "HEIF"])
def test_wide_colors_that_are_told_by_numbers_become_srgb(form: str) -> None:
    for primaries, color, wanted in ((12, (200, 100, 50), (215, 93, 31)), (9, (150, 120, 100), (163, 117, 97))):
        picture = decode(with_told_colors(form, color, primaries, 13))
        assert np.abs(picture.color[32, 32].astype(int) - wanted).max() <= 7
        assert picture.warnings == ()
    same = decode(with_told_colors(form, (200, 100, 50), 1, 13)).color
    assert np.abs(same[32, 32].astype(int) - (200, 100, 50)).max() <= 3


@pytest.mark.parametrize("form", ["PNG", "AVIF", "HEIF"])
@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_photos_are_tone_mapped_and_that_is_said(form: str, transfer: int, name: str) -> None:
    levels = []
    for level in (0, 40, 100, 150, 200, 255):
        picture = decode(with_told_colors(form, (level,) * 3, 9, transfer))
        levels.append(picture.color[32, 32].astype(int))
        assert [name in line and "tone-mapped" in line for line in picture.warnings] == [True]
    assert max(int(np.ptp(level)) for level in levels) <= 3  # gray stays gray
    gray = [int(level[1]) for level in levels]
    assert gray == sorted(gray)
    assert gray[0] <= 2
    assert gray[1] < 30  # which shown as it is would be 40
    assert gray[-1] >= 250


@pytest.mark.parametrize("form", ["PNG", "AVIF", "HEIF"])
def test_a_white_wall_of_a_pq_photo_is_bright(form: str) -> None:
    """203 cd/m2 is white paper, and 1000 the brightest that is shown: SMPTE ST 2084 gives these levels of 255."""
    shown = [decode(with_told_colors(form, (level,) * 3, 9, 16)).color[32, 32].astype(int) for level in (148, 192)]
    assert np.abs(np.array(shown) - [[168] * 3, [255] * 3]).max() <= 5


def with_told_peak(data: bytes, kind: bytes, told: bytes) -> bytes:
    """A file of `with_told_colors` with one more chunk, or one more property of its item."""
    if data.startswith(b"\x89PNG"):
        return (
            data[:33] + struct.pack(">I", len(told)) + kind + told + struct.pack(">I", zlib.crc32(kind + told)) + data[33:]
        )
    longer, box = bytearray(data), struct.pack(">I", len(told) + 8) + kind + told
    for around in (b"meta", b"iprp", b"ipco"):
        place = data.index(around) - 4
        length = struct.unpack_from(">I", data, place)[0]
        struct.pack_into(">I", longer, place, length + len(box))
    picture = struct.pack(">I", data.index(b"mdat") + 4)
    at = data.index(picture, data.index(b"iloc"))
    struct.pack_into(">I", longer, at, data.index(b"mdat") + 4 + len(box))
    return bytes(longer[: place + length] + box + longer[place + length :])


SCREEN_OF_4000 = bytes(16) + struct.pack(">II", 4000 * 10_000, 50)


@pytest.mark.parametrize(
    ("form", "kind", "told"),
    [
        ("PNG", b"mDCV", SCREEN_OF_4000),
        ("PNG", b"cLLI", struct.pack(">II", 4000 * 10_000, 0)),
        ("AVIF", b"mdcv", SCREEN_OF_4000),
        ("AVIF", b"clli", struct.pack(">HH", 4000, 0)),
        ("HEIF", b"mdcv", SCREEN_OF_4000),
        ("HEIF", b"clli", struct.pack(">HH", 4000, 0)),
    ],
)
def test_a_pq_photo_is_shown_by_the_peak_that_it_tells(form: str, kind: bytes, told: bytes) -> None:
    """4000 cd/m2 is level 230: where 1000, level 192, is the brightest, both of these are white."""
    shown = []
    for level in (192, 230):
        data = with_told_colors(form, (level,) * 3, 9, 16)
        assert decode(data).color.min() >= 250
        shown.append(int(decode(with_told_peak(data, kind, told)).color[32, 32, 1]))
    assert shown[0] < 240
    assert shown[1] >= 250
    no_peak = with_told_peak(data, kind, bytes(len(told)))  # zeros are none
    assert decode(no_peak).color.min() >= 250


def png(depth: int, color: int, row: bytes, *chunks: bytes, width: int = 8, height: int = 4) -> bytes:
    """A PNG of equal rows; Pillow writes few of 16 bits."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress((b"\0" + row) * height)
    parts = [
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in (header, *chunks, pixels, b"IEND")
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("key", [(0x1234, 0x5678, 0x9ABC), (0x0012, 0x0034, 0x0056)])
def test_a_png_of_16_bits_in_which_one_color_is_transparent(key: tuple[int, int, int]) -> None:
    left, right = struct.pack(">HHH", *key), struct.pack(">HHH", 0xFFFF, 0x8000, 0x4000)
    data = png(16, 2, left * 4 + right * 4, b"tRNS" + struct.pack(">HHH", *key))
    picture = decode_picture(data, "a.png")
    assert picture.alpha is not None
    assert picture.alpha[0].tolist() == [0] * 4 + [255] * 4
    gray = struct.pack(">H", key[0]) * 4 + struct.pack(">H", key[0] + 1) * 4
    picture = decode_picture(png(16, 0, gray, b"tRNS" + struct.pack(">H", key[0])), "a.png")
    assert picture.alpha is not None
    assert picture.alpha[0].tolist() == [0] * 4 + [255] * 4


@pytest.mark.parametrize("color", [0, 2])
def test_a_png_of_16_bits_in_linear_light(color: int) -> None:
    data = png(16, color, struct.pack(">H", 14_000) * (8 if color == 0 else 24), b"gAMA" + struct.pack(">I", 100_000))
    picture = decode_picture(data, "a.png")
    assert np.abs(picture.color.astype(int) - 127).max() <= 2  # the curve of sRGB at 0.2136


def test_linear_light_that_a_png_says_by_its_gamma() -> None:
    data = stored(Image.new("RGB", (8, 8), (64, 64, 64)), "PNG")
    gamma = b"gAMA" + struct.pack(">I", 100_000)
    data = data[:33] + struct.pack(">I", 4) + gamma + struct.pack(">I", zlib.crc32(gamma)) + data[33:]
    assert np.abs(decode(data).color[0, 0].astype(int) - 137).max() <= 2  # (64 / 255) ** (1 / 2.2), about


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16", "I", "F", "LAB", "YCbCr"])
def test_every_kind_of_pixel(mode: str) -> None:
    gray = scene().convert("L")
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
    elif mode == "I":
        picture = Image.fromarray(np.asarray(gray).astype(np.int32) * 257)
    elif mode == "F":
        picture = Image.fromarray(np.asarray(gray) / np.float32(255))
    elif mode == "LAB":
        to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        picture = ImageCms.applyTransform(gray.convert("RGB"), to_lab)
    else:
        picture = gray.convert("RGB").convert(mode)
    color = decode(stored(picture, "TIFF")).color
    assert color.dtype == np.uint8
    assert color.flags.c_contiguous
    assert difference(color, gray.convert("RGB")) < {"1": 130, "P": 20}.get(mode, 4)


def test_transparent_colors_of_palettes_and_of_keys() -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.paste(0, (0, 0, 4, 8))
    for options in ({"transparency": 0}, {"transparency": b"\0\xff"}):
        found = decode(stored(picture, "PNG", **options))
        assert found.alpha is not None
        assert (found.alpha[:, :4] == 0).all()
        assert (found.over_white[:, :4] == 255).all()
        assert (found.over_white[:, 4:] == (0, 0, 255)).all()
    keyed = decode(stored(Image.new("RGB", (8, 8), (9, 9, 9)), "PNG", transparency=(9, 9, 9)))
    assert keyed.alpha is not None
    assert keyed.alpha.max() == 0


def test_what_is_hidden_is_white_and_what_shines_through_keeps_its_color() -> None:
    picture = decode(stored(transparent(), "PNG"))
    assert picture.alpha is not None
    hidden, shown = picture.alpha == 0, picture.alpha > 0
    assert (picture.color[hidden] == 255).all()
    assert (picture.color[shown] == np.asarray(transparent())[..., :3][shown]).all()
    assert decode(stored(scene().convert("RGBA"), "PNG")).alpha is None


def test_over_white_is_exact() -> None:
    color, alpha = np.mgrid[0:256, 0:256].astype(np.uint8)
    mixed = over_white(np.dstack([color] * 3), alpha)[..., 0]
    wanted = (color.astype(float) * alpha + 255.0 * (255 - alpha)) / 255
    assert np.abs(mixed - wanted).max() <= 0.5


# Pages, and pictures that move.


def pages(*sizes: tuple[int, int], reduced: int = -1) -> bytes:
    pictures = [scene(*size) for size in sizes]
    directories = []
    for number in range(len(sizes)):
        directory = ImageFileDirectory_v2()
        directory[254] = 1 if number == reduced else 0
        directories.append(directory)
    for picture, directory in zip(pictures, directories, strict=True):
        picture.encoderinfo = {"tiffinfo": directory}
    return stored(pictures[0], "TIFF", save_all=True, append_images=pictures[1:], tiffinfo=directories[0])


@pytest.mark.parametrize(("sizes", "wanted"), [(((32, 20), (96, 64)), (96, 64)), (((96, 64), (32, 20)), (96, 64))])
def test_of_a_tiff_the_largest_page_is_taken_and_that_is_said(
    sizes: tuple[tuple[int, int], ...], wanted: tuple[int, int]
) -> None:
    picture = decode(pages(*sizes))
    assert picture.color.shape[1::-1] == wanted
    assert len(picture.warnings) == 1
    assert "2 pages" in picture.warnings[0]


def test_a_thumbnail_is_no_page_even_where_it_is_larger() -> None:
    assert decode(pages((96, 64), (48, 32), reduced=0)).color.shape == (32, 48, 3)


def laid_out_tiff(picture: Image.Image, begins: int = 8, rows: int = 16, *, packed: bool = False, **more: int) -> bytes:
    """The part of a TIFF from `begins` on: one directory, then strips; `more` are further tags, as t254=1."""
    pixels, (width, height) = np.asarray(picture), picture.size
    strips = [pixels[top : top + rows].tobytes() for top in range(0, height, rows)]
    strips = [zlib.compress(strip) for strip in strips] if packed else strips
    tags = {256: width, 257: height, 259: 8 if packed else 1, 262: 2, 277: 3, 278: rows}
    tags |= {int(name[1:]): value for name, value in more.items()}
    arrays = {258: [8, 8, 8], 273: [0] * len(strips), 279: [len(strip) for strip in strips]}
    place = begins + 2 + 12 * (len(tags) + 3) + 4
    entries = {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()}
    for tag, values in arrays.items():
        entries[tag] = struct.pack("<HHII", tag, 4, len(values), place)
        place += 4 * len(values)
    for number, strip in enumerate(strips):
        arrays[273][number] = place
        place += len(strip)
    body = b"".join(struct.pack(f"<{len(values)}I", *values) for values in arrays.values())
    directory = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
    return directory + body + b"".join(strips)


def test_strips_of_a_packed_tiff_that_are_whole_are_shown() -> None:
    data = b"II*\0\x08\0\0\0" + laid_out_tiff(scene(), packed=True)
    assert decode(data).warnings == ()
    picture = decode(data[: len(data) * 3 // 4])
    assert "cut short" in picture.warnings[0]
    assert difference(picture.color[:32], np.asarray(scene())[:32]) == 0


def test_a_tiff_without_the_directory_at_its_end_is_called_cut() -> None:
    data = stored(scene(), "TIFF", compression="tiff_lzw")
    with pytest.raises(SourceError, match="is cut short: its end"):
        decode(data[: len(data) * 9 // 10])


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_full_picture_below_a_thumbnail_is_taken_with_what_the_page_says(orientation: int) -> None:
    small = {"t254": 1, "t274": orientation}
    below = 8 + len(laid_out_tiff(scene(24, 16), **small, t330=0))
    data = b"II*\0\x08\0\0\0" + laid_out_tiff(scene(24, 16), **small, t330=below) + laid_out_tiff(scene(), below)
    picture = decode(data)
    upright = scene() if orientation == 1 else scene().transpose(Image.Transpose.ROTATE_270)
    assert difference(picture.color, upright) == 0
    assert picture.warnings == ()


@pytest.mark.parametrize("kind", ["DNG", "CFA", "SubIFD", "CR2", "RAF", "CR3", "ORF", "RW2"])
def test_raw_files_are_refused_in_words(tmp_path: Path, kind: str) -> None:
    tags = ImageFileDirectory_v2()
    if kind == "DNG":
        tags[50706] = b"\1\4\0\0"
    data = stored(scene(), "TIFF", tiffinfo=tags)
    if kind == "CFA":
        data = data.replace(struct.pack("<HHIHH", 262, 3, 1, 2, 0), struct.pack("<HHIHH", 262, 3, 1, 32803, 0))
    if kind == "SubIFD":
        below = struct.pack("<HHHIHHI", 1, 262, 3, 1, 32803, 0, 0)
        tags[330] = 1
        tags.tagtype[330] = 4
        data = stored(scene(), "TIFF", tiffinfo=tags)
        data = data.replace(struct.pack("<HHII", 330, 4, 1, 1), struct.pack("<HHII", 330, 4, 1, len(data))) + below
    starts = {
        "CR2": b"II*\0\x10\0\0\0CR\2\0",
        "RAF": b"FUJIFILMCCD-RAW 0201",
        "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1",
        "ORF": b"IIRO\x08\0\0\0",
        "RW2": b"IIU\0\x18\0\0\0",
    }
    path = tmp_path / f"a.{kind}"
    path.write_bytes(starts[kind] + bytes(300) if kind in starts else data)
    for read in (open_source, read_picture):
        with pytest.raises(SourceError, match="camera's raw file"):
            read(str(path))


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"PK\3\4", "is an archive"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', r"no video, nor a photo of a kind.*SVG"),
        (b"\xff\x0a\xfa\x7f\x01", "no video, nor a photo of a kind"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n\1\1\1\1", r"no video, nor a photo of a kind.*HDR"),
        (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\nabc", "no video, nor a photo of a kind"),
    ],
)
def test_what_is_not_read_is_called_by_its_name(tmp_path: Path, start: bytes, words: str) -> None:
    path = tmp_path / "a.jxl"
    path.write_bytes(start + bytes(100))
    with pytest.raises(SourceError, match=words):
        open_source(str(path))


def moving(form: str, count: int = 3) -> bytes:
    frames = [Image.new("RGB", (32, 24), color) for color in ("red", "lime", "blue")[:count]]
    more = {} if form == "AVIF" else {"lossless": True}
    return stored(frames[0], form, save_all=True, append_images=frames[1:], duration=[100, 250, 400][:count], **more)


@pytest.mark.parametrize("form", ["WEBP", "GIF", "PNG", "AVIF"])
def test_pictures_that_move_are_clips(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(moving(form))
    with open_source(str(path)) as source:
        assert not source.info.is_still
        frames = list(source)
    assert [tuple(frame.image[12, 16].astype(int) // 100) for frame in frames] == [(2, 0, 0), (0, 2, 0), (0, 0, 2)]
    begin = frames[0].time
    assert [float(frame.time - begin) for frame in frames] == pytest.approx([0, 0.1, 0.35])


def test_an_apng_of_one_bit_moves(tmp_path: Path) -> None:
    frames = [Image.new("1", (16, 16), level) for level in (0, 1)]
    (tmp_path / "a.png").write_bytes(stored(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100))
    with open_source(str(tmp_path / "a.png")) as source:
        assert [int(frame.image.mean()) for frame in source] == [0, 255]


@pytest.mark.parametrize("form", ["WEBP", "GIF", "PNG"])
def test_a_picture_that_could_move_but_does_not_is_a_photo(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(moving(form, 1))
    with open_source(str(path)) as source:
        assert source.info.is_still


def test_a_part_of_an_animation(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(moving("WEBP"))
    with AnimationSource(str(path)) as source:
        assert source.info.frame_count == 3
    with AnimationSource(str(path), start=Fraction(1, 10), end=Fraction(35, 100)) as source:
        assert [float(frame.time) for frame in source] == [0.1]
    with pytest.raises(SourceError, match="ends before --start"):
        AnimationSource(str(path), start=Fraction(9))


def test_an_animation_that_ends_within_the_head_of_a_frame_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    first, second = (Image.fromarray(np.full((8, 8), level, np.uint8)) for level in (1, 200))
    first.save(path, save_all=True, append_images=[second], duration=100)
    data = path.read_bytes()
    head = data.rindex(b"," + bytes(4) + b"\x08\x00\x08\x00")  # an image descriptor; the size of its codes follows
    path.write_bytes(data[: head + 10])
    with AnimationSource(str(path)) as source:
        assert source.info.frame_count is None
        assert len(list(source)) == 1
        assert source.warnings == [f"'{path}' is damaged or cut short; what could be read of it was used"]


def test_an_animation_is_laid_over_white_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    frames = [Image.new("RGBA", (16, 16), (255, 0, 0, 0)), Image.new("RGBA", (16, 16), (0, 0, 255, 255))]
    path.write_bytes(
        stored(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100, lossless=True, exact=True)
    )
    with open_source(str(path)) as source:
        first, second = source
    assert (first.image == 255).all()
    assert tuple(second.image[0, 0]) == (0, 0, 255)
    assert len([line for line in source.warnings if "over white" in line]) == 1


# Damage.


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP", "HEIF", "AVIF", "JPEG2000"])
def test_a_photo_that_was_cut_short_is_read_as_far_as_it_goes(form: str) -> None:
    rng = np.random.default_rng(0)
    noisy = (np.asarray(scene(320, 240)).astype(int) + rng.integers(-9, 10, (240, 320, 3))).clip(0, 255).astype(np.uint8)
    data = stored(Image.fromarray(noisy), form)
    picture = decode(data[: len(data) * 3 // 4])
    (warning,) = picture.warnings
    assert "cut short" in warning
    if form != "BMP":  # which is stored from below
        assert difference(picture.color[:100], noisy[:100]) < 10
    assert decode(data).warnings == ()


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_transparent_heic_that_was_cut_keeps_the_colors_that_are_there(share: float) -> None:
    rng = np.random.default_rng(0)
    pixels = np.array(transparent(320, 240))
    pixels[..., :3] = (pixels[..., :3].astype(int) + rng.integers(-9, 10, (240, 320, 3))).clip(0, 255)
    data = stored(Image.fromarray(pixels), "HEIF")
    picture = decode(data[: int(len(data) * share)])
    assert difference(picture.color[:60], pixels[:60, :, :3]) < 10
    assert "cut short" in picture.warnings[0]


@pytest.mark.parametrize("form", ["WEBP", "GIF", "PNG"])
def test_a_moving_picture_that_was_cut_short_shows_the_frames_that_are_whole(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)) for _ in range(6)]
    data = stored(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
    (tmp_path / "a").write_bytes(data[: len(data) * 3 // 4])
    with open_source(str(tmp_path / "a")) as source:
        count = len(list(source))
    assert 3 <= count <= 5
    assert ["cut short" in line for line in source.warnings] == [True]


def test_what_is_cut_behind_the_pixels_costs_none_of_them() -> None:
    text = b"tEXt" + b"comment\0" + bytes(range(65, 91)) * 9
    data = stored(scene(), "PNG")[:-12] + struct.pack(">I", len(text) - 4) + text
    picture = decode(data[:-20])
    assert difference(picture.color, scene()) == 0
    assert "cut short" in picture.warnings[0]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "HEIF", "AVIF", "TIFF", "GIF", "BMP", "JPEG2000", "PPM"])
def test_no_cut_is_more_than_one_line(form: str) -> None:
    data = stored(scene(), form)
    for length in range(0, len(data), max(1, len(data) // 40)):
        try:
            decode(data[:length])
        except SourceError as error:
            assert "\n" not in str(error)  # noqa: PT017 - some cuts leave a picture


def with_png_size(data: bytes, width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


@pytest.mark.parametrize(("width", "height"), [(2_000_000, 2_000_000), (30_000, 30_000), (9000, 9000), (1, 60_000_000)])
def test_sizes_are_judged_by_the_header(width: int, height: int) -> None:
    with pytest.raises(SourceError, match=r"too large|claims|damaged"):
        decode(with_png_size(stored(scene(), "PNG"), width, height))


def test_a_chunk_that_claims_gigabytes_is_refused() -> None:
    data = stored(scene(), "PNG")
    place = data.index(b"IDAT")
    with pytest.raises(SourceError, match="cut short"):
        decode(data[: place - 4] + b"\xf1\xcc\x4e\x23" + data[place : place + 4] + b"\0")


def test_libraries_do_not_speak_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(stored(scene(), "TIFF", compression="jpeg"))
    data[data.index(b"\xff\xda") :][:200] = bytes(200)
    for damaged in (bytes(data), bytes(data).replace(b"\xff\xc0", b"\xff\xc6")):
        with pytest.raises(SourceError):
            decode_picture(damaged.replace(b"\xff\xd8", b"\xff\xd7"), "'a'")
    assert capfd.readouterr() == ("", "")


# What is kept of a photo beside its pixels.


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_the_date_is_kept_and_the_place_only_for_whoever_asks(form: str) -> None:
    exif = exif_of(orientation=6, taken="2020:05:06 07:08:09", place=True).tobytes()
    kept = Image.Exif()
    kept.load(decode(stored(scene(), form, exif=exif)).exif)
    assert kept[ORIENTATION] == 1
    assert kept.get_ifd(EXIF_IFD)[DATE_TAKEN] == "2020:05:06 07:08:09"
    assert kept.get_ifd(GPS_IFD)[2] == (48.0, 6.0, 0.0)
    without = Image.Exif()
    without.load(without_place(kept.tobytes()))
    assert without.get_ifd(GPS_IFD) == {}
    assert without.get_ifd(EXIF_IFD)[DATE_TAKEN] == "2020:05:06 07:08:09"


def test_damaged_exif_does_not_cost_the_picture() -> None:
    data = stored(scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert difference(decode(data).color, scene()) < 3
    assert decode(data).exif == b""


def test_an_item_of_a_heic_whose_kind_is_no_text_does_not_end_the_program() -> None:
    data = stored(scene(), "HEIF", exif=exif_of(date="2020:05:06 07:08:09").tobytes())
    with pytest.raises(SourceError, match="is damaged"):
        decode(data.replace(b"Exif", b"Exi\xe5", 1))  # the first one is its kind
    with pytest.raises(SourceError):
        decode(data.replace(b"Exif\0", b"Exi\xd1\xa5", 1))  # half of a letter ends the kind, half begins the name
