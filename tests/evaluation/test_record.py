import json
import sys

import pytest

from evaluation.record import Records
from streamstyle.errors import SinkError, UsageError

SETTINGS = {"seed": 0, "size": "400x300"}


@pytest.fixture
def path(tmp_path):
    with Records(tmp_path / "report" / "records.jsonl", SETTINGS) as records:
        records.system("fast", {"version": "a"})
        records.add("fast", "pair 1", {"E": 1.5, "C": 0.5})
        records.add("fast", "pair 2", {"E": 2.5})
    return records.path


def test_what_was_measured_is_there_again(path):
    with Records(path, SETTINGS) as again:
        assert again.figures("fast", "pair 1") == {"E": 1.5, "C": 0.5}
        assert again.done("fast", "pair 2")
        assert not again.done("fast", "pair 3")
        assert again.figures("fast", "pair 3") == {}


def test_every_figure_is_a_line(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {"system": "fast", "case": "pair 1", "metric": "C", "value": 0.5} in lines


@pytest.mark.parametrize("cut", [1, 2, 30, 70, 71, 72, 100])
def test_a_case_that_was_cut_short_is_measured_again_and_the_rest_kept(path, cut):
    """Killed while writing: whatever is missing at the end, no half case counts."""
    data = path.read_bytes()
    path.write_bytes(data[:-cut])
    with Records(path, SETTINGS) as records:
        assert records.done("fast", "pair 1")
        assert not records.done("fast", "pair 2")
        records.add("fast", "pair 2", {"E": 9.0})
    with Records(path, SETTINGS) as records:
        assert records.figures("fast", "pair 2") == {"E": 9.0}


def test_other_settings_are_named_and_not_mixed_in(path):
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"seed was 0, is 1.*--fresh"):
        Records(path, SETTINGS | {"seed": 1})
    assert path.read_bytes() == before


def test_a_fresh_start_forgets_everything(path):
    with Records(path, SETTINGS | {"seed": 1}, fresh=True) as records:
        assert not records.done("fast", "pair 1")
    assert len(path.read_text().splitlines()) == 1


def test_another_model_under_the_same_name_is_named(path):
    with Records(path, SETTINGS) as records:
        records.system("fast", {"version": "a"})
        with pytest.raises(UsageError, match=r"version was a, is b.*--redo fast"):
            records.system("fast", {"version": "b"})


def test_one_model_can_be_measured_anew(path):
    with Records(path, SETTINGS) as records:
        records.system("vgg19", {"version": "v"})
        records.add("vgg19", "pair 1", {"E": 3.0})
        records.forget("fast")
        records.system("fast", {"version": "b"})
        records.add("fast", "pair 1", {"E": 7.0})
    with Records(path, SETTINGS) as again:
        assert again.figures("fast", "pair 1") == {"E": 7.0}
        assert not again.done("fast", "pair 2")
        assert again.done("vgg19", "pair 1")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no flock on Windows")
def test_two_runs_cannot_write_one_file(path):
    with Records(path, SETTINGS), pytest.raises(SinkError, match="another run"):
        Records(path, SETTINGS)
    Records(path, SETTINGS).close()


def test_a_file_of_something_else_is_named(path):
    path.write_text("hello\n")
    with pytest.raises(SinkError, match="cannot be used"):
        Records(path, SETTINGS)
    path.write_text(json.dumps({"form": 0, "settings": SETTINGS}) + "\n")
    with pytest.raises(UsageError, match="another version"):
        Records(path, SETTINGS)


def test_what_is_no_number_is_not_written(path):
    with Records(path, SETTINGS) as records, pytest.raises(ValueError, match="JSON"):
        records.add("fast", "pair 3", {"E": float("nan")})
    with Records(path, SETTINGS) as records:
        assert not records.done("fast", "pair 3")
