import math

import numpy as np
import pytest

from evaluation.measures.bootstrap import holm, mean_interval, paired_p


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution_in_large_samples():
    values = np.random.default_rng(0).normal(5, 2, 400)
    interval = mean_interval(values)
    assert interval.mean == pytest.approx(values.mean())
    half = 1.96 * values.std() / 400**0.5
    assert interval.low == pytest.approx(values.mean() - half, abs=0.02)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.02)


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    intervals = [mean_interval(rng.normal(0, 1, 30)) for _ in range(80)]
    covered = np.mean([interval.low <= 0 <= interval.high for interval in intervals])
    assert 0.86 <= covered <= 0.99


def test_equal_values_have_an_interval_without_width_and_one_value_is_no_interval():
    assert (mean_interval([3.0] * 30).low, mean_interval([3.0] * 30).high) == (3.0, 3.0)
    alone = mean_interval([2.5])
    assert (alone.mean, alone.low, alone.high, alone.count) == (2.5, 2.5, 2.5, 1)


def test_small_samples_are_called_small():
    assert mean_interval([1.0, 2.0] * 9).too_small
    assert not mean_interval([1.0, 2.0] * 10).too_small


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(2).normal(size=25)
    assert mean_interval(values, 7) == mean_interval(values, 7)
    assert mean_interval(values, 7) != mean_interval(values, 8)


def test_differences_of_one_sign_have_the_smallest_p_that_so_many_pairs_can_give():
    assert paired_p([1.0, 2.0, 0.5, 3.0, 0.1]) == pytest.approx(2 / 2**5)
    assert paired_p([-1.0, -2.0]) == pytest.approx(2 / 2**2)


def test_p_is_the_share_of_sign_flips_that_are_as_far_out():
    # Of the sums of +-1 +-2 +-3 those as far from 0 as 1 + 2 - 3 = 0 are all; as 3 + 2 - 1 = 4: 6, 4, -4 and -6.
    assert paired_p([1.0, 2.0, -3.0]) == 1.0
    assert paired_p([-1.0, 2.0, 3.0]) == pytest.approx(4 / 8)


def test_no_difference_is_no_evidence():
    assert paired_p([0.0] * 8) == 1.0
    assert paired_p([0.0] * 40) == 1.0


def test_large_samples_agree_with_the_z_test():
    values = np.random.default_rng(3).normal(0.25, 1, 100)
    z = values.mean() / (np.sqrt((values**2).mean()) / 10)
    wanted = 2 * (1 - 0.5 * (1 + float(np.vectorize(math.erf)(z / 2**0.5))))
    assert paired_p(values) == pytest.approx(wanted, abs=0.01)


def test_p_of_many_pairs_is_never_0():
    assert 0 < paired_p([1.0] * 50) < 0.001


def test_holm_multiplies_the_smallest_most_and_keeps_the_order():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_what_has_no_mean_is_refused(values):
    with pytest.raises(ValueError, match="finite"):
        mean_interval(values)
    with pytest.raises(ValueError, match="finite"):
        paired_p(values)
