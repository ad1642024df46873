"""From the start of the program to its first painted frame."""

from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.clock import interleaved
from bench.processes import run, streamstyle
from bench.report import Table
from bench.setting import Setting, named, pictures
from streamstyle.frame import Frame
from streamstyle.media.sinks.image import ImageSink


def measure(setting: Setting) -> list[Table]:
    """The tables of this part."""
    table = Table(
        "One frame, from the start of the process to its end",
        ["size", "caches", "s", "least s", "processor s", "inference ms", "the rest ms"],
        notes=[
            "`run_video.py frame.png`. Cold: without compiled models and style codes, as after the installation (what the "
            "system keeps of files in memory stays). The rest: Python, imports, loading the model, the picture's files.",
        ],
    )
    for size in setting.sizes_or("360p"):
        setting.say(f"startup: {named(size)}")
        picture = setting.folder / f"start{named(size)}.png"
        with ImageSink(picture, overwrite=True) as sink:
            (image,) = pictures(setting.clip, size, 1)
            sink.write(Frame(image, 0, 0))  # type: ignore[arg-type]
        spent: dict[str, list[float]] = {"cold": [], "warm": []}
        actions = {caches: _action(setting, picture, caches, spent[caches]) for caches in spent}
        timings = interleaved(actions, rounds=min(5, setting.rounds), budget=setting.budget, warm=1)
        for caches, timing in timings.items():
            inference = median(spent[caches][1:])
            rest = 1000 * timing.median - inference
            table.add(named(size), caches, timing.median, timing.least, timing.work, inference, rest)
    return [table]


def _action(setting: Setting, picture: Path, caches: str, inference: list[float]) -> Callable[[], None]:
    out = setting.folder / f"{caches}.png"
    words = ("--style", setting.style, "--device", setting.device, "-o", out, "--overwrite", "--json")
    command = streamstyle("run_video.py", picture, *words)

    def once() -> None:
        folder = setting.folder / (f"cache{len(inference)}" if caches == "cold" else "cache")
        folder.mkdir(exist_ok=True)
        # What platformdirs asks for on Linux, macOS and Windows.
        ended = run(command, {"XDG_CACHE_HOME": str(folder), "HOME": str(folder), "LOCALAPPDATA": str(folder)})
        inference.append(ended.output["milliseconds"]["inference"])

    return once
