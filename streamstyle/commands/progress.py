"""A line of progress while a file is stylized: share done, frames per second, time left."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from streamstyle.commands.log import SAID

LOG_SECONDS = 10
"""Seconds between two lines in a log."""


def teller(console: Console) -> Callable[[str], None]:
    """What prints a line as it comes, above the line of progress where there is one."""

    def tell(line: str) -> None:
        SAID.info(line)
        console.print(line, highlight=False, soft_wrap=True, markup=False)

    return tell


def complain(message: str) -> None:
    """A line on what is wrong, on standard error."""
    SAID.error(message)
    with suppress(OSError):  # the terminal may be gone
        print(f"streamstyle: {message}", file=sys.stderr, flush=True)


class _FpsColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        """The recent frames per second."""
        return Text(f"{task.speed or 0:.1f} fps", style="cyan")


class FrameProgress:
    """On a terminal a bar that is taken away when done; in a log file a line now and then."""

    def __init__(
        self, name: str, frames: int | None, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is shown yet.

        Args:
            name: Of what is done.
            frames: How many there will be, if that is known.
            console: Where to.
            clock: Seconds.
        """
        self._name, self._frames, self._console, self._clock = name, frames, console, clock
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            _FpsColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=console.quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task(name, total=frames)
        self._started = self._told = clock()
        self._before: int | None = None

    def advance(self, frames: int) -> None:
        """So many frames are done; if more than one are at the first call, a run before has done them."""
        now = self._clock()
        if self._before is None:
            self._before = frames if frames > 1 else 0
            if self._before:
                self._bar.reset(self._task, total=self._frames, completed=frames)
                self._started = now
        self._bar.update(self._task, completed=frames)
        if self._console.is_terminal or now - self._told < LOG_SECONDS or frames <= self._before:
            return
        self._told = now
        pace = (frames - self._before) / (now - self._started)
        line = f"{self._name}: {frames} frames, {pace:.1f} fps"
        if self._frames and self._frames >= frames:
            left = round((self._frames - frames) / pace)
            line = f"{self._name}: {frames} of {self._frames} frames, {pace:.1f} fps, {left // 60}:{left % 60:02} left"
        with suppress(OSError):  # the terminal may be gone; the work goes on
            self._console.print(line, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with suppress(OSError):
            self._bar.stop()
