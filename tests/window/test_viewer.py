"""Keys do what the table says, and the overlay tells the truth."""

import argparse
import socket
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from streamstyle.commands.camera import _presenter
from streamstyle.frame import Frame
from streamstyle.live.autosize import AutoSize
from streamstyle.live.controls import Controls
from streamstyle.live.show import Live
from streamstyle.live.state import Settings
from streamstyle.media.sinks.null import NullSink
from streamstyle.media.sources.base import SourceInfo
from streamstyle.media.sources.live import LiveState
from streamstyle.pipeline.live import Pair
from streamstyle.studio.mjpeg import MjpegSink
from streamstyle.window.keys import Action, Command
from streamstyle.window.overlay import style_at
from streamstyle.window.viewer import Headless, Viewer
from tests.clips import pattern
from tests.fakes import FakeStylizer


class Camera:
    info = SourceInfo("camera", 64, 48, is_live=True)
    warnings = ()
    state = LiveState("live", 0.0)
    sound = None

    def pause(self, on):
        return on


class FakePeople:
    def follow(self, content):
        return np.ones(content.shape[:2], np.float32)


class FakeWindow:
    def __init__(self):
        self.pictures, self.titles, self.waiting, self.full = [], [], [], 0

    def scaled(self, image):
        return image

    def show(self, image, title=None):
        self.pictures.append(image)
        self.titles.append(title)

    def actions(self):
        taken, self.waiting = self.waiting, []
        return taken

    def toggle_full_screen(self):
        self.full += 1


def pair():
    frame = Frame(pattern(0, 64, 48), 0, Fraction(0), captured_at=time.monotonic())
    return Pair(frame, frame.with_image(255 - frame.image))


@pytest.fixture
def viewer(monkeypatch):
    monkeypatch.setattr("streamstyle.look.player.find_people", FakePeople)
    stylizer = FakeStylizer()
    controls = Controls(stylizer, Settings(("a", "b", "c")))
    controls.start()
    live = Live(Camera(), stylizer, controls)
    live.controls.requests.in_background = lambda work: work()
    live.taken = []
    live.sinks.toggle_recording = lambda path: live.taken.append(path())
    live.snapshot = live.taken.append
    window = FakeWindow()
    viewer = Viewer(window, live, recording_path=lambda: Path("r.mp4"), snapshot_path=lambda: Path("s.png"))
    viewer._overlay_rows = 0  # the bare picture
    return viewer


def press(viewer, *commands):
    viewer._window.waiting = [command if isinstance(command, Action) else Action(command) for command in commands]
    return viewer(pair())


@pytest.mark.parametrize("command", [command for command in Command if command is not Command.QUIT])
def test_every_command_does_something(viewer, command):
    """A command that is added to the table of keys must be known here."""
    viewer._live.controls.change_alpha(-3)
    press(viewer)

    def seen():
        status = viewer.status(0)
        settings, picture = viewer._live.controls.settings, viewer._window.pictures[-1]
        shown = bool(status.strip), status.paused
        taken = tuple(viewer._live.taken)
        return settings, taken, viewer._window.full, status.help, status.visible, shown, picture.tobytes()

    before = seen()
    press(viewer, Action(command, 1 if command is Command.PICK_STYLE else None))
    press(viewer)
    assert sum(one != other for one, other in zip(before, seen(), strict=True)) == 1


def test_quit_ends_the_run_and_nothing_else_does(viewer):
    assert all(press(viewer, command) for command in Command if command not in {Command.QUIT, Command.PICK_STYLE})
    assert not press(viewer, Command.QUIT)


def test_keys_change_the_look(viewer):
    controls = viewer._live.controls
    press(viewer, Command.NEXT_STYLE)
    assert controls.state.style == "b"
    press(viewer, Action(Command.PICK_STYLE, 2))
    assert controls.state.style == "c"
    press(viewer, Command.ALPHA_DOWN, Command.ALPHA_DOWN, Command.COLOR, Command.MIRROR)
    settings = controls.settings
    assert (settings.recipe.alpha[0].at(0), settings.color, settings.mirror) == (0.8, "content", True)
    press(viewer, Command.FULL_SCREEN)
    assert viewer._window.full == 1
    press(viewer, Command.RECORD, Command.SNAPSHOT)
    assert [path.name for path in viewer._live.taken] == ["r.mp4", "s.png"]


def test_the_picture_is_stylized_original_or_both(viewer):
    shown = viewer._window.pictures
    press(viewer)
    assert np.array_equal(shown[-1], 255 - pattern(0, 64, 48))
    press(viewer, Command.ORIGINAL)
    press(viewer, Command.ORIGINAL)
    assert np.array_equal(shown[-1], pattern(0, 64, 48))
    press(viewer, Command.SIDE_BY_SIDE)
    press(viewer)
    assert shown[-1].shape[1] > shown[-1].shape[0] * 2


def test_a_machine_too_slow_for_the_strokes_is_said(viewer):
    live = viewer._live
    live.auto, live.size = AutoSize([12, 34, 48], 1 / 30), 48
    live.auto.start({48: 1e-6})
    assert viewer.status(time.monotonic()).size == "48p auto"
    live.auto.start({48: 10.0})
    live.size = 12
    assert viewer.status(time.monotonic()).size == "12p auto, too slow for strokes of 48p"


def test_the_status_tells_size_strength_and_what_is_wrong(viewer):
    viewer._live.source.state = LiveState("lost", 0.0, "the camera was unplugged")
    status = viewer.status(time.monotonic())
    assert (status.style, status.alpha, status.size, status.provider) == ("a", 1.0, "48p", "cpu")
    assert status.notice == "the camera was unplugged"
    viewer._live.source.state = LiveState("live", 0.0)
    assert viewer.status(time.monotonic()).notice == ""


def test_the_status_tells_where_the_time_goes_and_what_was_dropped(viewer):
    live = viewer._live
    press(viewer)
    for milliseconds in range(1, 101):
        live.latency.add(milliseconds / 1000)
    live.pipeline._in.put(pair().content)
    live.pipeline._in.put(pair().content)
    for stage in ("record", "stylize", "capture", "mjpeg"):
        with live.times.measure(stage):
            pass
    live.sinks.attach("mjpeg", NullSink)
    live.pipeline._missed = {"record": 7, "mjpeg": 2}
    status = viewer.status(time.monotonic() + 1)
    assert [stage for stage, _ in status.stages] == ["capture", "stylize", "show", "mjpeg"]
    assert status.missed == (("mjpeg", 2),)
    assert status.skipped == 1
    assert status.latency_p95_ms == 96.0


def test_details_stand_still_long_enough_to_be_read(viewer):
    now = time.monotonic()
    viewer.status(now)
    viewer._live.latency.add(1.0)
    assert viewer.status(now + 0.1).latency_p95_ms is None
    assert viewer.status(now + 0.1).latency_ms == 1000
    assert viewer.status(now + 0.6).latency_p95_ms == 1000


def test_viewers_of_the_page_are_counted_in_the_overlay(viewer):
    options = argparse.Namespace(seconds=None)
    with MjpegSink("127.0.0.1:0") as sink:
        watched = _presenter(options, viewer._live, viewer._window, {"mjpeg": sink}, Console())
        assert watched.status(time.monotonic()).viewers == 0
        place = sink.url.split("/")[2]
        host, port = place.split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(f"GET /stream.mjpg HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
            deadline = time.monotonic() + 10
            while not watched.status(time.monotonic()).viewers and time.monotonic() < deadline:
                sink.write(pair().stylized)
                time.sleep(0.01)
            assert watched.status(time.monotonic()).viewers == 1
    alone = _presenter(options, viewer._live, viewer._window, {}, Console())
    assert alone.status(time.monotonic()).viewers == 0


def test_messages_go_away(viewer):
    viewer._live.controls.say("saved")
    now = time.monotonic()
    assert viewer.status(now).message == "saved"
    assert viewer.status(now + 10).message == ""


def test_without_a_window_the_time_counts_from_the_first_frame():
    present = Headless(0.0001)
    assert present(None)
    assert present(pair())
    time.sleep(0.001)
    assert not present(None)
    assert Headless(None)(pair())


def test_the_strip_is_painted_on_the_newest_frame_and_a_click_takes_a_style(viewer):
    press(viewer)
    viewer._live.last = pair()
    press(viewer, Command.THUMBNAILS)
    for _ in range(6):
        viewer._live._thumbnails.paint_one()
    status = viewer.status(0)
    assert [item.name for item in status.strip] == ["a", "b", "c"]
    assert all(np.array_equal(item.image, 255 - pattern(0, 64, 48)) for item in status.strip)
    viewer._window.scaled = lambda _: np.zeros((720, 1280, 3), np.uint8)
    press(viewer)
    places = [(x / 100, 0.75) for x in range(100)]
    picked = next(place for place in places if style_at(*viewer._shown, place) == 2)
    press(viewer, Action(Command.PAUSE, place=picked))
    assert viewer._live.controls.state.style == "c"
    assert not viewer.status(0).paused


def test_a_click_elsewhere_pauses_a_file_and_tells_that_cameras_go_on(viewer):
    press(viewer)
    press(viewer, Action(Command.PAUSE, place=(0.5, 0.2)))
    assert viewer.status(0).paused
    press(viewer, Action(Command.PAUSE, place=(0.5, 0.2)))
    assert not viewer.status(0).paused
    viewer._live.source.pause = lambda on: False
    press(viewer, Command.PAUSE)
    assert not viewer.status(0).paused
    assert viewer._live.controls.state.message.text == "a camera cannot be paused"


def test_details_come_second_and_then_nothing(viewer):
    viewer._overlay_rows = 1
    shown = []
    for _ in range(4):
        status = viewer.status(0)
        shown.append((status.visible, status.details))
        press(viewer, Command.OVERLAY)
    assert shown == [(True, False), (True, True), (False, False), (True, False)]


def test_long_messages_stay_as_long_as_they_take_to_read(viewer):
    viewer._live.controls.say("x" * 150)
    said_at = viewer._live.controls.state.message.said_at
    assert viewer.status(said_at + 9).message
    assert not viewer.status(said_at + 11).message
