import json
import threading
from itertools import pairwise

import pytest

from streamstyle.errors import SinkError, UsageError
from streamstyle.media.sinks.null import NullSink
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.pipeline.pipeline import run
from streamstyle.pipeline.times import StageTimes
from streamstyle.pipeline.trace import Trace, profiled


def document(trace):
    return json.loads("".join(trace.document()))


def spans(written):
    return [event for event in written["traceEvents"] if event["ph"] == "X"]


def lanes(written):
    named = [event for event in written["traceEvents"] if event["name"] == "thread_name"]
    return {event["tid"]: event["args"]["name"] for event in named}


def assert_nested(written):
    """On each lane a span lies within another one, or beside it; never across its edge."""
    for lane in lanes(written):
        open_ends = []
        for event in sorted((e for e in spans(written) if e["tid"] == lane), key=lambda e: (e["ts"], -e["dur"])):
            while open_ends and open_ends[-1] <= event["ts"]:
                open_ends.pop()
            end = event["ts"] + event["dur"]
            assert not open_ends or end <= open_ends[-1] + 1e-6
            open_ends.append(end)


def traced_run(frames=6, trace=None):
    trace = trace or Trace()
    times = StageTimes(trace)

    def stylize(frame):
        with times.measure("look"):
            pass
        with times.measure("inference"):
            return 255 - frame.image

    run(SyntheticSource(16, 12, frames), stylize, NullSink(), times=times)
    return document(trace)


def test_every_thread_has_a_lane_with_its_name_and_its_stages():
    written = traced_run()
    assert set(lanes(written).values()) == {"decode", "stylize", "encode"}
    where = {(lanes(written)[event["tid"]], event["name"]) for event in spans(written)}
    assert where == {
        ("decode", "decode"),
        ("stylize", "stylize"),
        ("stylize", "look"),
        ("stylize", "inference"),
        ("encode", "encode"),
    }


def test_spans_nest_and_say_their_frame():
    written = traced_run()
    assert_nested(written)
    for name in ("stylize", "inference", "encode"):
        assert [event["args"]["frame"] for event in spans(written) if event["name"] == name] == list(range(6))
    decoded = [event["args"].get("frame") for event in spans(written) if event["name"] == "decode"]
    assert decoded[:6] == list(range(6))
    inner = [event for event in spans(written) if event["name"] == "inference"]
    outer = [event for event in spans(written) if event["name"] == "stylize"]
    for inside, around in zip(inner, outer, strict=True):
        assert around["ts"] <= inside["ts"]
        assert inside["ts"] + inside["dur"] <= around["ts"] + around["dur"] + 1e-6


def test_the_document_is_what_trace_viewers_read():
    """The object form of Chromium's Trace Event Format: complete events in microseconds, counters, metadata."""
    written = traced_run()
    assert written["displayTimeUnit"] in {"ms", "ns"}
    assert {event["ph"] for event in written["traceEvents"]} == {"M", "X", "C"}
    for event in written["traceEvents"]:
        assert isinstance(event["name"], str)
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        if event["ph"] != "M":
            assert event["ts"] >= 0
        if event["ph"] == "X":
            assert event["dur"] >= 0
        if event["ph"] == "C":
            assert all(isinstance(value, int) and value >= 0 for value in event["args"].values())


def test_queues_are_counted_up_and_down():
    written = traced_run()
    counters = [event for event in written["traceEvents"] if event["ph"] == "C"]
    assert {event["name"] for event in counters} == {"decoded, waiting", "stylized, waiting"}
    assert all(0 <= event["args"]["frames"] <= 9 for event in counters)
    waiting = [event["args"]["frames"] for event in counters if event["name"] == "stylized, waiting"]
    assert max(waiting) > 0 or any(before != after for before, after in pairwise(waiting))


def test_a_long_run_keeps_the_latest_events_and_says_so():
    trace = Trace(most_events=50)
    written = traced_run(frames=40, trace=trace)
    events = [event for event in written["traceEvents"] if event["ph"] != "M"]
    assert len(events) == 50 == written["otherData"]["kept_events"]
    assert written["otherData"]["recorded_events"] == trace.recorded > 200
    assert max(event["args"].get("frame", 0) for event in events) == 39
    assert min(event["args"]["frame"] for event in events if event["name"] == "encode") > 10


def test_threads_write_at_once_and_nothing_is_lost():
    trace = Trace()

    def work(name):
        with trace.lane(name):
            for index in range(500):
                trace.frame(index)
                with trace.span("work"):
                    pass

    threads = [threading.Thread(target=work, args=(f"lane {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = document(trace)
    assert trace.recorded == len(spans(written)) == 2000
    for tid in lanes(written):
        assert [event["args"]["frame"] for event in spans(written) if event["tid"] == tid] == list(range(500))


def test_what_failed_is_seen_but_not_counted():
    trace = Trace()
    times = StageTimes(trace)
    with pytest.raises(ValueError, match="broken"), times.measure("stylize"):
        raise ValueError("broken")
    assert times.milliseconds() == {}
    assert spans(document(trace))[0]["args"] == {"failed": True}


def test_without_a_trace_nothing_is_kept():
    times = StageTimes()
    with times.lane("decode"), times.span("load"), times.measure("decode"):
        times.frame(3)
        times.waiting("decoded", 2)
    assert set(times.milliseconds()) == {"decode"}
    assert Trace().recorded == 0


def test_the_file_is_there_when_all_is_done(tmp_path):
    path, told = tmp_path / "trace.json", []
    with profiled(path, told.append) as trace, trace.span("work"):
        assert not path.exists()
    assert [event["name"] for event in spans(json.loads(path.read_text()))] == ["work"]
    assert str(path) in told[0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["trace.json"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_the_file_is_there_after_a_failure_and_after_ctrl_c(tmp_path, failure):
    path, told = tmp_path / "trace.json", []
    with pytest.raises(failure), profiled(path, told.append) as trace, trace.span("work"):
        raise failure
    (span,) = spans(json.loads(path.read_text()))
    assert (span["name"], span["args"]) == ("work", {"failed": True})
    assert str(path) in told[0]


def test_a_bad_path_is_refused_before_any_work(tmp_path):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "there.json").write_text("mine")
    wrong = {
        "trace.mp4": "ends in .json",
        "missing/trace.json": "does not exist",
        "folder.json": "is a folder",
        "there.json": "--overwrite",
    }
    for name, message in wrong.items():
        with pytest.raises(UsageError, match=message), profiled(tmp_path / name, print):
            pytest.fail("the work began")
    assert (tmp_path / "there.json").read_text() == "mine"
    with profiled(tmp_path / "there.json", print, overwrite=True):
        pass
    assert json.loads((tmp_path / "there.json").read_text())["traceEvents"]


def test_a_file_that_cannot_be_written_in_the_end_is_an_error_and_leaves_the_failure_before_it(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(SinkError, match="cannot be written"), profiled(folder / "trace.json", print):
        folder.rmdir()
    folder.mkdir()
    told = []

    def fail():
        folder.rmdir()
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"), profiled(folder / "trace.json", told.append):
        fail()
    assert "cannot be written" in told[0]


def test_a_trace_shows_a_moment_late_in_the_run_later():
    trace = Trace()
    with trace.span("first"):
        pass
    with trace.span("second"):
        pass
    first, second = spans(document(trace))
    assert first["ts"] + first["dur"] <= second["ts"]
    assert "frame" not in first["args"]
