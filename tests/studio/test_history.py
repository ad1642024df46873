"""Undo and redo of the look."""

from streamstyle.look.recipe import Recipe
from streamstyle.look.timeline import Timeline
from streamstyle.studio.history import History


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def look(alpha):
    return Recipe(("kiss",), alpha=(Timeline.constant(alpha),))


def test_there_and_back():
    history = History(Clock())
    assert (history.undo(look(0)), history.redo(look(0))) == (None, None)
    history.step(look(0), frozenset({"alpha"}))
    history.step(look(0.1), frozenset({"color"}))
    assert history.undo(look(0.2)) == look(0.1)
    assert history.undo(look(0.1)) == look(0)
    assert (history.can_undo, history.can_redo) == (False, True)
    assert history.redo(look(0)) == look(0.1)
    assert history.redo(look(0.1)) == look(0.2)
    assert (history.can_undo, history.can_redo) == (True, False)


def test_a_change_after_an_undo_forgets_what_was_taken_back():
    history = History(Clock())
    history.step(look(0))
    history.undo(look(0.1))
    history.step(look(0))
    assert history.redo(look(0.5)) is None


def test_a_slider_that_is_dragged_is_one_step_until_it_rests():
    clock = Clock()
    history = History(clock)
    for number in range(10):
        clock.now = number / 10
        history.step(look(number / 10), frozenset({"alpha"}))
    clock.now = 3.0
    history.step(look(1), frozenset({"alpha"}))
    assert history.undo(look(0.5)) == look(1)
    assert history.undo(look(1)) == look(0)
    assert not history.can_undo


def test_a_drag_after_an_undo_is_a_step_of_its_own():
    history = History(Clock())
    history.step(look(0), frozenset({"alpha"}))
    history.undo(look(0.1))
    history.step(look(0), frozenset({"alpha"}))
    assert history.undo(look(0.2)) == look(0)


def test_only_so_many_steps_are_kept():
    history = History(Clock())
    for number in range(1000):
        history.step(look(number / 1000))
    steps = 0
    while history.undo(look(0)) is not None:
        steps += 1
    assert steps == 200
