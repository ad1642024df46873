import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from streamstyle.frame import Frame
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.null import NullSink
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.pipeline.pipeline import run
from streamstyle.pipeline.times import StageTimes


class Numbers(Source):
    """Frames whose pixels say their number."""

    def __init__(self, count, fail_at=None):
        self.info = SourceInfo("numbers", 4, 4)
        self.warnings = []
        self.count, self.fail_at = count, fail_at
        self.given = 0

    def __iter__(self):
        for index in range(self.count):
            if index == self.fail_at:
                raise RuntimeError("the source broke")
            self.given += 1
            yield Frame(np.full((4, 4, 3), index % 256, np.uint8), index, Fraction(index, 25))

    def close(self):
        pass


class Keeper(Sink):
    def __init__(self, fail_at=None, wait=0.0):
        self.destination, self.warnings = None, []
        self.frames, self.fail_at, self.wait = [], fail_at, wait

    def write(self, frame):
        if len(self.frames) == self.fail_at:
            raise RuntimeError("the sink broke")
        time.sleep(self.wait)
        self.frames.append(frame)

    def close(self):
        pass

    def abort(self):
        pass


pytestmark = pytest.mark.usefixtures("no_thread_is_left")


def invert(frame):
    return 255 - frame.image


def test_every_frame_arrives_once_in_order_with_its_time():
    sink, seen = Keeper(), []
    assert run(Numbers(300), invert, sink, progress=seen.append) == 300
    assert [frame.index for frame in sink.frames] == list(range(300))
    assert all(frame.time == Fraction(frame.index, 25) for frame in sink.frames)
    assert all(frame.image[0, 0, 0] == 255 - frame.index % 256 for frame in sink.frames)
    assert seen == list(range(1, 301))


def test_no_frames_are_no_failure():
    assert run(Numbers(0), invert, NullSink()) == 0


@pytest.mark.parametrize("stage", ["source", "stylizer", "sink"])
def test_the_first_failure_ends_all_and_is_raised_here(stage):
    def stylize(frame):
        if stage == "stylizer" and frame.index == 20:
            raise RuntimeError("the stylizer broke")
        return frame.image

    source = Numbers(10_000, fail_at=20 if stage == "source" else None)
    sink = Keeper(fail_at=20 if stage == "sink" else None)
    with pytest.raises(RuntimeError, match=f"the {stage} broke"):
        run(source, stylize, sink)
    assert source.given < 100


def test_a_slow_sink_makes_the_source_wait():
    source, sink = Numbers(60), Keeper(wait=0.002)
    ahead = []
    run(source, invert, sink, progress=lambda _done: ahead.append(source.given - len(sink.frames)))
    assert max(ahead) <= 2 * 8 + 4  # two full queues, and what each stage holds


def test_an_interruption_in_the_callers_thread_ends_all():
    def stylize(frame):
        if frame.index == 5:
            raise KeyboardInterrupt
        return frame.image

    with pytest.raises(KeyboardInterrupt):
        run(Numbers(10_000), stylize, Keeper())


def test_an_interruption_while_threads_start_ends_all(monkeypatch):
    start = threading.Thread.start
    started = []

    def interrupted(thread):
        if started:
            raise KeyboardInterrupt
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(Numbers(10_000), invert, Keeper())


def test_stages_overlap():
    """Three stages of 3 ms each take about as long as one, not three: asserted on counts of overlap, not on the clock."""
    busy, overlaps = set(), []

    class Slow(Keeper):
        def write(self, frame):
            busy.add("sink")
            time.sleep(0.003)
            overlaps.append(set(busy))
            busy.discard("sink")

    def stylize(frame):
        busy.add("stylizer")
        time.sleep(0.003)
        overlaps.append(set(busy))
        busy.discard("stylizer")
        return frame.image

    times = StageTimes()
    run(Numbers(40), stylize, Slow(), times=times)
    assert any(len(both) == 2 for both in overlaps)
    assert set(times.milliseconds()) == {"decode", "stylize", "encode"}
