"""`run_camera.py` as users meet it: real processes, a clip in place of a camera, a clock in its frames."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from streamstyle.commands import camera
from streamstyle.commands.main import main
from streamstyle.live.names import FreshNames
from tests.clips import make_clip
from tests.clock import clock_face, read_clock
from tests.window.screens import environment_of, virtual_screen, xdotool

ROOT = Path(__file__).resolve().parents[2]
RATE = 15
POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A minute of a clock, so that no number comes twice in a test."""
    images = [clock_face(index, 96, 72) for index in range(60 * RATE)]
    return make_clip(tmp_path_factory.mktemp("clip") / "clock.mp4", images=images, rate=RATE, options={"crf": "20"})


def command(*arguments):
    return [sys.executable, str(ROOT / "run_camera.py"), *map(str, arguments)]


def run(*arguments, **more):
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, check=False, **more)


def one_line(result, code):
    assert result.returncode == code, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if not line.startswith("streamstyle: warning")]
    assert line.startswith(("streamstyle: ", "streamstyle camera: error: "))
    return line


class Live:
    """A run that goes on until it is ended, watched as a web page."""

    def __init__(self, *arguments, **more):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
        self.process = subprocess.Popen(command("--mjpeg", self.port, "--json", *arguments), **pipes, **more)
        self.until(lambda: self.picture() is not None)

    def picture(self):
        assert self.process.poll() is None, self.process.stderr.read()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/frame.jpg", timeout=60) as answer:
                return cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
        except OSError:
            return None

    def until(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.02)

    def until_clock(self, number):
        """Let it run until the clock shows this or more; returns what it shows."""
        self.until(lambda: read_clock(self.picture()) >= number)
        return read_clock(self.picture())

    def end(self, number=None):
        """What it leaves: output, errors."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.communicate(timeout=60)


@pytest.fixture
def live():
    runs = []

    def start(*arguments, **more):
        runs.append(Live(*arguments, **more))
        return runs[-1]

    yield start
    for each in runs:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate(timeout=60)


def frames_that_play(path):
    """How many frames there are before the place where a file was cut."""
    count = 0
    with av.open(str(path)) as container, contextlib.suppress(av.error.InvalidDataError):
        for _frame in container.decode(video=0):
            count += 1
    return count


def clocks_of(path):
    """Time in seconds and clock of each frame."""
    with av.open(str(path)) as container:
        frames = [
            (float(frame.pts * frame.time_base), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]
    return [(moment, read_clock(image)) for moment, image in frames]


def test_everything_at_once_for_some_seconds(clip, tmp_path):
    out = tmp_path / "out.mp4"
    options = ("--alpha", "0", "--seconds", "3", "--record", out, "--mjpeg", "0", "--json")
    result = run("--camera", clip, "--loop", "--no-window", *options)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["outputs"] == [str(out)]
    assert set(report["missed"]) == {"mjpeg", "record"}
    assert (report["lost"], report["lost_seconds"], report["warnings"]) == (0, 0, [])
    assert report["shown"] <= report["stylized"] <= report["captured"] == report["stylized"] + report["skipped"]
    assert 3 <= report["seconds"] < 6
    assert report["first_frame_seconds"] > 0
    clocks = clocks_of(out)
    assert len(clocks) == report["stylized"] - report["missed"]["record"]
    # The clip's frames last a fifteenth of a second: time and clock of each frame belong together.
    assert all(abs((moment - clocks[0][0]) - (number - clocks[0][1]) / RATE) < 0.01 for moment, number in clocks)
    assert abs(clocks[-1][0] - report["seconds"]) < 1


MICROPHONE = """\
import threading, time
from types import SimpleNamespace

import numpy as np

default = SimpleNamespace(hostapi=0)
query_hostapis = lambda: ({"name": "ALSA", "devices": [0], "default_input_device": 0},)
query_devices = lambda: [{"name": "Webcam Mic", "max_input_channels": 1, "default_samplerate": 16000.0}]

class InputStream:
    def __init__(self, callback, **how):
        self.callback = callback

    def start(self):
        threading.Thread(target=self.sound, daemon=True).start()

    def sound(self):
        tone = (9000 * np.sin(2 * np.pi * 500 * np.arange(320) / 16000)).astype(np.int16)[:, None]
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            time.sleep(0.02)
            self.callback(tone, 320, SimpleNamespace(currentTime=1.0, inputBufferAdcTime=0.98), None)

    def close(self):
        pass
"""


def with_microphone(folder, program):
    """The environment of a run in which this program stands in for PortAudio."""
    (folder / "fake").mkdir()
    (folder / "fake" / "sounddevice.py").write_text(program)
    paths = [str(folder / "fake"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def test_a_recording_holds_what_the_microphone_hears(clip, tmp_path):
    out = tmp_path / "out.mp4"
    environment = with_microphone(tmp_path, MICROPHONE.replace("SECONDS", "60"))
    result = run("--camera", clip, "--audio", "webcam", "--record", out, "--no-window", "--seconds", "2", env=environment)
    assert result.returncode == 0, result.stderr
    assert "warning" not in result.stderr
    with av.open(str(out)) as container:
        wave = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(wave) > 48_000
    assert np.argmax(np.abs(np.fft.rfft(wave[-24_000:]))) == pytest.approx(250, abs=3)  # 500 Hz


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (MICROPHONE.replace("SECONDS", "0.1"), "nothing is heard from Webcam Mic any more; the picture goes on"),
        (MICROPHONE.replace("[0]", "[]"), "there is no sound to record: no microphone was found"),
        ("raise OSError('PortAudio library not found')", "microphones cannot be used: PortAudio library not found"),
    ],
)
def test_a_show_goes_on_without_a_microphone(clip, tmp_path, program, message):
    out = tmp_path / "out.mp4"
    environment = with_microphone(tmp_path, program)
    result = run("--camera", clip, "--audio", "mic", "--record", out, "--no-window", "--seconds", "4", env=environment)
    assert result.returncode == 0, result.stderr
    assert sum(message in line for line in result.stderr.splitlines()) == 1
    assert frames_that_play(out) > 1


@POSIX
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_stopping_finishes_the_recording(clip, tmp_path, live, name, code):
    number, out = getattr(signal, name), tmp_path / "out.mp4"
    running = live("--camera", clip, "--loop", "--no-window", "--record", out, "--alpha", "0")
    seen = running.until_clock(2 * RATE)
    output, errors = running.end(number)
    assert running.process.returncode == code
    assert errors.splitlines()[-1] == "streamstyle: stopped"
    assert "Traceback" not in errors
    assert json.loads(output)["outputs"] == [str(out)]
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    clocks = clocks_of(out)
    assert clocks[0][1] <= 1
    assert clocks[-1][1] >= seen
    with pytest.raises(ProcessLookupError):
        os.killpg(running.process.pid, 0)  # it was alone in its session: nothing of it is left


@POSIX
def test_a_run_that_was_told_to_outlive_its_terminal_does(clip, tmp_path, live):
    ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    running = live("--camera", clip, "--loop", "--no-window", "--alpha", "0", **ignoring)
    running.process.send_signal(signal.SIGHUP)
    running.until_clock(running.until_clock(1) + 2)
    running.end(signal.SIGINT)
    assert running.process.returncode == 130


@POSIX
def test_a_recording_over_a_pause_plays_with_true_times(clip, tmp_path, live):
    """Ctrl-Z and `fg`, or the lid of a laptop."""
    out = tmp_path / "out.mp4"
    running = live("--camera", clip, "--loop", "--no-window", "--record", out, "--alpha", "0")
    running.until_clock(RATE)
    running.process.send_signal(signal.SIGSTOP)
    time.sleep(2.5)
    running.process.send_signal(signal.SIGCONT)
    seen = running.until_clock(running.until_clock(RATE) + RATE)
    running.end(signal.SIGINT)
    clocks = clocks_of(out)
    assert clocks[-1][1] >= seen
    moments = [moment for moment, _ in clocks]
    assert moments == sorted(set(moments))
    # The clip stood still as well, so that time and clock of each frame go on belonging together.
    assert all(abs((moment - clocks[0][0]) - (number - clocks[0][1]) / RATE) < 0.01 for moment, number in clocks)


@POSIX
def test_a_second_signal_while_the_recording_is_finished_ends_it_at_once(clip, tmp_path, live):
    running = live("--camera", clip, "--loop", "--no-window", "--record", tmp_path / "out.mp4")
    running.until_clock(RATE)
    running.process.send_signal(signal.SIGTERM)
    running.end(signal.SIGTERM)
    assert running.process.returncode in {-signal.SIGTERM, 143}
    assert len(list(tmp_path.iterdir())) == 1  # whole, or under its partial name


@POSIX
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_kill_9_leaves_all_but_the_last_seconds(clip, tmp_path, live, suffix):
    """Whatever the rate that is reached: what an encoder keeps back is counted in frames, and would be many seconds."""
    options = ("--alpha", "0", "--no-window", "--record", tmp_path / f"out{suffix}")
    running = live("--camera", clip, "--loop", *options)
    seen = running.until_clock(7 * RATE)
    running.process.kill()
    running.process.communicate(timeout=60)
    (left,) = tmp_path.iterdir()
    assert left.name == f"out.partial{suffix}"
    clocks = clocks_of(left)
    assert clocks[-1][1] >= seen - 3 * RATE
    assert all(abs((moment - clocks[0][0]) - (number - clocks[0][1]) / RATE) < 0.01 for moment, number in clocks)


def test_a_recording_that_was_cut_off_is_not_written_over(clip, tmp_path):
    (tmp_path / "out.partial.mp4").write_bytes(b"what nobody will see again")
    options = ("--camera", clip, "--no-window", "--seconds", "0.2", "--record", tmp_path / "out.mp4")
    assert "rename it, use --overwrite" in one_line(run(*options), 1)
    assert (tmp_path / "out.partial.mp4").read_bytes() == b"what nobody will see again"
    assert run(*options, "--overwrite").returncode == 0


@POSIX
def test_two_runs_do_not_write_one_file(clip, tmp_path, live):
    options = ("--camera", clip, "--loop", "--no-window", "--record", tmp_path / "out.mp4", "--overwrite")
    first = live(*options)
    assert "being written by another run" in one_line(run(*options), 1)
    first.end(signal.SIGINT)
    assert clocks_of(tmp_path / "out.mp4")


def test_the_input_is_never_the_recording(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", frames=5)
    before = clip.read_bytes()
    result = run("--camera", clip, "--no-window", "--record", clip, "--overwrite")
    assert "the input itself" in one_line(result, 2)
    assert clip.read_bytes() == before


def test_a_full_disk_is_one_line_and_what_was_recorded_plays(clip, tmp_path):
    resource = pytest.importorskip("resource")

    def small_files_only():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))

    options = ("--camera", clip, "--no-window", "--alpha", "0", "--record", tmp_path / "out.mp4", "--json")
    result = run(*options, preexec_fn=small_files_only)
    assert result.returncode == 1
    assert "the disk is full; make room" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial.mp4"]
    assert frames_that_play(tmp_path / "out.partial.mp4") > RATE


def test_a_full_disk_ends_the_recording_alone_where_others_watch(clip, tmp_path, live):
    resource = pytest.importorskip("resource")

    def small_files_only():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))

    out = tmp_path / "out.mp4"
    running = live("--camera", clip, "--loop", "--no-window", "--alpha", "0", "--record", out, preexec_fn=small_files_only)
    line = running.process.stderr.readline()
    while "warning" not in line:
        line = running.process.stderr.readline()
    assert f"the disk is full; make room; what was recorded so far plays: {tmp_path / 'out.partial.mp4'}" in line
    running.until_clock(running.until_clock(1) + RATE)
    output, errors = running.end(signal.SIGINT)
    report = json.loads(output)
    assert [text for text in report["warnings"] if "the disk is full" in text]
    assert report["outputs"] == []
    assert "the disk is full" not in errors  # it was said
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial.mp4"]
    assert frames_that_play(tmp_path / "out.partial.mp4") > RATE


def test_where_a_recording_failed_the_exit_code_tells(clip, tmp_path):
    resource = pytest.importorskip("resource")

    def small_files_only():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    short = make_clip(tmp_path / "short.mp4", images=[clock_face(index, 96, 72) for index in range(4 * RATE)], rate=RATE)
    options = ("--camera", short, "--no-window", "--alpha", "0", "--record", tmp_path / "out.mp4", "--mjpeg", "0", "--json")
    result = run(*options, preexec_fn=small_files_only)
    assert result.returncode == 1
    assert json.loads(result.stdout)["shown"] > RATE


@POSIX
def test_what_is_wrong_with_a_changed_look_is_said_without_a_window(clip, tmp_path, live):
    look = tmp_path / "look.toml"
    look.write_text("alpha = 0")
    running = live("--camera", clip, "--loop", "--no-window", "--look", look)
    look.write_text('mask = "absent.png"')
    line = running.process.stderr.readline()
    while "warning" not in line:
        line = running.process.stderr.readline()
    assert "absent.png" in line
    running.until_clock(running.until_clock(1) + RATE)
    output, _ = running.end(signal.SIGINT)
    assert running.process.returncode == 130
    assert json.loads(output)["captured"] > RATE


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--camera", "CLIP", "--no-window"), 2, "leaves nothing to see; add"),
        (("--camera", "CLIP", "--no-window", "--seconds", "0"), 2, "above 0, got '0'"),
        (("--size", "7"), 2, "from 16 to 8192, got '7'"),
        (("--fps", "0"), 2, "from 1 to 1000, got '0'"),
        (("--camera-size", "0x0"), 2, "got '0x0'"),
        (("--config", "CLIP"), 2, "cannot read"),
        (("--config", "absent.toml"), 2, "cannot read 'absent.toml'"),
        (("--camera", "CLIP", "--no-window", "--mjpeg", "a:b:c"), 2, "wanted HOST:PORT"),
        (("--camera", "CLIP", "--no-window", "--mjpeg", "1:70000"), 2, "at most 65535"),
        (("--camera", "CLIP", "--no-window", "--mjpeg", "192.0.2.1:0"), 1, "use 127.0.0.1, or 0.0.0.0"),
        (("--camera", "CLIP", "--no-window", "--mjpeg", "nowhere.invalid:0"), 1, "not an address of this computer"),
        (("--camera", "CLIP", "--no-window", "--record", "nowhere/out.mp4"), 1, "does not exist; make it first"),
        (("--camera", "CLIP", "--no-window", "--record", "out.txt"), 2, "choose one of .mp4"),
        (("--camera", "FOLDER", "--no-window", "--seconds", "1"), 1, "is a folder; wanted a video or a photo"),
        (("--camera", "/dev/null", "--no-window", "--seconds", "1"), 1, "it is not a camera; "),
        (("--camera", "nope.mp4", "--no-window", "--seconds", "1"), 1, "does not exist; check the name"),
        (("--camera", "CLIP", "--no-window", "--seconds", "1", "--style", "nope"), 2, "the built-in ones are starry-night"),
    ],
)
def test_what_cannot_be_done_is_one_line(clip, tmp_path, arguments, code, message):
    stand_ins = {"CLIP": str(clip), "FOLDER": str(tmp_path)}
    result = run(*(stand_ins.get(word, word) for word in arguments), "--json", cwd=tmp_path)
    last = result.stderr.splitlines()[-1]
    assert (result.returncode, message in last) == (code, True), result.stderr
    told = ("model ", "camera ", "mjpeg: ")
    assert [line for line in result.stderr.splitlines() if not line.startswith(told)] == [last]
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_camera_that_is_missing_is_told_before_any_model_is_loaded(monkeypatch, capsys):
    def load(*_, **__):
        pytest.fail("loading takes seconds")

    monkeypatch.setattr("streamstyle.commands.camera.Stylizer", load)
    assert main(["camera", "--camera", "77", "--no-window", "--seconds", "1"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "there is no camera '77'" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--record", "a.mp4", "--save-look", "a.mp4"), "--record and --save-look name the same file"),
        (("--record", "there.mp4"), "--overwrite"),
        (("--record", "a.xyz"), "no ending of a video"),
    ],
)
def test_places_that_cannot_be_written_are_told_before_the_camera_is_opened(
    tmp_path, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.mp4").write_text("there")
    assert main(["camera", "--camera", "77", *arguments]) in {1, 2}
    assert message in capsys.readouterr().err


def test_names_of_recordings_and_snapshots_come_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = FreshNames()
    given = [names.next(suffix) for suffix in (".png", ".png", ".mp4")]
    assert len(set(given)) == 3
    given[0].touch()
    assert FreshNames().next(".png") != given[0]


def test_a_port_that_is_taken_is_said(clip):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run("--camera", clip, "--no-window", "--mjpeg", port)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].endswith("address already in use; name another port, or 0 for a free one")


def test_keys_change_the_run(clip, tmp_path):
    """In a real window, by a real keyboard: another style, a recording, a snapshot, and out."""
    missing = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
    if missing or not cv2.currentUIFramework():
        pytest.skip("no virtual screen, or an OpenCV without windows")
    with virtual_screen("-noreset") as screen:
        options = ("--camera", clip, "--loop", "--style", "kiss", "irises", "--json")
        program = subprocess.Popen(
            command(*options),
            cwd=tmp_path,
            env=environment_of(screen),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            until(lambda: focus(screen), program)
            # Again and again: a key that comes before the window listens is lost.
            until(lambda: xdotool(screen, "key", "2") is not None and "irises" in window_title(screen), program)
            xdotool(screen, "key", "r")
            until(lambda: "REC" in window_title(screen), program)
            until(lambda: any(path.stat().st_size for path in tmp_path.glob("*.partial.mp4")), program)
            xdotool(screen, "key", "space")
            until(lambda: list(tmp_path.glob("*.png")), program)
            xdotool(screen, "key", "r")
            until(lambda: "REC" not in window_title(screen), program)
            xdotool(screen, "key", "q")
            output, errors = program.communicate(timeout=60)
        finally:
            program.kill()
            program.communicate(timeout=60)
    assert program.returncode == 0, errors
    assert "Traceback" not in errors
    report = json.loads(output)
    assert report["style"] == "irises"
    assert sorted(Path(path).suffix for path in report["outputs"]) == [".mp4", ".png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(report["outputs"])
    (recording,) = tmp_path.glob("*.mp4")
    assert clocks_of(recording)


def until(condition, program):
    deadline = time.monotonic() + 60
    while not condition():
        assert program.poll() is None, program.stderr.read()
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def focus(screen):
    try:
        number = xdotool(screen, "search", "--onlyvisible", "--name", "^streamstyle").split()[-1]
        xdotool(screen, "windowfocus", "--sync", number)
    except (subprocess.CalledProcessError, IndexError):
        return False
    return True


def window_title(screen):
    number = xdotool(screen, "search", "--onlyvisible", "--name", "streamstyle").split()[-1]
    return xdotool(screen, "getwindowname", number)


@pytest.mark.parametrize("failure", [BrokenPipeError(), SystemExit(1)])
def test_that_nobody_reads_what_is_printed_ends_no_run(failure, monkeypatch):
    """As `streamstyle camera ... | head -1` has it; rich ends the program at a broken pipe."""

    def tell(_line):
        raise failure

    monkeypatch.setattr(camera, "LOG_SECONDS", 0)
    run = SimpleNamespace(shown=5, rate=SimpleNamespace(per_second=lambda _now: 10.0))
    assert camera._Logged(lambda _pair: True, run, tell)(None)


@POSIX
def test_a_look_that_cannot_be_saved_in_the_end_costs_no_report(clip, tmp_path, live):
    (tmp_path / "looks").mkdir()
    options = ("--camera", clip, "--loop", "--no-window", "--save-look", tmp_path / "looks" / "mine.toml")
    running = live(*options, "--record", tmp_path / "out.mp4")
    (tmp_path / "looks").rmdir()
    running.until_clock(1)
    output, errors = running.end(signal.SIGINT)
    assert "the look was not saved" in errors
    assert json.loads(output)["outputs"] == [str(tmp_path / "out.mp4")]
    assert running.process.returncode == 130
