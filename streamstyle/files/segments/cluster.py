"""A cluster of machines paints a film, through Ray: one painter per GPU, or per some cores, of every node.

A painter is told the number of a segment, never frames: it reads the film and writes the segment itself where it sees the
disk of the run; else the film is brought to its node once, and segments back, in pieces. A segment whose painter is lost is
given to another; at the end idle painters begin anew what is overdue. Nodes that join later help, those that leave are
done without.
"""

import logging
import os
import signal
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from streamstyle.errors import SinkError, StreamstyleError, UsageError
from streamstyle.files.segments.crew import CORES_EACH, MOST_DEATHS
from streamstyle.files.segments.manifest import Segment, checksum
from streamstyle.files.segments.remote import PIECE_BYTES, Greeting, Remote, Site, greeting_of_this_process
from streamstyle.files.segments.worker import Orders, Told
from streamstyle.media.places import quoted
from streamstyle.media.sinks.segments import SEGMENT_SUFFIX

_WAIT_SECONDS = 0.5
_LOOK_SECONDS = 10
"""Between two looks at which nodes there are."""
_TELL_SECONDS = 30
_PATIENCE_SECONDS = 120
"""Without any node that could paint."""
_OVERDUE = 1.5
"""Times the usual duration of a segment, after which an idle painter begins it anew."""


@dataclass(slots=True, eq=False)
class _Painter:
    """An actor and what it is at.

    Attributes:
        actor: Ray's handle.
        node: Ray's name of its node.
        host: The node's name for people.
        task: What is awaited of it; None where it is idle, or waits for the film.
        then: What to do with the answer.
        index: Of the segment it is at.
        since: When it began that.
        frames: Of it that are painted.
        asked: Its answer to how many those are, when that was asked.
        shares: Whether it sees the disk of the run.
        is_ready: Whether it can be given segments.
    """

    actor: Any
    node: str
    host: str
    task: Any = None
    then: "Callable[[_Painter, Any], Iterable[tuple[int, Segment]]] | None" = None
    index: int | None = None
    since: float = 0.0
    frames: int = 0
    asked: Any = None
    shares: bool = False
    is_ready: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """Painters on the nodes of a Ray cluster.

    Attributes:
        address: `auto`, `HOST:PORT` or `ray://HOST:PORT`.
        orders: For all painters.
        tell: Takes lines for the user.
    """

    address: str
    orders: Orders
    tell: Callable[[str], None]

    def paint(
        self, to_do: Iterable[int], path: Callable[[int], Path], progress: Callable[[int], None]
    ) -> Iterator[tuple[int, Segment]]:
        """In the order in which they are done.

        Raises:
            UsageError: Ray is missing, or no cluster answers.
            StreamstyleError: A segment cannot be painted, or the cluster is gone.
        """
        ray = connect(self.address)
        run = _Run(ray, self.orders, self.tell, deque(to_do), path)
        try:
            yield from run.segments(progress)
        except (ConnectionError, ray.exceptions.RayError) as error:
            line = str(error).strip().split("\n")[0]
            raise StreamstyleError(
                f"the cluster is gone ({line}); see that it runs, and run the same command again"
            ) from error
        finally:
            run.end()
            ray.shutdown()


def connect(address: str) -> Any:  # noqa: ANN401 - the module of Ray, which need not be there
    """Be a driver of a cluster.

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
        for number, handler in kept.items():  # Ray takes them for its own ends
            signal.signal(number, handler)
    return ray


@dataclass(slots=True, eq=False)
class _Run:
    """One film on one cluster."""

    ray: Any
    orders: Orders
    tell: Callable[[str], None]
    waiting: deque[int]
    path: Callable[[int], Path]
    token: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    painters: list[_Painter] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    durations: list[float] = field(default_factory=list)
    deaths: dict[int, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    supplied: set[str] = field(default_factory=set)
    lost: dict[str, int] = field(default_factory=dict)
    looked: float | None = None
    told: float = 0.0
    had_painters: float = field(default_factory=time.monotonic)

    def segments(self, progress: Callable[[int], None]) -> Iterator[tuple[int, Segment]]:
        """Until all are painted."""
        count = len(self.waiting)
        while self.waiting or any(painter.index is not None for painter in self.painters):
            self._look_at_nodes()
            self._give()
            self._ask(progress)
            awaited = {painter.task: painter for painter in self.painters if painter.task is not None}
            if not awaited:
                time.sleep(_WAIT_SECONDS)
                continue
            ready, _ = self.ray.wait(list(awaited), timeout=_WAIT_SECONDS)
            for reference in ready:
                painter = awaited[reference]
                for index, segment in self._answered(painter):
                    self.done.add(index)
                    if segment.beyond is None:  # the film ends here
                        self.waiting = deque(other for other in self.waiting if other < index)
                    yield index, segment
            if time.monotonic() - self.told > _TELL_SECONDS:
                self.told = time.monotonic()
                self.tell(f"{len(self.done)} of {count} segments painted, {self._who()}")

    def end(self) -> None:
        """Leave nothing behind on any node."""
        ends = []
        for painter in self.painters:
            try:
                ends.append(painter.actor.end.remote())
            except Exception as error:  # noqa: BLE001 - whatever Ray says of an actor that is gone
                logging.getLogger(__name__).debug("an actor is gone: %s", error)
        try:
            if ends:
                self.ray.wait(ends, num_returns=len(ends), timeout=3)
            for painter in self.painters:
                self.ray.kill(painter.actor)
        except Exception as error:  # noqa: BLE001 - of a cluster that is gone
            logging.getLogger(__name__).debug("the cluster is gone: %s", error)
        self.painters.clear()

    # Who paints.

    def _look_at_nodes(self) -> None:
        now = time.monotonic()
        if self.painters:
            self.had_painters = now
        elif now - self.had_painters > _PATIENCE_SECONDS:
            raise StreamstyleError("no node of the cluster can paint; see `ray status`")
        if self.looked is not None and now - self.looked < _LOOK_SECONDS:
            return
        self.looked = now
        before = self._who()
        staffed = {painter.node for painter in self.painters} | self.refused
        for node in self.ray.nodes():
            if node["Alive"] and node["NodeID"] not in staffed:
                for place, (cpus, gpus, count) in enumerate(shares_of(node["Resources"])):
                    self._hire(node, cpus, gpus, (place, count) if not gpus else None)
        if self._who() != before:
            self.tell(self._who())

    def _hire(self, node: dict[str, Any], cpus: float, gpus: float, share: tuple[int, int] | None) -> None:
        strategies = import_module("ray.util.scheduling_strategies")
        actor = (
            self.ray.remote(Remote)
            .options(
                num_cpus=cpus,
                num_gpus=gpus,
                max_concurrency=2,
                scheduling_strategy=strategies.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
            )
            .remote(self.orders, share, self.token)
        )
        painter = _Painter(actor, node["NodeID"], node["NodeManagerHostname"])
        folder = self.path(0).parent
        painter.task = actor.greet.remote(Site.of(self.orders.film.uri, folder))
        painter.then = self._greeted
        self.painters.append(painter)

    def _greeted(self, painter: _Painter, greeting: Greeting | Told) -> Iterable[tuple[int, Segment]]:
        problem = ""
        if isinstance(greeting, Told):
            problem = str(greeting.error)
        elif greeting.builds != greeting_of_this_process().builds:
            problem = f"it has {greeting.builds}, the run {greeting_of_this_process().builds}"
        if problem or isinstance(greeting, Told):
            self.tell(f"node {painter.host} is left out: {problem}")
            self.refused.add(painter.node)
            for other in [other for other in self.painters if other.node == painter.node]:
                self._dismiss(other)
            return ()
        painter.shares = greeting.shares
        painter.is_ready = greeting.shares
        return () if greeting.shares else self._supply(painter, 0)

    def _supply(self, painter: _Painter, offset: int) -> Iterable[tuple[int, Segment]]:
        """Bring the film to a node, piece after piece; other painters of the node wait until it is there."""
        if painter.node in self.supplied:
            painter.is_ready = True
        elif offset or not any(other.then == self._supplied for other in self.painters if other.node == painter.node):
            with Path(self.orders.film.uri).open("rb") as file:
                file.seek(offset)
                piece = file.read(PIECE_BYTES)
            if not piece and offset:
                self.supplied.add(painter.node)
                for other in self.painters:
                    other.is_ready |= other.node == painter.node and not other.shares and other.task is None
            else:
                painter.task = painter.actor.take.remote(offset, piece)
                painter.then = self._supplied
        return ()

    def _supplied(self, painter: _Painter, offset: int) -> Iterable[tuple[int, Segment]]:
        return self._supply(painter, offset)

    def _dismiss(self, painter: _Painter) -> None:
        self.painters.remove(painter)
        if painter.index is not None and painter.index not in self.done | set(self.waiting):
            self.waiting.appendleft(painter.index)
        try:
            self.ray.kill(painter.actor)
        except Exception as error:  # noqa: BLE001 - whatever Ray says of an actor that is gone
            logging.getLogger(__name__).debug("an actor is gone: %s", error)

    def _who(self) -> str:
        nodes = {painter.node for painter in self.painters}
        painters = len(self.painters)
        return f"{painters} painter{'s' * (painters != 1)} on {len(nodes)} node{'s' * (len(nodes) != 1)}"

    # What they paint.

    def _give(self) -> None:
        for painter in self.painters:
            if not painter.is_ready or painter.task is not None:
                continue
            index = self.waiting.popleft() if self.waiting else self._overdue()
            if index is None:
                return
            painter.index, painter.since, painter.frames = index, time.monotonic(), 0
            name = f"{index:05}.{uuid.uuid4().hex[:8]}{SEGMENT_SUFFIX}"
            place = str(self.path(index).absolute().with_name(name)) if painter.shares else name
            painter.task = painter.actor.paint.remote(index, place)
            painter.then = self._painted

    def _overdue(self) -> int | None:
        """A segment that one painter alone has had for too long."""
        if not self.durations:
            return None
        now, usual = time.monotonic(), median(self.durations)
        at_it = [painter.index for painter in self.painters if painter.index is not None]
        late = [
            painter
            for painter in self.painters
            if painter.index is not None
            and painter.index not in self.done
            and at_it.count(painter.index) == 1
            and now - painter.since > _OVERDUE * usual
        ]
        return min(late, key=lambda painter: painter.since).index if late else None

    def _ask(self, progress: Callable[[int], None]) -> None:
        """How far everybody is; answers are taken up when they are there."""
        for painter in self.painters:
            if painter.index is None:
                continue
            if painter.asked is None:
                painter.asked = painter.actor.frames.remote()
                continue
            ready, _ = self.ray.wait([painter.asked], timeout=0)
            if ready:
                try:
                    index, frames = self.ray.get(painter.asked)
                    painter.frames = frames if index == painter.index else 0
                except self.ray.exceptions.RayError:
                    painter.frames = 0  # it is lost, which is seen where it is waited for
                painter.asked = None
        furthest: dict[int, int] = {}
        for painter in self.painters:
            if painter.index is not None and painter.index not in self.done:
                furthest[painter.index] = max(furthest.get(painter.index, 0), painter.frames)
        progress(sum(furthest.values()))

    def _answered(self, painter: _Painter) -> Iterable[tuple[int, Segment]]:
        if painter not in self.painters:  # dismissed meanwhile
            return ()
        task, painter.task = painter.task, None
        try:
            answer = self.ray.get(task)
        except self.ray.exceptions.RayError:
            self._lost(painter)
            return ()
        assert painter.then is not None  # set with the task
        then, painter.then = painter.then, None
        return then(painter, answer)

    def _lost(self, painter: _Painter) -> None:
        """A painter died, its node perhaps with it: whatever it was at goes to others."""
        self.lost[painter.node] = self.lost.get(painter.node, 0) + 1
        if painter.index is not None and painter.index not in self.done:
            self.deaths[painter.index] = self.deaths.get(painter.index, 0) + 1
            if self.deaths[painter.index] >= MOST_DEATHS:
                raise StreamstyleError(f"{MOST_DEATHS} painters were lost at segment {painter.index + 1}; see `ray status`")
        self.tell(f"a painter on node {painter.host} is lost; its segment is given to another")
        others = [other for other in self.painters if other.node == painter.node and other is not painter]
        self._dismiss(painter)
        if self.lost[painter.node] > 2 * MOST_DEATHS and not others:
            self.refused.add(painter.node)
        self.looked = None

    def _painted(self, painter: _Painter, told: Told) -> Iterable[tuple[int, Segment]]:
        if told.error is not None:
            raise told.error
        segment, index = told.segment, painter.index
        assert segment is not None  # it is whole, or there is an error
        assert index is not None  # it was given one
        if index in self.done or not segment.frames:
            return self._free(painter, index, segment)
        if painter.shares:
            Path(told.place).replace(self.path(index))
            return self._free(painter, index, segment)
        return self._fetch(painter, segment, 0)

    def _fetch(self, painter: _Painter, segment: Segment, offset: int) -> Iterable[tuple[int, Segment]]:
        """Bring a segment from a node, piece after piece."""
        index = painter.index
        assert index is not None  # it is at it
        coming = self.path(index).with_name(f"{index:05}.{self.token}{SEGMENT_SUFFIX}")

        def fetched(painter: _Painter, piece: bytes) -> Iterable[tuple[int, Segment]]:
            try:
                with coming.open("r+b" if offset else "wb") as file:
                    file.seek(offset)
                    file.write(piece)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise SinkError(f"{quoted(coming)} cannot be written: {error.strerror}; make room") from error
            return self._fetch(painter, segment, offset + len(piece))

        if offset < segment.size:
            painter.task, painter.then = painter.actor.piece.remote(offset), fetched
            return ()
        if checksum(coming) != segment.checksum:
            raise StreamstyleError(f"segment {index + 1} came damaged from node {painter.host}; run the same command again")
        coming.replace(self.path(index))
        return self._free(painter, index, segment)

    def _free(self, painter: _Painter, index: int, segment: Segment) -> Iterable[tuple[int, Segment]]:
        self.durations.append(time.monotonic() - painter.since)
        painter.index = None
        return () if index in self.done else [(index, segment)]


def shares_of(resources: dict[str, float]) -> list[tuple[float, float, int]]:
    """How the resources of a node are divided between painters.

    Args:
        resources: As Ray counts them.

    Returns:
        For each painter its cores, its GPUs, and how many painters there are on the node.
    """
    cpus, gpus = resources.get("CPU", 0.0), int(resources.get("GPU", 0))
    if gpus:
        return [(min(1.0, cpus / gpus), 1.0, gpus)] * gpus
    if cpus < 1:
        return []
    count = max(1, int(cpus // CORES_EACH))
    return [(int(cpus / count), 0.0, count)] * count
