"""`streamstyle video`: photos and videos in, stylized photos and videos out."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote

from streamstyle.errors import Interrupted
from streamstyle.files.repeats import Repeats
from streamstyle.frame import Frame, Image
from streamstyle.look.player import Player
from streamstyle.media.places import is_url
from streamstyle.media.resize import resize
from streamstyle.media.sinks import ANIMATION_SUFFIXES, VIDEO_SUFFIXES, open_sink
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.image import IMAGE_SUFFIXES
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.pipeline import run
from streamstyle.pipeline.times import StageTimes
from streamstyle.pipeline.trace import Trace

log = logging.getLogger(__name__)

_LOSSY_SUFFIXES = (".heic", ".heif", ".hif", ".avif", ".jfif", ".jpe", ".jp2")


@dataclass(frozen=True, slots=True)
class Job:
    """What to make of one input.

    Attributes:
        output: Where the result goes.
        start: Where the source was told to begin: seconds from the beginning of the clip, or None.
        end: Where the source was told to end, or None.
        output_size: Short side of the result in pixels, or None for the input's size.
        codec: Of a video; None for the container's usual one.
        crf: Quality of a video, lower is better; None for the codec's usual one.
        overwrite: Replace an existing output.
        keep_gps: Keep where a photo was taken.
        reads: All files of this run, which are never replaced.
        skip_duplicates: Paint a frame that repeats the one before only once.
    """

    output: Path
    start: Fraction | None = None
    end: Fraction | None = None
    output_size: int | None = None
    codec: str | None = None
    crf: int | None = None
    overwrite: bool = False
    keep_gps: bool = False
    reads: tuple[str, ...] = ()
    skip_duplicates: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a job; the fields of the line of JSON.

    Attributes:
        input: As it was named.
        output: Where the result lies.
        frames: How many there are.
        reused: How many of them repeat the one before, and were not painted again.
        seconds: From the opened input to the finished output; loading the model not counted.
        fps: frames / seconds.
        provider: What ran the model: `cpu`, `cuda` or `tensorrt`.
        model: Its name and version.
        style: Names of the styles.
        size: [width, height] at which frames were stylized.
        output_size: [width, height] of the result.
        milliseconds: Stage -> mean milliseconds per frame; stages of different threads overlap.
        warnings: What the user should know.
    """

    input: str
    output: str
    frames: int
    reused: int
    seconds: float
    fps: float
    provider: str
    model: str
    style: str
    size: tuple[int, int]
    output_size: tuple[int, int]
    milliseconds: dict[str, float]
    warnings: list[str]

    def as_json(self) -> dict[str, object]:
        """Plain values for `json.dumps`."""
        return asdict(self)


def default_output(info: SourceInfo, style_name: str, folder: Path | None) -> Path:
    """`<input>_<style>.<ext>`, beside the input or in a folder.

    The ending stays where a photo or video of that kind can be written; else a photo's is `.jpg` for those of phones
    (HEIC, AVIF) and `.png` for others and transparent ones, and a video's `.mp4`. The result of a URL lies in the current
    folder.
    """
    path, parent = Path(info.name), folder
    if is_url(info.name):
        last = info.name.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
        path, parent = Path(unquote(last).replace("/", "-").replace("\0", "")), folder or Path()
    elif info.name.startswith("/dev/"):  # a pipe of the shell's
        parent = folder or Path()
    lossy = path.suffix.lower() in _LOSSY_SUFFIXES and not info.is_transparent
    moving = (*VIDEO_SUFFIXES, *ANIMATION_SUFFIXES)
    allowed, fallback = (IMAGE_SUFFIXES, ".jpg" if lossy else ".png") if info.is_still else (moving, ".mp4")
    suffix = path.suffix if path.suffix.lower() in allowed else fallback
    return (parent or path.parent) / f"{path.stem or 'stream'}_{style_label(style_name)}{suffix}"


def style_label(style_name: str) -> str:
    """The name of a style as names of results hold it."""
    return re.sub(r"[^\w.+-]+", "-", style_name)


def fit(info: SourceInfo, output_size: int | None) -> tuple[int, int]:
    """Width and height of the result."""
    if output_size is None:
        return info.width, info.height
    scale = output_size / min(info.width, info.height)
    return max(2, round(info.width * scale)), max(2, round(info.height * scale))


def stylize_source(
    source: Source,
    job: Job,
    stylizer: Stylizer,
    player: Player,
    *,
    size: int | None = None,
    progress: Callable[[int], None] | None = None,
    trace: Trace | None = None,
) -> Report:
    """Do one job.

    Args:
        source: Open, not yet read; stays the caller's to close.
        job: What to make of it.
        stylizer: The model.
        player: How frames are to look.
        size: Short side at which frames are stylized; None for that of the player's strokes.
        progress: Called with the number of frames done so far.
        trace: Takes what happened when.

    Raises:
        StreamstyleError: The input cannot be read, the output not written, or the model failed. What was written of a
            video until then stays playable under a `.partial` name.
        Interrupted: As raised by a signal handler, with the place of the unfinished output filled in.
    """
    started = time.monotonic()
    times = StageTimes(trace)
    width, height = fit(source.info, job.output_size)
    sink = _open_sink(job, source, width, height)
    memory, repeats = stylizer.memory(), Repeats()

    def stylize(frame: Frame) -> Image:
        image, seconds = resize(frame.image, width, height), float(frame.time)
        with times.measure("look"):
            look = player.look(seconds, image, size)

        def paint() -> Image:
            return stylizer.stylize(image, look, memory, times.measure, seconds)

        return repeats.paint(image, look, paint) if job.skip_duplicates else paint()

    try:
        frames = run(source, stylize, sink, times=times, progress=progress)
        with times.lane("encode"), times.measure("finish"):
            sink.close()
    except Interrupted as interruption:
        interruption.unfinished = sink.abort()
        raise
    except BaseException:
        sink.abort()
        raise
    seconds = time.monotonic() - started
    short = min(width, height)
    scale = min(short, size or player.recipe.stroke_size) / short
    report = Report(
        input=source.info.name,
        output=str(sink.destination),
        frames=frames,
        reused=repeats.reused,
        seconds=round(seconds, 3),
        fps=round(frames / seconds, 2),
        provider=stylizer.provider,
        model=f"{stylizer.name} {stylizer.version}",
        style=player.name,
        size=(round(width * scale), round(height * scale)),
        output_size=(width, height),
        milliseconds=times.milliseconds(),
        warnings=[*player.warnings, *source.warnings, *sink.warnings],
    )
    for warning in report.warnings:
        log.warning("%s: %s", report.input, warning)
    log.info("%s: %d frames in %.1f s", report.output, report.frames, report.seconds)
    return report


def _open_sink(job: Job, source: Source, width: int, height: int) -> Sink:
    return open_sink(
        job.output,
        info=source.info,
        width=width,
        height=height,
        codec=job.codec,
        crf=job.crf,
        companion=None if source.info.is_still else source.info.name,
        start=job.start,
        end=job.end,
        overwrite=job.overwrite,
        keep_gps=job.keep_gps,
        reads=(source.info.name, *job.reads),
    )
