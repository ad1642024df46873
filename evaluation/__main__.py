"""`python -m evaluation`: any models on any photos, paintings and clips, with a report.

Exit codes: 0 done; 1 something cannot be used; 2 the command line is wrong; 130 and 143 stopped by Ctrl-C and by SIGTERM.
What was measured is kept as it comes: the same command goes on where it was stopped.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console

from evaluation.sweep import Ratio
from evaluation.systems.catalog import GATYS_STEPS, REFERENCES, split_name
from models.gatys.command import VGG_VARIABLE
from models.pictures import silence_opencv
from streamstyle.errors import StreamstyleError, UsageError
from streamstyle.look.recipe import GRAIN
from streamstyle.look.values import share_argument

RATIOS = ("4:1", "2:1", "1:1", "1:2")
_DEFAULT_MODELS = ("fast",)


def _whole(least: int, most: int = 1_000_000) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"wanted a whole number from {least} to {most}, got '{text}'")
        return int(text)

    return convert


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    sides = [int(side) for side in (width, height) if side.isascii() and side.isdecimal()]
    if len(sides) != 2 or not all(64 <= side <= 4096 for side in sides):
        raise argparse.ArgumentTypeError(f"wanted WIDTHxHEIGHT from 64x64 to 4096x4096, got '{text}'")
    return sides[0], sides[1]


def _seconds(text: str) -> Fraction:
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        value = Fraction(-1)
    if value < 0:
        raise argparse.ArgumentTypeError(f"wanted seconds from 0 on, got '{text}'")
    return value


def _limit(text: str) -> tuple[str, int]:
    name, _, count = text.rpartition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"wanted NAME=N, as gatys=5, got '{text}'")
    return name, _whole(1)(count)


def build_parser() -> argparse.ArgumentParser:
    """The parser of `python -m evaluation`."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation",
        description="Evaluate models on photos, paintings and clips; writes results.json, results.csv and report.html.",
        epilog="The same command goes on where it was stopped, and gives the same figures.",
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what")
    what.add_argument(
        "--model",
        action="append",
        metavar="[NAME=]MODEL",
        help=f"repeat for several; the first is compared with the others. A model of the runtime (fast, vgg19), gatys, "
        f"{', '.join(REFERENCES)}, an .onnx file that `export` wrote, ..._transform.onnx with ..._predict.onnx next to it, "
        f"or the folder of MicroAST's weights "
        f"(default: {', '.join(_DEFAULT_MODELS)}); identity is always measured",
    )
    what.add_argument("--contents", required=True, metavar="DIR|TAR[:PATTERN]", help="photos")
    what.add_argument("--styles", required=True, metavar="DIR|TAR[:PATTERN]", help="paintings")
    what.add_argument("--clips", type=Path, metavar="DIR", help="videos")
    what.add_argument("--held-out", action="store_true", help="only pictures that `python -m training` never trains on")
    what.add_argument(
        "--vgg", type=Path, metavar="FILE", help=f"weights of VGG-19 (default: those that {VGG_VARIABLE} names)"
    )
    what.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the report")
    how = parser.add_argument_group("how")
    how.add_argument("--pairs", type=_whole(1), default=40, metavar="N", help="photos and paintings (default %(default)s)")
    how.add_argument(
        "--limit", type=_limit, action="append", default=[], metavar="NAME=N", help="only so many pairs for this model"
    )
    how.add_argument("--seed", type=_whole(0, 2**31 - 1), default=0, metavar="S", help="of all that is random (default 0)")
    how.add_argument("--size", type=_size, default=(400, 300), metavar="WxH", help="of the photos (default 400x300)")
    how.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="what runs models and VGG (default cpu)")
    how.add_argument("--draws", type=_whole(1), default=128, metavar="N", help="random projections of E (default 128)")
    how.add_argument(
        "--basis", metavar="DIR|TAR[:PATTERN]", help="photos for the PCA basis of Yeh et al. (default: those of --contents)"
    )
    how.add_argument("--basis-pictures", type=_whole(2), default=100, metavar="N", help="how many (default %(default)s)")
    how.add_argument("--gatys-steps", type=_whole(1), default=GATYS_STEPS, metavar="N", help="default %(default)s")
    how.add_argument(
        "--grain", type=share_argument, default=GRAIN, metavar="0..1", help="as in run_video.py (default %(default)s)"
    )
    how.add_argument(
        "--ratios", nargs="*", default=list(RATIOS), metavar="C:S", help=f"of content to style (default {' '.join(RATIOS)})"
    )
    how.add_argument("--sweep-pairs", type=_whole(0), default=20, metavar="N", help="at all ratios (default %(default)s)")
    how.add_argument("--clip-frames", type=_whole(8, 1000), default=20, metavar="N", help="default %(default)s")
    how.add_argument("--clip-start", type=_seconds, metavar="T", help="second (default: the middle of each)")
    how.add_argument(
        "--clip-size", type=_whole(64, 2160), default=240, metavar="N", help="short side (default %(default)s)"
    )
    how.add_argument("--clip-styles", type=_whole(1), default=2, metavar="N", help="per clip (default %(default)s)")
    how.add_argument("--shown", type=_whole(0, 100), default=6, metavar="N", help="pairs in the picture grid (default 6)")
    how.add_argument("--no-cost", action="store_true", help="leave out seconds and memory")
    again = parser.add_argument_group("again")
    again.add_argument("--fresh", action="store_true", help="delete what this folder has and start again")
    again.add_argument("--redo", action="append", default=[], metavar="NAME", help="throw away the figures of one model")
    again.add_argument("--redo-cost", action="store_true", help="measure seconds and memory again")
    again.add_argument("--quiet", action="store_true", help="print errors only")
    return parser


def _models(texts: Sequence[str]) -> dict[str, str]:
    models: dict[str, str] = {}
    for text in texts:
        name, model = split_name(text)
        if not name or not model:
            raise UsageError(f"--model: wanted NAME=MODEL, got '{text}'")
        if "|" in name or len(name) > 40:
            raise UsageError(f"--model: wanted a name of up to 40 letters without |, got '{name}'")
        if models.setdefault(name, model) != model:
            raise UsageError(f"--model: two models are called '{name}'; name one of them: other={text}")
    return models


def _ratios(texts: Sequence[str]) -> tuple[Ratio, ...]:
    ratios = {ratio.alpha: ratio for ratio in (Ratio.parse(text) for text in texts)}
    return tuple(ratio for alpha, ratio in sorted(ratios.items()) if 0 < alpha < 1)


def _vgg(options: argparse.Namespace) -> Path:
    named = options.vgg or os.environ.get(VGG_VARIABLE)
    if not named:
        raise UsageError(
            f"wanted the weights of VGG-19 (vgg_normalised.pth), which E and the losses are measured with: name them with "
            f"--vgg or in the environment variable {VGG_VARIABLE}; `python -m export.import_adain --download` fetches them"
        )
    path = Path(named)
    if not path.is_file():
        raise UsageError(f"--vgg: there is no file '{path}'")
    return path


def run(options: argparse.Namespace, console: Console) -> int:
    """Evaluate and report; returns the exit code.

    Raises:
        StreamstyleError: Something cannot be used.
        ValueError: The weights of VGG-19 cannot be used.
    """
    from evaluation.plan import Plan  # noqa: PLC0415
    from evaluation.report.write import write_report  # noqa: PLC0415 - with torch, which --help does not need
    from evaluation.run import Evaluation  # noqa: PLC0415

    if options.device == "cuda":
        _refuse_missing_cuda()
    models = _models(options.model or _DEFAULT_MODELS)
    unknown = {name for name, _ in options.limit} | set(options.redo)
    if unknown - set(models):
        raise UsageError(f"no --model is called '{min(unknown - set(models))}'; they are {', '.join(models)}")
    made: dict[str, Any] = {
        "models": models,
        "vgg": _vgg(options),
        "limits": dict(options.limit),
        "ratios": _ratios(options.ratios),
        "cost": not options.no_cost,
        "redo": tuple(options.redo),
    }
    as_typed = {field.name: getattr(options, field.name) for field in fields(Plan) if field.name not in made}
    plan = Plan(**as_typed, **made)
    evaluation = Evaluation(plan, console)
    try:
        evaluation.run()
        written = write_report(evaluation, console)
    finally:
        evaluation.close()
    for path in written:
        console.print(f"{path}", highlight=False, markup=False, soft_wrap=True)
    return 0


def _refuse_missing_cuda() -> None:
    import torch  # noqa: PLC0415

    if not torch.cuda.is_available():
        raise UsageError("--device cuda: PyTorch finds no such device; leave the option out to compute on the CPU")


class _Stopped(BaseException):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    for each in (signal.SIGINT, signal.SIGTERM):  # a second signal ends the program at once
        signal.signal(each, signal.SIG_DFL)
    raise _Stopped(number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Without the program's name; `sys.argv` by default.

    Returns:
        The exit code.
    """
    options = build_parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    silence_opencv()
    try:
        return run(options, Console(quiet=options.quiet))
    except UsageError as error:
        print(f"evaluation: {error}", file=sys.stderr)
        return 2
    except (StreamstyleError, ValueError) as error:
        print(f"evaluation: {error}", file=sys.stderr)
        return 1
    except _Stopped as stop:
        print("evaluation: stopped; what was measured is kept, the same command goes on from there", file=sys.stderr)
        return 128 + stop.number
    except OSError as error:
        print(f"evaluation: '{error.filename}' cannot be used: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
