"""What happened when, on which thread: a file for Perfetto (ui.perfetto.dev) and chrome://tracing.

Source: the Trace Event Format of Chromium's trace viewer: a JSON object of complete events (X), counters (C), metadata (M).
"""

import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from streamstyle.errors import SinkError, UsageError

MOST_EVENTS = 100_000
"""Kept at most, the latest: 20 MB of memory, and some ten minutes of a video at 25 frames a second."""

_SUFFIX = ".json"
# Every thread has its own: a new thread begins with the defaults.
_lane: ContextVar[str] = ContextVar("lane", default="main")
_frame: ContextVar[int | None] = ContextVar("frame", default=None)


class Trace:
    """Spans of time, each on its thread's lane, and counts over time."""

    def __init__(self, most_events: int = MOST_EVENTS) -> None:
        """Begin; all times count from here.

        Args:
            most_events: How many to keep: of a longer run, the latest.
        """
        self._zero = time.perf_counter_ns()
        # Name, lane, start and duration in ns, frame, whether it failed; or a counter: name, None, moment, count.
        self._events: deque[tuple[str, str | None, int, int, int | None, bool]] = deque(maxlen=most_events)
        # Each lane is written by one thread at a time, so that no lock is needed.
        self._counts: dict[str, int] = {}

    @property
    def recorded(self) -> int:
        """How many events there were, those that were forgotten included."""
        return sum(list(self._counts.values()))

    @contextmanager
    def lane(self, name: str) -> Iterator[None]:
        """What this thread does within the block goes to a lane of this name."""
        lane, frame = _lane.set(name), _frame.set(None)
        try:
            yield
        finally:
            _lane.reset(lane)
            _frame.reset(frame)

    def frame(self, index: int) -> None:
        """What this thread does from now on, the open spans included, belongs to a frame."""
        _frame.set(index)

    def add(self, name: str, started: int, ended: int, *, failed: bool = False) -> None:
        """Take in a span of this thread, after those within it.

        Args:
            name: What was done.
            started: When, on `time.perf_counter_ns()`.
            ended: When it ended, on the same clock.
            failed: Whether it ended by an exception.
        """
        self._keep(_lane.get(), (name, _lane.get(), started, ended - started, _frame.get(), failed))

    def count(self, name: str, value: int) -> None:
        """Take in how many of something there are now."""
        self._keep(_lane.get(), (name, None, time.perf_counter_ns(), value, None, False))

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Take in a block."""
        started = time.perf_counter_ns()
        failed = True
        try:
            yield
            failed = False
        finally:
            self.add(name, started, time.perf_counter_ns(), failed=failed)

    def _keep(self, lane: str, event: tuple[str, str | None, int, int, int | None, bool]) -> None:
        self._counts[lane] = self._counts.get(lane, 0) + 1
        self._events.append(event)

    def document(self) -> Iterator[str]:
        """The JSON text in pieces, one event per line."""
        events = list(self._events)
        process = os.getpid()
        lanes = {name: number for number, name in enumerate(dict.fromkeys(e[1] for e in events if e[1] is not None), 1)}
        header = {"recorded_events": self.recorded, "kept_events": len(events), "unit_of_ts_and_dur": "microseconds"}
        yield f'{{"displayTimeUnit": "ms", "otherData": {json.dumps(header)}, "traceEvents": [\n'
        yield json.dumps({"ph": "M", "name": "process_name", "pid": process, "tid": 0, "args": {"name": "streamstyle"}})
        for name, number in lanes.items():
            place = {"ph": "M", "pid": process, "tid": number}
            yield ",\n" + json.dumps(place | {"name": "thread_name", "args": {"name": name}})
            yield ",\n" + json.dumps(place | {"name": "thread_sort_index", "args": {"sort_index": number}})
        for name, lane, moment, amount, frame, failed in events:
            common = {"name": name, "pid": process, "ts": (moment - self._zero) / 1000}
            if lane is None:
                yield ",\n" + json.dumps({"ph": "C", "tid": 0} | common | {"args": {"frames": amount}})
                continue
            told = ({} if frame is None else {"frame": frame}) | ({"failed": True} if failed else {})
            yield ",\n" + json.dumps({"ph": "X", "tid": lanes[lane]} | common | {"dur": amount / 1000, "args": told})
        yield "\n]}\n"

    def write(self, path: Path) -> None:
        """Write the file, under a partial name until it is whole.

        Raises:
            SinkError: The system refused.
        """
        partial = _partial(path)
        try:
            with partial.open("w", encoding="utf-8") as file:
                file.writelines(self.document())
            partial.replace(path)
        except OSError as error:
            raise SinkError(f"the profile '{path}' cannot be written: {_reason(error)}; name another place") from error

    def told(self, path: Path) -> str:
        """A line for the user on what was written."""
        kept, recorded = len(self._events), self.recorded
        much = f"the latest {kept} of {recorded} events" if kept < recorded else f"{kept} events"
        return f"profile: {path} ({much}; open it in ui.perfetto.dev or chrome://tracing)"


@contextmanager
def profiled(path: Path | None, tell: Callable[[str], object], *, overwrite: bool = False) -> Iterator[Trace | None]:
    """A trace of the block, written at its end, also when that is a failure or Ctrl-C.

    Args:
        path: Where to; None for no trace at all.
        tell: Takes a line on what was written.
        overwrite: Replace an existing file.

    Raises:
        UsageError: Before the block: nothing can be written there.
        SinkError: After it: the file could not be written.
    """
    if path is None:
        yield None
        return
    _check(path, overwrite=overwrite)
    trace = Trace()
    try:
        yield trace
    except BaseException:
        try:
            trace.write(path)
        except SinkError as error:
            tell(f"{error}")  # why the run failed is worth more
        else:
            tell(trace.told(path))
        raise
    trace.write(path)
    tell(trace.told(path))


def _check(path: Path, *, overwrite: bool) -> None:
    if path.suffix.lower() != _SUFFIX:
        raise UsageError(f"--profile writes JSON; name a file that ends in {_SUFFIX}, got '{path}'")
    if not path.parent.is_dir():
        raise UsageError(f"--profile: the folder '{path.parent}' does not exist; make it first, or name another")
    if path.is_dir():
        raise UsageError(f"--profile: '{path}' is a folder; name a file")
    if path.exists() and not overwrite:
        raise UsageError(f"--profile: '{path}' exists; use --overwrite, or name another file")
    partial = _partial(path)
    try:
        partial.touch()
        partial.unlink()
    except OSError as error:
        raise UsageError(f"--profile: '{path}' cannot be written: {_reason(error)}; name another place") from error


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.stem}.partial{path.suffix}")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
