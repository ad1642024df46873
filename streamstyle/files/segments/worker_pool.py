"""Paints the segments of a film in several processes, each with its own model and its share of the cores."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from streamstyle.errors import StreamstyleError
from streamstyle.files.segments.painting import Results
from streamstyle.files.segments.worker import WorkerMessage, WorkerSetup, work
from streamstyle.runtime.machine import available_memory, usable_cores

if TYPE_CHECKING:  # generic in the stubs only
    AnyConnection: TypeAlias = Connection[tuple[int, Path], WorkerMessage]
else:
    AnyConnection = Connection

MOST_DEATHS = 3
"""So many workers may die at the same segment; then the run fails, since the segment is at fault."""
CORES_EACH = 4
"""Cores per process with `--workers auto`: a small network on small frames does not keep more of them busy."""
_BYTES_EACH = 1 << 30
"""Memory per process with `--workers auto`: a worker takes 0.6 GB at 1080p."""


def automatic_workers(provider: str) -> int:
    """How many processes `--workers auto` starts: by cores and memory, and one where a GPU runs the model."""
    if not provider.startswith(("cpu", "openvino")):
        return 1
    memory = available_memory()
    by_memory = usable_cores() if memory is None else memory // _BYTES_EACH
    return max(1, min(usable_cores() // CORES_EACH, by_memory))


@dataclass(slots=True)
class _Member:
    """A process, the segment that it paints, and how many frames of that are painted."""

    process: SpawnProcess
    connection: AnyConnection
    index: int | None = None
    frames: int = 0


@dataclass(slots=True)
class WorkerPool:
    """Paints the segments of one film in several processes.

    Attributes:
        setup: What each process needs to know.
        count: How many processes.
    """

    setup: WorkerSetup
    count: int
    _members: list[_Member] = field(default_factory=list)

    def paint(self, to_do: Iterable[int], path: Callable[[int], Path], progress: Callable[[int], None]) -> Results:
        """Yield segments as they are finished. A worker that dies is replaced, and its segment painted again.

        Raises:
            StreamstyleError: A segment cannot be painted.
        """
        waiting = deque(to_do)
        deaths: dict[int, int] = {}
        try:
            for place in range(min(self.count, len(waiting))):
                self._members.append(self._begin(place))
            while waiting or any(member.index is not None for member in self._members):
                for member in self._members:
                    if member.index is None and waiting:
                        self._give(member, waiting.popleft(), path)
                progress(sum(member.frames for member in self._members))
                by_connection = {member.connection: member for member in self._members if member.index is not None}
                for ready in wait(list(by_connection)):
                    assert isinstance(ready, Connection)  # all connections are
                    member = by_connection[ready]
                    index = member.index
                    assert index is not None  # only busy workers are waited for
                    try:
                        message = ready.recv()
                    except (EOFError, OSError):
                        deaths[index] = deaths.get(index, 0) + 1
                        if deaths[index] >= MOST_DEATHS:
                            raise StreamstyleError(
                                f"a worker died {MOST_DEATHS} times at segment {index + 1}: memory may be short; "
                                "use fewer --workers"
                            ) from None
                        waiting.appendleft(index)
                        self._replace(member)
                        continue
                    if message.error is not None:
                        raise message.error
                    member.frames = message.frames
                    if message.segment is None:
                        continue
                    member.index = None
                    if message.segment.beyond is None:  # the film ends here
                        waiting = deque(other for other in waiting if other < index)
                    yield index, message.segment
        finally:
            self._end()

    def _begin(self, place: int) -> _Member:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=work, args=(there, self.setup, self._cores(place)), daemon=True)
        process.start()
        there.close()
        return _Member(process, here)

    def _cores(self, place: int) -> frozenset[int] | None:
        if not hasattr(os, "sched_getaffinity"):
            return None
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < self.count:
            return None
        return frozenset(cores[len(cores) * place // self.count : len(cores) * (place + 1) // self.count])

    def _give(self, member: _Member, index: int, path: Callable[[int], Path]) -> None:
        member.index = index
        with suppress(OSError):  # it died; the next wait notices
            member.connection.send((index, path(index)))

    def _replace(self, member: _Member) -> None:
        place = self._members.index(member)
        _stop(member)
        self._members[place] = self._begin(place)

    def _end(self) -> None:
        for member in self._members:
            _stop(member)
        self._members.clear()


def _stop(member: _Member) -> None:
    member.process.kill()
    member.process.join()
    member.connection.close()
