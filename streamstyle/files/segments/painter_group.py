"""The painters on a Ray cluster: one per GPU, or one per four cores, of every node that can paint."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from streamstyle.errors import StreamstyleError
from streamstyle.files.segments.manifest import Segment
from streamstyle.files.segments.remote import PIECE_BYTES, DiskCheck, NodeReport, RemotePainter, builds_here
from streamstyle.files.segments.worker import WorkerMessage, WorkerSetup
from streamstyle.files.segments.worker_pool import CORES_EACH, MOST_DEATHS

log = logging.getLogger(__name__)

LOOK_SECONDS = 10
"""How often the list of nodes is read."""
PATIENCE_SECONDS = 120
"""After so long without any painter the run ends."""
_END_SECONDS = 3

Done: TypeAlias = Iterable[tuple[int, Segment]]
"""The segment that an answer has finished, with its number; or nothing."""


@dataclass(slots=True, eq=False)
class Painter:
    """A Ray actor, and what it is doing.

    Attributes:
        actor: Ray's handle.
        node: Ray's identifier of its node.
        host: Host name of the node.
        place: Which of the node's painters it is, from 0.
        task: The remote call that it works on; None while it is idle or waits for the film.
        then: Called with the answer.
        index: Number of its segment, or None.
        since: When it began the segment.
        frames: How many frames of the segment are painted.
        asked: The remote call that asks for `frames`, or None.
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
        """Remember a remote call, and what to do with its answer."""
        self.task, self.then = task, then


@dataclass(slots=True, eq=False)
class PainterGroup:
    """The painters of one run.

    Attributes:
        ray: The module.
        setup: What to paint, and how.
        folder: Where segments go.
        token: Names the folder on the nodes for what is sent there.
        tell: Takes lines for the user.
        painters: Those that run.
    """

    ray: Any
    setup: WorkerSetup
    folder: Path
    token: str
    tell: Callable[[str], None]
    painters: list[Painter] = field(default_factory=list)
    _refused: set[str] = field(default_factory=set)
    _have_film: set[str] = field(default_factory=set)
    _losses: dict[str, int] = field(default_factory=dict)
    _looked: float | None = None
    _last_seen: float = field(default_factory=time.monotonic)

    def refresh(self) -> None:
        """Start painters on new nodes, and in place of those that were lost.

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
        taken = {(painter.node, painter.place) for painter in self.painters}
        for node in self.ray.nodes():
            if not node["Alive"] or node["NodeID"] in self._refused:
                continue
            for place, (cpus, gpus, count) in enumerate(shares_of(node["Resources"])):
                if (node["NodeID"], place) not in taken:
                    self._start(node, place, cpus, gpus, count)
        if len(self.painters) != before:
            self.tell(self.words)

    @property
    def words(self) -> str:
        """How many there are, as a line for the user."""
        nodes, painters = len({painter.node for painter in self.painters}), len(self.painters)
        return f"{painters} painter{'s' * (painters != 1)} on {nodes} node{'s' * (nodes != 1)}"

    def lose(self, painter: Painter) -> None:
        """Note that a painter died, perhaps with its node."""
        self.tell(f"a painter on node {painter.host} is lost; its segment is given to another")
        self._losses[painter.node] = self._losses.get(painter.node, 0) + 1
        self.stop(painter)
        if self._losses[painter.node] > MOST_DEATHS:
            self._refused.add(painter.node)
        self._looked = None

    def stop(self, painter: Painter) -> None:
        """Stop one."""
        self.painters.remove(painter)
        self._quietly(lambda: self.ray.kill(painter.actor))

    def end(self) -> None:
        """Stop all, and remove what was sent to the nodes."""
        ends: list[Any] = []
        for painter in self.painters:
            self._quietly(lambda painter=painter: ends.append(painter.actor.end.remote()))  # type: ignore[misc]
        if ends:
            self._quietly(lambda: self.ray.wait(ends, num_returns=len(ends), timeout=_END_SECONDS))
        for painter in list(self.painters):
            self.stop(painter)

    def _start(self, node: dict[str, Any], place: int, cpus: float, gpus: float, count: int) -> None:
        strategies = import_module("ray.util.scheduling_strategies")
        options = self.ray.remote(RemotePainter).options(
            num_cpus=cpus,
            num_gpus=gpus,
            max_concurrency=2,
            scheduling_strategy=strategies.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        )
        actor = options.remote(self.setup, None if gpus else (place, count), self.token)
        painter = Painter(actor, node["NodeID"], node["NodeManagerHostname"], place)
        painter.ask(actor.load.remote(DiskCheck.of(self.setup.film.uri, self.folder)), self._loaded)
        self.painters.append(painter)

    def _loaded(self, painter: Painter, report: NodeReport | WorkerMessage) -> Done:
        if isinstance(report, WorkerMessage):
            self._refuse(painter, str(report.error))
        elif report.builds != builds_here():
            self._refuse(painter, f"it has {report.builds}, the run {builds_here()}")
        elif report.shares:
            painter.shares = painter.is_ready = True
        else:
            self._send_film(painter, 0)
        return ()

    def _refuse(self, painter: Painter, problem: str) -> None:
        self.tell(f"node {painter.host} is left out: {problem}")
        self._refused.add(painter.node)
        for other in [other for other in self.painters if other.node == painter.node]:
            self.stop(other)

    def _send_film(self, painter: Painter, offset: int) -> Done:
        """Send the film to a node, piece after piece; the node's other painters wait until it is there."""
        others = [other for other in self.painters if other.node == painter.node]
        if painter.node in self._have_film:
            painter.is_ready = True
        elif offset or not any(other.then == self._send_film for other in others):
            with Path(self.setup.film.uri).open("rb") as file:
                file.seek(offset)
                piece = file.read(PIECE_BYTES)
            if piece:
                painter.ask(painter.actor.take.remote(offset, piece), self._send_film)
            else:
                self._have_film.add(painter.node)
                for other in others:
                    other.is_ready |= other.task is None
        return ()

    def _quietly(self, action: Callable[[], object]) -> None:
        """Call something that may fail because a node is gone already."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - whatever Ray says of one that is gone
            log.debug("a node or painter is gone: %s", error)


def shares_of(resources: dict[str, float]) -> list[tuple[float, float, int]]:
    """How the resources of a node are divided between painters.

    Args:
        resources: As Ray counts them.

    Returns:
        For each painter: cores, GPUs, and the number of painters on the node.
    """
    cpus, gpus = resources.get("CPU", 0.0), int(resources.get("GPU", 0))
    if gpus:
        return [(min(1.0, cpus / gpus), 1.0, gpus)] * gpus
    if cpus < 1:
        return []
    count = max(1, int(cpus // CORES_EACH))
    return [(int(cpus / count), 0.0, count)] * count
