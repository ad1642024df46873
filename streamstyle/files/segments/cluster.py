"""A cluster of machines paints a film, through Ray.

A painter gets the number of a segment, never frames. Where it sees the disk of the run, it reads the film and writes the
segment itself; elsewhere the film is sent to its node once, and segments are fetched, in pieces. A segment whose painter is
lost is given to another one. At the end idle painters also paint segments that take too long elsewhere. Nodes may join and
leave at any time.
"""

import logging
import os
import signal
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from streamstyle.errors import SinkError, StreamstyleError, UsageError
from streamstyle.files.segments.manifest import Segment
from streamstyle.files.segments.painter_group import Done, Painter, PainterGroup
from streamstyle.files.segments.painting import Results
from streamstyle.files.segments.worker import WorkerMessage, WorkerSetup
from streamstyle.files.segments.worker_pool import MOST_DEATHS
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.sinks.segments import SEGMENT_SUFFIX
from streamstyle.runtime import checksums

_WAIT_SECONDS = 0.5
_TELL_SECONDS = 30
_OVERDUE = 1.5
"""How many times the median duration of a segment one may take before an idle painter begins it, too."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Painters on the nodes of a Ray cluster.

    Attributes:
        address: `auto`, `HOST:PORT` or `ray://HOST:PORT`.
        setup: For all painters.
        tell: Takes lines for the user.
    """

    address: str
    setup: WorkerSetup
    tell: Callable[[str], None]

    def paint(self, to_do: Iterable[int], path: Callable[[int], Path], progress: Callable[[int], None]) -> Results:
        """In the order in which they are done.

        Raises:
            UsageError: Ray is missing, or no cluster answers.
            StreamstyleError: A segment cannot be painted, or the cluster is gone.
        """
        ray = connect(self.address)
        group = PainterGroup(ray, self.setup, path(0).parent, uuid.uuid4().hex[:8], self.tell)
        run = _Run(group, deque(to_do), path)
        try:
            yield from run.segments(progress)
        except (ConnectionError, ray.exceptions.RayError) as error:
            line = str(error).strip().split("\n")[0]
            raise StreamstyleError(
                f"the cluster is gone ({line}); see that it runs, and run the same command again"
            ) from error
        finally:
            group.end()
            ray.shutdown()


def connect(address: str) -> Any:  # noqa: ANN401 - the module of Ray, which need not be there
    """Connect to a cluster.

    Args:
        address: `auto`, `HOST:PORT` or `ray://HOST:PORT`.

    Raises:
        UsageError: Ray is missing, or no cluster answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray = import_module("ray")
    except ImportError as error:
        raise UsageError("--cluster needs Ray; run: pip install 'streamstyle[ray]'") from error
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
    except Exception as error:
        line = str(error).strip().split("\n")[0]
        raise UsageError(f"no Ray cluster answers at '{address}' ({line}); start one with: ray start --head") from error
    finally:
        for number, handler in kept.items():  # Ray replaces them by its own
            signal.signal(number, handler)
    return ray


@dataclass(slots=True, eq=False)
class _Run:
    """One film on one cluster.

    Attributes:
        group: Who paints.
        waiting: Segments that no painter works on.
        path: Where each one goes.
        done: Finished segments.
        durations: Seconds that they took.
        deaths: Segment -> how many painters were lost while they painted it.
        told: When the progress was printed last.
    """

    group: PainterGroup
    waiting: deque[int]
    path: Callable[[int], Path]
    done: set[int] = field(default_factory=set)
    durations: list[float] = field(default_factory=list)
    deaths: dict[int, int] = field(default_factory=dict)
    told: float = field(default_factory=time.monotonic)

    def segments(self, progress: Callable[[int], None]) -> Results:
        """Yield segments until all are painted."""
        ray, painters, count = self.group.ray, self.group.painters, len(self.waiting)
        while self.waiting or any(painter.index not in {None, *self.done} for painter in painters):
            self.group.refresh()
            self._give()
            self._ask(progress)
            awaited = {painter.task: painter for painter in painters if painter.task is not None}
            if not awaited:
                time.sleep(_WAIT_SECONDS)
                continue
            ready, _ = ray.wait(list(awaited), timeout=_WAIT_SECONDS)
            for reference in ready:
                for index, segment in self._answered(awaited[reference]):
                    self.done.add(index)
                    if segment.beyond is None:  # the film ends here
                        self.waiting = deque(other for other in self.waiting if other < index)
                    yield index, segment
            if time.monotonic() - self.told > _TELL_SECONDS:
                self.told = time.monotonic()
                self.group.tell(f"{len(self.done)} of {count} segments painted, {self.group.words}")

    def _give(self) -> None:
        for painter in self.group.painters:
            if not painter.is_ready or painter.task is not None:
                continue
            index = self.waiting.popleft() if self.waiting else self._overdue()
            if index is None:
                return
            painter.index, painter.since, painter.frames = index, time.monotonic(), 0
            # Two painters may work on the same segment: each has its own file.
            name = f"{index:05}.{uuid.uuid4().hex[:8]}{SEGMENT_SUFFIX}"
            place = str(self.path(index).absolute().with_name(name)) if painter.shares else name
            painter.ask(painter.actor.paint.remote(index, place), self._painted)

    def _overdue(self) -> int | None:
        """A segment that a single painter has worked on for too long."""
        if not self.durations:
            return None
        now, usual = time.monotonic(), median(self.durations)
        in_work = [painter.index for painter in self.group.painters]
        late = [
            painter
            for painter in self.group.painters
            if painter.index not in {None, *self.done}
            and in_work.count(painter.index) == 1
            and now - painter.since > _OVERDUE * usual
        ]
        return min(late, key=lambda painter: painter.since).index if late else None

    def _ask(self, progress: Callable[[int], None]) -> None:
        """Ask all painters how far they are, without waiting for their answers."""
        ray, furthest = self.group.ray, dict[int, int]()
        for painter in self.group.painters:
            if painter.index is None or painter.index in self.done:
                continue
            if painter.asked is None:
                painter.asked = painter.actor.frames.remote()
            elif ray.wait([painter.asked], timeout=0)[0]:
                try:
                    index, frames = ray.get(painter.asked)
                    painter.frames = frames if index == painter.index else 0
                except ray.exceptions.RayError:
                    painter.frames = 0  # it died; the next wait notices
                painter.asked = None
            furthest[painter.index] = max(furthest.get(painter.index, 0), painter.frames)
        progress(sum(furthest.values()))

    def _answered(self, painter: Painter) -> Done:
        if painter not in self.group.painters:  # stopped meanwhile
            return ()
        task, then, painter.task, painter.then = painter.task, painter.then, None, None
        assert then is not None  # set with the task
        try:
            answer = self.group.ray.get(task)
        except self.group.ray.exceptions.RayError:
            self._lost(painter)
            return ()
        return then(painter, answer)

    def _lost(self, painter: Painter) -> None:
        """Give the segment of a lost painter to others."""
        index = painter.index
        self.group.lose(painter)
        if index is None or index in self.done:
            return
        self.deaths[index] = self.deaths.get(index, 0) + 1
        if self.deaths[index] >= MOST_DEATHS:
            raise StreamstyleError(f"{MOST_DEATHS} painters were lost at segment {index + 1}; see `ray status`")
        if all(other.index != index for other in self.group.painters):
            self.waiting.appendleft(index)

    def _painted(self, painter: Painter, message: WorkerMessage) -> Done:
        if message.error is not None:
            raise message.error
        segment, index = message.segment, painter.index
        assert segment is not None  # without an error there is one
        assert index is not None  # it was given one
        if index in self.done or not segment.frames:
            return self._free(painter, index, segment)
        if painter.shares:
            Path(message.place).replace(self.path(index))
            return self._free(painter, index, segment)
        return self._fetch(painter, index, segment, 0)

    def _fetch(self, painter: Painter, index: int, segment: Segment, offset: int) -> Done:
        """Fetch a segment from a node, piece after piece."""
        coming = self.path(index).with_name(f"{index:05}.{self.group.token}{SEGMENT_SUFFIX}")

        def fetched(painter: Painter, piece: bytes) -> Done:
            try:
                with coming.open("r+b" if offset else "wb") as file:
                    file.seek(offset)
                    file.write(piece)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise SinkError(f"{quoted(coming)} cannot be written: {reason(error)}; make room") from error
            return self._fetch(painter, index, segment, offset + len(piece))

        if index in self.done:
            return self._free(painter, index, segment)
        if offset < segment.size:
            painter.ask(painter.actor.piece.remote(offset), fetched)
            return ()
        if checksums.of(coming) != segment.checksum:
            raise StreamstyleError(f"segment {index + 1} came damaged from node {painter.host}; run the same command again")
        coming.replace(self.path(index))
        return self._free(painter, index, segment)

    def _free(self, painter: Painter, index: int, segment: Segment) -> Done:
        self.durations.append(time.monotonic() - painter.since)
        painter.index = None
        return () if index in self.done else [(index, segment)]
