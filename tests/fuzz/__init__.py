"""Inputs that nobody thought of: a few in every run of the tests, as many as there is time for in `make fuzz`."""

import functools
import os
import time
from collections.abc import Callable

import hypothesis

from streamstyle.errors import StreamstyleError

SECONDS = float(os.environ.get("STREAMSTYLE_FUZZ_SECONDS", "0"))
"""For each test; at 0 it runs once, always on the same inputs."""

hypothesis.settings.register_profile("short", max_examples=30, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("long", max_examples=1000, deadline=None, database=None)
hypothesis.settings.load_profile("long" if SECONDS else "short")


def again_and_again(test: Callable[[], None]) -> Callable[[], None]:
    """Repeat a test of Hypothesis, which draws anew each time, for SECONDS."""

    @functools.wraps(test)
    def repeated() -> None:
        end = time.monotonic() + SECONDS
        test()
        while time.monotonic() < end:
            test()

    del repeated.__wrapped__  # type: ignore[attr-defined]  # pytest would take its arguments for fixtures
    return repeated


def refusal(action: Callable[[], object]) -> str:
    """The words in which something is refused; empty where it goes."""
    try:
        action()
    except StreamstyleError as error:
        return str(error) or "no words"
    return ""
