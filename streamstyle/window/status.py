"""What a window shows, and how it writes numbers."""

import math
from dataclasses import dataclass

from streamstyle.window import text as glyphs
from streamstyle.window.strip import StripItem


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to tell.

    Attributes:
        style: Name of the style, or of the blend.
        alpha: Strength in [0, 1].
        color: Whose colors, as Look names them.
        fps: Frames per second that are shown, or None while unknown.
        latency_ms: Milliseconds from capture to window (median), or None while unknown.
        latency_p95_ms: What 95 % of the frames stay below, or None while unknown.
        skipped: Captured frames that were never stylized, or None while unknown.
        missed: Sinks, and for how many stylized frames each was too slow.
        stages: Stages, and the milliseconds that each takes per frame.
        size: At what size frames are stylized, in words: `360p auto`.
        provider: What runs the model; ONNX Runtime's ending `ExecutionProvider` is left out.
        recording_seconds: How long it has been recorded, or None while it is not.
        viewers: How many watch over the network.
        message: What just happened (`snapshot saved`); the caller takes it back after a moment.
        notice: What is wrong, for as long as it is: large, in the middle.
        help: Whether the keys are listed.
        visible: Whether the bar is shown; notes, the notice and the keys are shown in any case.
        details: Whether the bar has its second row: what it takes to see where the time goes.
        paused: Whether a file stands still.
        strip: The styles to choose from, where they are shown.
        chosen: Which of them is shown, from 0.
    """

    style: str
    alpha: float = 1.0
    color: str = "style"
    fps: float | None = None
    latency_ms: float | None = None
    latency_p95_ms: float | None = None
    skipped: int | None = None
    missed: tuple[tuple[str, int], ...] = ()
    stages: tuple[tuple[str, float], ...] = ()
    size: str = ""
    provider: str = ""
    recording_seconds: float | None = None
    viewers: int = 0
    message: str = ""
    notice: str = ""
    help: bool = False
    visible: bool = True
    details: bool = False
    paused: bool = False
    strip: tuple[StripItem, ...] = ()
    chosen: int = 0


def title(status: Status) -> str:
    """The status in the words of a window's title."""
    figures = [frames_per_second(status.fps), milliseconds(status.latency_ms)]
    recording = "" if status.recording_seconds is None else f"REC {clock(status.recording_seconds)}"
    parts = [recording, glyphs.one_line(status.style), *figures, glyphs.one_line(status.notice)]
    return " \N{MIDDLE DOT} ".join(part for part in ["streamstyle", *parts] if part)


def finite(value: float | None) -> float | None:
    """The value; None where there is none, or none that can be shown."""
    return value if value is not None and math.isfinite(value) else None


def frames_per_second(fps: float | None) -> str:
    """As in `29.8 fps`; empty where unknown."""
    value = finite(fps)
    return "" if value is None else f"{value:.1f} fps" if value < 99.95 else f"{value:.0f} fps"


def milliseconds(latency: float | None) -> str:
    """As in `42 ms`; empty where unknown."""
    value = finite(latency)
    return "" if value is None else f"{value:.0f} ms"


def clock(seconds: float) -> str:
    """As in `1:02`, or `1:00:02` from an hour on."""
    minutes, rest = divmod(int(finite(seconds) or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
