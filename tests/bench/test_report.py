import io
import json

import pytest
from rich.console import Console

from bench.report import Table, print_table, shown, write_json, written


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


def test_a_table_is_printed_with_its_notes():
    console = Console(width=100, record=True, file=io.StringIO())
    print_table(table(), console)
    printed = console.export_text()
    for text in ("640x360", "12.3", "88%", "120", "50%", "as measured"):
        assert text in printed


def test_a_row_that_does_not_fit_is_refused():
    with pytest.raises(AssertionError):
        table().add("too", "few")


def test_json_has_the_same_figures_and_the_machine(tmp_path):
    path = tmp_path / "runs" / "bench.json"
    write_json({"model": written([table()], "python -m bench model")}, path)
    part = json.loads(path.read_text())["parts"]["model"]
    assert part["command"] == "python -m bench model"
    assert Table(**part["tables"][0]) == table()
    assert {"processor", "when", "load"} <= set(part["machine"])
    assert [entry.name for entry in path.parent.iterdir()] == ["bench.json"]
