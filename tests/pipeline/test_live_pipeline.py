"""Newest frame wins: what a live pipeline promises, with events in place of clocks wherever possible."""

import signal
import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from streamstyle.errors import Interrupted, StyleError
from streamstyle.frame import Frame
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.pipeline.live import LivePipeline, Pair, SinkEnded
from streamstyle.pipeline.threads import Owner, Slot, undisturbed

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


class Camera(Source):
    """Gives a frame for each `release()`, or all at once."""

    def __init__(self, count, fail_at=None, gate=None):
        self.info = SourceInfo("camera", 4, 4, is_live=True)
        self.warnings = []
        self.count, self.fail_at, self.gate = count, fail_at, gate
        self.closed = threading.Event()

    def __iter__(self):
        for index in range(self.count):
            if self.gate is not None:
                while not self.gate.acquire(timeout=0.02):
                    if self.closed.is_set():
                        return
            if self.closed.is_set():
                return
            if index == self.fail_at:
                raise RuntimeError("the camera broke")
            image = np.full((4, 4, 3), index % 256, np.uint8)
            yield Frame(image, index, Fraction(index, 30), captured_at=time.monotonic())

    def close(self):
        self.closed.set()


class Keeper(Sink):
    def __init__(self, fail_at=None, gate=None):
        self.destination, self.warnings = None, []
        self.frames, self.fail_at, self.gate, self.idles = [], fail_at, gate, 0
        self.ends = []

    def write(self, frame):
        if len(self.frames) == self.fail_at:
            raise RuntimeError("the sink broke")
        if self.gate is not None:
            self.gate.wait(10)
        self.frames.append(frame)

    def idle(self):
        self.idles += 1

    def close(self):
        self.ends.append("closed")

    def abort(self):
        self.ends.append("aborted")


def opener(sink):
    return lambda: sink


def as_pair(frame):
    return Pair(frame, frame.with_image(255 - frame.image))


def test_a_slot_keeps_the_newest_and_counts_the_rest():
    slot = Slot()
    for item in "abc":
        slot.put(item)
    assert slot.take(0) == "c"
    assert slot.take(0) is None
    assert slot.dropped == 2
    slot.put("d")
    slot.close()
    assert not slot.finished
    assert slot.take(0) == "d"
    assert slot.finished


def test_a_slow_stylizer_skips_to_the_newest_frame():
    gate, source_done = threading.Semaphore(0), threading.Event()
    camera, seen = Camera(100, gate=gate), []
    first = threading.Event()

    def stylize(frame):
        seen.append(frame.index)
        if len(seen) == 1:
            first.set()
            gate.release(99)  # meanwhile all the others come
            source_done.wait(10)
        return as_pair(frame)

    pipeline = LivePipeline(camera, stylize)

    def present(_pair):
        if first.is_set() and pipeline.captured == 100:
            source_done.set()
        return True

    gate.release()
    pipeline.run(present)
    assert seen == [0, 99]
    assert pipeline.skipped == 98
    assert pipeline.stylized == 2


def test_a_slow_sink_misses_frames_and_the_picture_goes_on():
    release = threading.Event()
    slow, quick = Keeper(gate=release), Keeper()
    shown = []
    gate = threading.Semaphore(1)
    pipeline = LivePipeline(Camera(30, gate=gate), as_pair)
    pipeline.attach("slow", opener(slow))
    pipeline.attach("quick", opener(quick))

    def present(pair):
        if pair is not None:
            shown.append(pair.stylized.index)
            gate.release()
        if len(shown) == 30:
            release.set()
        return True

    pipeline.run(present)
    assert shown == list(range(30))
    assert len(slow.frames) <= 3
    assert slow.frames[-1].index == 29
    assert quick.frames[-1].index == 29


@pytest.mark.parametrize("part", ["camera", "stylizer", "window", "work", "message"])
def test_the_first_failure_ends_all_and_is_raised_here(part):
    def stylize(frame):
        if part == "stylizer" and frame.index == 5:
            raise RuntimeError("the stylizer broke")
        return as_pair(frame)

    def broken():
        raise RuntimeError(f"the {part} broke")

    gate, keeper, owner = threading.Semaphore(1), Keeper(), Owner()
    camera = Camera(10**6, fail_at=5 if part == "camera" else None, gate=gate)
    pipeline = LivePipeline(camera, stylize, owner=owner)
    pipeline.attach("file", opener(keeper))
    if part == "work":
        pipeline.in_background(broken)

    def present(pair):
        gate.release()
        if part == "message" and pair is not None and pair.content.index == 5:
            owner.send(broken)
        if part == "window" and pair is not None and pair.content.index >= 5:
            broken()
        return True

    with pytest.raises(RuntimeError, match=f"the {part} broke"):
        pipeline.run(present)
    assert camera.closed.is_set()
    assert keeper.ends == ["aborted"]


@pytest.mark.parametrize("trouble", ["opening", "writing", "closing", "aborting"])
def test_a_sink_that_fails_ends_alone(trouble):
    class Broken(Keeper):
        def write(self, frame):
            super().write(frame)
            if trouble in {"writing", "aborting"} and len(self.frames) == 3:
                raise RuntimeError("the sink broke")

        def close(self):
            if trouble == "closing":
                raise RuntimeError("the sink broke")

        def abort(self):
            super().abort()
            if trouble == "aborting":
                raise ValueError("and its end, too")

    def open_broken():
        if trouble == "opening":
            raise RuntimeError("the sink broke")
        return broken

    gate, heard, broken, whole = threading.Semaphore(1), [], Broken(), Keeper()
    pipeline = LivePipeline(Camera(30, gate=gate), as_pair, hear=heard.append)
    pipeline.attach("broken", open_broken)
    pipeline.attach("whole", opener(whole))

    def present(pair):
        if pair is not None:
            gate.release()
        return True

    pipeline.run(present)
    assert pipeline.stylized == 30
    (ended,) = [event for event in heard if isinstance(event, SinkEnded) and event.output.name == "broken"]
    assert str(ended.failure) == "the sink broke"
    assert broken.ends == ([] if trouble == "opening" else ["aborted"])
    assert whole.frames[-1].index == 29
    assert whole.ends == ["closed"]


def test_a_sink_that_is_still_opening_at_the_end_is_waited_for_and_finished():
    """Quitting while a recording opens must not leave its thread behind."""
    opening, release, sink = threading.Event(), threading.Event(), Keeper()
    owner, heard = Owner(), []
    pipeline = LivePipeline(Camera(10**6), as_pair, owner=owner, hear=heard.append)

    def slowly():
        opening.set()
        release.wait(10)
        return sink

    def present(_pair):
        if opening.is_set():
            threading.Timer(0.1, release.set).start()
            return False
        return True

    pipeline.in_background(lambda: owner.send(lambda: pipeline.attach("record", slowly)))
    pipeline.run(present)
    assert sink.ends == ["closed"]
    assert [type(event).__name__ for event in heard] == ["SinkOpened", "SinkEnded"]


def test_after_the_end_nothing_is_opened():
    pipeline = LivePipeline(Camera(1), as_pair)
    pipeline.run(lambda _pair: True)
    opened = []
    assert pipeline.attach("late", lambda: opened.append("late")) is None
    assert opened == []


def test_the_viewer_ends_the_run_also_while_the_camera_gives_nothing():
    camera, calls = Camera(5, gate=threading.Semaphore(0)), []

    def present(pair):
        calls.append(pair)
        return len(calls) < 3

    LivePipeline(camera, as_pair).run(present)
    assert calls == [None, None, None]


def test_the_last_frame_of_a_file_is_shown_and_written():
    keeper, shown = Keeper(), []
    pipeline = LivePipeline(Camera(1), as_pair)
    pipeline.attach("file", opener(keeper))

    def present(pair):
        if pair is not None:
            shown.append(pair)
        return True

    pipeline.run(present)
    assert len(shown) == len(keeper.frames) == 1
    assert keeper.frames[0].image[0, 0, 0] == 255


def test_sinks_come_and_go_while_it_runs():
    gate, owner = threading.Semaphore(1), Owner()
    early, late = Keeper(), Keeper()
    pipeline = LivePipeline(Camera(40, gate=gate), as_pair, owner=owner)
    output = pipeline.attach("early", opener(early))

    def change():
        pipeline.detach(output)
        pipeline.attach("late", opener(late))

    def present(pair):
        if pair is not None and pair.content.index == 10:
            owner.send(change)
        if pair is not None:
            gate.release()
        return True

    pipeline.run(present)
    assert pipeline.outputs == ()
    assert max(frame.index for frame in early.frames) <= 11
    assert late.frames[-1].index == 39
    assert early.ends == late.ends == ["closed"]
    assert set(pipeline.missed()) == {"early", "late"}


def test_a_sink_that_gets_one_frame_is_finished_with_it():
    gate, owner, sink = threading.Semaphore(1), Owner(), Keeper()
    pipeline = LivePipeline(Camera(5, gate=gate), as_pair, owner=owner)

    def present(pair):
        if pair is not None and pair.content.index == 2:
            owner.send(lambda: pipeline.attach("picture", opener(sink), pair.stylized))
        if pair is not None:
            gate.release()
        return True

    pipeline.run(present)
    assert [frame.index for frame in sink.frames] == [2]
    assert sink.ends == ["closed"]
    assert pipeline.missed() == {}


def test_work_is_done_beside_the_stream():
    gate, done = threading.Semaphore(1), threading.Event()
    waiting, names = threading.Event(), []
    pipeline = LivePipeline(Camera(10, gate=gate), as_pair)

    def work():
        names.append(threading.current_thread().name)
        waiting.wait(10)
        done.set()

    pipeline.in_background(work)

    def present(pair):
        if pair is not None:
            gate.release()
            if pair.content.index == 8:
                waiting.set()  # the stream came so far while the work was held up
                done.wait(10)
        return True

    pipeline.run(present)
    assert done.is_set()
    assert names == ["worker"]


def test_work_that_cannot_be_done_is_told_and_the_stream_goes_on():
    gate, heard = threading.Semaphore(1), []
    pipeline = LivePipeline(Camera(10, gate=gate), as_pair, hear=heard.append)

    def present(pair):
        if pair is not None:
            gate.release()
        return True

    def broken():
        raise StyleError("it is no picture")

    pipeline.in_background(broken)
    pipeline.run(present)
    assert pipeline.stylized == 10
    assert [str(event.failure) for event in heard] == ["it is no picture"]


def test_messages_are_done_in_order_by_the_stylizing_thread_also_while_no_frame_comes():
    owner, done, waiting = Owner(), [], [3, 2, 1]
    pipeline = LivePipeline(Camera(1, gate=threading.Semaphore(0)), as_pair, owner=owner)

    def note(number):
        return lambda: done.append((number, threading.current_thread().name))

    owner.send(note(0))  # before the run, by the owner itself
    assert done == [(0, threading.current_thread().name)]

    def present(_pair):
        while waiting:
            owner.send(note(waiting.pop()))
        return len(done) < 4

    pipeline.run(present)
    assert done[1:] == [(number, "stylize") for number in (1, 2, 3)]
    owner.send(note(4))
    assert done[-1] == (4, threading.current_thread().name)


def test_what_the_owner_sends_itself_is_done_at_once_after_what_waits():
    owner, done = Owner(), []

    def outer():
        owner.send(lambda: done.append("inner"))
        done.append("outer")

    sender = threading.Thread(target=lambda: owner.send(lambda: done.append("first")))
    sender.start()
    sender.join(60)
    assert done == []
    owner.send(outer)
    assert done == ["first", "inner", "outer"]


def test_a_sink_can_do_what_cannot_wait_while_no_frame_comes():
    keeper = Keeper()
    keeper.idle_seconds = 0.001
    pipeline = LivePipeline(Camera(1, gate=threading.Semaphore(0)), as_pair)
    pipeline.attach("idle", opener(keeper))
    pipeline.run(lambda _pair: keeper.idles < 3)
    assert keeper.idles >= 3


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX signals")
def test_what_must_be_finished_is_finished_also_when_a_signal_raises_meanwhile():
    done = []

    def stop(*_):
        raise Interrupted(signal.SIGALRM)

    def work():
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        time.sleep(0.3)
        done.append(True)

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with pytest.raises(Interrupted):
            undisturbed(work)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert done == [True]


def test_what_goes_wrong_while_finishing_is_raised_here():
    def work():
        raise RuntimeError("the end broke")

    with pytest.raises(RuntimeError, match="the end broke"):
        undisturbed(work)


def test_what_is_sent_while_the_owner_attends_waits_for_its_next_time():
    owner, done = Owner(), []

    def send_from_elsewhere():
        sender = threading.Thread(target=owner.send, args=(act,))
        sender.start()
        sender.join(60)

    def act():
        done.append(len(done))
        if len(done) < 100:
            send_from_elsewhere()

    send_from_elsewhere()
    owner.attend()
    assert done == [0]
    owner.attend()
    assert done == [0, 1]
