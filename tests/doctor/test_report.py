"""What is printed: readable in every width, with and without color, by people and by programs."""

import io
import json
import sys

import pytest

from streamstyle.doctor.finding import Finding
from streamstyle.doctor.report import NEEDED, as_json, can_stylize_files, needs_attention, show, summary

NEEDS = [Finding(area, name, "ok", "fine") for area, name in sorted(NEEDED)]
OPTIONAL = Finding("providers", "cuda", "missing", "no driver", "pip install 'streamstyle[gpu]'")
WARNING = Finding("display", "screen", "warning", "only Wayland", "install Xwayland")


def without(area, name, *instead):
    return [finding for finding in NEEDS if (finding.area, finding.name) != (area, name)] + list(instead)


def test_all_is_well_when_all_that_is_needed_works():
    assert can_stylize_files(NEEDS)
    assert summary([*NEEDS, OPTIONAL]) == "everything that streamstyle needs is here"


def test_a_warning_wants_attention_but_files_can_be_stylized():
    assert can_stylize_files([*NEEDS, WARNING])
    assert summary([*NEEDS, WARNING]) == "files can be stylized here; 1 thing needs attention"


@pytest.mark.parametrize(("area", "name"), sorted(NEEDED))
@pytest.mark.parametrize("state", ["missing", "failed"])
def test_without_any_one_of_what_is_needed_files_cannot_be_stylized(area, name, state):
    bad = Finding(area, name, state, "gone")
    assert needs_attention(bad)
    assert not can_stylize_files(without(area, name, bad))
    assert summary(without(area, name, bad, WARNING)) == "files cannot be stylized here: 2 things need attention"


def test_what_was_never_heard_of_does_not_work():
    assert not can_stylize_files(without("codecs", "h264"))


def test_the_document_holds_every_finding():
    document = json.loads(as_json([*NEEDS, OPTIONAL, WARNING]))
    assert document["can_stylize_files"] is True
    assert document["need_attention"] == 1
    assert document["findings"][-1] == {
        "area": "display",
        "name": "screen",
        "state": "warning",
        "detail": "only Wayland",
        "remedy": "install Xwayland",
    }


@pytest.fixture
def printed(monkeypatch):
    def show_in(columns, findings, encoding="utf-8"):
        monkeypatch.setenv("COLUMNS", str(columns))
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
        assert show(iter(findings)) == findings
        sys.stdout.flush()
        return raw.getvalue().decode(encoding)

    return show_in


LONG = Finding("models", "vgg19", "failed", "broken " * 30, "run this " * 30)


@pytest.mark.parametrize("columns", [80, 160])
def test_lines_fit_the_terminal_and_columns_are_aligned(printed, columns):
    lines = printed(columns, [LONG, WARNING, OPTIONAL]).splitlines()
    assert max(map(len, lines)) <= columns
    assert all(line == line.rstrip() for line in lines)
    starts = {line.index(text) for line in lines for text in ("broken", "only Wayland", "-> ") if text in line}
    assert starts == {25}


def test_every_state_has_a_mark_that_needs_no_color(printed):
    states = [Finding("a", state, state, "x") for state in ("ok", "warning", "failed", "missing")]
    lines = printed(80, [*states, Finding("models", "fast", "missing", "x")]).splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == ["ok", "!", "x", "-", "x"]
    assert "\x1b" not in "".join(lines)


def test_areas_are_headings_once_each(printed):
    lines = printed(80, [*NEEDS, OPTIONAL]).splitlines()
    assert lines[0] == NEEDS[0].area
    assert lines.count("system") == 1


def test_square_brackets_are_kept(printed):
    assert "streamstyle[gpu]" in printed(80, [OPTIONAL])


def test_a_device_cannot_steer_the_terminal_nor_break_its_encoding(printed):
    text = printed(80, [Finding("cameras", "/dev/video0", "ok", "Evil\x1b[2J\ncam \u4e2d\udcff")], "ascii")
    assert "\x1b" not in text
    assert "\\u4e2d" in text


def test_long_names_and_tiny_terminals_are_shown_whole(printed):
    long = Finding("models", "a-model-with-a-very-long-name", "ok", "here")
    text = printed(10, [long])
    assert long.name in text
    assert "here" in text
