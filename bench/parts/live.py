"""Live: from a frame's capture to its picture."""

from dataclasses import dataclass

from bench.clock import SystemClock
from bench.report import Table
from bench.setting import RATE, Setting, Size, named, pictures, write_clip
from streamstyle.live.controls import Controls
from streamstyle.live.report import LiveReport
from streamstyle.live.show import Live
from streamstyle.live.state import Settings
from streamstyle.look.recipe import Recipe
from streamstyle.media.sources import open_live_source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.window.viewer import Headless


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What a live run reported.

    Attributes:
        report: Of the run.
        processor: Seconds of all cores, per frame that was shown.
    """

    report: LiveReport
    processor: float


def run_live(setting: Setting, stylizer: Stylizer, size: Size) -> LiveRun:
    """Play the clip as a camera.

    Args:
        setting: How long.
        stylizer: The model.
        size: Of the camera's frames.
    """
    clip = setting.folder / f"camera{named(size)}.mp4"
    if not clip.exists():
        write_clip(clip, pictures(setting.clip, size, setting.frames))
    controls = Controls(stylizer, Settings((setting.style,), recipe=Recipe((setting.style,), strokes=min(size))))
    controls.start()
    clock = SystemClock()
    with open_live_source(str(clip), loop=True) as source:
        live = Live(source, stylizer, controls, sinks={})
        began = clock.processor()
        report = live.run(Headless(setting.seconds))
    return LiveRun(report, (clock.processor() - began) / max(1, report.shown))


def measure(setting: Setting) -> list[Table]:
    """The tables of this part."""
    stylizer = Stylizer("fast", setting.device)
    table = Table(
        "From capture to shown",
        ["size", "fps", "p50 ms", "p95 ms", "skipped", "captured", "first frame s"],
        notes=[
            f"The clip as a camera of {RATE} frames a second, frames stylized at their own size, on {stylizer.provider}; "
            "first frame: with the model loaded, from opening the camera on.",
        ],
    )
    for size in setting.sizes_or("360p", "480p", "720p"):
        setting.say(f"live: {named(size)}")
        report = run_live(setting, stylizer, size).report
        table.add(
            named(size),
            report.fps,
            report.latency_ms["p50"],
            report.latency_ms["p95"],
            report.skipped,
            report.captured,
            report.first_frame_seconds,
        )
    return [table]
