"""`--profile` as users meet it: real processes."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.pipeline.test_trace import assert_nested, lanes, spans

ROOT = Path(__file__).resolve().parents[2]


def command(script, *arguments):
    return [sys.executable, str(ROOT / script), *map(str, arguments)]


def run(script, *arguments):
    return subprocess.run(command(script, *arguments), capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=12)


def test_a_video_and_its_report_are_profiled(clip, tmp_path):
    trace, out = tmp_path / "trace.json", tmp_path / "out.mp4"
    result = run("run_video.py", clip, "--style", "kiss", "-o", out, "--profile", trace, "--json")
    assert result.returncode == 0, result.stderr
    assert "profile: " in result.stderr
    written = json.loads(trace.read_text())
    assert set(lanes(written).values()) == {"main", "decode", "stylize", "encode"}
    assert_nested(written)
    frames = json.loads(result.stdout.splitlines()[-1])["frames"]
    done = [event["args"]["frame"] for event in spans(written) if event["name"] == "encode"]
    assert done == list(range(frames))
    assert {"load model", "encode style", "clip.mp4", "inference", "look", "finish"} <= {e["name"] for e in spans(written)}


def test_a_photo_is_profiled(tmp_path):
    import cv2
    import numpy as np

    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((32, 48, 3), np.uint8))
    trace = tmp_path / "trace.json"
    result = run("run_video.py", tmp_path / "photo.png", "--style", "kiss", "--profile", trace)
    assert result.returncode == 0, result.stderr
    names = [event["name"] for event in spans(json.loads(trace.read_text()))]
    assert names.count("stylize") == 1


def test_ctrl_c_leaves_a_whole_profile(tmp_path):
    long = make_clip(tmp_path / "long.mp4", frames=800, width=160, height=120)
    trace = tmp_path / "trace.json"
    line = command("run_video.py", long, "--style", "kiss", "-o", tmp_path / "out.mp4", "--profile", trace)
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    partial = tmp_path / "out.partial.mp4"
    while not (partial.exists() and partial.stat().st_size > 1000):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    written = json.loads(trace.read_text())
    assert_nested(written)
    assert {"decode", "stylize", "encode"} <= {event["name"] for event in spans(written)}


def test_a_failure_leaves_a_whole_profile(tmp_path):
    trace = tmp_path / "trace.json"
    (tmp_path / "clip.mp4").write_text("no video")
    result = run("run_video.py", tmp_path / "clip.mp4", "--style", "kiss", "--profile", trace)
    assert result.returncode == 1
    failed = [event["name"] for event in spans(json.loads(trace.read_text())) if event["args"].get("failed")]
    assert failed == ["clip.mp4"]


@pytest.mark.parametrize(
    ("script", "options"),
    [("run_video.py", ("CLIP",)), ("run_camera.py", ("--camera", "CLIP", "--no-window", "--seconds", "1"))],
)
def test_a_bad_path_is_a_usage_error_before_any_work(clip, tmp_path, script, options):
    words = [clip if option == "CLIP" else option for option in options]
    for bad in ("missing/trace.json", "trace.txt"):
        result = run(script, *words, "--style", "kiss", "--profile", tmp_path / bad)
        assert result.returncode == 2
        assert "--profile" in result.stderr
        assert "Traceback" not in result.stderr
        assert result.stdout == ""  # not even the model was loaded
    assert list(tmp_path.iterdir()) == []


def test_a_live_run_has_a_lane_per_thread_and_per_sink(clip, tmp_path):
    trace = tmp_path / "trace.json"
    options = ("--camera", clip, "--loop", "--no-window", "--seconds", "1", "--style", "kiss", "--size", "48")
    result = run("run_camera.py", *options, "--record", tmp_path / "out.mp4", "--profile", trace)
    assert result.returncode == 0, result.stderr
    written = json.loads(trace.read_text())
    assert {"capture", "stylize", "record"} <= set(lanes(written).values())
    assert_nested(written)
    where = {(lanes(written)[event["tid"]], event["name"]) for event in spans(written)}
    assert {("capture", "capture"), ("stylize", "stylize"), ("stylize", "inference"), ("record", "record")} <= where
    stylized = [event["args"]["frame"] for event in spans(written) if event["name"] == "stylize"]
    assert stylized == sorted(stylized)
