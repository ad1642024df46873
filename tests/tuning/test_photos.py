from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
import pytest

from streamstyle.errors import SourceError
from streamstyle.media.sinks import open_sink
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.tuning.photos import FRAMES_PER_VIDEO, MOST, SHORT_SIDE, user_photos, usual_photos
from tests.clips import make_clip, pattern


def write(path, value=90, width=96, height=80):
    assert cv2.imwrite(str(path), np.full((height, width, 3), value, np.uint8))
    return str(path)


def test_photos_are_read_smaller_where_they_are_large(tmp_path):
    photos, problems = user_photos([write(tmp_path / "a.png"), write(tmp_path / "b.png", width=1400, height=1100)])
    assert [photo.shape for photo in photos] == [(80, 96, 3), (SHORT_SIDE, round(1400 * SHORT_SIDE / 1100), 3)]
    assert problems == []


def test_of_a_folder_with_many_some_are_taken_from_all_over(tmp_path):
    for index in range(MOST + 20):
        write(tmp_path / f"{index:03}.png", value=3 * index)
    photos, _ = user_photos([str(tmp_path)])
    levels = [int(photo[0, 0, 0]) for photo in photos]
    assert len(levels) == MOST
    assert levels == sorted(set(levels))
    assert levels[0] == 0
    assert levels[-1] >= 3 * (MOST + 17)


def test_frames_come_from_all_over_a_video(tmp_path):
    source = SyntheticSource(96, 80, frames=64, rate=Fraction(8))
    clip = tmp_path / "clip.mp4"
    with open_sink(clip, info=source.info, width=96, height=80) as sink:
        for frame in source:
            sink.write(frame)
    photos, _ = user_photos([str(clip)])
    assert len(photos) == FRAMES_PER_VIDEO
    assert all(not np.array_equal(one, other) for one, other in pairwise(photos))


def test_of_a_video_that_was_cut_there_is_what_came(tmp_path):
    clip = make_clip(tmp_path / "clip.mkv", images=[pattern(index, 96, 72) for index in range(40)], rate=4)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    photos, problems = user_photos([str(clip)])
    assert 3 <= len(photos) < FRAMES_PER_VIDEO
    assert problems == []


def test_what_cannot_be_used_is_left_out_and_said(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    write(tmp_path / "tiny.png", width=20, height=20)
    write(tmp_path / "good.png")
    photos, problems = user_photos([str(tmp_path)])
    assert len(photos) == 1
    assert len(problems) == 2
    assert any("broken.jpg" in line for line in problems)
    assert any("smaller than 64x64" in line for line in problems)


@pytest.mark.parametrize(
    ("files", "words"), [((), "holds no videos or photos"), (("a.jpg", "b.jpg"), "none of the 2 files")]
)
def test_nothing_to_learn_from_is_an_error(tmp_path, files, words):
    for name in files:
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(SourceError, match=words):
        user_photos([str(tmp_path)])


def test_the_programs_own_photos_differ():
    photos = usual_photos()
    assert len(photos) > 3
    assert len({photo.tobytes() for photo in photos}) == len(photos)
