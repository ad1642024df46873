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
