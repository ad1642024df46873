"""Undo and redo of the look."""

import time
from collections.abc import Callable

from streamstyle.look.recipe import Recipe

_MOST_STEPS = 200
_ONE_STEP_SECONDS = 1.0


class History:
    """The looks that were wanted before, and those that were taken back; a slider that is dragged is one step."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing yet.

        Args:
            clock: Seconds that never go back.
        """
        self._clock = clock
        self._before: list[Recipe] = []
        self._after: list[Recipe] = []
        self._last: tuple[frozenset[str], float] = frozenset(), float("-inf")

    @property
    def can_undo(self) -> bool:
        """Whether there is a look to go back to."""
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        """Whether one was taken back."""
        return bool(self._after)

    def step(self, before: Recipe, fields: frozenset[str] = frozenset()) -> None:
        """Note what was wanted before a change.

        Args:
            before: The look.
            fields: Names of what changes; changes of the same ones that follow within a second are one step.
        """
        now, (fields_before, then) = self._clock(), self._last
        if not (fields and fields == fields_before and now - then < _ONE_STEP_SECONDS and self._before):
            self._before = [*self._before[1 - _MOST_STEPS :], before]
        self._after, self._last = [], (fields, now)

    def change(self, change: Callable[[Recipe], Recipe]) -> None:
        """Change all looks, so that none asks for what is gone."""
        self._before = [change(look) for look in self._before]
        self._after = [change(look) for look in self._after]

    def undo(self, now: Recipe) -> Recipe | None:
        """The look before; None where there is none."""
        return self._swap(self._before, self._after, now)

    def redo(self, now: Recipe) -> Recipe | None:
        """The look that was taken back last; None where there is none."""
        return self._swap(self._after, self._before, now)

    def _swap(self, taken: list[Recipe], given: list[Recipe], now: Recipe) -> Recipe | None:
        if not taken:
            return None
        self._last = frozenset(), float("-inf")
        given.append(now)
        return taken.pop()
