"""The command line of `python -m training.per_style`."""

import argparse
import math
from argparse import Namespace
from pathlib import Path

import torch

from models.feedforward import FeedForwardConfig
from training.precision import PRECISIONS, usual_precision


def positive(text: str) -> int:
    """An argument that counts something."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"wanted 1 or more, got {number}")
    return number


def positive_float(text: str) -> float:
    """An argument that weighs something."""
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"wanted a number above 0, got {text}")
    return number


def parse(arguments: list[str] | None = None) -> tuple[Namespace, FeedForwardConfig]:
    """Read the command line; see `python -m training.per_style --help`."""
    parser = argparse.ArgumentParser(
        prog="python -m training.per_style",
        description="Train a feed-forward network for one painting, or for a few. "
        "The same command goes on from the run's checkpoint if there is one.",
    )
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="picture files of paintings")
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--vgg", type=Path, required=True, help="normalised VGG-19, layout of vgg_normalised.pth")
    parser.add_argument(
        "--run",
        type=Path,
        default=Path("runs/per_style"),
        help="folder of checkpoint, log and pictures (default runs/per_style)",
    )
    parser.add_argument("--steps", type=positive, default=2000, help="train so many steps in all (default 2000)")
    parser.add_argument("--size", type=int, default=128, help="side of the training crops (default 128)")
    parser.add_argument("--style-size", type=int, default=256, help="short side of the paintings (default 256)")
    parser.add_argument("--batch", type=positive, default=4)
    parser.add_argument("--width", type=positive, default=16, help="channels at full size (default 16)")
    parser.add_argument("--blocks", type=int, default=5, help="residual blocks (default 5)")
    parser.add_argument("--learning-rate", type=positive_float, default=2e-3, help="at the start, then a cosine to 0")
    parser.add_argument("--style-weight", type=positive_float, default=1.0, help="lambda (default 1)")
    parser.add_argument("--variants", type=int, help="crops per photo whose targets are kept (default: 2 on a CPU, else 0)")
    parser.add_argument("--evaluate-every", type=positive, default=50, help="steps between two evaluations (default 50)")
    parser.add_argument("--save-minutes", type=float, default=5.0, help="minutes between two checkpoints (default 5)")
    parser.add_argument("--photos", type=positive, default=16, help="held-out photos of an evaluation (default 16)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=PRECISIONS, help="default: the faster one on this device")
    parser.add_argument("--threads", type=positive, help="CPU threads")
    options = parser.parse_args(arguments)
    options.precision = options.precision or usual_precision(options.device)
    if options.variants is None:
        options.variants = 2 if options.device == "cpu" else 0
    if options.size < 32 or options.size % 16:
        parser.error(f"--size: wanted a multiple of 16 from 32 on, got {options.size}")
    if options.style_size < 32:
        parser.error(f"--style-size: wanted 32 or more, got {options.style_size}")
    if options.blocks < 0 or options.variants < 0:
        parser.error("--blocks and --variants: wanted 0 or more")
    if options.run.exists() and not options.run.is_dir():
        parser.error(f"--run: wanted a folder, but '{options.run}' is a file")
    return options, FeedForwardConfig(len(options.styles), options.width, options.blocks)
