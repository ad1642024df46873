"""One job of `streamstyle video`: what to make of an input, the report of it, and the names of results."""

import re
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

from streamstyle.media.comparison import Comparison
from streamstyle.media.places import is_url, last_name
from streamstyle.media.sinks import ANIMATION_SUFFIXES, VIDEO_SUFFIXES
from streamstyle.media.sinks.image import IMAGE_SUFFIXES
from streamstyle.media.sources import hardware
from streamstyle.media.sources.base import SourceInfo

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
        compare: How the original is shown, too; None for not at all.
        reads: All files of this run, which are never replaced.
        skip_duplicates: Paint a frame that repeats the one before only once.
        hwaccel: Where a video is decoded, as its source was told.
        resume: Take up what a run before has left of a film; False throws it away.
        workers: How many processes paint a film; None for as many as are fastest.
        cluster: Address of the Ray cluster that paints films: `auto`, `HOST:PORT` or `ray://HOST:PORT`; empty for none.
    """

    output: Path
    start: Fraction | None = None
    end: Fraction | None = None
    output_size: int | None = None
    codec: str | None = None
    crf: int | None = None
    overwrite: bool = False
    keep_gps: bool = False
    compare: Comparison | None = None
    reads: tuple[str, ...] = ()
    skip_duplicates: bool = True
    hwaccel: str = hardware.OFF
    resume: bool = True
    workers: int | None = 1
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The report of a job; its fields are those of the line of JSON.

    Attributes:
        input: As it was named.
        output: Where the result lies.
        frames: How many there are.
        reused: How many of them repeat the one before, and were not painted again.
        seconds: From the opened input to the finished output; loading the model not counted.
        fps: Frames that this run has made / seconds.
        provider: What ran the model, and in which precision: `cpu (fp32)`, `openvino (int8)`, `cuda (fp16)`.
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
        path, parent = last_name(info.name), folder or Path()
    elif info.name.startswith("/dev/"):  # a pipe of the shell's
        parent = folder or Path()
    lossy = may_become_png(path.name) and not info.is_transparent
    moving = (*VIDEO_SUFFIXES, *ANIMATION_SUFFIXES)
    allowed, fallback = (IMAGE_SUFFIXES, ".jpg" if lossy else ".png") if info.is_still else (moving, ".mp4")
    suffix = path.suffix if path.suffix.lower() in allowed else fallback
    return (parent or path.parent) / f"{path.stem or 'stream'}_{style_label(style_name)}{suffix}"


def may_become_png(name: str) -> bool:
    """Whether the result of a photo is a PNG where that is transparent, and a JPEG where not."""
    return Path(name).suffix.lower() in _LOSSY_SUFFIXES


def style_label(style_name: str) -> str:
    """The name of a style as names of results hold it."""
    return re.sub(r"[^\w.+-]+", "-", style_name)


def fit(info: SourceInfo, output_size: int | None) -> tuple[int, int]:
    """Width and height of the result."""
    if output_size is None:
        return info.width, info.height
    scale = output_size / min(info.width, info.height)
    return max(2, round(info.width * scale)), max(2, round(info.height * scale))
