"""Comparisons, animations and previews of clips."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from PIL import Image

from streamstyle.commands.preview import paint_preview
from streamstyle.files.job import Job
from streamstyle.files.run import stylize_source
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.media.comparison import compared, size_of
from streamstyle.media.sources import open_source
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.media.sources.thinned import ThinnedSource
from tests.clips import Audio, make_clip
from tests.fakes import FakeStylizer


@pytest.fixture
def stylizer():
    return FakeStylizer()


@pytest.fixture
def clip(tmp_path):
    images = [np.full((48, 64, 3), 60 + index, np.uint8) for index in range(60)]
    return make_clip(tmp_path / "clip.mp4", images=images, rate=30, audio=[Audio(seconds=2.0)])


def player(stylizer):
    return Player(Recipe(("kiss",)), stylizer.encoder.find)


def shared(clip, output, stylizer, comparison=None, **job):
    with open_source(str(clip)) as source:
        return stylize_source(source, Job(output, compare=comparison, **job), stylizer, player(stylizer))


def test_side_by_side_is_twice_as_wide_and_keeps_the_sound(clip, tmp_path, stylizer):
    report = shared(clip, tmp_path / "both.mp4", stylizer, "side")
    assert report.output_size == (128, 48)
    with open_source(str(tmp_path / "both.mp4")) as source:
        frame = next(iter(source)).image
    assert abs(int(frame[24, 20, 0]) - 60) < 8
    assert abs(int(frame[24, 100, 0]) - 195) < 8
    with av.open(str(tmp_path / "both.mp4")) as container:
        assert len(container.streams.audio) == 1


def test_the_line_moves_over_both_and_stands_in_the_middle_of_photos():
    original, painted = np.full((20, 100, 3), 50, np.uint8), np.full((20, 100, 3), 200, np.uint8)
    shares = [(compared("line", original, painted, seconds)[..., 0] == 50).mean() for seconds in (0, 1.5, 3, 6, None)]
    assert shares[0] < 0.1
    assert 0.4 < shares[1] < 0.6
    assert shares[2] > 0.9
    assert shares[3] == shares[0]
    assert 0.45 < shares[4] < 0.55
    assert size_of("line", 100, 20) == (100, 20)


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_an_animation_is_small_and_has_at_most_fifteen_frames_a_second(clip, tmp_path, stylizer, ending):
    report = shared(clip, tmp_path / f"clip.{ending}", stylizer)
    assert report.frames == 30
    with Image.open(tmp_path / f"clip.{ending}") as file:
        assert file.size == (64, 48)
        assert 1 < file.n_frames <= 30  # like ones are one


def test_an_animation_of_a_large_clip_is_scaled_down_unless_told_otherwise(tmp_path, stylizer):
    clip = make_clip(tmp_path / "large.mp4", images=[np.zeros((400, 640, 3), np.uint8)] * 2, rate=10)
    assert shared(clip, tmp_path / "a.gif", stylizer).output_size == (512, 320)
    assert shared(clip, tmp_path / "b.gif", stylizer, output_size=400).output_size == (640, 400)


def test_a_gif_keeps_its_own_size_and_rate(clip, tmp_path, stylizer):
    gif = tmp_path / "in.gif"
    frames = [Image.new("RGB", (500, 400), (index * 8, 0, 0)) for index in range(25)]
    frames[0].save(gif, save_all=True, append_images=frames[1:], duration=40)
    report = shared(gif, tmp_path / "out.gif", stylizer)
    assert (report.frames, report.output_size) == (25, (500, 400))


def test_thinned_frames_keep_their_times_and_tile_the_time():
    source = ThinnedSource(SyntheticSource(16, 16, 50), 10)
    frames = list(source)
    assert source.info.frame_rate == 10
    times = {frame.time for frame in SyntheticSource(16, 16, 50)}
    assert {frame.time for frame in frames} <= times
    assert all(Fraction(1, 20) < after.time - before.time < Fraction(3, 20) for before, after in pairwise(frames))
    assert len(frames) == -(-50 * 10 // SyntheticSource(16, 16, 50).info.frame_rate)
    assert [frame.index for frame in frames] == list(range(len(frames)))


def test_a_source_that_is_slow_already_is_left_as_it_is():
    source = ThinnedSource(SyntheticSource(16, 16, 5), 100)
    assert len(list(source)) == 5


def preview_of(clip, output, stylizer, every=None, **job):
    return paint_preview(str(clip), Job(output, **job), every, stylizer, player(stylizer))


def test_a_preview_is_a_photo_of_the_middle_or_of_the_start(clip, tmp_path, stylizer):
    assert preview_of(clip, tmp_path / "middle.png", stylizer).frames == 1
    preview_of(clip, tmp_path / "start.png", stylizer, start=Fraction(0))
    middle, start = (int(np.asarray(Image.open(tmp_path / name))[24, 30, 0]) for name in ("middle.png", "start.png"))
    assert abs(start - (255 - 60)) < 8
    assert abs(middle - (255 - 90)) < 8


def test_a_preview_every_so_many_seconds_is_a_sheet(clip, tmp_path, stylizer):
    report = preview_of(clip, tmp_path / "sheet.png", stylizer, Fraction(1, 2))
    assert report.frames == 4
    assert (
        preview_of(clip, tmp_path / "part.png", stylizer, Fraction(1, 2), start=Fraction(1, 2), end=Fraction(3, 2)).frames
        == 2
    )
