import pytest

from evaluation.sweep import Ratio, coherence_at, common_effect
from streamstyle.errors import UsageError


def test_a_ratio_is_a_strength():
    assert Ratio.parse("1:2") == Ratio("1:2", pytest.approx(2 / 3))
    assert Ratio.parse("4:1").alpha == pytest.approx(0.2)
    assert Ratio.parse("0:1").alpha == 1


@pytest.mark.parametrize("text", ["1", "1:0", "-1:2", "a:b", "1:2:3", "nan:1", ":", "inf:1"])
def test_what_is_no_ratio_is_named(text):
    with pytest.raises(UsageError, match="ratio of content to style"):
        Ratio.parse(text)


def test_coherence_at_an_effect_lies_on_the_line_between_two_strengths():
    curve = [(1.0, 1.0), (2.0, 0.8), (4.0, 0.5)]
    assert coherence_at(1.5, curve) == pytest.approx(0.9)
    assert coherence_at(3.0, curve) == pytest.approx(0.65)
    assert coherence_at(4.0, curve) == pytest.approx(0.5)
    assert coherence_at(0.5, curve) == 1.0
    assert coherence_at(4.1, curve) is None


def test_of_a_curve_that_turns_back_the_first_place_counts():
    assert coherence_at(1.5, [(1.0, 1.0), (2.0, 0.8), (1.0, 0.6), (2.0, 0.4)]) == pytest.approx(0.9)


def test_the_common_effect_is_the_largest_that_all_reach():
    assert common_effect([[(1, 1), (5, 0.2)], [(1, 1), (3, 0.6), (2, 0.5)]]) == 3
