"""The studio: frames and their age at viewers, over the same server as a browser's, and what viewers cost."""

import asyncio
import gc
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.clock import SystemClock
from bench.parts.live import run_live
from bench.processes import ROOT, resident_mb
from bench.report import Table
from bench.setting import RATE, Setting, Size, named, pictures, write_clip
from streamstyle.look.recipe import Recipe
from streamstyle.paint.stylizer import Stylizer
from streamstyle.studio.camera import Camera
from streamstyle.studio.engine import Engine
from streamstyle.studio.folders import Folders
from streamstyle.studio.keys import ENGINE
from streamstyle.studio.listening import address_of, listen
from streamstyle.studio.pictures import Pictures, encode
from streamstyle.studio.security import Guard
from streamstyle.studio.server import serving, studio_app
from streamstyle.studio.status import ModelChoice

_VIEWERS = (0, 1, 4)
_START_SECONDS = 120.0
_TOKEN = "of a benchmark, which nobody else reaches"


@dataclass(frozen=True, slots=True)
class StudioRun:
    """The figures of one viewer.

    Attributes:
        painted: Frames that were painted, per second.
        watched: Of the viewers, the slowest: `fps`, `p50`, `p95`, `kilobytes`; empty without viewers.
        processor: Seconds of all cores in the studio's process, per painted frame.
        memory: Megabytes of resident memory after a third of the time and at the end; None where the system does not tell.
    """

    painted: float
    watched: dict[str, Any]
    processor: float
    memory: tuple[float | None, float | None]


def run_studio(
    setting: Setting, stylizer: Stylizer, size: Size, viewers: int, *, camera: Path | None = None, still: Path | None = None
) -> StudioRun:
    """A studio with some viewers, for as long as the setting says.

    Args:
        setting: How long.
        stylizer: The model.
        size: Of the frames.
        viewers: How many watch, each at full size.
        camera: A film that is the camera.
        still: In place of it, a picture that a browser sends as its camera.
    """
    return asyncio.run(_run(setting, stylizer, size, viewers, camera, still))


async def _run(
    setting: Setting, stylizer: Stylizer, size: Size, viewers: int, camera: Path | None, still: Path | None
) -> StudioRun:
    folders = Folders.of(setting.folder / "studio")
    listener = listen("127.0.0.1", 0, "bench")
    url = address_of(listener, "127.0.0.1")

    def open_engine(show: Pictures) -> Engine:
        recipe = Recipe((setting.style,), strokes=min(size))
        source = None if camera is None else Camera.named(str(camera))
        return Engine(
            ModelChoice(),
            lambda _choice: stylizer,
            show.leave,
            folders.pictures,
            recipe=recipe,
            camera=source,
            size=min(size),
        )

    app, clock = studio_app(Guard(_TOKEN), folders, open_engine), SystemClock()
    async with serving(app, listener):
        engine = app[ENGINE]
        child = None
        if viewers:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.parts.viewers", url, str(setting.seconds), str(viewers)),
                *([] if still is None else [str(still)]),
                cwd=ROOT,
                env=os.environ | {"STREAMSTYLE_TOKEN": _TOKEN},
                stdout=asyncio.subprocess.PIPE,
            )
        async with asyncio.timeout(_START_SECONDS):
            while engine.live is None or engine.live.shown < 1:
                await asyncio.sleep(0.01)
        live = engine.live
        began, shown, processor = time.perf_counter(), live.shown, clock.processor()
        await asyncio.sleep(setting.seconds / 3)
        gc.collect()
        memory = resident_mb()
        await asyncio.sleep(setting.seconds * 2 / 3 - (2.0 if still is not None else 0.0))
        painted, seconds = live.shown - shown, time.perf_counter() - began
        cost = (clock.processor() - processor) / max(1, painted)
        after = resident_mb()
        watched = {} if child is None else json.loads((await child.communicate())[0])
        return StudioRun(painted / seconds, watched, cost, (memory, after))


def measure(setting: Setting) -> list[Table]:
    """The tables of this part."""
    stylizer = Stylizer("fast", setting.device)
    table = Table(
        "The studio",
        [
            *("size", "camera", "viewers", "painted fps", "viewer fps", "viewer p50 ms", "viewer p95 ms"),
            *("JPEG kB", "processor ms per frame", "memory MB", "MB at the end"),
        ],
        notes=[
            f"A clip as a camera of {RATE} frames a second, painted at its own size, on {stylizer.provider}; viewers in "
            "another process on the same machine, each asks for the next picture when it has one. Ages: from capture to "
            "the viewer's socket; of the browser's camera, from the browser and back. Of several viewers the slowest rate. "
            "First row of a size: the live engine alone (`live`), from capture to shown.",
        ],
    )
    for size in setting.sizes_or("360p"):
        setting.say(f"studio: {named(size)}")
        alone = run_live(setting, stylizer, size)
        latency = alone.report.latency_ms
        row = (alone.report.fps, None, latency["p50"], latency["p95"], None, 1000 * alone.processor, None, None)
        table.add(named(size), "a clip, no studio", 0, *row)
        images = pictures(setting.clip, size, setting.frames)
        clip = write_clip(setting.folder / f"studio{named(size)}.mp4", images)
        still = setting.folder / "still.jpg"
        still.write_bytes(encode(images[0], size[0]).data)
        for viewers in _VIEWERS:
            _add(table, size, "a clip", viewers, run_studio(setting, stylizer, size, viewers, camera=clip))
        _add(table, size, "the browser's", 1, run_studio(setting, stylizer, size, 1, still=still))
    return [table]


def _add(table: Table, size: Size, camera: str, viewers: int, run: StudioRun) -> None:
    watched = run.watched
    figures = (watched.get("fps"), watched.get("p50"), watched.get("p95"), watched.get("kilobytes"))
    table.add(named(size), camera, viewers, run.painted, *figures, 1000 * run.processor, *run.memory)
