"""Styles fitted to the scene: when, how often, and that nothing jumps."""

from dataclasses import replace

import numpy as np
import pytest

from streamstyle import fitting
from streamstyle.errors import ModelError
from streamstyle.fitting import AFTER, LOOKS, PAINTED, SAID, STATISTICS, WANTED, FitGraph, Fitter
from streamstyle.look import StyleCode, blend

RNG = np.random.default_rng(1)
ROOM = RNG.integers(0, 200, (90, 160, 3), np.uint8)
STREET = (ROOM // 2 + 120).astype(np.uint8)


class FakeSession:
    """A graph whose tensor `x` goes half of the way to what is wanted of the painted picture's mean."""

    def __init__(self, metadata=None):
        self.inputs = {PAINTED: [1, "h", "w", 3], WANTED: [1, 1], SAID: [1, 2], "x_mean": [1, 1, "a", "b"]}
        self.outputs = dict.fromkeys([STATISTICS, SAID + AFTER, "x_mean" + AFTER])
        self.metadata = metadata or {"version": "1"}
        self.shapes, self.said = [], []

    def run(self, feeds):
        self.shapes.append(feeds[PAINTED].shape)
        self.said.append(float(feeds[SAID].sum()))
        got = feeds[PAINTED].mean(dtype=np.float32).reshape(1, 1)
        better = feeds["x_mean"] + 0.5 * (feeds[WANTED] - got).reshape(1, 1, 1, 1)
        return {STATISTICS: got, SAID + AFTER: feeds[SAID] + 1, "x_mean" + AFTER: better.astype(np.float32)}


def a_code(name="p", x=0.0, wanted=100.0, **more):
    tensors = {"x_mean": np.full((1, 1, 1, 1), x, np.float32), "rgb_mean": np.ones((1, 3, 1, 1), np.float32)}
    return StyleCode(name, "1", tensors, statistics=np.full((1, 1), wanted, np.float32), **more)


def x_of(code):
    return float(code.tensors["x_mean"].item())


class Painter:
    def __init__(self):
        self.painted = []

    def __call__(self, content, code):
        self.painted.append(x_of(code))
        return np.full_like(content, int(x_of(code)))


@pytest.fixture
def painter():
    return Painter()


@pytest.fixture
def fitter(painter):
    return Fitter(FitGraph(FakeSession()), painter)


def shown(fitter, code, content, cut=False):
    fitter.see(content, cut=cut)
    return fitter.code(code, content)


def test_the_first_frame_of_a_file_is_painted_with_the_fitted_code(fitter, painter):
    code = a_code()
    fitted = shown(fitter, code, ROOM)
    assert painter.painted == [0.0, 50.0]  # the second look sees what the first one brought
    assert x_of(fitted) == 75
    assert fitted.tensors["rgb_mean"] is code.tensors["rgb_mean"]
    assert x_of(code) == 0


def test_each_look_is_told_what_the_one_before_said(painter):
    session = FakeSession()
    shown(Fitter(FitGraph(session), painter), a_code(), ROOM)
    assert session.said == [0.0, 2.0]


def test_while_the_scene_lasts_nothing_is_fitted_and_the_code_is_one_and_the_same(fitter, painter):
    code = a_code()
    first = shown(fitter, code, ROOM)
    for _ in range(100):
        noisy = (ROOM.astype(int) + RNG.integers(-6, 7, ROOM.shape)).clip(0, 255).astype(np.uint8)
        assert shown(fitter, code, noisy) is first
    assert len(painter.painted) == LOOKS


@pytest.mark.parametrize("known", [True, False])
def test_at_a_cut_the_code_is_fitted_anew_from_the_styles_own_and_at_once(fitter, painter, known):
    code = a_code()
    shown(fitter, code, ROOM)
    content = ROOM if known else STREET  # a cut between like scenes is known by the motion only
    fitted = shown(fitter, code, content, cut=known)
    assert painter.painted == [0.0, 50.0, 0.0, 50.0]
    assert x_of(fitted) == 75


def test_what_changes_slowly_is_followed_by_a_fade(fitter, painter, monkeypatch):
    code, frames = a_code(wanted=100), 200
    monkeypatch.setattr(fitter, "paint", lambda content, _code: content)  # the closer to the wanted mean, the smaller x
    xs = []
    for index in range(frames):
        share = min(1.0, index / 60)
        content = ((1 - share) * ROOM + share * (ROOM // 2)).astype(np.uint8)
        xs.append(x_of(shown(fitter, code, content)))
    assert xs[0] == pytest.approx(100 - ROOM.mean(), abs=1)
    assert xs[-1] > xs[0] + 20  # fitted to what the scene has become, but for the last bit of the drift
    assert max(np.abs(np.diff(xs))) < (xs[-1] - xs[0]) / 5  # no jump
    assert len({round(x, 3) for x in xs}) < frames // 2  # it rests before and after


def test_fits_to_what_never_rests_are_few(fitter, painter):
    code = a_code()
    for index in range(150):  # each frame is a little brighter, back and forth, as a lamp that sways
        level = 60 * abs((index / 25) % 2 - 1)
        shown(fitter, code, (ROOM * 0.5 + level).astype(np.uint8))
    assert len(painter.painted) <= LOOKS * (1 + 150 // fitting._REST)


def test_live_the_looks_are_beside_the_stream(painter):
    waiting = []
    fitter, code = Fitter(FitGraph(FakeSession()), painter, waiting.append), a_code()
    assert shown(fitter, code, ROOM) is code
    assert shown(fitter, code, ROOM) is code
    assert len(painter.painted) == len(waiting) == 1  # one look at a time, one extra painting a frame
    waiting.pop()()
    assert shown(fitter, code, ROOM) is code
    assert (len(painter.painted), len(waiting)) == (2, 1)
    waiting.pop()()
    xs = [x_of(shown(fitter, code, ROOM)) for _ in range(40)]
    assert xs == sorted(xs)
    assert 0 < xs[0] < 10  # not at once
    assert xs[-1] == 75
    assert len(painter.painted) == LOOKS


def test_live_a_fit_to_another_scene_is_not_shown_behind_a_cut(painter):
    waiting = []
    fitter, code = Fitter(FitGraph(FakeSession()), painter, waiting.append), a_code()
    for _ in range(30):
        fitted = shown(fitter, code, ROOM)
        while waiting:
            waiting.pop()()
    assert x_of(fitted) == 75
    assert shown(fitter, code, STREET) is code
    for _ in range(30):
        while waiting:
            waiting.pop()()
        fitted = shown(fitter, code, STREET)
    assert x_of(fitted) == 75
    assert len(painter.painted) == 2 * LOOKS


def test_live_a_style_that_comes_back_after_a_cut_is_fitted_to_the_new_scene(painter):
    fitter, first, second = Fitter(FitGraph(FakeSession()), painter), a_code("one"), a_code("two", wanted=50)
    shown(fitter, first, ROOM)
    shown(fitter, second, ROOM)
    shown(fitter, second, STREET)
    assert len(painter.painted) == 3 * LOOKS
    shown(fitter, first, STREET)
    assert len(painter.painted) == 4 * LOOKS


def test_blends_are_fitted_part_by_part(fitter, painter):
    one, other = a_code("one", wanted=100), a_code("two", wanted=40)
    mixed = blend([one, other], [1, 3])
    assert [(part.name, share) for part, share in mixed.parts] == [("one", 0.25), ("two", 0.75)]
    fitted = shown(fitter, mixed, ROOM)
    assert x_of(fitted) == pytest.approx(0.25 * 75 + 0.75 * 30)
    assert shown(fitter, mixed, ROOM) is fitted
    # Another mixture of the same parts needs no look.
    shown(fitter, blend([one, other], [1, 1]), ROOM)
    assert len(painter.painted) == 2 * LOOKS
    # A blend of a blend, as when styles fade into each other, is known by its first parts.
    again = blend([mixed, one], [1, 1])
    assert [(part.name, share) for part, share in again.parts] == [("one", 0.125), ("two", 0.375), ("one", 0.5)]


def test_what_cannot_be_fitted_stays_as_it_is(fitter, painter):
    bare = replace(a_code(), statistics=None)
    assert shown(fitter, bare, ROOM) is bare
    assert shown(fitter, blend([bare, replace(bare, name="q")], [1, 1]), ROOM).tensors["x_mean"].item() == 0
    assert shown(fitter, a_code(), ROOM[:40, :40]).tensors["x_mean"].item() == 0
    assert painter.painted == []


def test_a_plain_frame_is_not_fitted_to_and_what_follows_is(fitter, painter):
    code = a_code()
    for _ in range(5):
        assert shown(fitter, code, np.full_like(ROOM, 3)) is code
    assert painter.painted == []
    assert x_of(shown(fitter, code, ROOM)) == 75


def test_what_emerges_from_a_plain_frame_is_fitted_by_a_fade(fitter, painter):
    """A cut to black and a fade-in: the style's own code was seen, so a fitted one must not jump in."""
    code = a_code()
    shown(fitter, code, ROOM)
    xs = [x_of(shown(fitter, code, (ROOM * min(1.0, index / 60)).astype(np.uint8))) for index in range(120)]
    assert xs[0] == 0
    assert xs[-1] == 75
    assert max(np.diff(xs)) < 75 / 5


def test_live_a_look_that_a_cut_overtakes_is_given_up(painter):
    waiting = []
    fitter, code = Fitter(FitGraph(FakeSession()), painter, waiting.append), a_code()
    shown(fitter, code, ROOM)
    assert shown(fitter, code, STREET) is code
    assert len(painter.painted) == len(waiting) == 2  # the new scene is painted at once
    for _ in range(40):
        while waiting:
            waiting.pop(0)()
        fitted = shown(fitter, code, STREET)
    assert x_of(fitted) == 75
    assert len(painter.painted) == 1 + LOOKS


def test_of_a_large_picture_tiles_from_all_over_it_are_looked_at(painter, monkeypatch):
    most = 96 * 160
    monkeypatch.setattr(fitting, "MOST_PIXELS", most)
    session = FakeSession()
    graph = FitGraph(session)
    graph.look(np.zeros((192, 320, 3), np.uint8), a_code(), None)
    graph.look(np.zeros((96, 160, 3), np.uint8), a_code(), None)
    assert session.shapes == [(1, 64, 128, 3), (1, 96, 160, 3)]
    y, x = np.mgrid[0:192, 0:320].astype(np.uint16)
    sample = fitting._sample(np.stack([y, x, y], 2), most)
    for axis, last in ((0, 191), (1, 319)):
        assert sample[..., axis].min() == 0
        assert sample[..., axis].max() == last
        assert sample[..., axis].mean() == pytest.approx(last / 2, abs=1)


def test_of_a_huge_picture_only_the_tiles_are_painted(fitter, painter, monkeypatch):
    sizes = []
    monkeypatch.setattr(fitter, "paint", lambda content, code: (sizes.append(content.shape), painter(content, code))[1])
    monkeypatch.setattr(fitting, "MOST_PIXELS", 96 * 160)
    monkeypatch.setattr(fitting, "MOST_PAINTED", 4 * 96 * 160)
    for height, width, painted in ((192, 320, (192, 320, 3)), (384, 320, (128, 64, 3))):
        sizes.clear()
        scene = np.random.default_rng(0).integers(0, 200, (height, width, 3), np.uint8)
        assert x_of(shown(fitter, a_code(), scene, cut=True)) == 75
        assert sizes == [painted] * LOOKS


def test_another_graph_is_refused():
    session = FakeSession()
    session.inputs.pop(WANTED)
    with pytest.raises(ModelError, match=r"no 'wanted'; run: python -m export\.fitting"):
        FitGraph(session)


class FakeDescent:
    """What takes a code's `x` one further with every pass."""

    def __init__(self, graph, code, scene):
        self.code, self.passes, self.scene = code, 3, scene

    @staticmethod
    def possible(code):
        return code.judged is not None

    def step(self):
        self.passes -= 1
        self.code = replace(self.code, tensors=dict(self.code.tensors) | {"x_mean": self.code.tensors["x_mean"] + 1})


@pytest.fixture
def strong(painter, monkeypatch):
    monkeypatch.setattr(fitting, "Descent", FakeDescent)
    loaded = []

    def load():
        loaded.append(True)
        return "a graph"

    fitter = Fitter(FitGraph(FakeSession()), painter, descent=load)
    fitter.loaded = loaded
    return fitter


JUDGED = np.zeros((1, 1), np.float32)


def test_strong_goes_on_by_descent_where_the_looks_end(strong):
    code = a_code(judged=JUDGED)
    strong.see(ROOM, cut=False, strong=True)
    first = strong.code(code, ROOM)
    assert x_of(first) == 78  # 75 by the looks
    strong.see(ROOM, cut=False, strong=True)
    assert strong.code(code, ROOM) is first
    assert len(strong.loaded) == 1


@pytest.mark.parametrize(("wanted", "more"), [(False, {"judged": JUDGED}), (True, {})])
def test_without_being_asked_or_able_there_is_no_descent(strong, wanted, more):
    code = a_code(**more)
    strong.see(ROOM, cut=False, strong=wanted)
    assert x_of(strong.code(code, ROOM)) == 75
    assert not strong.loaded


def test_a_model_without_descent_keeps_what_the_looks_brought(painter, monkeypatch):
    monkeypatch.setattr(fitting, "Descent", FakeDescent)
    fitter, code = Fitter(FitGraph(FakeSession()), painter), a_code(judged=JUDGED)
    fitter.see(ROOM, cut=False, strong=True)
    assert x_of(fitter.code(code, ROOM)) == 75


def test_live_the_looks_are_seen_until_descent_is_done_and_then_it_fades_in(strong, monkeypatch):
    waiting = []
    monkeypatch.setattr(strong, "beside", waiting.append)
    code, xs = a_code(judged=JUDGED), []
    for _ in range(400):
        strong.see(ROOM, cut=False, strong=True)
        xs.append(x_of(strong.code(code, ROOM)))
        if waiting and len(xs) % 40 == 0:  # longer than a fade
            waiting.pop()()
    assert xs[0] == 0
    assert 75 in xs
    assert xs[-1] == 78
    assert xs == sorted(xs)
    assert max(np.diff(xs[xs.index(75.0) :])) < 0.5


def test_live_descent_keeps_the_scene_when_the_frames_memory_is_used_again(strong, monkeypatch):
    waiting, scenes = [], []

    class Seen(FakeDescent):
        def step(self):
            scenes.append(int(self.scene.mean()))
            super().step()

    monkeypatch.setattr(fitting, "Descent", Seen)
    monkeypatch.setattr(strong, "beside", waiting.append)
    code, frame = a_code(judged=JUDGED), ROOM.copy()
    for _ in range(20):
        strong.see(frame, cut=False, strong=True)
        strong.code(code, frame)
        frame[:] = np.maximum(frame, 5) - 5  # the next one, a little darker, into the same memory
        while waiting:
            waiting.pop()()
    assert len(scenes) == 3
    assert len(set(scenes)) == 1


def test_a_cut_overtakes_a_descent(strong, monkeypatch):
    waiting = []
    monkeypatch.setattr(strong, "beside", waiting.append)
    code = a_code(judged=JUDGED)
    for index in range(60):
        content = ROOM if index < 8 else STREET
        strong.see(content, cut=False, strong=True)
        strong.code(code, content)
        if waiting:
            waiting.pop()()
    begun = len(strong.loaded)
    assert begun == 2
    assert x_of(strong.code(code, STREET)) == 78


def test_of_a_large_scene_descent_is_given_tiles(strong, monkeypatch):
    seen = []

    class Seen(FakeDescent):
        def __init__(self, graph, code, scene):
            seen.append(scene.shape)
            super().__init__(graph, code, scene)

    monkeypatch.setattr(fitting, "Descent", Seen)
    large = np.tile(ROOM, (10, 10, 1))
    strong.see(large, cut=False, strong=True)
    strong.code(a_code(judged=JUDGED), large)
    ((height, width, _),) = seen
    assert 0.7 * fitting.MOST_JUDGED < height * width <= fitting.MOST_JUDGED
