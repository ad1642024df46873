"""`python -m models.gatys`: the command line of the slow reference.

Exit codes: 0 done; 1 something failed; 2 the command line is wrong; 130 and 143 stopped by Ctrl-C and by SIGTERM.
"""

import argparse
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn, get_args

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from models.gatys.objective import CONTENT_LAYER, WANTED_LAYERS, Losses, Settings, Start
from models.gatys.optimisation import Result, stylize
from models.pictures import PictureOutput, read_picture, silence_opencv
from models.vgg import Vgg19

VGG_VARIABLE = "STREAMSTYLE_VGG"
DEFAULT_SIZE = 300
_NO_VGG = (
    "wanted the weights of VGG-19 (vgg_normalised.pth): name them with --vgg or in the environment variable "
    f"{VGG_VARIABLE}; `python -m export.import_adain --download` fetches them and prints where they lie"
)


class _Interrupted(BaseException):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    # A second signal ends the program at once, should writing the picture hang.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    raise _Interrupted(number)


def _number(least: int, most: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"wanted a whole number from {least} to {most}, got '{text}'")
        return int(text)

    return convert


def _weight(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"wanted a number from 0 on, got '{text}'")
    return value


def build_parser() -> argparse.ArgumentParser:
    """The parser of `python -m models.gatys`."""
    default = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m models.gatys",
        description="Style a picture by optimisation, as in Gatys et al. 2016: slow, and the measure of what is fast.",
        allow_abbrev=False,
    )
    positive = _number(1, 1_000_000)
    side = _number(32, 8192)
    parser.add_argument("content", type=Path, metavar="CONTENT", help="the photo")
    parser.add_argument("style", type=Path, metavar="STYLE", help="the painting")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", required=True, help="a .png or .jpg file")
    parser.add_argument(
        "--vgg", type=Path, metavar="PATH", help=f"weights of VGG-19 (default: those that {VGG_VARIABLE} names)"
    )
    parser.add_argument(
        "--size", type=side, default=DEFAULT_SIZE, metavar="N", help="short side of the result (default %(default)s)"
    )
    parser.add_argument(
        "--style-size", type=side, metavar="N", help="short side of the style (default: that of the result)"
    )
    parser.add_argument(
        "--steps", type=positive, default=default.steps, metavar="N", help="evaluations of the loss (default %(default)s)"
    )
    parser.add_argument(
        "--content-weight", type=_weight, default=default.content_weight, metavar="A", help="alpha (default %(default)s)"
    )
    parser.add_argument(
        "--style-weight", type=_weight, default=default.style_weight, metavar="B", help="beta (default %(default)s)"
    )
    parser.add_argument(
        "--variation-weight",
        type=_weight,
        default=default.variation_weight,
        metavar="V",
        help="weight of smoothness (default %(default)s)",
    )
    parser.add_argument(
        "--start", choices=get_args(Start), default=default.start, help="where the search begins (default %(default)s)"
    )
    parser.add_argument(
        "--seed", type=_number(0, 2**63 - 1), default=default.seed, metavar="N", help="of the noise (default %(default)s)"
    )
    parser.add_argument(
        "--history",
        type=positive,
        default=default.history,
        metavar="N",
        help="gradients that L-BFGS remembers (default %(default)s)",
    )
    parser.add_argument("--every", type=positive, metavar="N", help="write a picture every N steps: OUT.step0050.png")
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        default="cuda" if torch.cuda.is_available() else "cpu",
        help="what computes (default %(default)s)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace pictures that exist")
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    return parser


class _Run:
    """One picture on its way: shows progress, writes intermediate pictures, remembers the best."""

    def __init__(self, options: argparse.Namespace, output: PictureOutput, progress: Progress) -> None:
        self._every, self._steps, self._output, self._progress = options.every, options.steps, output, progress
        self._task = progress.add_task("", total=options.steps, losses="")
        self.done = 0
        self.best: Tensor | None = None

    def on_step(self, step: int, losses: Losses, picture: Tensor) -> None:
        self.done, self.best = step, picture
        text = f"loss {losses.total:.4g} (content {losses.content:.3g}, style {losses.style:.3g})"
        self._progress.update(self._task, completed=step, losses=text)
        if self._every and step % self._every == 0:
            path = self._output.step(step)
            self._output.write(picture, path)
            self._progress.console.print(f"step {step}: {text}: {path}", soft_wrap=True, highlight=False, markup=False)


def _weights_path(options: argparse.Namespace, parser: argparse.ArgumentParser) -> Path:
    named = options.vgg or os.environ.get(VGG_VARIABLE)
    if not named:
        parser.error(_NO_VGG)
    return Path(named)


def _summary(result: Result, seconds: float) -> str:
    before, after = result.losses[0].total, result.best.total
    reduction = f"{result.reduction:.3g} times less" if after < before else "no less"
    content = f"content at {result.content_layer}"
    if result.content_layer != CONTENT_LAYER:
        content += f" (the weights end before {CONTENT_LAYER})"
    return (
        f"{len(result.losses)} steps in {seconds:.1f} s, loss {before:.4g} -> {after:.4g} ({reduction}), {content}, "
        f"style at {', '.join(result.style_layers)}"
    )


def run(options: argparse.Namespace, weights: Path, console: Console) -> int:
    """Stylize; returns the exit code.

    Raises:
        ValueError: A file cannot be read or written; one line says what to do.
    """
    content = read_picture(options.content, options.size)
    style = read_picture(options.style, options.style_size or options.size)
    vgg = Vgg19.load(weights, WANTED_LAYERS, as_available=True)
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: PyTorch finds no such device; leave the option out to compute on the CPU")
    settings = Settings(
        content_weight=options.content_weight,
        style_weight=options.style_weight,
        variation_weight=options.variation_weight,
        steps=options.steps,
        start=options.start,
        seed=options.seed,
        history=options.history,
    )
    output = PictureOutput(options.output, overwrite=options.overwrite)
    try:
        _refuse_existing_steps(options, output)
        started = time.perf_counter()
        with _progress(console) as progress:
            state = _Run(options, output, progress)
            device = torch.device(options.device)
            try:
                result = stylize(content.to(device), style.to(device), vgg.to(device), settings, state.on_step)
            except _Interrupted as interruption:
                progress.stop()
                return _keep_best(state, output, options.steps, interruption)
        seconds = time.perf_counter() - started
        output.finish(result.picture)
    except BaseException:
        output.discard()
        raise
    console.print(f"{_summary(result, seconds)}: {output.final}", soft_wrap=True, highlight=False, markup=False)
    return 0


def _refuse_existing_steps(options: argparse.Namespace, output: PictureOutput) -> None:
    if not options.every or options.overwrite:
        return
    for path in sorted(output.final.parent.iterdir()):
        number = path.name.removeprefix(f"{output.final.stem}.step").removesuffix(output.final.suffix)
        if number.isdecimal() and path == output.step(int(number)):
            step = int(number)
            if step <= options.steps and step % options.every == 0:
                raise ValueError(f"'{path}' exists; use --overwrite, or name another with -o")


def _keep_best(state: _Run, output: PictureOutput, steps: int, interruption: _Interrupted) -> int:
    if state.best is None:
        output.discard()
        _complain("stopped before the first step; nothing was written")
    else:
        output.keep(state.best)
        _complain(f"stopped after {state.done} of {steps} steps; the best picture so far: {output.partial}")
    return 128 + interruption.number


def _progress(console: Console) -> Progress:
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}", markup=False),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=console.quiet or not console.is_terminal,
    )


def _complain(message: str) -> None:
    print(f"gatys: {message}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Without the program's name; `sys.argv` by default.

    Returns:
        The exit code.
    """
    parser = build_parser()
    options = parser.parse_args(arguments)
    weights = _weights_path(options, parser)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    silence_opencv()
    try:
        return run(options, weights, Console(quiet=options.quiet))
    except _Interrupted as interruption:
        _complain("stopped; nothing was written")
        return 128 + interruption.number
    except ValueError as error:
        _complain(f"{error}")
        return 1
    except BrokenPipeError:
        # The reader of our output went away; there is nobody left to tell.
        sys.stderr.close()
        return 1
    except RuntimeError as error:  # what PyTorch raises where memory ends
        if "memory" not in str(error):
            raise
        _complain(f"not enough memory at --size {options.size}; choose a smaller --size or --history")
        return 1
