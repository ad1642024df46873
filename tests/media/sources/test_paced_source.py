"""Files play as cameras do, in a time of the tests' own."""

import itertools
import os
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamstyle.errors import SourceError
from streamstyle.frame import Frame
from streamstyle.media.sources import CameraSource, PacedSource, StreamSource, open_live_source, open_source
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.media.sources.synthetic import SyntheticSource
from tests.clips import Audio, make_clip, pattern
from tests.media.sources.cameras.fakes import FakeCamera, FakeClock, fake_machine


def scene(frames: int = 10, rate: Fraction = Fraction(25)) -> Source:
    return SyntheticSource(width=32, height=24, frames=frames, rate=rate)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_every_frame_is_released_at_its_time(clock: FakeClock) -> None:
    with PacedSource(lambda: scene(50, Fraction(30000, 1001)), loop=False, clock=clock) as source:
        began = clock.now()
        frames = list(source)
    assert len(frames) == 50
    for frame in frames:
        assert frame.captured_at == pytest.approx(began + float(frame.time), abs=1e-4)


def test_a_stream_that_changes_its_shape_is_kept_with_bars(tmp_path: Path, clock: FakeClock) -> None:
    red = np.full((48, 64, 3), (200, 30, 30), np.uint8)
    parts = [red, red[:, :24]]
    clips = [
        make_clip(tmp_path / f"{number}.ts", images=[image.copy()] * 5, options={"crf": "5"}).read_bytes()
        for number, image in enumerate(parts)
    ]
    (tmp_path / "both.ts").write_bytes(b"".join(clips))
    with PacedSource(lambda: open_source(str(tmp_path / "both.ts")), loop=False, clock=clock) as source:
        frames = list(source)
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert frames[0].image.min(axis=(0, 1))[0] > 180
    bars, inside = np.delete(frames[-1].image, np.s_[18:46], axis=1), frames[-1].image[:, 22:42]
    assert bars.max() == 0
    assert np.abs(inside.astype(int) - (200, 30, 30)).max() < 12
    assert any("the picture size changes" in line for line in source.warnings)


def test_slow_readers_do_not_make_it_drift(clock: FakeClock) -> None:
    with PacedSource(lambda: scene(100), loop=False, clock=clock) as source:
        began = clock.now()
        for frame in source:
            assert frame.captured_at - began - float(frame.time) <= 0.061
            clock.sleep(0.1 if frame.index % 10 == 0 else 0.013)
    assert clock.now() - began == pytest.approx(99 / 25 + 0.013, abs=0.01)


def test_after_a_long_standstill_it_plays_on_and_does_not_hurry(clock: FakeClock) -> None:
    with PacedSource(lambda: scene(40), loop=False, clock=clock) as source:
        frames = iter(source)
        next(frames)
        clock.sleep(60)
        late = next(frames)
        rest = list(frames)
    gaps = [after.captured_at - before.captured_at for before, after in itertools.pairwise([late, *rest])]
    assert gaps == pytest.approx([1 / 25] * 38, abs=1e-4)


def test_a_pause_repeats_the_present_frame_and_then_goes_on_where_it_was(clock: FakeClock) -> None:
    with PacedSource(lambda: scene(10), loop=False, clock=clock) as source:
        began, frames = clock.now(), []
        for frame in source:
            frames.append(frame)
            if len(frames) == 4:
                assert source.pause(on=True)
                clock.after(1.0, lambda: source.pause(on=False))
    repeated = [frame for frame in frames if np.array_equal(frame.image, frames[3].image)]
    assert 8 <= len(repeated) <= 12
    assert all(before.time < after.time for before, after in itertools.pairwise(frames))
    assert float(frames[-1].time) == pytest.approx(9 / 25)  # the sound goes on where it was, too
    assert frames[-1].captured_at == pytest.approx(began + 9 / 25 + 1.0, abs=0.06)
    assert [frame.index for frame in frames] == list(range(len(frames)))


def test_a_file_that_is_paused_can_be_closed(clock: FakeClock) -> None:
    with PacedSource(lambda: scene(10), loop=True, clock=clock) as source:
        source.pause(on=True)
        clock.after(1.0, source.close)
        assert 8 <= len(list(source)) <= 12


class Unreadable(Source):
    """Opens, and has nothing to give."""

    def __init__(self) -> None:
        self.info = SourceInfo("clip.mp4", 32, 24, frame_rate=Fraction(25))
        self.warnings = []

    def __iter__(self) -> Iterator[Frame]:
        raise SourceError("it is damaged")

    def close(self) -> None:
        pass


def test_a_file_that_is_lost_between_two_rounds_is_waited_for(clock: FakeClock) -> None:
    """Deleted, half written, on a disk of the network that is away for a while."""
    answers: list[Source | str] = [scene(3), "the disk is away", Unreadable(), "still away", scene(2), scene(9)]

    def open_inner() -> Source:
        answer = answers.pop(0)
        if isinstance(answer, str):
            raise SourceError(answer)
        return answer

    states = []
    with PacedSource(open_inner, loop=True, clock=clock) as source:
        clock.after(0.2, lambda: states.append(source.state))
        clock.after(0.5, lambda: states.append(source.state))
        frames = list(itertools.islice(source, 7))
        assert source.state.name == "live"
    assert [(state.name, state.reason) for state in states] == [("lost", "the disk is away"), ("lost", "it is damaged")]
    assert [frame.time for frame in frames] == [Fraction(number, 25) for number in range(7)]
    gaps = [after.captured_at - before.captured_at for before, after in itertools.pairwise(frames)]
    assert gaps[2] > 0.5


def test_a_loop_goes_on_with_growing_times(clock: FakeClock) -> None:
    with PacedSource(lambda: scene(10), loop=True, clock=clock) as source:
        assert source.info.frame_count is None
        assert source.info.duration is None
        frames = list(itertools.islice(source, 35))
        base = source.info.time_base
    assert [frame.time for frame in frames] == [Fraction(number, 25) for number in range(35)]
    assert [frame.index for frame in frames] == list(range(35))
    assert all((frame.time / base).denominator == 1 for frame in frames)
    np.testing.assert_array_equal(frames[3].image, frames[23].image)


def test_a_real_clip_loops_without_a_gap(tmp_path: Path, clock: FakeClock) -> None:
    clip = make_clip(tmp_path / "a.mkv", frames=6, rate=Fraction(30000, 1001))
    with PacedSource(lambda: open_source(str(clip)), loop=True, clock=clock) as source:
        frames = list(itertools.islice(source, 20))
        base = source.info.time_base
        assert source.warnings == []
    gaps = {round(float(after.time - before.time), 2) for before, after in itertools.pairwise(frames)}
    assert gaps == {0.03}
    assert all((frame.time / base).denominator == 1 for frame in frames)


def test_a_photo_is_a_steady_stream(tmp_path: Path, clock: FakeClock) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), pattern(0, 32, 24))
    with PacedSource(lambda: open_source(str(tmp_path / "a.png")), loop=False, clock=clock) as source:
        assert source.info.frame_rate == 30
        assert source.info.is_live
        assert not source.info.is_still
        began = clock.now()
        frames = list(itertools.islice(source, 61))
    assert clock.now() - began == pytest.approx(2, abs=1e-3)
    assert not np.shares_memory(frames[0].image, frames[1].image)
    np.testing.assert_array_equal(frames[0].image, frames[60].image)


@pytest.mark.parametrize("loop", [True, False])
def test_close_is_noticed_while_it_waits(clock: FakeClock, loop: bool) -> None:
    with PacedSource(lambda: scene(10, Fraction(1, 10)), loop=loop, clock=clock) as source:
        frames = iter(source)
        next(frames)
        clock.after(3, source.close)
        began = clock.now()
        assert list(frames) == []
        assert clock.now() - began == pytest.approx(3, abs=0.051)


def test_a_loop_whose_file_is_deleted_goes_on_when_it_is_back(tmp_path: Path, clock: FakeClock) -> None:
    clip = make_clip(tmp_path / "a.mp4", frames=4)
    data = clip.read_bytes()
    with PacedSource(lambda: open_source(str(clip)), loop=True, clock=clock) as source:
        frames = iter(source)
        next(frames)
        clip.unlink()
        clock.after(1.0, lambda: clip.write_bytes(data))
        clock.after(5.0, source.close)
        assert len(list(frames)) > 3 + 4
        assert source.warnings == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_pipe_that_takes_the_place_of_a_looped_file_is_never_opened(tmp_path: Path, clock: FakeClock) -> None:
    clip = make_clip(tmp_path / "a.mkv", frames=4, audio=[Audio(seconds=0.2)])
    data, states = clip.read_bytes(), []

    def repair() -> None:
        states.append(source.state)
        clip.unlink()
        clip.write_bytes(data)

    source = open_live_source(str(clip), loop=True)
    assert isinstance(source, PacedSource)
    source._clock = clock
    with source:
        frames = iter(source)
        sound = source.sound
        assert sound is not None
        heard = sound(next(frames))
        clip.unlink()
        os.mkfifo(clip)
        assert list(heard.until(next(frames))) == []
        clock.after(1.0, repair)
        clock.after(5.0, source.close)
        assert len(list(frames)) > 2 + 4
    assert [state.name for state in states] == ["lost"]
    assert "is a pipe" in (states[0].reason or "")


def test_damage_is_told_once_and_not_in_every_round(tmp_path: Path, clock: FakeClock) -> None:
    clip = make_clip(tmp_path / "a.ts", frames=30)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with open_source(str(clip)) as plain:
        list(plain)
        expected = plain.warnings
    with PacedSource(lambda: open_source(str(clip)), loop=True, clock=clock) as source:
        list(itertools.islice(source, 80))
        assert source.warnings == expected


# A stream that breaks.


class Broken(Source):
    """Three frames, then its end."""

    def __init__(self, width: int = 32) -> None:
        self.info = SourceInfo("rtsp://x", width, 24, frame_rate=Fraction(25))
        self.warnings = []
        self.is_closed = False

    def __iter__(self) -> Iterator[Frame]:
        for index in range(3):
            yield Frame(np.zeros((24, self.info.width, 3), np.uint8), index, Fraction(index, 25))

    def close(self) -> None:
        self.is_closed = True


def test_a_stream_connects_again_with_growing_pauses(clock: FakeClock) -> None:
    opened: list[Broken] = []
    tries: list[float] = []

    def connect() -> Source:
        tries.append(clock.now())
        if len(tries) in {2, 3, 4, 5}:
            raise SourceError("connection refused")
        opened.append(Broken(width=32 if len(tries) == 1 else 64))
        return opened[-1]

    states = []
    with StreamSource(connect, clock=clock) as source:
        clock.after(1, lambda: states.append(source.state))
        frames = list(itertools.islice(source, 5))
        assert source.state.name == "live"
    assert states[0].name == "lost"
    assert states[0].reason == "connection refused"
    gaps = [after - before for before, after in itertools.pairwise(tries)]
    assert gaps == pytest.approx([0.25, 0.5, 1, 2, 2], abs=0.01)
    assert all(before.time < after.time for before, after in itertools.pairwise(frames))
    assert [frame.index for frame in frames] == list(range(5))
    assert {frame.image.shape for frame in frames} == {(24, 32, 3)}
    assert all(one.is_closed for one in opened)


def test_closing_a_stream_ends_its_attempts(clock: FakeClock) -> None:
    answers: list[Source] = [Broken()]

    def connect() -> Source:
        if not answers:
            raise SourceError("connection refused")
        return answers.pop()

    with StreamSource(connect, clock=clock) as source:
        clock.after(7.3, source.close)
        began = clock.now()
        assert len(list(source)) == 3
    assert clock.now() - began == pytest.approx(7.3, abs=0.051)


class _PhoneCamera(BaseHTTPRequestHandler):
    """Motion JPEG over HTTP, as phones and network cameras send it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        jpeg = cv2.imencode(".jpg", pattern(0, 64, 48))[1].tobytes()
        try:
            for _ in range(60):
                self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n")
                self.wfile.write(b"Content-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg))
                time.sleep(0.01)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def phone() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _PhoneCamera) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/video"
        server.shutdown()
        thread.join(60)


def test_a_phone_camera_over_http_is_live_by_itself_and_is_connected_again(phone: str) -> None:
    with open_live_source(phone) as source:
        assert isinstance(source, StreamSource)
        assert (source.info.width, source.info.height) == (64, 48)
        frames = list(itertools.islice(source, 70))  # more than one connection gives
    assert len(frames) == 70
    assert all(before.time < after.time for before, after in itertools.pairwise(frames))


# What opens what.


def test_files_are_paced_and_names_are_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = fake_machine(monkeypatch)
    machine.plug(0, FakeCamera("HD Webcam"))
    clip = make_clip(tmp_path / "a.mp4", frames=3)
    (tmp_path / "clip").write_bytes(clip.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("streamstyle.media.sources.cameras.source.WallClock", lambda: machine.clock)
    for name in ("a.mp4", "clip", str(clip), "./a.mp4"):
        with open_live_source(name) as source:
            assert isinstance(source, PacedSource), name
    for name in (None, "", "0", "webcam", "HD Webcam"):
        with open_live_source(name) as source:
            assert isinstance(source, CameraSource), name


def test_a_number_is_a_camera_even_beside_a_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = fake_machine(monkeypatch)
    machine.plug(0, FakeCamera())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "0").touch()
    monkeypatch.setattr("streamstyle.media.sources.cameras.source.WallClock", lambda: machine.clock)
    with open_live_source("0") as source:
        assert isinstance(source, CameraSource)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.mp4", "'missing.mp4' does not exist"),
        ("./missing", "'./missing' does not exist"),
        ("/no/such/clip", "'/no/such/clip' does not exist"),
        (".", "is a folder"),
        ("x" * 5000, "there is no camera or file 'xxx"),
        ("logitech", "there is no camera or file 'logitech'; no camera was found; plug one in, or give a video file"),
        ("clips/missing", "'clips/missing' cannot be used as a camera: it does not exist"),
        ("/dev/video99", "'/dev/video99' cannot be used as a camera: it does not exist"),
        ("/dev/null", "'/dev/null' cannot be used as a camera: it is not a camera"),
    ],
)
def test_what_is_neither_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("streamstyle.media.sources.cameras.v4l2.list_devices", list)
    with pytest.raises(SourceError) as caught:
        open_live_source(name)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
