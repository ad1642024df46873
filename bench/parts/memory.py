"""Whether memory grows with the length of a video."""

from statistics import median

from bench.processes import run, streamstyle
from bench.report import Table
from bench.setting import RATE, Setting, named, pictures, write_clip

_SIZE = (160, 96)
_SHORT_SECONDS = 10


def growth(samples: list[float]) -> float | None:
    """From the first to the last third of the second half, by medians; None for too few samples."""
    late = samples[len(samples) // 2 :]
    third = len(late) // 3
    if third == 0:
        return None
    return median(late[-third:]) / median(late[:third]) - 1


def measure(setting: Setting) -> list[Table]:
    """The tables of this part."""
    table = Table(
        "Resident memory of run_video.py",
        ["video", "frames", "peak MB", "median MB of the last third", "share of growth in the second half", "s"],
        notes=["Growth: by medians, from the first to the last third of the second half of the run."],
    )
    images = pictures(setting.clip, _SIZE, RATE * 4)
    for seconds in (_SHORT_SECONDS, 60 * setting.minutes):
        setting.say(f"memory: {seconds:g} s of video")
        clip = write_clip(setting.folder / f"memory{seconds:g}.mp4", images, round(seconds * RATE))
        out = setting.folder / "memory.mp4"
        always = ("--style", setting.style, "--device", setting.device, "-o", out, "--overwrite", "--json", "--quiet")
        ended = run(streamstyle("run_video.py", clip, *always), sampled=True)
        frames = int(ended.output["frames"])
        last = ended.samples[-(len(ended.samples) // 3 or 1) :]
        middle = median(last) if last else None
        table.add(f"{seconds:g} s, {named(_SIZE)}", frames, ended.peak_mb, middle, growth(ended.samples), ended.wall)
        clip.unlink()
        out.unlink()
    return [table]
