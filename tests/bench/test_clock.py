import pytest

from bench.clock import LEAST_ROUNDS, SystemClock, Timing, interleaved


class FakeClock:
    """Time passes when something is done, and only then."""

    def __init__(self):
        self.now = self.worked = 0.0

    def wall(self):
        return self.now

    def processor(self):
        return self.worked

    def spend(self, wall, processor):
        self.now += wall
        self.worked += processor


def actions_of(clock, costs, order):
    def action(name, wall, processor):
        def run():
            order.append(name)
            clock.spend(wall, processor)

        return run

    return {name: action(name, *cost) for name, cost in costs.items()}


def test_everything_is_done_in_turns_and_each_begins_a_round_in_its_turn():
    clock, order = FakeClock(), []
    interleaved(actions_of(clock, {"a": (1, 1), "b": (2, 1), "c": (3, 1)}, order), rounds=3, warm=0, clock=clock)
    assert "".join(order) == "abc" + "bca" + "cab"


def test_times_are_those_of_the_action_alone():
    clock, order = FakeClock(), []
    timings = interleaved(actions_of(clock, {"a": (1, 4), "b": (2, 0.5)}, order), rounds=5, clock=clock)
    assert list(timings) == ["a", "b"]
    assert timings["a"].wall == [1] * 5
    assert timings["a"].processor == [4] * 5
    assert (timings["b"].median, timings["b"].least, timings["b"].work) == (2, 2, 0.5)


def test_warm_up_does_not_count():
    clock, order = FakeClock(), []
    timings = interleaved(actions_of(clock, {"a": (1, 1), "b": (1, 1)}, order), rounds=1, warm=2, clock=clock)
    assert "".join(order) == "abab" + "ab"
    assert len(timings["a"].wall) == 1


def test_the_budget_ends_the_rounds_but_never_before_the_least():
    clock, order = FakeClock(), []
    timings = interleaved(actions_of(clock, {"a": (10, 1)}, order), rounds=50, budget=45, warm=0, clock=clock)
    assert len(timings["a"].wall) == 5
    timings = interleaved(actions_of(clock, {"a": (100, 1)}, order), rounds=50, budget=45, warm=0, clock=clock)
    assert len(timings["a"].wall) == LEAST_ROUNDS
    timings = interleaved(actions_of(clock, {"a": (100, 1)}, order), rounds=2, budget=45, warm=0, clock=clock)
    assert len(timings["a"].wall) == 2


def test_one_disturbed_round_moves_neither_the_median_nor_the_least():
    timing = Timing([1.0, 1.0, 60.0, 1.0, 0.9], [1.0] * 5)
    assert timing.median == 1.0
    assert timing.least == 0.9


def test_nothing_to_time_is_no_failure():
    assert interleaved({}, rounds=3, clock=FakeClock()) == {}


def test_a_failing_action_is_not_hidden():
    def fail():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        interleaved({"a": fail}, rounds=3, clock=FakeClock())


def test_the_systems_clock_counts_work_and_not_waiting():
    import time

    clock = SystemClock()
    wall, processor = clock.wall(), clock.processor()
    time.sleep(0.05)
    assert clock.wall() - wall >= 0.05
    assert clock.processor() - processor >= 0
    worked = clock.processor()
    sum(range(300_000))
    assert clock.processor() > worked
