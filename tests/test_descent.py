"""Fitting by descent: steps go down, only what may move does, and nothing is judged twice."""

import numpy as np
import pytest

from streamstyle.descent import (
    CONTENT,
    FEATURES,
    LOSSES,
    PASSES,
    SCENE,
    SLOPES,
    STATISTICS,
    STRENGTH,
    STYLE_WEIGHT,
    WANTED,
    Descent,
    DescentGraph,
)
from streamstyle.errors import ModelError
from streamstyle.look import StyleCode

SCENERY = np.random.default_rng(1).integers(0, 256, (45, 70, 3), np.uint8)
PAINTING = np.full((33, 40, 3), 90, np.uint8)
WANTS = 2.0
"""What the mean of the fake code should be, and what the logarithm of its deviation."""


class FakeSession:
    """A graph whose losses are least where `x_mean` is what is wanted and `x_std` is e to the power of it."""

    def __init__(self, **lacking):
        self.inputs = {
            SCENE: [1, "h", "w", 3],
            STRENGTH: [1, 1, 1, 1],
            STYLE_WEIGHT: [1, 1],
            WANTED: [1, 1],
            CONTENT: [1, 4, "h", "w"],
            "rgb_mean": [1, 3, "a", "b"],
            "x_mean": [1, 2, "a", "b"],
            "x_std": [1, 2, "a", "b"],
        }
        self.outputs = dict.fromkeys([LOSSES, STATISTICS, FEATURES, SLOPES])
        self.outputs = {name: None for name in self.outputs if name not in lacking}
        self.metadata = {"version": "1"}
        self.judged, self.painted = [], 0

    def run(self, feeds):
        assert set(feeds) == set(self.inputs)
        height, width = (side // 8 for side in feeds[SCENE].shape[1:3])
        assert feeds[CONTENT].shape == (1, 4, height, width)
        assert feeds[SCENE].shape[1] % 8 == feeds[SCENE].shape[2] % 8 == 0
        if not feeds[STRENGTH].item():
            self.judged.append(feeds[SCENE].shape[1:3])
            features = np.full((1, 4, height, width), feeds[SCENE].mean(), np.float32)
            return {
                LOSSES: np.zeros((1, 2)),
                STATISTICS: np.full((1, 1), WANTS, np.float32),
                FEATURES: features,
                SLOPES: None,
            }
        self.painted += 1
        assert feeds[CONTENT].min() == pytest.approx(SCENERY[:40, :64].mean(), rel=1e-5)
        away = np.concatenate([feeds["x_mean"].ravel(), np.log(feeds["x_std"].ravel())]) - feeds[WANTED].item()
        losses = np.array([[0, np.square(away).sum()]], np.float32)
        return {LOSSES: losses, STATISTICS: None, FEATURES: None, SLOPES: 2 * away[None].astype(np.float32)}


def a_code(**more):
    def column(*values):
        return np.array(values, np.float32).reshape(1, -1, 1, 1)

    tensors = {"rgb_mean": column(1, 2, 3), "x_mean": column(1.9, 2.3), "x_std": column(6, 0)}
    return StyleCode("p", "1", tensors, **more)


def test_descent_comes_down_to_what_is_wanted():
    session = FakeSession()
    descent = Descent(DescentGraph(session), a_code(judged=np.full((1, 1), WANTS, np.float32)), SCENERY)
    losses = []
    while descent.passes:
        descent.step()
        losses.append(descent.losses.sum())
    assert session.painted == PASSES
    assert losses == sorted(losses, reverse=True)
    tensors = descent.code.tensors
    assert np.abs(tensors["x_mean"] - WANTS).max() < 0.06
    assert abs(np.log(tensors["x_std"][0, 0].item()) - WANTS) < 0.06
    assert tensors["x_std"].min() > 0  # also of what began at 0
    assert np.array_equal(tensors["rgb_mean"], a_code().tensors["rgb_mean"])
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float32)}


def test_scene_and_painting_are_judged_once_and_a_known_painting_not_at_all():
    session = FakeSession()
    descent = Descent(DescentGraph(session), a_code(paintings=((PAINTING, 1.0),)), SCENERY)
    for _ in range(3):
        descent.step()
    assert session.judged == [(40, 64), (32, 40)]
    known = Descent(DescentGraph(session), a_code(judged=np.full((1, 1), WANTS, np.float32)), SCENERY)
    for _ in range(3):
        known.step()
    assert session.judged == [(40, 64), (32, 40), (40, 64)]


def test_a_code_of_which_no_painting_is_known_cannot_descend():
    assert not Descent.possible(a_code())
    assert not Descent.possible(a_code(paintings=((PAINTING, 0.5), (PAINTING, 0.5))))
    assert Descent.possible(a_code(paintings=((PAINTING, 1.0),)))
    assert Descent.possible(a_code(judged=np.zeros((1, 1), np.float32)))


def test_another_graph_is_named():
    with pytest.raises(ModelError, match=r"no 'slopes'; run: python -m export\.descent"):
        DescentGraph(FakeSession(slopes=True))
