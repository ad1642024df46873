"""`python -m export.refine`: paintings -> style files, whose codes are better than the encoder's; some minutes each, once.

`--style painting.jpg` asks the style encoder, which answers at once and roughly. Here the code that it gives is bettered by
descent on the paper's losses, as those of the built-in styles were, on photos or on the very video that is to be painted.
What comes out is `painting.style.npz`, 30 KB, for `--style` and the styles folder. It holds the code, not the painting.
"""

import argparse
import hashlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from torch import Tensor

from export.better import STEPS, WEIGHTS, Betterer
from export.download import ADAIN, default_folder, fetch
from models.vgg import Vgg19
from streamstyle.arguments import size_argument
from streamstyle.errors import Interrupted, ModelError, SinkError, SourceError, StreamstyleError, UsageError
from streamstyle.frame import Image
from streamstyle.look import StyleCode
from streamstyle.sources import open_source
from streamstyle.sources.pictures import read_image
from streamstyle.styles import STYLE_FILE, save_style, style_name
from streamstyle.stylizer import STYLE_SIZE, Stylizer
from streamstyle.upscale import resize_short_side
from training.checkpoint import load_fast
from training.data import ImageSet, encoded_images
from training.headroom import JUDGED

FRAMES = 32
"""Taken of a video, evenly spaced."""
MOST_SIDE = 512
"""Short side in pixels to which pictures are reduced, to bound memory."""
_JUDGE = ADAIN[0]
_MOST_PICTURES = 400
"""Of a folder or tar; a descent looks at some hundred."""
_KEPT_ASIDE = 4
"""One in so many pictures is not painted on, so that codes are judged on it."""


def pictures(paths: Sequence[str]) -> list[Image]:
    """What codes are bettered on: photos, folders and tars of them, and frames of videos.

    Returns:
        (H, W, 3) uint8 RGB each, a short side of MOST_SIDE at most.

    Raises:
        SourceError: A path cannot be read, or there is no picture in it.
    """
    found = []
    for path in paths:
        taken = [
            resize_short_side(image, min(MOST_SIDE, *image.shape[:2])) for image in islice(_images(path), _MOST_PICTURES)
        ]
        if not taken:
            raise SourceError(f"'{path}' holds no pictures; wanted photos, a folder or tar of photos, or a video")
        found += taken
    return found


def _images(path: str) -> Iterator[Image]:
    if Path(path).is_dir() or Path(path).suffix.lower() == ".tar":
        try:
            for _, data in encoded_images(Path(path)):
                bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
                if bgr is not None:
                    yield cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
        except OSError as error:
            raise SourceError(f"'{path}' cannot be read: {(error.strerror or str(error)).lower()}") from error
        except ValueError as error:
            raise SourceError(str(error)) from error
        return
    with open_source(path) as source:
        duration = None if source.info.is_still else source.info.duration
        if duration is None:
            yield from (frame.image.copy() for frame in islice(source, FRAMES))
            return
    last = None
    for index in range(FRAMES):
        image = _frame_at(path, Fraction(round(1000 * duration * index / FRAMES), 1000))
        # One that repeats the one before would be both painted on and judged on.
        if image is not None and (last is None or not np.array_equal(image, last)):
            last = image
            yield image


def _frame_at(path: str, start: Fraction) -> Image | None:
    """The first frame from a time on; None past the last one: files promise more than they have."""
    try:
        with open_source(path, start=start) as source:
            return next((frame.image.copy() for frame in source), None)
    except SourceError:
        if not start:
            raise
        return None


def divided(found: Sequence[Image]) -> tuple[ImageSet, list[Tensor], bool]:
    """Pictures to paint on, some to judge codes on, and whether those are others; of very few, all are for both."""
    tensors = [torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))) for image in found]
    apart = len(tensors) >= 2 * _KEPT_ASIDE
    judged = tensors[::_KEPT_ASIDE] if apart else tensors
    painted_on = [tensor for index, tensor in enumerate(tensors) if not apart or index % _KEPT_ASIDE]
    spread = [judged[index] for index in np.linspace(0, len(judged) - 1, min(JUDGED, len(judged))).astype(int)]
    return ImageSet([""] * len(painted_on), painted_on), spread, apart


def find_judge(named: Path | None, *, download: bool) -> Path:
    """The weights of VGG-19: the file that was named, or the public one, which may have to be fetched.

    Raises:
        UsageError: There is none, and none may be fetched.
        StreamstyleError: The download failed.
    """
    if named is not None:
        return named
    if download or (default_folder() / _JUDGE.name).is_file():
        return fetch(_JUDGE, default_folder())
    raise UsageError("wanted --vgg FILE, weights of VGG-19 (vgg_normalised.pth), or --download to fetch the public ones")


def output_paths(paintings: Sequence[str], output: Path | None, *, overwrite: bool) -> list[Path]:
    """Where the style files go: beside the paintings, into a folder, or for one painting to a file.

    Raises:
        UsageError: The name is none of a style file, or two paintings would go to one file.
        SinkError: A file is there already, or the folder is not, or may not be written.
    """
    if output is not None and output.name.endswith(STYLE_FILE):
        if len(paintings) > 1:
            raise UsageError(f"-o: wanted a folder for {len(paintings)} paintings, got the file '{output}'")
        found = [output]
    else:
        if output is not None and not output.is_dir():
            raise UsageError(f"-o: wanted a folder that is there, or a file ending in {STYLE_FILE}, got '{output}'")
        names = [style_name(painting) + STYLE_FILE for painting in paintings]
        found = [(output or Path(painting).parent) / name for painting, name in zip(paintings, names, strict=True)]
    if len(set(found)) < len(found):
        raise UsageError("two paintings of one name would go to one style file; rename one, or make them one by one")
    for path in found:
        if path.exists() and not overwrite:
            raise SinkError(f"'{path}' exists; use --overwrite, or name another file with -o")
        if not path.parent.is_dir():
            raise SinkError(f"there is no folder '{path.parent}' for '{path.name}'; make it first")
        if not os.access(path.parent, os.W_OK):
            raise SinkError(f"the folder '{path.parent}' cannot be written; name another place with -o")
    return found


def encoded(paintings: Sequence[str], size: int) -> list[StyleCode]:
    """The encoder's codes, of the model whose weights are at hand.

    Raises:
        StreamstyleError: A painting cannot be used, or the shipped graphs are of other weights.
    """
    stylizer = Stylizer("fast", "cpu")
    if hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[: len(stylizer.version)] != stylizer.version:
        raise ModelError(f"'{WEIGHTS.name}' and the graphs of `fast` are of different trainings; run: python -m export")
    return [stylizer.encode_style(read_image(Path(painting)), style_name(painting), size) for painting in paintings]


def refine(options: argparse.Namespace, console: Console) -> None:
    """Do it.

    Raises:
        StreamstyleError: An input or output cannot be used.
        ValueError: The weights cannot be used.
        OSError: A file cannot be read.
    """
    paths = output_paths(options.paintings, options.output, overwrite=options.overwrite)
    judge_path = find_judge(options.vgg, download=options.download)
    codes = encoded(options.paintings, options.style_size)
    painted_on, judged, apart = divided(pictures(options.contents))
    betterer = Betterer(load_fast(WEIGHTS)[0], Vgg19.load(judge_path), painted_on, judged, options.steps)
    others = "not painted on meanwhile" if apart else "painted on as well, since there are so few"
    console.print(f"losses on {len(judged)} picture{'s'[: len(judged) > 1]}, {others}:")
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console, transient=True
    ) as bar:
        for code, path in zip(codes, paths, strict=True):
            task = bar.add_task(code.name, total=options.steps)
            bettered = betterer.better(code, partial(_advance, bar, task))
            _save(path, bettered.code)
            bar.remove_task(task)
            console.print(f"{path}: {bettered}", soft_wrap=True)


def _save(path: Path, code: StyleCode) -> None:
    try:
        save_style(path, code)
    except OSError as error:
        raise SinkError(f"'{path}' cannot be written: {(error.strerror or str(error)).lower()}") from error


def _advance(bar: Progress, task: TaskID, step: int) -> None:
    bar.update(task, completed=step)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m export.refine", description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("paintings", nargs="+", metavar="PAINTING", help="picture files")
    arguments.add_argument(
        "--contents",
        nargs="+",
        required=True,
        metavar="PATH",
        help="what will be painted, or is like it: videos, photos, folders or tars of photos",
    )
    arguments.add_argument("-o", "--output", type=Path, help=f"a folder, or for one painting a file ending in {STYLE_FILE}")
    arguments.add_argument("--vgg", type=Path, help="weights of VGG-19, the judge, in the layout of vgg_normalised.pth")
    arguments.add_argument("--download", action="store_true", help="fetch the public ones, 80 MB, once")
    arguments.add_argument("--steps", type=_positive, default=STEPS, help=f"of descent per painting (default {STEPS})")
    arguments.add_argument(
        "--style-size", type=size_argument, default=STYLE_SIZE, help=f"larger: broader strokes (default: {STYLE_SIZE})"
    )
    arguments.add_argument("--overwrite", action="store_true", help="replace style files that are there")
    return arguments


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"wanted a number from 1 on, got '{text}'")
    return int(text)


def _stop(number: int, _frame: object) -> None:
    raise Interrupted(number)


def main() -> int:
    """Exit code 0; 2 for a wrong command line, 1 with one line when an input or output cannot be used, 130 for Ctrl-C."""
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, _stop)
    try:
        refine(options, Console(stderr=True))
    except (KeyboardInterrupt, Interrupted) as stopped:
        print("refine: stopped; style files that were done are kept", file=sys.stderr)
        return 128 + (stopped.signal_number if isinstance(stopped, Interrupted) else signal.SIGINT)
    except UsageError as error:
        print(f"refine: {error}", file=sys.stderr)
        return 2
    except (StreamstyleError, ValueError, OSError) as error:
        print(f"refine: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
