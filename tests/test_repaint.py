import numpy as np
import pytest

from streamstyle.color import ColorStats
from streamstyle.look import StyleCode, blend
from streamstyle.repaint import Repainter

RNG = np.random.default_rng(3)
PAINTING = RNG.integers(0, 256, (40, 40, 3), np.uint8)


def encode(image):
    return StyleCode("matched", "1", {"x": image.reshape(-1, 3).mean(0).astype(np.float32).reshape(1, 3, 1, 1)})


def stats(level):
    return ColorStats(np.full(3, float(level)), np.eye(3) * 900)


def painted(image=PAINTING):
    return StyleCode("p", "1", encode(image).tensors, ((image, 1.0),))


def mean(code):
    return float(code.tensors["x"].mean())


def test_the_code_is_that_of_the_painting_in_the_contents_colours():
    assert mean(Repainter(encode).code(painted(), stats(90), 1)) == pytest.approx(90, abs=1)
    assert mean(Repainter(encode).code(painted(), stats(90), 0.5)) == pytest.approx((90 + PAINTING.mean()) / 2, abs=1)


def test_small_changes_cost_nothing_and_large_ones_fade_in():
    calls = []
    repainter = Repainter(lambda image: (calls.append(1), encode(image))[1])
    for level in (90, 92, 94, 95):
        repainter.code(painted(), stats(level), 1)
    assert len(calls) == 1
    levels = [mean(repainter.code(painted(), stats(150), 1)) for _ in range(15)]
    assert len(calls) == 2
    assert levels == sorted(levels)
    assert levels[0] < 100
    assert levels[-1] == pytest.approx(150, abs=1)
    assert max(np.diff(levels)) < 6  # no jump


def test_live_it_is_made_beside_the_stream():
    waiting = []
    repainter = Repainter(encode, waiting.append)
    code = painted()
    assert repainter.code(code, stats(90), 1) is code
    assert repainter.code(code, stats(90), 1) is code
    assert len(waiting) == 1
    waiting.pop()()
    assert mean(repainter.code(code, stats(90), 1)) == pytest.approx(90, abs=1)


def test_blends_are_repainted_part_by_part():
    other = 255 - PAINTING // 2
    mixed = blend([painted(), painted(other)], [1, 3])
    assert [share for _, share in mixed.paintings] == [0.25, 0.75]
    assert mean(Repainter(encode).code(mixed, stats(60), 1)) == pytest.approx(60, abs=1)


def test_a_code_without_its_painting_stays():
    bare = StyleCode("bare", "1", encode(PAINTING).tensors)
    assert Repainter(encode).code(bare, stats(90), 1) is bare
    assert blend([bare, painted()], [1, 1]).paintings == ()
