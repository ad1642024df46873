"""The process of one check: whatever its function does comes out as findings."""

import io
import json
import sys
import types

import pytest

from streamstyle.doctor.finding import Finding
from streamstyle.doctor.one_check import run
from streamstyle.errors import ModelError

FIRST = Finding("made up", "first", "ok", "fine")


@pytest.fixture
def check(monkeypatch):
    """Runs a function as the check `made_up`."""

    def run_function(findings, *arguments):
        module = types.SimpleNamespace(findings=findings)
        monkeypatch.setitem(sys.modules, "streamstyle.doctor.checks.made_up", module)
        output = io.StringIO()
        run("made_up", list(arguments), output)
        return [Finding(**json.loads(line)) for line in output.getvalue().splitlines()]

    return run_function


def test_findings_are_written_as_they_are(check):
    assert check(lambda: [FIRST]) == [FIRST]


@pytest.mark.parametrize(
    ("error", "detail", "remedy"),
    [
        (KeyError("index"), "KeyError: 'index'", ""),
        (ModelError("the model is old; export it again"), "the model is old", "export it again"),
        (RuntimeError("two\nlines"), "RuntimeError: two lines", ""),
        (OSError(), "OSError", ""),
    ],
)
def test_a_check_that_breaks_keeps_what_it_found_and_says_why_it_broke(check, error, detail, remedy):
    def findings(_device):
        yield FIRST
        raise error

    assert check(findings, "cuda") == [FIRST, Finding("made up", "cuda", "failed", detail, remedy)]


def test_a_library_that_is_not_there_is_not_blamed_on_the_check(check):
    def findings():
        raise ModuleNotFoundError("No module named 'cv2'", name="cv2")

    assert check(findings) == [Finding("made up", "made up", "missing", "not looked at: No module named 'cv2'")]


def test_names_beyond_ascii_and_half_characters_survive_the_way(check):
    odd = Finding("made up", "Kamera \u00e4\u4e2d", "ok", "/tmp/\udcff")
    assert check(lambda: [odd]) == [odd]
