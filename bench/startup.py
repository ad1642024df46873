"""From the start of the program to its first painted frame."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.clock import interleaved
from bench.processes import run, streamstyle
from bench.report import Table
from bench.setting import Setting, named, pictures
from streamstyle.frame import Frame
from streamstyle.media.sinks.image import ImageSink

_STEPS = ("load model", "encode style", "inference")


def measure(setting: Setting) -> list[Table]:
    """The tables of this part."""
    table = Table(
        "One frame, from the start of the process to its end",
        ["size", "caches", "s", "least s", "processor s", *(f"{step} ms" for step in _STEPS), "the rest ms"],
        notes=[
            "`run_video.py frame.png`. Cold: without compiled models and style codes, as after the installation (what the "
            "system keeps of files in memory stays). The rest: Python, imports, reading and writing the picture.",
        ],
    )
    for size in setting.sizes_or("360p"):
        setting.say(f"startup: {named(size)}")
        picture = setting.folder / f"start{named(size)}.png"
        with ImageSink(picture, overwrite=True) as sink:
            (image,) = pictures(setting.clip, size, 1)
            sink.write(Frame(image, 0, 0))  # type: ignore[arg-type]
        steps: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
        actions = {caches: _action(setting, picture, caches, steps[caches]) for caches in steps}
        timings = interleaved(actions, rounds=min(5, setting.rounds), budget=setting.budget, warm=1)
        for caches, timing in timings.items():
            spent = [median(runs[step] for runs in steps[caches][1:]) for step in _STEPS]
            rest = 1000 * timing.median - sum(spent)
            table.add(named(size), caches, timing.median, timing.least, timing.work, *spent, rest)
    return [table]


def _action(setting: Setting, picture: Path, caches: str, runs: list[dict[str, float]]) -> Callable[[], None]:
    trace = setting.folder / f"{caches}.json"
    out = setting.folder / f"{caches}.png"
    words = ("--style", setting.style, "--device", setting.device, "-o", out, "--overwrite", "--profile", trace, "--quiet")
    command = streamstyle("run_video.py", picture, *words)

    def once() -> None:
        folder = setting.folder / (f"cache{len(runs)}" if caches == "cold" else "cache")
        folder.mkdir(exist_ok=True)
        # What platformdirs asks for on Linux, macOS and Windows.
        run(command, {"XDG_CACHE_HOME": str(folder), "HOME": str(folder), "LOCALAPPDATA": str(folder)})
        runs.append(steps_of(json.loads(trace.read_text(encoding="utf-8"))))

    return once


def steps_of(trace: dict[str, Any]) -> dict[str, float]:
    """Milliseconds of the steps of a start, from its profile."""
    spent = dict.fromkeys(_STEPS, 0.0)
    for event in trace["traceEvents"]:
        if event["ph"] == "X" and event["name"] in spent:
            spent[event["name"]] += event["dur"] / 1000
    return spent
