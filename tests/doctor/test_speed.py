import pytest

from streamstyle.doctor.checks import speed
from streamstyle.errors import ModelError
from tests.fakes import FakeStylizer


class Clock:
    """Time that passes only by work."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(speed, "time", clock)
    return clock


def working(clock, *durations):
    """An action that takes so long each time, the last duration from then on; counts its calls."""
    calls = []

    def action(*_arguments):
        clock.now += durations[min(len(calls), len(durations) - 1)]
        calls.append(clock.now)

    return action, calls


def test_the_median_after_the_warm_up_counts(clock):
    action, calls = working(clock, 3.0, 0.4, 0.2, 0.3, 0.3)
    assert speed.median_seconds(action) == pytest.approx(0.3)
    assert len(calls) == 1 + 4


def test_a_slow_machine_is_not_kept_for_long(clock):
    action, calls = working(clock, 4.0)
    assert speed.median_seconds(action) == 4.0
    assert len(calls) == 3
    action, calls = working(clock, 20.0)
    assert speed.median_seconds(action) == 20.0
    assert len(calls) == 1


def fake_stylizer(stylize, provider="cpu"):
    stylizer = FakeStylizer(provider)
    stylizer.stylize = stylize
    return lambda *_arguments: stylizer


def test_each_size_is_told_with_what_ran_it(clock, monkeypatch):
    monkeypatch.setattr(speed, "Stylizer", fake_stylizer(working(clock, 0.05)[0], "cuda (fp16)"))
    findings = list(speed.findings())
    assert [finding.name for finding in findings] == ["640x360", "1280x720"]
    assert all("about 20.0 fps (50 ms a frame)" in finding.detail for finding in findings)
    assert all("on cuda (fp16); a rough" in finding.detail for finding in findings)


def test_where_one_frame_takes_long_the_larger_one_is_left_out(clock, monkeypatch):
    monkeypatch.setattr(speed, "Stylizer", fake_stylizer(working(clock, 12.0)[0]))
    assert [finding.name for finding in speed.findings()] == ["640x360"]


def test_a_model_that_does_not_run_is_not_measured(monkeypatch):
    def refuse(*_arguments):
        raise ModelError("it takes 9 GB of memory; use --size 100 or less")

    monkeypatch.setattr(speed, "Stylizer", fake_stylizer(refuse))
    assert {finding.state for finding in speed.findings()} == {"missing"}
    monkeypatch.setattr(speed, "Stylizer", refuse)
    (finding,) = speed.findings()
    assert (finding.name, finding.state) == ("fast", "missing")


@pytest.mark.parametrize(("load", "note"), [(0.0, ""), (1e6, "busy")])
def test_a_busy_machine_is_said_to_be_one(monkeypatch, load, note):
    monkeypatch.setattr(speed.os, "getloadavg", lambda: (load, 0.0, 0.0), raising=False)
    assert note in speed.busy()
    assert bool(speed.busy()) == bool(note)


def test_a_system_that_does_not_tell_its_load_is_not_said_to_be_busy(monkeypatch):
    monkeypatch.delattr(speed.os, "getloadavg", raising=False)
    assert speed.busy() == ""
