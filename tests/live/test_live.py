"""A live run: controls, recordings, snapshots, automatic size, figures."""

import itertools
import random
import threading
import time
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from streamstyle.errors import Interrupted, ModelError, SinkError, StyleError
from streamstyle.frame import Frame
from streamstyle.live.autosize import AutoSize, ladder
from streamstyle.live.controls import Controls
from streamstyle.live.show import Live
from streamstyle.live.sinks import RECORDING, open_recording
from streamstyle.live.state import Settings
from streamstyle.look.look_file import read_recipe
from streamstyle.look.recipe import STROKE_SIZES, Recipe
from streamstyle.media.sinks.null import NullSink
from streamstyle.media.sources import open_source
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.media.sources.live import LiveState
from tests.clips import pattern
from tests.fakes import FakeStylizer

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


class Camera(Source):
    """One frame for each that was presented, so that none is skipped."""

    def __init__(self, count, width=64, height=48):
        self.info = SourceInfo(
            "camera", width, height, is_live=True, frame_rate=Fraction(30), time_base=Fraction(1, 90_000)
        )
        self.warnings = []
        self.count = count
        self.turn = threading.Semaphore(1)
        self.closed = False
        self.state = LiveState("live", 0.0)

    def __iter__(self):
        for index in range(self.count):
            while not self.turn.acquire(timeout=0.02):
                if self.closed:
                    return
            image = pattern(index, self.info.width, self.info.height)
            yield Frame(image, index, Fraction(index, 30), Fraction(1, 30), time.monotonic())

    def close(self):
        self.closed = True


def live(camera, **more):
    stylizer = FakeStylizer()
    controls = Controls(stylizer, Settings(("a", "b")))
    controls.start()
    return Live(camera, stylizer, controls, **more)


def step(run, also=lambda _pair: None):
    """A presenter that lets the camera give the next frame."""

    def present(pair):
        if pair is not None:
            also(pair)
            run.source.turn.release()
        return True

    return present


def test_a_run_reports_its_figures():
    sink = NullSink()
    run = live(Camera(12), sinks={"null": sink})
    report = run.run(step(run))
    assert (report.captured, report.stylized, report.shown, report.skipped) == (12, 12, 12, 0)
    assert report.latency_ms["p50"] <= report.latency_ms["p95"]
    assert set(report.milliseconds) == {"capture", "stylize", "look", "null"}
    assert report.missed == {"null": 12 - sink.frames}
    assert sink.frames > 0
    assert report.as_json()["style"] == "a"


@pytest.mark.parametrize(("fixed", "auto"), [(24, None), (None, None), (None, [48, 32])])
def test_the_model_prepares_for_the_size_that_comes(fixed, auto):
    run = live(Camera(1), size=fixed, auto=AutoSize(auto, 1 / 30) if auto else None)
    run.measure_size()
    run.warm_up()
    assert run.stylizer.prepared == (64, 48, run.auto.size if run.auto else fixed or 48)


def test_a_recording_holds_the_stylized_frames_with_their_times(tmp_path):
    camera = Camera(20)
    run = live(camera, sinks={RECORDING: open_recording(camera.info, tmp_path / "out.mp4")})
    report = run.run(step(run, lambda _pair: time.sleep(0.005)))
    assert report.outputs == [str(tmp_path / "out.mp4")]
    with open_source(report.outputs[0]) as source:
        frames = list(source)
    times = {round(float(frame.time - frames[0].time) * 30, 3) for frame in frames}
    assert times <= set(range(20))
    assert len(frames) == 20 - report.missed["record"]
    assert np.abs(frames[0].image.astype(int) - (255 - pattern(0, 64, 48))).mean() < 20


def until(run, condition):
    """Wait for a state of the run."""
    deadline = time.monotonic() + 20
    state = run.controls.state
    while not condition(state) and time.monotonic() < deadline:
        time.sleep(0.005)
        state = run.controls.state
    assert condition(state), state


def sink_phases(state):
    return {sink.name: sink.phase for sink in state.sinks}


def test_recordings_start_and_stop_while_it_runs(tmp_path):
    run, names, said = live(Camera(60)), iter(("one.mp4", "two.mp4")), []

    def also(pair):
        if pair.content.index in {5, 45}:
            run.sinks.toggle_recording(lambda: tmp_path / next(names))
            # A sink counts as open a moment before that is said.
            until(run, lambda state: sink_phases(state) == {"record": "open"} and state.message.text == "recording")
            said.append(run.controls.state.message.text)
        if pair.content.index == 25:
            run.sinks.toggle_recording(lambda: tmp_path / next(names))
            until(run, lambda state: state.outputs)
            said.append(run.controls.state.message.text)
            assert not run.sinks.recording
        time.sleep(0.003)

    report = run.run(step(run, also))
    assert said == ["recording", "recorded one.mp4", "recording"]
    assert [path.rsplit("/", 1)[-1] for path in report.outputs] == ["one.mp4", "two.mp4"]
    assert run.controls.state.sinks == ()
    for path in report.outputs:
        with open_source(path) as source:
            assert sum(1 for _ in source) > 3


def test_a_recording_that_cannot_start_is_said_and_the_stream_goes_on(tmp_path):
    run, told = live(Camera(30)), []
    run.tell = told.append

    def also(pair):
        if pair.content.index == 3:
            run.sinks.toggle_recording(lambda: tmp_path / "absent" / "out.mp4")
            until(run, lambda state: state.warnings)

    report = run.run(step(run, also))
    assert report.shown == 30
    assert told == report.warnings == [run.controls.state.message.text]
    assert "absent' does not exist" in told[0]
    assert run.sinks.failures == []  # it was no part of what the program was started for


def test_a_recording_that_is_still_opening_when_the_user_quits_ends_with_the_run(tmp_path):
    run, opening, release = live(Camera(5000)), threading.Event(), threading.Event()

    def slowly():
        opening.set()
        release.wait(20)
        return tmp_path / "out.mp4"

    def present(pair):
        if pair is not None:
            run.source.turn.release()
            if pair.content.index == 3:
                run.sinks.start_recording(slowly)
        if opening.is_set():
            threading.Timer(0.1, release.set).start()
            return False
        return True

    run.run(present)
    left = [path.name for path in tmp_path.iterdir()]
    assert left in ([], ["out.mp4"])  # with a frame or without
    assert run.controls.state.outputs == tuple(str(tmp_path / name) for name in left)


class Full(NullSink):
    """A disk with room for some frames."""

    def __init__(self, room=5):
        super().__init__()
        self.room = room

    def write(self, frame):
        super().write(frame)
        if self.frames > self.room:
            raise SinkError("the disk is full; make room")


def test_a_sink_that_fails_ends_alone_and_is_said_and_reported():
    other, told = NullSink(), []
    run = live(Camera(40), sinks={"record": Full(), "other": other}, needs_sink=True)
    run.tell = told.append

    def also(pair):
        if pair.content.index == 20:
            until(run, lambda state: state.warnings)
            assert sink_phases(run.controls.state) == {"other": "open"}

    report = run.run(step(run, also))
    assert (report.shown, report.warnings, told) == (40, ["the disk is full; make room"], ["the disk is full; make room"])
    assert [str(failure) for failure in run.sinks.failures] == report.warnings
    assert set(report.missed) == {"record", "other"}
    assert other.frames > 5


def test_where_nobody_watches_the_last_sink_that_fails_ends_the_run():
    run = live(Camera(5000), sinks={"record": Full()}, needs_sink=True)
    with pytest.raises(SinkError, match="the disk is full"):
        run.run(step(run))
    assert run.shown < 10**5


def test_many_hands_at_once_leave_nothing_behind(tmp_path, monkeypatch):
    """Looks, masks, sinks, recordings and snapshots from several threads, until the run ends in the middle of it."""
    opened, closed = [], []

    class Track:
        def __init__(self, uri, count, **_):
            self.warnings = []
            opened.append(self)
            time.sleep(0.001)

        def at(self, _seconds, height, width):
            assert self not in closed
            whole = np.ones((height, width), np.float32)
            return [whole, 1 - whole]

        def close(self):
            closed.append(self)

    monkeypatch.setattr("streamstyle.look.player.MaskTrack", Track)
    run, numbers = live(Camera(200)), itertools.count()
    ended = threading.Event()

    def hand(seed):
        chance = random.Random(seed)
        deeds = [
            lambda: run.controls.pick(chance.randrange(2)),
            lambda: run.controls.apply(Recipe(("a", "keep"), mask=f"{chance.randrange(3)}.png")),
            lambda: run.controls.change(lambda recipe: replace(recipe, grain=chance.random())),
            lambda: run.sinks.toggle_recording(lambda: tmp_path / f"{next(numbers)}.mkv"),
            lambda: run.sinks.attach("null", NullSink),
            lambda: run.sinks.detach("null"),
            lambda: run.snapshot(tmp_path / f"{next(numbers)}.png"),
            lambda: time.sleep(0.01),
        ]
        while not ended.is_set():
            chance.choice(deeds)()
            time.sleep(0.002)

    hands = [threading.Thread(target=hand, args=(seed,)) for seed in range(4)]
    for each in hands:
        each.start()
    try:
        report = run.run(step(run))
    finally:
        ended.set()
        for each in hands:
            each.join(60)
    assert len(set(map(id, closed))) == len(closed) == len(opened)
    assert len(opened) > 0
    left = {str(path) for path in tmp_path.iterdir()}
    assert set(report.outputs) == {path for path in left if ".partial" not in path}
    assert not [path for path in left if ".partial" in path]
    nothing_came = [line for line in report.warnings if "no frame came" not in line]
    assert nothing_came == []


def test_any_thread_may_end_the_run():
    run = live(Camera(5000))
    stop = step(run, lambda pair: pair.content.index == 3 and threading.Thread(target=run.pipeline.quit).start())
    assert run.run(stop).shown < 5000


def test_any_sink_comes_and_goes_while_it_runs():
    run, sinks = live(Camera(40)), [NullSink(), NullSink()]

    def also(pair):
        if pair.content.index in {5, 15}:
            sink = sinks[pair.content.index // 10]
            run.sinks.attach("null", lambda: sink)
            until(run, lambda state: sink_phases(state) == {"null": "open"})
        if pair.content.index == 25:
            run.sinks.detach("null")
            until(run, lambda state: state.sinks == ())
        time.sleep(0.003)

    report = run.run(step(run, also))
    assert all(0 < sink.frames <= 12 for sink in sinks)
    assert set(report.missed) == {"null"}


def test_a_snapshot_is_the_stylized_frame(tmp_path):
    run = live(Camera(10))

    def also(pair):
        if pair.content.index == 4:
            run.snapshot(tmp_path / "shot.png")
        if pair.content.index == 5:
            run.snapshot(tmp_path / "shot.png")
            until(run, lambda state: len(state.outputs) + len(state.warnings) == 2)

    report = run.run(step(run, also))
    shot = cv2.cvtColor(cv2.imread(str(tmp_path / "shot.png")), cv2.COLOR_BGR2RGB)
    assert any(np.array_equal(shot, 255 - pattern(index, 64, 48)) for index in (3, 4))
    assert report.outputs == [str(tmp_path / "shot.png")]
    assert report.missed == {}
    (line,) = report.warnings
    assert "exists" in line


def test_a_snapshot_of_the_last_moment_is_written(tmp_path):
    run = live(Camera(10))

    def present(pair):
        if pair is None:
            return True
        run.snapshot(tmp_path / "shot.png")
        return False

    report = run.run(present)
    assert report.outputs == [str(tmp_path / "shot.png")]


def test_mirroring_turns_content_and_result():
    run, pairs = live(Camera(2)), []
    run.controls.mirror()
    run.run(step(run, pairs.append))
    assert np.array_equal(pairs[0].content.image, pattern(0, 64, 48)[:, ::-1])
    assert np.array_equal(pairs[0].stylized.image, 255 - pattern(0, 64, 48)[:, ::-1])


def test_frames_of_another_shape_are_fitted_with_bars():
    camera, pairs = Camera(3), []
    run = live(camera)
    tall = np.full((96, 32, 3), 255, np.uint8)
    frames = [Frame(image, index, Fraction(index, 30)) for index, image in enumerate((pattern(0, 64, 48), tall))]
    for frame in frames:
        pairs.append(run._stylize(frame))
    assert np.array_equal(pairs[0].content.image, frames[0].image)
    assert pairs[1].content.image.shape == pairs[1].stylized.image.shape == (48, 64, 3)
    assert pairs[1].content.image[:, 24:40].min() == 255
    assert np.delete(pairs[1].content.image, np.s_[24:40], axis=1).max() == 0


def test_a_size_that_this_machine_cannot_do_is_said_and_the_show_goes_on():
    auto = AutoSize([32, 48], 1 / 30)
    run, told = live(Camera(5000), auto=auto), []
    run.tell = told.append

    def prepare(width, height, size, *, while_running):
        raise ModelError(f"{size} is too large")

    run.stylizer.prepare = prepare

    def larger(pair):
        if pair.content.index == 3:
            auto.start({48: 1e-6})
        time.sleep(0.002)

    stop = step(run, larger)
    run.run(lambda pair: stop(pair) and not told)
    assert told == ["frames stay smaller than 48p: 48 is too large"]
    assert set(run.stylizer.sizes) == {32}
    assert auto.sizes == [32]


def test_the_automatic_size_is_measured_first_and_used():
    run = live(Camera(3, 640, 480), auto=AutoSize(ladder(480, 480), 1 / 30))
    run.measure_size()
    assert run.auto.size == 480  # the fake takes next to nothing
    run.run(step(run))
    assert run.stylizer.sizes == [480, 480, 480, 480, 480, 480]


def test_other_strokes_are_another_size_at_once():
    run = live(Camera(60, 640, 480), auto=AutoSize(ladder(480, Recipe().stroke_size), 1 / 30))

    def bolder(pair):
        if pair.content.index == 5:
            run.controls.apply(Recipe(("a",), strokes="bold"))
        time.sleep(0.002)

    report = run.run(step(run, bolder))
    assert run.auto.sizes == ladder(480, STROKE_SIZES["bold"])
    assert max(size for size in run.stylizer.sizes[-5:] if isinstance(size, int)) <= STROKE_SIZES["bold"]
    assert report.size <= STROKE_SIZES["bold"]


def test_without_auto_the_size_is_that_of_the_strokes():
    run = live(Camera(3, 640, 480))
    run.warm_up()
    assert run.stylizer.prepared == (640, 480, Recipe().stroke_size)
    assert run.run(step(run)).size == Recipe().stroke_size
    assert run.stylizer.sizes == [Recipe().stroke_size] * 3


def test_frames_go_on_at_the_old_size_until_the_model_is_ready_for_the_new_one():
    auto = AutoSize([32, 48], 1 / 30)
    run = live(Camera(60), auto=auto)

    def smaller_camera(pair):
        if pair.content.index == 5:
            auto.start({48: 1e-6})
        time.sleep(0.01)

    run.run(step(run, smaller_camera))
    sizes = run.stylizer.sizes
    asked = sizes.index((64, 48, 48))
    assert set(sizes[:asked]) == {32}
    later = sizes[asked + 1 :]
    assert later[0] == 32
    assert later[-1] == 48
    assert later == sorted(later)


def test_a_picture_that_is_dropped_into_the_folder_becomes_the_style(tmp_path, monkeypatch):
    monkeypatch.setattr("streamstyle.live.watch._EVERY_SECONDS", 0.0)
    (tmp_path / "early.png").write_bytes(b"x")
    run = live(Camera(400))
    run.files.watch_styles(tmp_path)
    assert run.controls.settings.styles == ("a", "b", str(tmp_path / "early.png"))

    def also(pair):
        if pair.content.index == 2:
            (tmp_path / "late.png").write_bytes(b"y")
        if run.controls.state.style.endswith("late.png"):
            run.source.count = 0
        time.sleep(0.002)

    stop = step(run, also)
    run.run(lambda pair: stop(pair) and not run.controls.state.style.endswith("late.png"))
    assert run.controls.state.style == str(tmp_path / "late.png")


def test_a_slow_encoding_does_not_hold_the_stream():
    run = live(Camera(4000))
    began, twenty_shown, while_encoding = threading.Event(), threading.Event(), []
    encode = run.stylizer.encoder.find

    def slowly(name, size=256):
        began.set()
        assert twenty_shown.wait(60), "the stream waits for the encoding, which waits for the stream"
        return encode(name)

    run.stylizer.encoder.find = slowly

    def also(pair):
        if pair.content.index == 3:
            run.controls.step(1)
        if began.is_set():
            while_encoding.append(pair.content.index)
        if len(while_encoding) == 20:
            twenty_shown.set()
        time.sleep(0.002)

    stop = step(run, also)
    run.run(lambda pair: stop(pair) and run.controls.state.style != "b")
    assert while_encoding[:20] == list(range(while_encoding[0], while_encoding[0] + 20))


def test_a_look_file_that_changes_is_taken_up_and_a_wrong_one_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("streamstyle.live.watch._EVERY_SECONDS", 0.0)
    path = tmp_path / "look.toml"
    path.write_text('style = ["a"]')
    run = live(Camera(4000))
    run.files.watch_look(path, lambda: read_recipe(path))
    said = []

    def also(pair):
        if pair.content.index == 2:
            path.write_text('style = ["c"]\nalpha = 0.25\ncolor = "luma"')
        if run.controls.state.style == "c" and not said:
            said.append("taken up")
            path.write_text('style = ["c"]\nalfa = 0.25')
        time.sleep(0.002)

    stop = step(run, also)
    run.run(lambda pair: stop(pair) and "alfa" not in run.controls.state.message[0])
    recipe = run.controls.settings.recipe
    assert (recipe.style, str(recipe.alpha[0]), recipe.color) == (("c",), "0.25", "luma")
    assert "line 2: no option 'alfa'" in run.controls.state.message[0]


@pytest.mark.parametrize("trouble", ["style", "look", "paint", "read", "unreadable", "unheard of"])
def test_whatever_is_wrong_with_a_changed_look_is_said_and_the_show_goes_on(tmp_path, monkeypatch, trouble):
    monkeypatch.setattr("streamstyle.live.watch._EVERY_SECONDS", 0.0)
    path = tmp_path / "look.toml"
    path.write_text('style = ["a"]')
    run, told = live(Camera(5000)), []
    stylize, find = run.stylizer.stylize, run.stylizer.encoder.find
    text = {"style": 'style = ["bad"]', "look": 'mask = "absent.png"', "read": "alfa", "paint": "color_strength = 0.5"}
    text["unreadable"] = "odd"

    def stylize_or_fail(image, look, *stream):
        if look.color_strength == 0.5:
            raise ModelError("this look cannot be painted")
        return stylize(image, look, *stream)

    def find_or_fail(name, size=256):
        if name == "bad":
            raise StyleError("style 'bad' is damaged")
        if name == "worse":
            raise RuntimeError("password required")
        return find(name, size)

    run.stylizer.stylize, run.stylizer.encoder.find, run.tell = stylize_or_fail, find_or_fail, told.append

    def read():
        if "odd" in path.read_text():
            raise ValueError("password required")
        return read_recipe(path)

    run.files.watch_look(path, read)
    frames_after = []

    def also(pair):
        if pair.content.index == 2:
            path.write_text(text.get(trouble, 'style = ["worse"]'))
        if told:
            frames_after.append(pair)
        time.sleep(0.002)

    stop = step(run, also)
    report = run.run(lambda pair: stop(pair) and len(frames_after) < 5)
    words = {"style": "damaged", "look": "absent.png", "paint": "cannot be painted", "read": "TOML"}
    assert len(told) == 1
    assert words.get(trouble, "password required") in told[0]
    assert run.controls.settings.recipe == Recipe(("a",))
    assert report.style == "a"


def test_a_damaged_style_that_is_dropped_into_the_folder_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("streamstyle.live.watch._EVERY_SECONDS", 0.0)
    run, told = live(Camera(5000)), []
    run.tell = told.append

    def find(name, size=256):
        raise ValueError("bad zip")

    run.stylizer.encoder.find = find
    run.files.watch_styles(tmp_path)

    def also(pair):
        if pair.content.index == 2:
            (tmp_path / "late.style.npz").write_bytes(b"no style")
        time.sleep(0.002)

    stop = step(run, also)
    run.run(lambda pair: stop(pair) and not told)
    assert told == ["ValueError: bad zip"]
    assert run.controls.state.style == "a"


def test_a_look_that_cannot_be_painted_from_the_start_ends_the_run():
    run = live(Camera(3))

    def stylize(_image, _look, *_stream):
        raise ModelError("too large for this machine's memory")

    run.stylizer.stylize = stylize
    with pytest.raises(ModelError, match="too large"):
        run.run(step(run))


def test_a_styles_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(SinkError, match="cannot be read"):
        live(Camera(1)).files.watch_styles(tmp_path / "absent")


def test_a_failure_keeps_the_recording_playable_under_a_partial_name(tmp_path):
    camera = Camera(40)
    run = live(camera, sinks={RECORDING: open_recording(camera.info, tmp_path / "out.mp4")})

    def also(pair):
        if pair.content.index == 30:
            raise RuntimeError("the window broke")
        time.sleep(0.003)

    with pytest.raises(RuntimeError, match="the window broke"):
        run.run(step(run, also))
    (left,) = tmp_path.iterdir()
    assert left.name == "out.partial.mp4"
    with open_source(str(left)) as source:
        assert sum(1 for _ in source) > 3


def test_a_camera_that_was_lost_is_told_at_once_and_in_the_report():
    run, said = live(Camera(20)), []
    run.tell = said.append

    def also(pair):
        if pair.content.index == 5:
            run.source.state = LiveState("lost", 100.0, "it is unplugged")
        if pair.content.index == 10:
            assert said == ["the camera is lost: it is unplugged; it is taken up again when it is back"]
            run.source.state = LiveState("live", 103.5)

    report = run.run(step(run, also))
    assert said[1:] == ["the camera is back after 3.5 s"]
    assert (report.lost, report.lost_seconds) == (1, 3.5)
    assert report.warnings == ["the camera was lost once, 3.5 s in all (last: it is unplugged)"]


def test_being_stopped_finishes_the_recording(tmp_path):
    camera = Camera(40)
    run = live(camera, sinks={RECORDING: open_recording(camera.info, tmp_path / "out.mp4")})

    def also(pair):
        if pair.content.index == 20:
            raise Interrupted(2)
        time.sleep(0.003)

    with pytest.raises(Interrupted):
        run.run(step(run, also))
    assert run.report().outputs == [str(tmp_path / "out.mp4")]
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_being_stopped_before_the_first_frame_leaves_nothing(tmp_path):
    camera = Camera(1)
    camera.turn = threading.Semaphore(0)
    run = live(camera, sinks={RECORDING: open_recording(camera.info, tmp_path / "out.mp4")})

    def stop(_pair):
        raise Interrupted(2)

    with pytest.raises(Interrupted):
        run.run(stop)
    assert run.report().outputs == []
    assert list(tmp_path.iterdir()) == []


def test_controls_outlive_a_run_and_go_on_in_the_next():
    first = live(Camera(4), keeps_controls=True)
    controls = first.controls
    first.run(step(first))
    controls.rest()
    controls.change(lambda look: replace(look, style=("b",)))
    assert (controls.state.style, controls.state.waiting) == ("b", False)
    controls.start()
    second = Live(Camera(4), first.stylizer, controls, keeps_controls=True)
    assert second.run(step(second)).style == "b"
    controls.close()


def test_what_a_run_left_undone_is_made_when_it_is_over():
    run = live(Camera(1), keeps_controls=True)
    run.controls.requests.in_background = lambda _work: None  # as when the run ends before its turn
    run.controls.change(lambda look: replace(look, style=("b",)))
    assert run.controls.state.waiting
    run.controls.rest()
    assert (run.controls.state.style, run.controls.state.waiting) == ("b", False)
    run.controls.close()


def test_a_recording_whose_file_is_deleted_ends_alone_and_that_is_said_at_once(tmp_path):
    camera = Camera(90)
    sink = open_recording(camera.info, tmp_path / "out.mp4")
    told = []
    run = live(camera, sinks={RECORDING: sink, "null": NullSink()})
    run.tell = told.append

    def delete(pair):
        if pair.content.index == 10:
            (tmp_path / "out.partial.mp4").unlink()
        time.sleep(0.002)

    report = run.run(step(run, delete))
    assert "was deleted or moved" in told[0]
    assert report.missed["null"] < 90
    assert report.outputs == []
    assert list(tmp_path.iterdir()) == []
