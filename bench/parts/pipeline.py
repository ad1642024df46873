"""Files end to end, stage by stage."""

from bench.parts import stages
from bench.report import Table
from bench.setting import Setting, named, pictures, write_clip
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.machine import usable_cores


def measure(setting: Setting) -> list[Table]:
    """The tables of this part."""
    stylizer = Stylizer("fast", setting.device)
    parts = Table(
        "Stages of `streamstyle video`, per frame",
        stages.COLUMNS,
        notes=[
            f"On {stylizer.provider}, {usable_cores()} core(s), with the defaults. Processor ms are what to compare on a "
            "machine that others use; what wall ms has more was waited for: other threads, Python's lock, the core itself.",
        ],
    )
    for size in setting.sizes_or("360p", "480p"):
        images = pictures(setting.clip, size, setting.frames)
        clip = write_clip(setting.folder / f"clip{named(size)}.mp4", images)
        setting.say(f"pipeline: {named(size)}")
        stages.add_rows(setting, stylizer, size, clip, parts)
    return [parts]
