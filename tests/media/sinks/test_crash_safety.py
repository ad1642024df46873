"""What is left behind when the program is killed, stopped, or has no room."""

import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from streamstyle.errors import SinkError
from streamstyle.frame import Frame, Image
from streamstyle.media.sinks import faststart
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sinks.video import VideoSink
from streamstyle.media.sources.base import SourceInfo
from streamstyle.media.sources.video import VideoSource
from tests.clips import Audio, make_clip, pattern, read_packets, read_times

INFO = SourceInfo("test", 64, 48, frame_rate=Fraction(25), time_base=Fraction(1, 25))
ROOT = Path(__file__).parents[3]


def noise(index: int) -> Image:
    return np.random.default_rng(index).integers(0, 255, (48, 64, 3), dtype=np.uint8)


def open_video(path: Path, companion: Path | None = None) -> VideoSink:
    return VideoSink(path, info=INFO, width=64, height=48, companion=None if companion is None else str(companion))


def write(sink: VideoSink, count: int) -> None:
    for index in range(count):
        sink.write(Frame(pattern(index, 64, 48), index, Fraction(index, 25), Fraction(1, 25)))


def times(path: Path) -> list[Fraction]:
    with VideoSource(str(path)) as source:
        return [frame.time for frame in source]


ENDLESS = """
import sys
from fractions import Fraction
from pathlib import Path
from streamstyle.frame import Frame
from tests.media.sinks.test_crash_safety import noise, open_video
sink = open_video(Path(sys.argv[1]), Path(sys.argv[2]))
for index in range(100_000):
    sink.write(Frame(noise(index), index, Fraction(index, 25), Fraction(1, 25)))
    if index == 150:
        print("written", flush=True)
        sys.stdin.read()
"""


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_after_kill_what_was_done_plays(tmp_path: Path, suffix: str) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=5, audio=[Audio("libopus", seconds=3)])
    out = tmp_path / f"out{suffix}"
    command = [sys.executable, "-c", ENDLESS, str(out), str(clip)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"written\n"
        os.kill(program.pid, signal.SIGKILL)
    assert program.returncode == -signal.SIGKILL
    assert not out.exists()
    played = times(tmp_path / f"out.partial{suffix}")
    assert played[0] == 0
    assert played[-1] > Fraction(3)  # of six seconds: the encoder looks ahead, and the last fragment is open
    sound = read_times(tmp_path / f"out.partial{suffix}", "audio")[0]
    assert sound[-1] > Fraction(5, 2)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_abort_leaves_all_frames_playable_under_the_partial_name(tmp_path: Path, suffix: str) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=5, audio=[Audio("libopus", seconds=2)])
    sink = open_video(tmp_path / f"out{suffix}", clip)
    write(sink, 30)
    left = sink.abort()
    assert left == str(tmp_path / f"out.partial{suffix}")
    assert len(times(Path(left))) == 30
    assert sink.abort() == left
    assert not (tmp_path / f"out{suffix}").exists()
    assert sink.destination is None


LIMITED = """
import resource, signal, sys
from pathlib import Path
from streamstyle.errors import SinkError
from tests.media.sinks.test_crash_safety import fill
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
print(fill(Path(sys.argv[1])))
"""


def fill(path: Path) -> str:
    """Write noise until it fails; tells how."""
    sink = open_video(path)
    try:
        for index in range(3000):
            sink.write(Frame(noise(index), index, Fraction(index, 25), Fraction(1, 25)))
        sink.close()
    except SinkError as error:
        return f"{error} | {sink.abort()}"
    return "no error"


def fill_photo(path: Path) -> str:
    """Write a photo of noise; tells how it failed."""
    try:
        with ImageSink(path) as sink:
            sink.write(Frame(np.tile(noise(0), (3, 3, 1)), 0, Fraction(0)))
    except SinkError as error:
        return str(error)
    return "no error"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_full_disk_is_said_and_what_was_done_plays(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, str(out)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=50
    )
    message, _, left = result.stdout.strip().partition(" | ")
    assert "the disk is full; make room" in message, result.stderr
    assert left == str(tmp_path / f"out.partial{suffix}")
    assert not out.exists()
    assert len(times(Path(left))) > 25


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_small_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], capture_output=True, check=False, timeout=60
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        result = fill(disk / "out.mp4")
        assert "the disk is full" in result
        assert len(times(disk / "out.partial.mp4")) > 25
    finally:
        subprocess.run(["umount", str(disk)], check=True, timeout=60)


def test_a_full_disk_for_a_photo(tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    program = LIMITED.replace("fill", "fill_photo").replace("300_000", "10_000")
    result = subprocess.run(
        [sys.executable, "-c", program, str(out)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert "the disk is full; make room" in result.stdout, result.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_room_for_the_index_in_front_keeps_it_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(faststart, "_copy", full)
    sink = open_video(tmp_path / "out.mp4")
    write(sink, 10)
    sink.close()
    assert len(sink.warnings) == 1
    assert "no space left" in sink.warnings[0]
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    assert times(tmp_path / "out.mp4") == [Fraction(i, 25) for i in range(10)]


def test_moving_the_index_changes_no_packet(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "end.mp4", frames=60, audio=[Audio(seconds=2), Audio("ac3", seconds=2)])
    assert faststart.move_index_to_front(clip, tmp_path / "front.mp4")
    data = (tmp_path / "front.mp4").read_bytes()
    assert data.find(b"moov") < data.find(b"mdat")
    for kind in ("video", "audio"):
        assert read_packets(tmp_path / "front.mp4", kind) == read_packets(clip, kind)
        assert read_times(tmp_path / "front.mp4", kind) == read_times(clip, kind)
    assert not faststart.move_index_to_front(tmp_path / "front.mp4", tmp_path / "again.mp4")
    assert not (tmp_path / "again.mp4").exists()


def test_a_refused_frame_ends_the_block_with_its_error(tmp_path: Path) -> None:
    def run() -> None:
        with open_video(tmp_path / "out.mp4") as sink:
            sink.write(Frame(pattern(0, 64, 48), 0, Fraction(0)))
            sink.write(Frame(pattern(0, 32, 48), 1, Fraction(1)))

    with pytest.raises(SinkError, match="unexpected frame"):
        run()
    assert times(tmp_path / "out.partial.mp4") == [0]
