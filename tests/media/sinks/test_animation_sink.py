"""GIF and animated WebP: times, colors, sizes."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from streamstyle.errors import SinkError
from streamstyle.frame import Frame
from streamstyle.media.sinks import animation
from streamstyle.media.sinks.animation import open_animation_sink
from tests.clips import pattern

KINDS = pytest.mark.parametrize("ending", ["gif", "webp"])


def written(path, times, image=lambda index: pattern(index, 64, 48), length=Fraction(1, 12)):
    with open_animation_sink(path, 64, 48) as sink:
        for index, moment in enumerate(times):
            sink.write(Frame(image(index), index, moment, length))
    return sink


def frames_of(path):
    """Pictures and milliseconds."""
    found = []
    with Image.open(path) as file:
        assert file.info["loop"] == 0
        for number in range(file.n_frames):
            file.seek(number)
            found.append((np.asarray(file.convert("RGB")), file.info["duration"]))
    return found


@KINDS
def test_times_do_not_drift(tmp_path, ending):
    written(tmp_path / f"a.{ending}", [3 + Fraction(index, 12) for index in range(12)])
    lengths = [length for _, length in frames_of(tmp_path / f"a.{ending}")]
    assert len(lengths) == 12
    assert sum(lengths) == 1000
    assert max(lengths) - min(lengths) <= 10


@KINDS
def test_a_pause_is_kept(tmp_path, ending):
    written(tmp_path / f"a.{ending}", [Fraction(0), Fraction(1, 10), Fraction(1)], length=None)
    lengths = [length for _, length in frames_of(tmp_path / f"a.{ending}")]
    assert lengths == [100, 900, 900]


@KINDS
def test_colors_are_those_of_the_frames(tmp_path, ending):
    ramp = np.zeros((48, 64, 3), np.uint8)
    ramp[..., 0], ramp[..., 1], ramp[..., 2] = np.linspace(20, 230, 64), np.linspace(200, 60, 48)[:, None], 90
    written(
        tmp_path / f"a.{ending}", [Fraction(0), Fraction(1, 10)], image=lambda index: ramp if index else ramp[::-1].copy()
    )
    (first, _), (second, _) = frames_of(tmp_path / f"a.{ending}")
    for shown, wanted in ((first, ramp[::-1]), (second, ramp)):
        assert np.abs(shown.astype(float) - wanted).mean() < 6
        assert np.abs((shown.astype(float) - wanted).mean((0, 1))).max() < 2


def red_or_blue(index):
    image = np.random.default_rng(index).integers(0, 64, (48, 64, 3), np.uint8)
    image[..., 0 if index // 4 % 2 else 2] += 190
    return image


def tables_of(path):
    """How many tables of colors a GIF holds for single frames."""
    data = path.read_bytes()
    place, count = 13 + 3 * 2 ** ((data[10] & 7) + 1), 0
    while data[place] != ord(";"):
        if data[place] == ord("!"):
            place += 2
        else:
            flags = data[place + 9]
            count += flags >> 7
            place += 11 + (3 * 2 ** ((flags & 7) + 1) if flags >> 7 else 0)
        while data[place]:
            place += data[place] + 1
        place += 1
    return count


def test_all_frames_of_a_gif_share_one_palette_while_its_colors_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(animation, "_GIF_PART_BYTES", 2 * 64 * 48 * 3)
    written(tmp_path / "a.gif", [Fraction(index, 10) for index in range(6)])
    assert tables_of(tmp_path / "a.gif") == 0
    written(tmp_path / "b.gif", [Fraction(index, 10) for index in range(8)], red_or_blue)
    assert tables_of(tmp_path / "b.gif") > 0


@KINDS
def test_frames_get_into_the_file_as_they_come_and_keep_their_colors(tmp_path, monkeypatch, ending):
    monkeypatch.setattr(animation, "_GIF_PART_BYTES", 4 * 64 * 48 * 3)
    monkeypatch.setattr(animation, "_WEBP_PART_FRAMES", 4)
    sizes = []
    with open_animation_sink(tmp_path / f"a.{ending}", 64, 48) as sink:
        for index in range(160):
            sink.write(Frame(red_or_blue(index), index, Fraction(index, 10), Fraction(1, 10)))
            sizes.append((tmp_path / f"a.partial.{ending}").stat().st_size)
    assert 0 < sizes[90] < sizes[-1]  # libav writes a quarter of a megabyte at a time
    found = frames_of(tmp_path / f"a.{ending}")
    assert [length for _, length in found] == [100] * 160
    for index, (shown, _) in enumerate(found):
        assert np.abs(shown.astype(float) - red_or_blue(index)).mean() < 24  # without colors of its own it would be over 60


def test_frames_that_are_all_alike_make_a_webp_of_the_whole_length(tmp_path, monkeypatch):
    monkeypatch.setattr(animation, "_WEBP_PART_FRAMES", 4)
    written(tmp_path / "a.webp", [Fraction(index, 10) for index in range(9)], lambda _: pattern(0, 64, 48), None)
    assert sum(length for _, length in frames_of(tmp_path / "a.webp")) == 900


def test_what_is_too_large_for_a_chat_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(animation, "_MUCH_BYTES", 100)
    assert "more than most chats take" in written(tmp_path / "a.gif", [Fraction(0)]).warnings[0]


@KINDS
def test_frames_of_another_size_and_times_that_go_back_are_refused(tmp_path, ending):
    sink = open_animation_sink(tmp_path / f"a.{ending}", 64, 48)
    with pytest.raises(SinkError, match="unexpected frame shape"):
        sink.write(Frame(pattern(0, 32, 48), 0, Fraction(0)))
    sink.write(Frame(pattern(0, 64, 48), 0, Fraction(1)))
    with pytest.raises(SinkError, match="must increase"):
        sink.write(Frame(pattern(0, 64, 48), 1, Fraction(1)))
    sink.abort()


def test_what_webp_cannot_hold_is_refused(tmp_path):
    with pytest.raises(SinkError, match="at most 16383"):
        open_animation_sink(tmp_path / "a.webp", 20000, 48)
    assert list(tmp_path.iterdir()) == []
