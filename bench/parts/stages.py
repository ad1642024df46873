"""Where the processor's time goes in a whole `streamstyle video`: per thread and stage, until nothing is without a name."""

import contextlib
import functools
import importlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from bench.report import Table
from bench.setting import Setting, Size, named
from streamstyle.files.job import Job
from streamstyle.files.run import stylize_source
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.media.sources import open_source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.times import StageTimes

COLUMNS = ["size", "thread", "stage", "processor ms", "wall ms", "share of the whole"]
WHOLE = "the whole"
REST = "threads and queues"
BETWEEN = "opening, closing, between"
LIBRARIES = "of libraries"
_PARTS = {
    "streamstyle.media.sources.conversion:to_rgb": "to RGB",
    "streamstyle.media.sinks.pixels:Pictures.of": "from RGB",
    "streamstyle.media.sinks.companion:Companion.advance": "sound",
    "streamstyle.files.repeats:_same": "repeats",
    "streamstyle.paint.stylizer:enlarge": "enlarge",
}
"""Functions that the program does not time itself -> what to call them."""
_LOOK_EVERY = 16
"""Changes of queues, of which there are four for each frame."""
_TASKS = Path("/proc/self/task")

Key = tuple[str, str]
"""A thread and a stage."""


@dataclass(slots=True)
class Seconds:
    """What something took.

    Attributes:
        processor: Of the core that the thread ran on.
        wall: On the clock: what is more than the processor's was waited for.
    """

    processor: float = 0.0
    wall: float = 0.0


class ProcessorTimes(StageTimes):
    """Seconds per thread and stage, each counted for the innermost stage that is open.

    Attributes:
        spent: So far.
        by_thread: Processor seconds that have found a name, by the number of Python's thread.
        of_libraries: Processor seconds of threads that libraries have started, by their number: name and seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.spent: defaultdict[Key, Seconds] = defaultdict(Seconds)
        self.by_thread: defaultdict[int, float] = defaultdict(float)
        self.of_libraries: dict[int, tuple[str, float]] = {}
        self._waited = 0
        self._lane: ContextVar[str] = ContextVar("lane", default="main")
        self._within: ContextVar[Seconds | None] = ContextVar("within", default=None)

    @contextlib.contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """See StageTimes."""
        outer, within = self._within.get(), Seconds()
        self._within.set(within)
        processor, wall = time.thread_time(), time.perf_counter()
        try:
            yield
        finally:
            processor, wall = time.thread_time() - processor, time.perf_counter() - wall
            here = self.spent[self._lane.get(), stage]
            here.processor += processor - within.processor
            here.wall += wall - within.wall
            self._within.set(outer)
            if outer is None:
                self.by_thread[threading.get_native_id()] += processor
            else:
                outer.processor += processor
                outer.wall += wall

    @contextlib.contextmanager
    def lane(self, name: str) -> Iterator[None]:
        """See StageTimes; what no stage of a thread has a name for is its REST."""
        before = self._lane.set(name)
        try:
            with self.measure(REST):
                yield
        finally:
            self._lane.reset(before)

    def waiting(self, queue: str, frames: int) -> None:
        """See StageTimes; now and then the other threads are looked at: some end before the run does."""
        self._waited += 1
        if self._waited % _LOOK_EVERY:
            return
        for number, name, seconds in _threads():
            self.of_libraries[number] = name, seconds


def _threads() -> Iterator[tuple[int, str, float]]:
    """Number, name and processor seconds of this process's threads, where the system tells."""
    for task in _TASKS.glob("*"):
        with contextlib.suppress(OSError):  # it has just ended
            yield (
                int(task.name),
                (task / "comm").read_text().strip(),
                int((task / "schedstat").read_text().split()[0]) * 1e-9,
            )


@contextlib.contextmanager
def _timed(times: ProcessorTimes) -> Iterator[None]:
    """Within the block the program's stages, and those of _PARTS, are counted here."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch("streamstyle.files.run.StageTimes", lambda: times))
        for place, stage in _PARTS.items():
            module, _, path = place.partition(":")
            *outer, name = path.split(".")
            owner = functools.reduce(getattr, outer, importlib.import_module(module))
            stack.enter_context(patch.object(owner, name, _as_stage(times, getattr(owner, name), stage)))
        yield


def _as_stage(times: ProcessorTimes, function: Any, stage: str) -> Any:  # noqa: ANN401 - whatever it takes and gives
    @functools.wraps(function)
    def wrapped(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        with times.measure(stage):
            return function(*arguments, **options)

    return wrapped


def spent_in_run(clip: Path, output: Path, stylizer: Stylizer, recipe: Recipe) -> tuple[int, dict[Key, Seconds]]:
    """Frames of one run, and what it took by thread and stage; WHOLE is what the process took."""
    times, player = ProcessorTimes(), Player(recipe, stylizer.encoder.find)
    job = Job(output, overwrite=True, skip_duplicates=False)
    before = {number: seconds for number, _, seconds in _threads()}
    with _timed(times):
        processor, own, wall = time.process_time(), time.thread_time(), time.perf_counter()
        with open_source(str(clip)) as source:
            frames = stylize_source(source, job, stylizer, player).frames
        whole = Seconds(time.process_time() - processor, time.perf_counter() - wall)
        own = time.thread_time() - own
    player.close()
    spent = dict(times.spent)
    spent["main", BETWEEN] = Seconds(own - times.by_thread[threading.get_native_id()])
    for number, (name, seconds) in times.of_libraries.items():
        if number not in times.by_thread:
            spent.setdefault((LIBRARIES, name), Seconds()).processor += seconds - before.get(number, 0.0)
    spent[WHOLE, ""] = whole
    return frames, spent


def add_rows(setting: Setting, stylizer: Stylizer, size: Size, clip: Path, table: Table) -> None:
    """Those of one size: medians of several runs with the defaults, per frame."""
    runs = []
    for _ in range(min(3, setting.rounds) + 1):
        frames, spent = spent_in_run(clip, setting.folder / "stages.mp4", stylizer, Recipe((setting.style,)))
        runs.append({key: (1000 * taken.processor / frames, 1000 * taken.wall / frames) for key, taken in spent.items()})
    runs = runs[1:]  # the first one compiles
    keys = dict.fromkeys(key for run in runs for key in run)
    middle = {key: [median(run.get(key, (0.0, 0.0))[kind] for run in runs) for kind in (0, 1)] for key in keys}
    whole = middle.pop((WHOLE, ""))
    for (thread, stage), (processor, wall) in sorted(middle.items()):
        table.add(named(size), thread, stage, processor, wall or None, processor / whole[0])
    sums = sum(processor for processor, _ in middle.values())
    table.add(named(size), "sum", "", sums, None, sums / whole[0])
    table.add(named(size), WHOLE, "", *whole, 1.0)
