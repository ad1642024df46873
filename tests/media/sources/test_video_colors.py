"""Colors come out right from every pixel format, matrix and range."""

from pathlib import Path

import numpy as np
import pytest

from streamstyle.media.sources.video import VideoSource
from tests.clips import COLORS, MATRICES, Tags, flat, make_clip

FORMATS = [
    *("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv410p", "yuv420p12le"),
    *("gbrp10le", "bgr0", "rgb48le", "bgra", "yuva420p"),
]


def check_flat(path: Path, tolerance: int, colors: dict[str, tuple[int, int, int]] = COLORS) -> None:
    with VideoSource(str(path)) as source:
        frames = list(source)
    assert len(frames) == len(colors)
    for (name, wanted), frame in zip(colors.items(), frames, strict=True):
        difference = np.abs(frame.image.astype(int) - np.array(wanted)).max()
        assert difference <= tolerance, f"{name}: {frame.image[0, 0]} at the corner, {frame.image[20, 20]} != {wanted}"


def colors_of(size: tuple[int, int] = (64, 48)) -> list[np.ndarray]:
    return [flat(color, *size) for color in COLORS.values()]


@pytest.mark.parametrize("pix_fmt", FORMATS)
@pytest.mark.parametrize("size", [(64, 48), (65, 49)], ids=["even", "odd"])
def test_every_pixel_format(tmp_path: Path, pix_fmt: str, size: tuple[int, int]) -> None:
    rgb = pix_fmt.startswith(("gbr", "bgr", "rgb"))
    tags = None if rgb else Tags()
    clip = make_clip(tmp_path / "c.mkv", images=colors_of(size), codec="ffv1", pix_fmt=pix_fmt, matrix="bt709", tags=tags)
    check_flat(clip, 2)


@pytest.mark.parametrize("size", [(64, 48), (65, 49)], ids=["even", "odd"])
def test_motion_jpeg_is_full_range(tmp_path: Path, size: tuple[int, int]) -> None:
    options = {"qmin": "1", "qscale": "1", "flags": "+qscale", "global_quality": "118"}
    clip = make_clip(tmp_path / "j.mkv", images=colors_of(size), codec="mjpeg", pix_fmt="yuvj420p", options=options)
    check_flat(clip, 2)


def test_hevc_may_hold_rgb(tmp_path: Path) -> None:
    options = {"x265-params": "lossless=1:log-level=none"}
    clip = make_clip(tmp_path / "g.mp4", images=colors_of(), codec="libx265", pix_fmt="gbrp", options=options)
    check_flat(clip, 2)


@pytest.mark.parametrize("pix_fmt", ["gray", "gray10le", "gray16le"])
@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
def test_gray(tmp_path: Path, pix_fmt: str, full_range: bool) -> None:
    grays = {str(level): (level,) * 3 for level in (0, 16, 77, 128, 200, 235, 255)}
    images = [flat(color) for color in grays.values()]
    tags = Tags(full_range=full_range)
    clip = make_clip(tmp_path / "g.mkv", images=images, codec="ffv1", pix_fmt=pix_fmt, full_range=full_range, tags=tags)
    check_flat(clip, 2, grays)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "ffv1"])
def test_tagged_matrix_and_range(tmp_path: Path, matrix: str, full_range: bool, codec: str) -> None:
    tags = Tags(matrix=MATRICES[matrix][2], full_range=full_range)
    name = "m.mkv" if codec == "ffv1" else "m.mp4"
    pix_fmt = "yuv444p" if codec == "ffv1" else "yuv420p"
    clip = make_clip(
        tmp_path / name,
        images=colors_of(),
        codec=codec,
        pix_fmt=pix_fmt,
        matrix=matrix,
        full_range=full_range,
        tags=tags,
        group=1,
    )
    check_flat(clip, 2)


@pytest.mark.parametrize(("size", "matrix"), [((64, 48), "bt601"), ((64, 720), "bt709"), ((1280, 64), "bt709")])
def test_untagged_hd_is_bt709_and_anything_smaller_bt601(tmp_path: Path, size: tuple[int, int], matrix: str) -> None:
    clip = make_clip(tmp_path / "u.mp4", images=colors_of(size), matrix=matrix, group=1)
    check_flat(clip, 2)


def test_palette(tmp_path: Path) -> None:
    images = [flat(color) for color in [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255)]]
    clip = make_clip(tmp_path / "p.gif", images=images, codec="gif", pix_fmt="rgb8", rate=10)
    check_flat(clip, 3, {str(image[0, 0]): tuple(image[0, 0]) for image in images})  # its palette has no pure white


@pytest.mark.parametrize(
    ("peak", "wanted"), [(None, [0, 112, 175, 255]), (1000, [0, 112, 175, 255]), (10_000, [0, 101, 155, 207])]
)
def test_pq_is_as_bright_as_its_mastering_says_or_as_of_1000_nits(
    tmp_path: Path, peak: int | None, wanted: list[int]
) -> None:
    """Gray of 0, 50, 203 and 1000 cd/m2: SMPTE ST 2084 gives these levels of 255."""
    said = f":master-display=G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L({peak}0000,50)"
    clip = make_clip(
        tmp_path / "h.mp4",
        images=[flat((level,) * 3) for level in (0, 112, 148, 192)],
        codec="libx265",
        pix_fmt="yuv420p10le",
        matrix="bt2020",
        tags=Tags(matrix=9, primaries=9, transfer=16),
        options={"x265-params": "log-level=none" + (said if peak else "")},
        group=1,
    )
    with VideoSource(str(clip)) as source:
        shown = [frame.image.mean((0, 1)) for frame in source]
    assert np.abs(np.array(shown) - np.array(wanted)[:, None]).max() <= 5


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_shown_and_said(tmp_path: Path, transfer: int, name: str) -> None:
    clip = make_clip(
        tmp_path / "h.mp4",
        images=colors_of(),
        codec="libx265",
        pix_fmt="yuv420p10le",
        matrix="bt2020",
        tags=Tags(matrix=9, primaries=9, transfer=transfer),
        group=1,
    )
    with VideoSource(str(clip)) as source:
        assert len(list(source)) == len(COLORS)
    assert len(source.warnings) == 1
    assert name in source.warnings[0]
    assert "tone-mapped" in source.warnings[0]


def test_a_pq_video_is_shown_by_the_brightest_pixel_that_it_tells(tmp_path: Path) -> None:
    shown = []
    for told in ("", ":max-cll=4000,400"):
        clip = make_clip(
            tmp_path / "h.mp4",
            images=[flat((192,) * 3)],
            codec="libx265",
            pix_fmt="yuv420p10le",
            matrix="bt2020",
            tags=Tags(matrix=9, primaries=9, transfer=16),
            options={"x265-params": f"log-level=none{told}"},
        )
        with VideoSource(str(clip)) as source:
            shown.append(int(next(iter(source)).image.mean()))
    assert shown[0] >= 245
    assert shown[1] < 235
