"""A line of progress while a file is stylized: share done, frames per second, time left."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text


def teller(console: Console) -> Callable[[str], None]:
    """What prints a line as it comes, above the line of progress where there is one."""
    return lambda line: console.print(line, highlight=False, soft_wrap=True, markup=False)


class _FpsColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Frames per second of late."""
        return Text(f"{task.speed or 0:.1f} fps", style="cyan")


class FrameProgress:
    """Shown on a terminal only, and taken away when done."""

    def __init__(self, name: str, frames: int | None, console: Console) -> None:
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

    def advance(self, frames: int) -> None:
        """So many frames are done."""
        self._bar.update(self._task, completed=frames)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._bar.stop()
