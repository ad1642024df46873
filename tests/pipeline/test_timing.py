from streamstyle.pipeline.times import Rate


def test_a_rate_remembers_its_window_only_even_if_nobody_asks():
    rate = Rate(2.0)
    for index in range(10_000):
        rate.count(index / 30)
    assert len(rate._moments) <= 61
    assert abs(rate.per_second(9999 / 30) - 30) < 1
