import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from evaluation.clips import SETTLED, Footage, find_clips, footage, judge, middle, resting, unrest
from evaluation.measures.temporal import known_motion
from streamstyle.errors import SourceError
from tests.clips import brightness, make_clip


def scene(height=60, width=120):
    noise = np.random.default_rng(0).normal(0, 60, (height // 4, width // 4, 3)).astype(np.float32)
    return (128 + cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)).clip(0, 255).astype(np.uint8)


def panned(count, step):
    """A camera that moves right by whole pixels: every frame is the one before, perfectly warped."""
    picture = scene()
    return [np.ascontiguousarray(picture[:, step * index : step * index + 80]) for index in range(count)]


def clip_of(frames, step=0, rest=None):
    height, width = frames[0].shape[:2]
    return Footage("made up", "0", frames, [known_motion(height, width, -step, 0)] * (len(frames) - 1), rest)


def test_a_perfectly_warped_sequence_has_no_warping_error():
    frames = panned(9, 3)
    got = unrest(frames, clip_of(frames, step=3))
    assert got["Ew"] == 0
    assert got["adjacent"] > 1


def test_a_flicker_of_known_height_has_the_error_of_its_height():
    """Levels 100 and 151 in turns: a fifth of the range, 200 thousandths, whichever figure."""
    frames = [np.full((20, 30, 3), 100 + 51 * (index % 2), np.uint8) for index in range(10)]
    still = clip_of([frames[0]] * 10, rest=np.ones((20, 30), bool))
    got = judge(frames, still)
    assert got["Ew"] == pytest.approx(200)
    assert got["adjacent"] == pytest.approx(200)
    assert got["jump"] == pytest.approx(51)
    assert (got["Ew_input"], got["adjacent_input"], got["jump_input"]) == (0, 0, 0)


def test_the_first_frames_are_not_judged():
    frames = [np.full((20, 30, 3), 250 if index < SETTLED else 100, np.uint8) for index in range(10)]
    assert unrest(frames, clip_of(frames))["Ew"] == 0


def test_only_what_never_moves_in_the_input_rests():
    frames = [np.full((40, 60, 3), 90, np.uint8) for _ in range(8)]
    for index, frame in enumerate(frames):
        cv2.circle(frame, (10 + 2 * index, 10), 5, (250, 20, 20), -1)
    rests = resting(frames)
    assert rests[30, 40]
    assert not rests[10, 10]
    assert resting(panned(8, 5)) is None
    assert "jump" not in unrest(frames, clip_of(frames))


def test_clips_are_read_from_their_middle(tmp_path):
    make_clip(tmp_path / "b.mp4", images=[brightness(index) for index in range(24)], rate=10)
    (tmp_path / "notes.txt").write_text("no clip")
    (path,) = find_clips(tmp_path)
    assert float(middle(path, 8)) == pytest.approx(0.8)
    clip = footage(path, None, 8, 48)
    assert len(clip.frames) == 8
    assert [frame.mean() for frame in clip.frames] == pytest.approx([20 + 8 * (8 + index) for index in range(8)], abs=3)


def test_clips_that_cannot_be_used(tmp_path):
    with pytest.raises(SourceError, match="there is no"):
        find_clips(tmp_path / "absent")
    with pytest.raises(SourceError, match="holds no clips"):
        find_clips(tmp_path)
    short = make_clip(tmp_path / "short.mp4", frames=4)
    with pytest.raises(SourceError, match="has 4 frames"):
        footage(short, None, 10, 48)
