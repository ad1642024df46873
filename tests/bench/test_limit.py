import pytest

from bench import limit
from bench.limit import Work

WORK = Work(macs=2e9, numbers=1e6)


def test_limits_are_work_over_speed():
    assert limit.compute_seconds(WORK, 100e9) == pytest.approx(0.02)
    assert limit.memory_seconds(WORK, "fp32", 1e9) == pytest.approx(0.004)
    assert limit.memory_seconds(WORK, "bf16", 1e9) == pytest.approx(0.002)
    assert limit.memory_seconds(WORK, "int8", 1e9) == pytest.approx(0.001)


def test_a_share_is_1_at_the_limit_and_less_when_slower():
    assert limit.share(0.02, 0.02) == 1
    assert limit.share(0.02, 0.08) == pytest.approx(0.25)


def test_a_ratio_says_how_many_times_as_fast():
    assert limit.ratio(peer_seconds=0.3, our_seconds=0.1) == pytest.approx(3)


def test_a_line_finds_what_is_fixed_and_what_grows():
    fixed, per_unit = limit.line([(1, 5.0), (2, 7.0), (4, 11.0)])
    assert fixed == pytest.approx(3)
    assert per_unit == pytest.approx(2)
