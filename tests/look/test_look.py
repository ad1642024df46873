import numpy as np
import pytest

from streamstyle.errors import UsageError
from streamstyle.look.look import Look
from streamstyle.styles.code import StyleCode, blend


def code(name, value, version="v1"):
    return StyleCode(name, version, {"a_mean": np.full((1, 2, 1, 1), value, np.float32)})


def test_the_corners_of_a_blend_are_the_single_styles():
    first, second = code("first", 1.0), code("second", 5.0)
    for weights, corner in (((1, 0), first), ((0, 3), second)):
        blended = blend([first, second], weights)
        assert np.array_equal(blended.tensors["a_mean"], corner.tensors["a_mean"])
        assert blended.name == corner.name


def test_weights_are_normalised():
    blended = blend([code("first", 1.0), code("second", 5.0)], [3, 1])
    assert blended.tensors["a_mean"].flat[0] == pytest.approx(2.0)
    assert blended.tensors["a_mean"].dtype == np.float32
    assert blended.name == "first+second"


def test_without_weights_all_count_the_same():
    assert blend([code("a", 0.0), code("b", 3.0), code("c", 6.0)]).tensors["a_mean"].flat[0] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("weights", "message"),
    [([1], "got 1 weights for 2"), ([0, 0], "not all 0"), ([-1, 2], "0 or more"), ([float("nan"), 1], "0 or more")],
)
def test_weights_that_make_no_sense(weights, message):
    with pytest.raises(UsageError, match=message):
        blend([code("a", 0.0), code("b", 1.0)], weights)


def test_styles_of_different_models_do_not_mix():
    with pytest.raises(UsageError, match="different models"):
        blend([code("a", 0.0), code("b", 1.0, version="v2")])


@pytest.mark.parametrize("change", [{"alpha": 1.5}, {"alpha": float("nan")}, {"color": "blue"}, {"size": 3}])
def test_a_look_out_of_range(change):
    with pytest.raises(UsageError):
        Look(code("a", 0.0), **change)
