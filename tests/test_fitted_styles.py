"""The shipped fit graph at work: what it brings, and when it is left alone."""

import shutil

import numpy as np
import pytest

from streamstyle.catalog import WEIGHTS, find_model
from streamstyle.engine import Session
from streamstyle.fitting import FitGraph
from streamstyle.look import Look, blend
from streamstyle.recipe import Recipe
from streamstyle.scene import Scene
from streamstyle.sources.synthetic import SyntheticSource
from streamstyle.styles import CodeCache, read_style, save_style
from streamstyle.stylizer import Stylizer


@pytest.fixture(scope="module")
def stylizer(tmp_path_factory):
    return Stylizer("fast", "cpu", CodeCache(tmp_path_factory.mktemp("codes")))


@pytest.fixture(scope="module")
def graph():
    return FitGraph(Session(find_model("fast").fit, "cpu"))


@pytest.fixture(scope="module")
def content():
    return next(iter(SyntheticSource(256, 192, 1))).image


@pytest.fixture(scope="module")
def painting():
    """Stripes and blots, of no content's size."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[0:300, 0:280]
    waves = [127 + 90 * np.sin(x * f + 6 * np.sin(y * g)) for f, g in rng.uniform(0.02, 0.2, (3, 2))]
    return (np.stack(waves, 2) + rng.normal(0, 12, (300, 280, 3))).clip(0, 255).astype(np.uint8)


def test_fitted_pictures_are_nearer_to_the_painting(stylizer, graph, content, painting):
    """By the statistics that the encoder itself goes by, in their usual deviations.

    Not squared: of units that hardly fire, whose usual deviation is next to nothing, a few would outweigh all others.
    """
    usual = np.std([stylizer.find_style(name).statistics for name in stylizer.builtin_styles.names()], axis=0) + 1e-3
    for code in (stylizer.encode_style(painting), stylizer.find_style("scream"), stylizer.find_style("improvisation")):
        away = [
            float(np.abs((graph.statistics(picture) - code.statistics) / usual).mean())
            for picture in (stylizer.stylize(content, Look(code, fit=fit)) for fit in ("off", "on"))
        ]
        assert away[1] < 0.95 * away[0]


def test_every_built_in_style_can_be_fitted(stylizer):
    codes = [stylizer.find_style(name) for name in stylizer.builtin_styles.names()]
    shapes = {None if code.statistics is None else code.statistics.shape for code in codes}
    assert len(shapes) == 1
    assert None not in shapes


def test_recipes_fit_unless_told_otherwise(stylizer, content):
    for recipe, fits in ((Recipe(("kiss",)), "on"), (Recipe(("kiss",), fit="off"), "off")):
        scene = Scene(recipe, stylizer.find_style)
        assert scene.look(0.0, content).fit == fits
        scene.close()


def test_within_a_stream_the_fit_stays(stylizer, content):
    code, memory = stylizer.find_style("kiss"), stylizer.memory()
    first = stylizer.stylize(content, Look(code, fit="on"), memory)
    moved = np.roll(content, 7, axis=1)
    alone = stylizer.stylize(moved, Look(code, fit="on"))
    within = stylizer.stylize(moved, Look(code, fit="on"), memory)
    assert np.array_equal(stylizer.stylize(content, Look(code, fit="on"), memory), first)
    assert not np.array_equal(within, alone)


def test_blends_and_strengths_go_with_it(stylizer, content):
    codes = [stylizer.find_style(name) for name in ("kiss", "scream")]
    half = stylizer.stylize(content, Look(blend(codes), fit="on"))
    ends = [stylizer.stylize(content, Look(code, fit="on")) for code in codes]
    apart = [np.abs(half.astype(int) - end).mean() for end in ends]
    assert max(apart) < np.abs(ends[0].astype(int) - ends[1]).mean()
    assert np.array_equal(stylizer.stylize(content, Look(codes[0], alpha=0, fit="on")), content)


def test_style_files_and_the_cache_keep_what_fitting_needs(stylizer, painting, tmp_path):
    cache = CodeCache(tmp_path / "codes")
    own = Stylizer("fast", "cpu", cache)
    code = own.encode_style(painting)
    kept = cache.get(cache.key(painting, own.version, 256), "style", own.version)
    assert np.array_equal(kept.statistics, code.statistics)
    save_style(tmp_path / "own.style.npz", code)
    read = read_style(tmp_path / "own.style.npz", own.version)
    assert np.array_equal(read.statistics, code.statistics)
    assert set(read.tensors) == set(code.tensors)


def test_codes_that_were_kept_before_there_were_fits_are_made_again(stylizer, painting, tmp_path):
    cache = CodeCache(tmp_path)
    own, key = Stylizer("fast", "cpu", cache), cache.key(painting, stylizer.version, 256)
    code = own.encode_style(painting)
    cache.put(key, type(code)(code.name, code.model_version, code.tensors))
    assert cache.get(key, "style", own.version).statistics is None
    assert np.array_equal(own.encode_style(painting).statistics, code.statistics)
    assert cache.get(key, "style", own.version).statistics is not None


@pytest.mark.parametrize("fit", ["none", "of another training"])
def test_a_model_without_a_fit_paints_as_ever(stylizer, content, tmp_path, fit):
    import onnx

    for ending in ("stylize.onnx", "style.onnx", "styles.npz"):
        shutil.copyfile(WEIGHTS / f"fast.{ending}", tmp_path / f"mine.{ending}")
    if fit != "none":
        model = onnx.load(WEIGHTS / "fast.fit.onnx")
        entry = next(entry for entry in model.metadata_props if entry.key == "streamstyle.version")
        entry.value = "another"
        onnx.save(model, tmp_path / "mine.fit.onnx")
    bare = Stylizer(str(tmp_path / "mine.stylize.onnx"), "cpu", CodeCache(tmp_path))
    assert bare.memory().fitter is None
    code = bare.find_style("kiss")
    plain = stylizer.stylize(content, Look(stylizer.find_style("kiss")))
    assert np.array_equal(bare.stylize(content, Look(code, fit="on")), plain)
