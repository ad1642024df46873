from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from streamstyle.media.comparison import side_by_side
from streamstyle.window import help_card as keycard
from streamstyle.window import ink as layers
from streamstyle.window import text as glyphs
from streamstyle.window.ink import Room
from streamstyle.window.keys import BINDINGS
from streamstyle.window.overlay import Overlay, style_at
from streamstyle.window.status import Status, title
from streamstyle.window.strip import StripItem, slots

FULL = Status(
    "starry-night",
    alpha=0.8,
    color="content",
    fps=29.94,
    latency_ms=38.2,
    latency_p95_ms=71.4,
    skipped=128,
    missed=(("record", 3),),
    stages=(("capture", 33.1), ("stylize", 21.4), ("show", 4.2), ("record", 7.8)),
    size="360p auto",
    provider="CPUExecutionProvider",
    recording_seconds=72,
    viewers=2,
    message="snapshot saved",
    details=True,
)
SIZES = [(120, 160), (360, 640), (640, 360), (1080, 1920), (360, 1280)]


STRIP = tuple(
    StripItem(index, name, None if index else np.full((9, 16, 3), 200, np.uint8))
    for index, name in enumerate(("my painting", "kiss", "scream", "a name that is far too long for it"))
)


def picture(height=360, width=640, value=None):
    if value is None:
        return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.full((height, width, 3), value, np.uint8)


def luminance(image):
    """WCAG's relative luminance."""
    linear = np.where(image / 255 <= 0.04045, image / 255 / 12.92, ((image / 255 + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("shape", SIZES)
def test_the_input_is_left_alone_and_the_size_kept(shape):
    image = picture(*shape)
    image.flags.writeable = False
    before = image.copy()
    drawn = Overlay().draw(image, replace(FULL, help=True))
    assert np.array_equal(image, before)
    assert (drawn.shape, drawn.dtype) == (image.shape, np.uint8)
    assert drawn.flags.c_contiguous
    assert not np.shares_memory(drawn, image)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_text_stands_out_at_both_edges_of_any_picture(shape, value):
    drawn = Overlay().draw(picture(*shape, value), FULL)
    edge = shape[0] // 4
    for band in (drawn[:edge], drawn[-edge:]):
        bright, dark = luminance(band).max(), luminance(band).min()
        assert (bright + 0.05) / (dark + 0.05) > 4.5
        assert (luminance(band) > 0.6 * bright).mean() > 0.005


def test_muted_text_has_contrast_on_white():
    over = 255 * (1 - layers.BAR) + np.array(layers.SHADE) * layers.BAR
    assert (luminance(np.array(layers.MUTED)) + 0.05) / (luminance(over) + 0.05) > 4.5


@pytest.mark.parametrize("shape", SIZES)
def test_only_the_edges_are_covered(shape):
    image = picture(*shape)
    drawn = Overlay().draw(image, FULL)
    free = slice(round(shape[0] / 3) + 1, round(shape[0] * 2 / 3) - 1)
    assert np.array_equal(drawn[free], image[free])


def test_hidden_and_with_nothing_to_tell_the_picture_is_untouched():
    image = picture()
    assert np.array_equal(Overlay().draw(image, Status("x", fps=30, visible=False)), image)


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 500), (500, 1), (2, 3), (16, 16), (40, 40), (54, 54), (64, 48), (90, 30), (30, 4000)]
)
def test_tiny_and_narrow_pictures_are_drawn_without_harm(shape):
    image = picture(*shape)
    everything = replace(FULL, help=True, notice="camera lost, looking for it")
    for status in (FULL, everything, replace(everything, help=False)):
        assert Overlay().draw(image, status).shape == image.shape


def test_a_4k_picture_is_drawn():
    drawn = Overlay().draw(picture(2160, 3840, 0), replace(FULL, help=True))
    written = np.flatnonzero((drawn[-200:] > 200).all(-1).any(1))
    assert written.max() - written.min() > 25


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "x" * 5000,
        "W" * 60,
        "神奈川沖浪裏",
        "العربية",
        "Éclair+été",
        "e\u0301",
        "😀",
        "a\nb\tc\x00\x1b[31m",
        "\ud800",
        "\u202eabc",
        "%s {0}",
    ],
)
def test_any_name_is_written_within_the_bar(name):
    image = picture(value=0)
    drawn = Overlay().draw(image, Status(name, fps=29.9, message=name, notice=name))
    # The figures keep their place whatever the name is.
    assert np.array_equal(drawn[-40:, 560:], Overlay().draw(image, Status("short", fps=29.9))[-40:, 560:])
    nameless = Overlay().draw(image, Status("", fps=29.9))
    assert np.array_equal(drawn[-40:], nameless[-40:]) == (not glyphs.one_line(name))


def test_names_without_ascii_are_written_as_they_are():
    draw = Overlay().draw
    image = picture(value=0)
    waves = [draw(image, Status(name)) for name in ("神奈川沖浪裏", "富嶽三十六景", "??????")]
    assert not any(np.array_equal(waves[first], waves[second]) for first, second in ((0, 1), (0, 2), (1, 2)))


def test_text_becomes_ascii_for_titles_of_windows():
    assert glyphs.to_ascii("Éclair · été") == "Eclair - ete"
    assert glyphs.to_ascii("神奈川") == "???"
    assert glyphs.to_ascii("Straße…") == "Strasse..."


def test_one_line_has_no_breaks_and_no_control_characters():
    assert glyphs.one_line(" a\n\tb\x00\x1b[31m\u202e c ") == "a b[31m c"
    assert len(glyphs.one_line("x" * 100_000)) == 200


@pytest.mark.parametrize("room", [0, 5, 20, 60, 200, 1000])
def test_shortened_text_fits_and_says_that_it_was_cut(room):
    text = "a-very-long-style-name-indeed"
    shortened = glyphs.shorten(text, 14, room)
    assert glyphs.width(shortened, 14) <= room
    if 20 < room < 200:
        assert shortened.endswith("\N{HORIZONTAL ELLIPSIS}")
        assert shortened[:-1] == text[: len(shortened) - 1]
    if room == 1000:
        assert shortened == text


def test_figures_of_the_same_length_do_not_move_the_others():
    image = picture(value=0)
    first, second = (Overlay().draw(image, replace(FULL, fps=fps)) for fps in (11.1, 24.8))
    changed = np.flatnonzero((first != second).any((0, 2)))
    assert 0 < changed.max() - changed.min() < 50


def test_where_there_is_no_room_the_figures_that_matter_least_go_first():
    image = picture(120, 160, 0)
    base = Overlay().draw(image, FULL)
    assert np.array_equal(base, Overlay().draw(image, replace(FULL, provider="", stages=())))
    assert not np.array_equal(base, Overlay().draw(image, replace(FULL, fps=11.1)))


def written_on(shape, status, monkeypatch):
    """Every text of the bar, as (words, row, column, size)."""
    written = []
    with monkeypatch.context() as patch:
        patch.setattr(
            layers.Layer, "write", lambda _, text, size, row, column: written.append((text.text, row, column, size))
        )
        Overlay().draw(picture(*shape), status)
    return written


def test_a_large_picture_tells_every_detail(monkeypatch):
    words = {text for text, *_ in written_on((720, 1280), FULL, monkeypatch)}
    stages = {"capture 33 ms", "stylize 21 ms", "show 4 ms", "record 8 ms"}
    assert stages | {"record missed 3", "128 skipped", "p95 71 ms", "38 ms"} <= words


def test_a_small_picture_keeps_the_details_that_matter_most(monkeypatch):
    crowded = replace(FULL, missed=(("record", 300), ("virtual camera", 200)))
    written = written_on((240, 320), crowded, monkeypatch)
    words = [text for text, *_ in written]
    assert {"stylize 21 ms", "128 skipped", "p95 71 ms"} <= set(words)
    assert "record 8 ms" not in words
    assert "capture 33 ms" not in words


@pytest.mark.parametrize("shape", [(240, 320), (480, 640), (720, 1280), (640, 360)])
def test_details_stand_below_the_figures_and_smaller_side_by_side(shape, monkeypatch):
    status = replace(FULL, recording_seconds=None, viewers=0, message="")
    figures, details = [], []
    for text, row, column, size in written_on(shape, status, monkeypatch):
        last = column + glyphs.width(text, size, bold=text == FULL.style)
        is_detail = any(word in text for word in (" ms", "p95", "skipped", "missed", FULL.size, "CPU"))
        (details if is_detail else figures).append((column, last, row, size))
    assert max(row for _, _, row, _ in figures) < min(row for _, _, row, _ in details)
    assert max(size for *_, size in details) < min(size for *_, size in figures)
    for line in (sorted(figures), sorted(details)):
        assert all(first[1] < second[0] for first, second in pairwise(line))
        assert line[0][0] >= 0
        assert line[-1][1] <= shape[1]


def test_a_status_without_details_has_a_bar_of_one_row():
    image = picture(value=255)
    bare = replace(FULL, details=False)
    rows = [np.flatnonzero((Overlay().draw(image, status)[180:] != 255).any((1, 2))).size for status in (bare, FULL)]
    assert 0 < rows[0] < rows[1]


def test_dim_text_has_contrast_on_white():
    over = 255 * (1 - layers.PANEL) + np.array(layers.SHADE) * layers.PANEL
    assert (luminance(np.array(layers.DIM)) + 0.05) / (luminance(over) + 0.05) > 4.5


@pytest.mark.parametrize(
    "figures",
    [
        {"fps": float("nan")},
        {"fps": float("inf")},
        {"latency_ms": float("nan")},
        {"latency_p95_ms": float("nan")},
        {"stages": (("stylize", float("nan")),)},
        {"recording_seconds": float("nan")},
    ],
)
def test_figures_that_are_no_numbers_are_left_out(figures):
    Overlay().draw(picture(), replace(FULL, **figures))
    assert "nan" not in title(replace(FULL, **figures))
    assert "inf" not in title(replace(FULL, **figures))


CHANGES = [
    {"style": "kiss"},
    {"alpha": 0.85},
    {"color": "style"},
    {"fps": 12.0},
    {"latency_ms": 99.0},
    {"latency_p95_ms": 99.0},
    {"skipped": 129},
    {"missed": ()},
    {"stages": (("stylize", 30.0),)},
    {"size": "240p auto"},
    {"provider": "CUDAExecutionProvider"},
    {"recording_seconds": 73},
    {"viewers": 1},
    {"message": "recording"},
    {"notice": "camera lost"},
    {"help": True},
    {"visible": False},
    {"details": False},
    {"paused": True},
    {"strip": STRIP},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_what_is_kept_never_shows_an_old_status(change):
    image = picture()
    overlay = Overlay()
    first = overlay.draw(image, FULL)
    changed = overlay.draw(image, replace(FULL, **change))
    assert np.array_equal(changed, Overlay().draw(image, replace(FULL, **change)))
    assert not np.array_equal(changed, first)
    assert np.array_equal(overlay.draw(image, FULL), first)


def test_what_is_kept_follows_the_size_of_the_picture():
    overlay = Overlay()
    for shape in (*SIZES, SIZES[0]):
        image = picture(*shape)
        assert np.array_equal(overlay.draw(image, FULL), Overlay().draw(image, FULL))


def test_nothing_is_written_twice_while_the_text_stays(monkeypatch):
    overlay = Overlay()
    everything = replace(FULL, help=True, notice="camera lost")
    overlay.draw(picture(), everything)
    monkeypatch.setattr(layers.Layer, "stamp", lambda *_: pytest.fail("written again"))
    overlay.draw(picture(value=7), everything)


def test_views_are_drawn_like_copies():
    mirrored = picture()[:, ::-1]
    assert np.array_equal(Overlay().draw(mirrored, FULL), Overlay().draw(mirrored.copy(), FULL))


def test_the_notice_is_in_the_middle_and_larger_than_the_figures():
    image = picture(value=255)
    drawn = Overlay().draw(image, replace(FULL, notice="camera lost, looking for it"))
    changed = (drawn[120:240] != 255).any(-1)
    rows, columns = np.flatnonzero(changed.any(1)) + 120, np.flatnonzero(changed.any(0))
    assert abs(rows.min() + rows.max() - 359) <= 2
    assert abs(columns.min() + columns.max() - 639) <= 2
    assert len(rows) > 40


def test_a_long_notice_is_whole_on_a_small_picture():
    lines = glyphs.wrap("the camera was unplugged, looking for it", 14, 150, 3, bold=True)
    assert 1 < len(lines) <= 3
    assert " ".join(lines) == "the camera was unplugged, looking for it"
    assert all(glyphs.width(line, 14, bold=True) <= 150 for line in lines)


def test_with_the_help_open_a_notice_moves_to_the_edge():
    status = Status("x", help=True)
    image = picture(value=255)
    with_notice = Overlay().draw(image, replace(status, notice="camera lost"))
    changed = np.flatnonzero((with_notice != Overlay().draw(image, status)).any((1, 2)))
    assert 0 < changed.max() < 60


@pytest.mark.parametrize("shape", SIZES)
def test_the_help_lists_every_key_and_its_words(shape, monkeypatch):
    written = []
    write = layers.Layer.write
    monkeypatch.setattr(
        layers.Layer, "write", lambda self, text, *rest: (written.append(text.text), write(self, text, *rest))
    )
    image = picture(*shape, 255)
    drawn = Overlay().draw(image, Status("x", visible=False, help=True))
    assert all(binding.help in written for binding in BINDINGS)
    shown = {label for binding in BINDINGS for label in binding.labels[:1]} - set(keycard._ARROWS)
    assert shown <= set(written)
    rows = np.flatnonzero((drawn != 255).any((1, 2)))
    assert abs(rows.min() + rows.max() - (shape[0] - 1)) <= 2


def test_side_by_side_keeps_both_shapes():
    original, stylized = picture(240, 320, 50), picture(480, 640, 200)
    both = side_by_side(original, stylized)
    assert both.shape == (480, 1280, 3)
    assert (both[:, :630] == 50).all()
    assert (both[:, 650:] == 200).all()
    assert (both[:, 640] > 240).all()
    assert (np.abs(both[..., 0].astype(int) - 252) < 4).any(0).sum() <= 4


def test_side_by_side_of_equal_pictures_keeps_their_pixels():
    original, stylized = picture(), picture()[::-1]
    both = side_by_side(original, stylized)
    assert np.array_equal(both[:, :630], original[:, :630])
    assert np.array_equal(both[:, 650:], stylized[:, 10:])


@pytest.mark.parametrize(("first", "second"), [((1, 1), (1, 1)), ((1000, 1), (3, 7)), ((2, 500), (90, 160))])
def test_side_by_side_of_odd_pictures(first, second):
    both = side_by_side(picture(*first), picture(*second))
    assert both.shape[0] == second[0]
    assert both.shape[1] > second[1]


def test_the_title_tells_the_status():
    assert title(FULL) == "streamstyle · REC 1:12 · starry-night · 29.9 fps · 38 ms"
    assert title(Status("kiss")) == "streamstyle · kiss"
    assert "1:00:01" in title(replace(FULL, recording_seconds=3601))


def test_the_bar_speaks_plainly_until_details_are_asked_for(monkeypatch):
    plain = {text for text, *_ in written_on((720, 1280), replace(FULL, details=False), monkeypatch)}
    assert plain == {
        "starry-night",
        "strength 80%",
        "own colors",
        "29.9 fps",
        "h: help",
        "REC 1:12",
        "2 viewers",
        "snapshot saved",
    }


@pytest.mark.parametrize("shape", [(360, 640), (720, 1280)])
def test_a_long_message_is_shown_whole(shape, monkeypatch):
    words = (
        "people cannot be found yet: their weights are not installed; run this in a terminal: streamstyle install people"
    )
    written = written_on(shape, replace(FULL, message=words, details=False), monkeypatch)
    assert " ".join(text for text, *_ in written if text in words) == words


@pytest.mark.parametrize("shape", [(360, 640), (720, 1280), (480, 854)])
def test_the_strip_shows_the_styles_and_a_click_finds_them(shape, monkeypatch):
    status = replace(FULL, strip=STRIP, chosen=1, details=False)
    words = [text for text, *_ in written_on(shape, status, monkeypatch)]
    assert {"1 my painting", "2 kiss", "3 scream"} <= set(words)
    found = slots(Room(*shape, 13), 4, 1, 16 / 9)
    assert [slot.index for slot in found] == [0, 1, 2, 3]
    image = picture(*shape)
    rows = {style_at(image, status, (x, 0.75)) for x in np.linspace(0, 1, 200)}
    assert {0, 1, 2, 3} <= rows
    assert style_at(image, status, (0.5, 0.2)) is None


def test_of_many_styles_the_strip_shows_those_around_the_chosen_one():
    room = Room(360, 640, 13)
    for chosen in (0, 7, 19):
        shown = [slot.index for slot in slots(room, 20, chosen, 16 / 9)]
        assert chosen in shown
        assert shown == list(range(shown[0], shown[0] + len(shown)))
        assert all(slot.x >= 0 and slot.x + slot.width <= 640 for slot in slots(room, 20, chosen, 16 / 9))


@pytest.mark.parametrize("shape", [(1, 1), (20, 400), (90, 30), (64, 48)])
def test_a_strip_without_room_is_left_out(shape):
    image = picture(*shape)
    assert Overlay().draw(image, replace(FULL, strip=STRIP)).shape == image.shape
