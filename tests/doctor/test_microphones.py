"""Microphones in the report: those that are there, and what to do where none is."""

import pytest

from streamstyle.doctor.checks import microphones
from streamstyle.errors import SourceError
from streamstyle.media.sources.microphone import MicrophoneInfo


def found(monkeypatch, listed):
    monkeypatch.setattr(microphones, "list_microphones", listed)
    return list(microphones.findings())


def test_each_is_listed_and_the_usual_one_is_told(monkeypatch):
    pair = [MicrophoneInfo(3, "Webcam", 48_000, 1, is_default=True), MicrophoneInfo(5, "Line", 44_100, 2, is_default=False)]
    first, second = found(monkeypatch, lambda: pair)
    assert (first.name, first.state, first.detail) == (
        "microphone 3",
        "ok",
        "Webcam, 48000 samples a second, used by default",
    )
    assert second.detail == "Line, 44100 samples a second"


def test_where_there_is_none_a_remedy_is_told(monkeypatch):
    (none,) = found(monkeypatch, list)
    assert (none.state, none.remedy) == ("missing", "connect one")


@pytest.mark.parametrize("remedy", ["run: streamstyle install microphone", ""])
def test_what_lists_them_may_be_missing(monkeypatch, remedy):
    def refuse():
        raise SourceError(f"it is not installed; {remedy}" if remedy else "it is broken")

    (none,) = found(monkeypatch, refuse)
    assert none.state == "missing"
    assert none.remedy == (f"for recordings with sound {remedy}" if remedy else "")
