"""Who paints on a Ray cluster: one painter per GPU, or per some cores, of every node that is fit for it."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from streamstyle.errors import StreamstyleError
from streamstyle.files.segments.crew import CORES_EACH, MOST_DEATHS
from streamstyle.files.segments.manifest import Segment
from streamstyle.files.segments.remote import PIECE_BYTES, Greeting, Remote, Site, builds_here
from streamstyle.files.segments.worker import Orders, Told

log = logging.getLogger(__name__)

LOOK_SECONDS = 10
"""Between two looks at the nodes of the cluster."""
PATIENCE_SECONDS = 120
"""Without any painter, after which the run ends."""
_END_SECONDS = 3

Done: TypeAlias = Iterable[tuple[int, Segment]]
"""What has become whole by an answer: nothing, or one segment."""


@dataclass(slots=True, eq=False)
class Painter:
    """An actor and what it is at.

    Attributes:
        actor: Ray's handle.
        node: Ray's name of its node.
        host: The node's name for people.
        place: Which of the node's painters it is.
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
    place: int
    task: Any = None
    then: "Callable[[Painter, Any], Done] | None" = None
    index: int | None = None
    since: float = 0.0
    frames: int = 0
    asked: Any = None
    shares: bool = False
    is_ready: bool = False

    def ask(self, task: Any, then: "Callable[[Painter, Any], Done]") -> None:  # noqa: ANN401 - of Ray
        """Await something of it."""
        self.task, self.then = task, then


@dataclass(slots=True, eq=False)
class Staff:
    """The painters of one run.

    Attributes:
        ray: The module.
        orders: For all of them.
        folder: Where segments go.
        tell: Takes lines for the user.
        painters: Those that are there.
    """

    ray: Any
    orders: Orders
    folder: Path
    token: str
    tell: Callable[[str], None]
    painters: list[Painter] = field(default_factory=list)
    _refused: set[str] = field(default_factory=set)
    _supplied: set[str] = field(default_factory=set)
    _losses: dict[str, int] = field(default_factory=dict)
    _looked: float | None = None
    _last_seen: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Take on painters on nodes that are new, and in place of those that were lost.

        Raises:
            StreamstyleError: Nobody could paint for too long.
        """
        now = time.monotonic()
        if self.painters:
            self._last_seen = now
        elif now - self._last_seen > PATIENCE_SECONDS:
            raise StreamstyleError("no node of the cluster can paint; see `ray status`")
        if self._looked is not None and now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        before = len(self.painters)
        staffed = {(painter.node, painter.place) for painter in self.painters}
        for node in self.ray.nodes():
            if not node["Alive"] or node["NodeID"] in self._refused:
                continue
            for place, (cpus, gpus, count) in enumerate(shares_of(node["Resources"])):
                if (node["NodeID"], place) not in staffed:
                    self._hire(node, place, cpus, gpus, count)
        if len(self.painters) != before:
            self.tell(self.words)

    @property
    def words(self) -> str:
        """How many there are, for people."""
        nodes, painters = len({painter.node for painter in self.painters}), len(self.painters)
        return f"{painters} painter{'s' * (painters != 1)} on {nodes} node{'s' * (nodes != 1)}"

    def lose(self, painter: Painter) -> None:
        """One is gone, its node perhaps with it."""
        self.tell(f"a painter on node {painter.host} is lost; its segment is given to another")
        self._losses[painter.node] = self._losses.get(painter.node, 0) + 1
        self.dismiss(painter)
        if self._losses[painter.node] > MOST_DEATHS:
            self._refused.add(painter.node)
        self._looked = None

    def dismiss(self, painter: Painter) -> None:
        """Do without one."""
        self.painters.remove(painter)
        self._quietly(lambda: self.ray.kill(painter.actor))

    def end(self) -> None:
        """Do without all, and leave nothing behind on any node."""
        ends: list[Any] = []
        for painter in self.painters:
            self._quietly(lambda painter=painter: ends.append(painter.actor.end.remote()))  # type: ignore[misc]
        if ends:
            self._quietly(lambda: self.ray.wait(ends, num_returns=len(ends), timeout=_END_SECONDS))
        for painter in list(self.painters):
            self.dismiss(painter)

    def _hire(self, node: dict[str, Any], place: int, cpus: float, gpus: float, count: int) -> None:
        strategies = import_module("ray.util.scheduling_strategies")
        options = self.ray.remote(Remote).options(
            num_cpus=cpus,
            num_gpus=gpus,
            max_concurrency=2,
            scheduling_strategy=strategies.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        )
        actor = options.remote(self.orders, None if gpus else (place, count), self.token)
        painter = Painter(actor, node["NodeID"], node["NodeManagerHostname"], place)
        painter.ask(actor.greet.remote(Site.of(self.orders.film.uri, self.folder)), self._greeted)
        self.painters.append(painter)

    def _greeted(self, painter: Painter, greeting: Greeting | Told) -> Done:
        if isinstance(greeting, Told):
            self._refuse(painter, str(greeting.error))
        elif greeting.builds != builds_here():
            self._refuse(painter, f"it has {greeting.builds}, the run {builds_here()}")
        elif greeting.shares:
            painter.shares = painter.is_ready = True
        else:
            self._supply(painter, 0)
        return ()

    def _refuse(self, painter: Painter, problem: str) -> None:
        self.tell(f"node {painter.host} is left out: {problem}")
        self._refused.add(painter.node)
        for other in [other for other in self.painters if other.node == painter.node]:
            self.dismiss(other)

    def _supply(self, painter: Painter, offset: int) -> Done:
        """Bring the film to a node, piece after piece; its other painters wait until it is there."""
        mates = [other for other in self.painters if other.node == painter.node]
        if painter.node in self._supplied:
            painter.is_ready = True
        elif offset or not any(other.then == self._supply for other in mates):
            with Path(self.orders.film.uri).open("rb") as file:
                file.seek(offset)
                piece = file.read(PIECE_BYTES)
            if piece:
                painter.ask(painter.actor.take.remote(offset, piece), self._supply)
            else:
                self._supplied.add(painter.node)
                for other in mates:
                    other.is_ready |= other.task is None
        return ()

    def _quietly(self, action: Callable[[], object]) -> None:
        """What may fail because somebody is gone already."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - whatever Ray says of one that is gone
            log.debug("somebody is gone: %s", error)


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
