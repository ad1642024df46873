"""Every program in examples/ does what its first line says."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

import streamstyle as st
from tests.clips import Audio, make_clip, pattern

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name, *arguments):
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    result = subprocess.run(command, cwd=EXAMPLES.parent, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def frames_of(path):
    with st.open_source(path) as source:
        return [(frame.time, frame.image) for frame in source]


def test_photo(tmp_path):
    st.save(tmp_path / "photo.png", pattern(0, 96, 64))
    told = run("photo.py", tmp_path / "photo.png", tmp_path / "out.png", "--style", "kiss", "scream", "--alpha", "0.8")
    assert told == f"{tmp_path / 'out.png'}: kiss+scream\n"
    painted = st.read(tmp_path / "out.png")
    assert painted.shape == (64, 96, 3)
    assert np.abs(painted.astype(int) - pattern(0, 96, 64)).mean() > 5


def test_video_with_progress(tmp_path):
    make_clip(tmp_path / "clip.mp4", frames=12, width=96, height=64, audio=[Audio(seconds=0.48)])
    told = run("video_with_progress.py", tmp_path / "clip.mp4", tmp_path / "out.mp4", "--seconds", "0.4")
    assert "\n1 of 12 frames" in told
    assert "\n12 of 12 frames\n" in told
    before, after = frames_of(tmp_path / "clip.mp4"), frames_of(tmp_path / "out.mp4")
    assert [time for time, _ in after] == [time for time, _ in before]
    change = [np.abs(mine.astype(int) - theirs).mean() for (_, mine), (_, theirs) in zip(after, before, strict=True)]
    assert change[0] < 5 < change[-1]  # it begins at a strength of 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert len(container.streams.audio) == 1


def test_webcam_to_virtual_camera_with_files_in_place_of_both(tmp_path):
    make_clip(tmp_path / "clip.mp4", frames=40, width=96, height=64, rate=10)
    run(
        *("webcam_to_virtual_camera.py", "--camera", tmp_path / "clip.mp4"),
        *("--record", tmp_path / "out.mp4", "--every", "0.5"),
    )
    frames = frames_of(tmp_path / "out.mp4")
    # The newest frame wins: a busy machine, which first gets the model ready, may take only the last of them.
    assert 1 <= len(frames) <= 40
    assert frames[-1][0] <= Fraction(4)
    assert frames[0][1].shape == (64, 96, 3)


def test_custom_source_and_sink(tmp_path):
    run("custom_source_and_sink.py", tmp_path / "strip.png")
    strip = st.read(tmp_path / "strip.png")
    assert strip.shape == (120, 6 * 160, 3)
    assert np.abs(strip[:, :160].astype(int) - strip[:, -160:]).mean() > 5  # the waves have moved


def test_batch_of_photos(tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(2):
        st.save(tmp_path / "photos" / f"{number}.png", pattern(number, 64, 48))
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    told = run("batch_of_photos.py", tmp_path / "photos", tmp_path / "painted", "kiss", "scream", "--size", "40")
    assert told.startswith("left out: ")
    assert len(told.splitlines()) == 1
    names = sorted(path.name for path in (tmp_path / "painted").iterdir())
    assert names == ["0_kiss.jpg", "0_scream.jpg", "1_kiss.jpg", "1_scream.jpg"]
    assert st.read(tmp_path / "painted" / "0_kiss.jpg").shape == (48, 64, 3)


def test_what_is_wrong_is_one_line(tmp_path):
    for name in ("photo.py", "video_with_progress.py"):
        command = [sys.executable, str(EXAMPLES / name), str(tmp_path / "absent"), str(tmp_path / "out.mp4")]
        result = subprocess.run(command, cwd=EXAMPLES.parent, capture_output=True, text=True, timeout=120, check=False)
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert "absent' does not exist" in line


def test_every_example_is_short_and_tested():
    tests = Path(__file__).read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert f'"{path.name}"' in tests
        assert 15 <= len(path.read_text(encoding="utf-8").splitlines()) <= 45
