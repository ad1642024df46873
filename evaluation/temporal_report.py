"""`python -m evaluation.temporal_report CLIP...`: how still videos come out, without and with `--temporal`.

Prints a table and draws strips of pixels over time. Besides the clips that are named, three generated ones whose motion is
known: a still photo with sensor noise, a pan, and a disk that crosses.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from evaluation.measures.temporal import (
    Correspondence,
    background_drift,
    background_jump,
    find_motion,
    known_motion,
    sharpness,
    strip,
    warping_error,
)
from streamstyle.errors import StreamstyleError
from streamstyle.frame import Frame, Image
from streamstyle.look.look import Look
from streamstyle.look.recipe import COLOR_MODES, GRAIN, TEMPORAL_MODES, TemporalMode
from streamstyle.look.values import share_argument
from streamstyle.media.pictures import read_image
from streamstyle.media.resize import resize_short_side
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sources import open_source
from streamstyle.paint.stylizer import Stylizer

_SETTLED = 4
"""Frames after which a run is judged: the first ones have no past."""
_NOISE = 4.0


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames, and where their pixels were before.

    Attributes:
        name: For the table.
        frames: (H, W, 3) uint8 RGB each.
        motion: One per frame but the first.
        background: Rows from the top that nothing enters, or 0 where that is not known.
        noiseless: The frames without their noise, where they are known.
    """

    name: str
    frames: list[Image]
    motion: list[Correspondence]
    background: int = 0
    noiseless: list[Image] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One clip in one mode.

    Attributes:
        error: Warping error, in thousandths of the range.
        sharpness: Mean |Laplacian|.
        background: Its jump from frame to frame and its drift over the clip, in levels; None where it is not known.
        share: Of the inference time that steadying took.
        frames: The stylized frames.
    """

    error: float
    sharpness: float
    background: tuple[float, float] | None
    share: float
    frames: list[Image]


def made_up(photo: Image, count: int, seed: int = 0) -> list[Clip]:
    """The clips with known motion, from one photo at least 600 pixels wide and high."""
    rng = np.random.default_rng(seed)
    height, width = 320, 448

    def part(right: int, disk: int | None = None) -> Image:
        picture = photo[100 : 100 + height, 60 + right : 60 + right + width].copy()
        if disk is not None:
            cv2.circle(picture, (disk, 170), 60, (220, 40, 30), -1)
        return picture

    def noisy(pictures: list[Image]) -> list[Image]:
        return [(one + rng.normal(0, _NOISE, one.shape)).clip(0, 255).astype(np.uint8) for one in pictures]

    rest, pan = known_motion(height, width, 0, 0), known_motion(height, width, -3, 0)
    with_disk = [part(0, -80 + 24 * index) for index in range(count)]
    still, passing = [part(0)] * count, [part(3 * min(index, 30)) for index in range(count)]
    crossing = noisy(with_disk)
    return [
        Clip("still + noise", noisy(still), [rest] * (count - 1), noiseless=still),
        Clip("pan 3 px + noise", noisy(passing), [pan] * (count - 1), noiseless=passing),
        Clip("disk crosses", crossing, [find_motion(a, b) for a, b in pairwise(crossing)], 60, with_disk),
    ]


def read_clip(path: str, start: Fraction, count: int, size: int) -> Clip:
    """So many frames of a video."""
    with open_source(path, start=start) as source:
        frames = [resize_short_side(frame.image, min(size, *frame.image.shape[:2])) for frame in islice(source, count)]
    return Clip(Path(path).stem, frames, [find_motion(a, b) for a, b in pairwise(frames)])


def judge(frames: Sequence[Image], clip: Clip) -> tuple[float, float, tuple[float, float] | None]:
    """Warping error in thousandths, sharpness, and the background's jump and drift."""
    pairs = list(zip(pairwise(frames), clip.motion, strict=True))[_SETTLED:]
    error = 1000 * float(np.mean([warping_error(*pair, motion) for pair, motion in pairs]))
    known = np.zeros(frames[0].shape[:2], bool)
    known[: clip.background] = True
    settled = frames[_SETTLED:]
    background = (background_jump(settled, known), background_drift(settled, known)) if clip.background else None
    return error, float(np.mean([sharpness(frame) for frame in settled])), background


def run(clip: Clip, stylizer: Stylizer, look: Look) -> Result:
    """Stylize a clip and judge it."""
    memory = stylizer.memory()
    spent: dict[str, float] = {}

    class Stage:
        def __init__(self, name: str) -> None:
            self.name = name

        def __enter__(self) -> None:
            self.began = time.perf_counter()

        def __exit__(self, *_: object) -> None:
            spent[self.name] = spent.get(self.name, 0.0) + time.perf_counter() - self.began

    frames = [stylizer.stylize(image, look, memory, Stage) for image in clip.frames]
    error, sharp, background = judge(frames, clip)
    return Result(
        error, sharp, background, (spent.get("motion", 0.0) + spent.get("temporal", 0.0)) / spent["inference"], frames
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m evaluation.temporal_report", description=__doc__.split("\n")[0])
    arguments.add_argument("clips", nargs="*", help="videos")
    arguments.add_argument("--photo", required=True, help="of at least 640x640 pixels, for the generated clips")
    arguments.add_argument("--style", default="great-wave", help="an image file or the name of a built-in style")
    arguments.add_argument("--color", choices=COLOR_MODES, default="style", help="as in run_video.py")
    arguments.add_argument("--grain", type=share_argument, default=GRAIN, help="as in run_video.py")
    arguments.add_argument("--model", default="fast")
    arguments.add_argument("--frames", type=int, default=24, help="of each clip")
    arguments.add_argument("--start", type=Fraction, default=Fraction(1), help="second of the clips")
    arguments.add_argument("--size", type=int, default=360, help="short side")
    arguments.add_argument("-o", "--output", type=Path, help="folder for the strips")
    return arguments


def main() -> int:
    """Print the table, draw the strips."""
    options = parser().parse_args()
    console = Console()
    try:
        stylizer = Stylizer(options.model)
        code = stylizer.encoder.find(options.style)
        photo = resize_short_side(read_image(Path(options.photo)), 640)
        clips = made_up(photo, options.frames)
        clips += [read_clip(path, options.start, options.frames, options.size) for path in options.clips]
        columns = ("clip", "input", *TEMPORAL_MODES, "sharpness kept", "of the noiseless", "jump", "drift", "cost")
        table = Table(*columns, box=None, pad_edge=False)
        for clip in clips:
            look = Look(code, color=options.color, grain=options.grain)
            results = {mode: run(clip, stylizer, replace(look, temporal=mode)) for mode in TEMPORAL_MODES}
            clean = None
            if clip.noiseless is not None:
                clean = run(replace(clip, frames=clip.noiseless), stylizer, replace(look, temporal="off"))
            table.add_row(clip.name, f"{judge(clip.frames, clip)[0]:.1f}", *_columns(results, clean))
            if options.output is not None:
                _draw(clip, results, options.output)
    except StreamstyleError as error:
        print(f"temporal_report: {error}", file=sys.stderr)
        return 1
    console.print(table)
    console.print("Warping error in thousandths of the range; cost as a share of inference; off, on.")
    console.print("Sharpness relative to `off`, and to `off` of the same clip without its noise, where that is known.")
    return 0


def _columns(results: dict[TemporalMode, Result], clean: Result | None) -> list[str]:
    raw = results["off"]
    cells = [f"{raw.error:.1f}"]
    cells += [f"{result.error:.1f} (1/{raw.error / result.error:.1f})" for mode, result in results.items() if mode != "off"]
    for whole in (raw, clean):
        kept = [] if whole is None else [f"{result.sharpness / whole.sharpness:.2f}" for result in results.values()]
        cells.append(", ".join(kept) or "-")
    backgrounds = [result.background for result in results.values() if result.background is not None]
    cells += [", ".join(f"{background[which]:.1f}" for background in backgrounds) or "-" for which in (0, 1)]
    cells.append(", ".join(f"{result.share:.0%}" for mode, result in results.items() if mode != "off"))
    return cells


def _draw(clip: Clip, results: dict[TemporalMode, Result], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    strips = [strip(clip.frames), *(strip(result.frames) for result in results.values())]
    gap = np.full((3, strips[0].shape[1], 3), 255, np.uint8)
    picture = np.vstack([part for lines in strips for part in (lines.repeat(3, axis=0), gap)])
    with ImageSink(folder / f"{clip.name.replace(' ', '_')}.png", overwrite=True) as sink:
        sink.write(Frame(np.ascontiguousarray(picture), 0, Fraction(0)))


if __name__ == "__main__":
    sys.exit(main())
