"""The report of a live run, and how often its camera was lost."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from streamstyle.media.sources.live import LiveState


@dataclass(frozen=True, slots=True)
class LiveReport:
    """The report of a live run; its fields are those of the line of JSON.

    Attributes:
        input: The camera or file.
        seconds: From the first frame to the end; finishing the recording not counted.
        first_frame_seconds: From the start of the program's work to the first stylized frame.
        captured: Frames that the camera gave.
        stylized: Frames that were stylized.
        skipped: Frames that were not, since a newer one had come.
        shown: Frames that were presented.
        fps: shown / seconds; 0 for a single frame.
        latency_ms: p50 and p95 from capture to shown.
        provider: What ran the model.
        model: Its name and version.
        style: The last one.
        frame_size: [width, height] of the frames.
        size: Short side at which they were stylized at last.
        milliseconds: Stage -> mean milliseconds.
        missed: Sink -> stylized frames that it was too slow for.
        lost: How often the camera was lost.
        lost_seconds: For how long, in total.
        outputs: Finished files.
        warnings: What the user should know.
    """

    input: str
    seconds: float
    first_frame_seconds: float
    captured: int
    stylized: int
    skipped: int
    shown: int
    fps: float
    latency_ms: dict[str, float | None]
    provider: str
    model: str
    style: str
    frame_size: tuple[int, int]
    size: int
    milliseconds: dict[str, float]
    missed: dict[str, int]
    lost: int
    lost_seconds: float
    outputs: list[str]
    warnings: list[str]

    def as_json(self) -> dict[str, object]:
        """Plain values for `json.dumps`."""
        return asdict(self)


class Losses:
    """When the camera was lost; written by the presenting thread."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """None yet.

        Args:
            tell: Shows the user a line.
        """
        self._tell = tell
        self._since: float | None = None
        self._reason = ""
        self._over: tuple[float, ...] = ()

    def follow(self, state: LiveState) -> None:
        """Note whether pictures come."""
        if state.name == "lost" and self._since is None:
            self._since, self._reason = state.since, state.reason
            self._tell(f"the camera is lost: {state.reason}; it is taken up again when it is back")
        elif state.name == "live" and self._since is not None:
            seconds = state.since - self._since
            self._over, self._since = (*self._over, seconds), None
            self._tell(f"the camera is back after {seconds:.1f} s")

    def seconds(self, now: float) -> tuple[float, ...]:
        """How long each loss lasted; one that goes on lasts until now."""
        return self._over if self._since is None else (*self._over, now - self._since)

    def summary(self, now: float) -> list[str]:
        """A line for the report, or none."""
        losses = self.seconds(now)
        if not losses:
            return []
        times = "once" if len(losses) == 1 else f"{len(losses)} times"
        return [f"the camera was lost {times}, {sum(losses):.1f} s in all (last: {self._reason})"]
