from fractions import Fraction

import numpy as np
import pytest

from streamstyle.files.job import Job
from streamstyle.files.repeats import Repeats
from streamstyle.files.run import stylize_source
from streamstyle.frame import Frame
from streamstyle.look.look import Region
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.look.timeline import Timeline
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles.code import StyleCode
from tests.looks import plain

CODE = StyleCode("plain", "1", {"mean": np.zeros((1, 2, 1, 1), np.float32)})
STYLES = ("kiss", "great-wave")
SIZE = (48, 64)


class Slides(Source):
    """Pictures, each shown for some frames."""

    def __init__(self, pictures):
        height, width = pictures[0].shape[:2]
        self.info = SourceInfo("slides", width, height, frame_rate=Fraction(10), time_base=Fraction(1, 10))
        self.warnings = []
        self.pictures = pictures

    def __iter__(self):
        for index, picture in enumerate(self.pictures):
            # As from a decoder: equal pixels in other memory.
            yield Frame(picture.copy(), index, Fraction(index, 10))

    def close(self):
        pass


def noise(count, seed=0):
    return list(np.random.default_rng(seed).integers(0, 256, (count, *SIZE, 3), np.uint8))


def slides(shown, seed=0):
    """So many different pictures, each for so many frames."""
    return [picture for picture, frames in zip(noise(len(shown), seed), shown, strict=True) for _ in range(frames)]


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer("fast", "cpu")


def styled(stylizer, pictures, tmp_path, recipe, *, skip=True):
    """Report, and the frames that come out."""
    kept = []

    class Keeping(Stylizer):
        def __init__(self):
            self.__dict__ |= stylizer.__dict__
            self.calls = 0

        def stylize(self, *arguments):
            self.calls += 1
            return stylizer.stylize(*arguments)

    counting = Keeping()
    player = Player(recipe, stylizer.encoder.find)
    job = Job(tmp_path / "out.mp4", overwrite=True, skip_duplicates=skip)
    from streamstyle.files import run as video

    original = video.run

    def run(source, stylize, sink, **more):
        def keeping(frame):
            kept.append(stylize(frame))
            return kept[-1]

        return original(source, keeping, sink, **more)

    video.run = run
    try:
        report = stylize_source(Slides(pictures), job, counting, player)
    finally:
        video.run = original
        player.close()
    assert report.frames == len(pictures) == len(kept)
    assert report.reused == len(pictures) - counting.calls
    return report, kept


def both_ways(stylizer, pictures, tmp_path, recipe):
    with_it = styled(stylizer, pictures, tmp_path, recipe)
    without = styled(stylizer, pictures, tmp_path, recipe, skip=False)
    assert without[0].reused == 0
    return with_it[0].reused, with_it[1], without[1]


def test_slides_are_painted_once_each_and_look_as_if_painted_always(stylizer, tmp_path):
    recipe = Recipe(STYLES[:1], temporal="off")
    reused, with_it, without = both_ways(stylizer, slides([5, 1, 4]), tmp_path, recipe)
    assert reused == 4 + 0 + 3
    assert all(np.array_equal(one, other) for one, other in zip(with_it, without, strict=True))


def test_noise_is_painted_every_time(stylizer, tmp_path):
    report, _ = styled(stylizer, noise(6), tmp_path, Recipe(STYLES[:1]))
    assert report.reused == 0
    assert report.as_json()["reused"] == 0


def test_one_level_in_one_pixel_is_another_picture(stylizer, tmp_path):
    picture = noise(1)[0]
    other = picture.copy()
    other[-1, -1, -1] ^= 1
    report, _ = styled(stylizer, [picture, picture, other, other], tmp_path, Recipe(STYLES[:1], temporal="off"))
    assert report.reused == 2


def test_a_strength_that_changes_is_painted_while_it_changes(stylizer, tmp_path):
    recipe = Recipe(STYLES[:1], alpha=(Timeline.parse("0.2@0,1@0.5"),), temporal="off")
    reused, with_it, without = both_ways(stylizer, slides([10]), tmp_path, recipe)
    assert reused == 4  # at 0.6, 0.7, 0.8 and 0.9 seconds
    assert all(np.array_equal(one, other) for one, other in zip(with_it, without, strict=True))


def test_a_blend_that_changes_is_painted_while_it_changes(stylizer, tmp_path):
    recipe = Recipe(STYLES, weights=(Timeline.parse("1@0,0@0.5"), Timeline.parse("0@0,1@0.5")), temporal="off")
    reused, with_it, without = both_ways(stylizer, slides([10]), tmp_path, recipe)
    assert reused == 4
    assert all(np.array_equal(one, other) for one, other in zip(with_it, without, strict=True))


def write_mask(path, column):
    mask = np.zeros((*SIZE, 3), np.uint8)
    mask[:, :column] = 255
    with ImageSink(path, overwrite=True) as sink:
        sink.write(Frame(mask, 0, Fraction(0)))
    return mask


def test_a_mask_that_rests_costs_nothing_and_one_that_moves_is_painted(stylizer, tmp_path):
    write_mask(tmp_path / "mask.png", 20)
    still = Recipe(STYLES, mask=str(tmp_path / "mask.png"), temporal="off")
    assert both_ways(stylizer, slides([6]), tmp_path, still)[0] == 5
    masks = [write_mask(tmp_path / "mask.png", 10 + 4 * index) for index in range(6)]
    from streamstyle.media.sinks import open_sink

    info = Slides(masks).info
    with open_sink(tmp_path / "mask.mp4", info=info, width=SIZE[1], height=SIZE[0]) as sink:
        for frame in Slides(masks):
            sink.write(frame)
    moving = Recipe(STYLES, mask=str(tmp_path / "mask.mp4"), temporal="off")
    reused, with_it, without = both_ways(stylizer, slides([9]), tmp_path, moving)
    assert 3 <= reused <= 4  # the mask rests after its sixth picture, and by rounding may show one of them twice
    assert all(np.array_equal(one, other) for one, other in zip(with_it, without, strict=True))


@pytest.mark.parametrize("recipe", [Recipe(STYLES[:1], temporal="on"), Recipe(STYLES[:1], color="content")])
def test_what_remembers_comes_to_rest_before_it_is_reused(stylizer, tmp_path, recipe):
    """After motion a still picture settles over some frames, with `--skip-duplicates` as without."""
    base = noise(1)[0]
    moving = [np.roll(base, 2 * step, axis=1) for step in range(4)]
    pictures = [*moving, *[moving[-1]] * 120]
    reused, with_it, without = both_ways(stylizer, pictures, tmp_path, recipe)
    assert 5 < reused < 120
    for one, other in zip(with_it, without, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1
    assert not np.array_equal(with_it[4], with_it[-1]) or recipe.temporal == "off"


def test_what_comes_after_a_repeat_continues_the_picture_before(stylizer, tmp_path):
    base = noise(1)[0]
    pictures = [base] * 30 + [np.roll(base, step, axis=1) for step in range(1, 4)]
    recipe = Recipe(STYLES[:1], temporal="on")
    reused, with_it, without = both_ways(stylizer, pictures, tmp_path, recipe)
    assert reused > 20
    assert np.abs(with_it[-1].astype(int) - without[-1]).max() <= 2


def count_of(frames):
    """How often pictures are painted for (content, look) pairs."""
    repeats, painted = Repeats(), []
    for content, look in frames:
        repeats.paint(content, look, lambda content=content: painted.append(1) or content)
    assert repeats.reused == len(frames) - len(painted)
    return len(painted)


def test_another_look_is_painted_anew():
    content, mask = noise(1)[0], np.ones(SIZE, np.float32)
    same_code = StyleCode("plain", "1", CODE.tensors)
    for other in (
        plain(CODE, 0.5),
        plain(same_code),
        plain(CODE, color="luma"),
        plain(CODE, size=16),
        plain(CODE, grain=0.5),
        plain(CODE, regions=(Region(mask, CODE),)),
    ):
        assert count_of([(content, plain(CODE)), (content, other), (content, other)]) == 2
    regions = [plain(CODE, regions=(Region(mask * level, CODE),)) for level in (0.5, 0.5, 0.25)]
    assert count_of([(content, look) for look in regions]) == 2


def test_sizes_and_shapes_are_compared():
    one = np.zeros((4, 6, 3), np.uint8)
    assert count_of([(one, plain(CODE)), (np.zeros((6, 4, 3), np.uint8), plain(CODE))]) == 2
    odd = np.zeros((5, 5, 3), np.uint8)  # 75 bytes: not a whole number of words
    changed = odd.copy()
    changed[-1, -1, -1] = 1
    assert count_of([(odd, plain(CODE)), (odd.copy(), plain(CODE)), (changed, plain(CODE))]) == 2
    large = np.zeros((400, 500, 3), np.uint8)  # more than is compared at a time
    late = large.copy()
    late[390, 3, 1] = 1
    assert count_of([(large, plain(CODE)), (large.copy(), plain(CODE)), (late, plain(CODE))]) == 2
