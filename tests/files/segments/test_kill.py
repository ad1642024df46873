"""kill -9 in the middle, at any moment: what is painted in the end is what an unbroken run paints."""

import multiprocessing
import os
import random
import signal
import time

import pytest

from tests.clips import read_packets, read_times
from tests.files.segments.films import FREQUENT_MARKS, divide_short_films, make_film, paint, paint_in_a_process

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9")
KILLED = -signal.SIGKILL
SECONDS = 60


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_film(tmp_path_factory.mktemp("film") / "film.mp4", (40, 30, 30))


@pytest.fixture(scope="module")
def unbroken(film, tmp_path_factory):
    """The file, and about how many seconds a run takes in a process of its own."""
    output = tmp_path_factory.mktemp("unbroken") / "out.mp4"
    with pytest.MonkeyPatch.context() as patch:
        divide_short_films(patch, FREQUENT_MARKS)
        started = time.monotonic()
        paint(film, output)
    return output, time.monotonic() - started


@pytest.fixture(scope="module")
def processes():
    """Starts processes that have imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([paint_in_a_process.__module__])
    return context


def run(processes, film, output, *, kill_at=None, seconds=None):
    """Paint in a process of its own, which is killed at a frame or after some time; returns its exit code."""
    process = processes.Process(target=paint_in_a_process, args=(str(film), str(output), kill_at))
    process.start()
    process.join(SECONDS if seconds is None else seconds)
    if process.exitcode is None:
        assert seconds is not None, "it hangs"
        process.kill()
        process.join(SECONDS)
    return process.exitcode


def assert_same(output, unbroken):
    for kind in ("video", "audio", "subtitle"):
        assert read_packets(output, kind) == read_packets(unbroken, kind)
        assert read_times(output, kind) == read_times(unbroken, kind)
    assert not output.with_name(f"{output.name}.partial").exists()


def test_killed_at_frames_of_any_segment(processes, film, unbroken, tmp_path):
    """Each run gets some segments further than the one before; of four, with a cut in the window before the third."""
    output = tmp_path / "out.mp4"
    for frame in (28, 29, 31, 10):
        assert run(processes, film, output, kill_at=frame) == KILLED
        assert not output.exists()
    assert run(processes, film, output) == 0
    assert_same(output, unbroken[0])


def broken(processes, film, output, seconds, random_moments):
    """Kill until a run ends by itself; returns how many were. Each may take longer: the machine may have become busier."""
    kills = 0
    while (code := run(processes, film, output, seconds=random_moments.uniform(0.05, 1.1) * seconds)) == KILLED:
        kills += 1
        seconds *= 1.3
    assert code == 0
    return kills


def test_killed_at_random_moments(processes, film, unbroken, tmp_path):
    output = tmp_path / "out.mp4"
    broken(processes, film, output, unbroken[1], random.Random(33))
    assert_same(output, unbroken[0])


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_killed_at_50_random_moments(processes, film, unbroken, tmp_path):
    random_moments, kills = random.Random(7), 0
    while kills < 50:
        output = tmp_path / f"out{kills}.mp4"
        kills += broken(processes, film, output, unbroken[1], random_moments)
        assert_same(output, unbroken[0])
