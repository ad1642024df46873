"""The command line of the trainer."""

import argparse
from pathlib import Path

import torch

from streamstyle.look.values import share_argument
from training.precision import PRECISIONS, usual_precision
from training.recipes import RECIPES


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; see `python -m training --help`."""
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Train a style transfer network with the paper's losses. The same command runs on a CPU and a GPU, "
        "and continues from the run's checkpoint if there is one.",
    )
    parser.add_argument("--family", choices=RECIPES, default="fast", help="what is trained; sets the defaults of the rest")
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="folders or tars of paintings")
    parser.add_argument("--vgg", type=Path, required=True, help="normalised VGG-19, layout of vgg_normalised.pth")
    parser.add_argument("--run", type=Path, default=Path("runs/fast"), help="folder of checkpoint, log and pictures")
    parser.add_argument("--init", type=Path, help="start a new run from these weights (.safetensors)")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="train so long in all, earlier sittings of the run counted in")
    length.add_argument("--steps", type=int, help="train so many steps in all")
    parser.add_argument("--size", type=int, help="side of the training crops (fast: 128, vgg19: 256)")
    parser.add_argument("--late-size", type=int, help="side of the crops for the last part of the run")
    parser.add_argument("--late-share", type=float, default=0.3, help="how large that part is (default 0.3)")
    parser.add_argument(
        "--short-side",
        type=int,
        help="scale pictures to this (never up), then crop at random, as the paper does (vgg19: 512; fast: random scales)",
    )
    parser.add_argument("--batch", type=int, help="pairs per step (default 8)")
    parser.add_argument("--learning-rate", type=float, help="of Adam (fast: 1e-3, vgg19: 1e-4)")
    parser.add_argument(
        "--schedule",
        choices=("cosine", "inverse"),
        help="of the learning rate: to zero over the run (fast), or 1 / (1 + decay * step) as the authors (vgg19)",
    )
    parser.add_argument("--decay", type=float, default=5e-5, help="of the schedule `inverse` (default 5e-5)")
    _add_prices(parser)
    parser.add_argument("--alpha-share", type=float, help="share of samples with a random alpha (fast: 0.1, vgg19: 0)")
    parser.add_argument("--ema", type=float, help="decay of the averaged weights that are saved (fast: 0.998, vgg19: 0)")
    parser.add_argument(
        "--variants",
        type=int,
        help="crops per image whose targets are kept in memory; 0: every crop is new (default: 6 on a CPU, 0 on a GPU)",
    )
    parser.add_argument(
        "--grain-share",
        type=share_argument,
        default=0.0,
        metavar="0..1",
        help="share of photos with grain in flat places, as users' frames have it by default (fast only; try 0.75)",
    )
    parser.add_argument("--style-variants", type=int, help="the same for paintings (default: as --variants)")
    parser.add_argument(
        "--encoder-rate",
        type=float,
        default=1.0,
        help="learning rate of the style encoder, over that of the rest (fast only)",
    )
    parser.add_argument(
        "--partner", type=Path, help="folder of another run, on another core and with another --seed, to share weights with"
    )
    parser.add_argument("--evaluate-every", type=int, default=500, help="steps between two evaluations")
    parser.add_argument("--save-minutes", type=float, default=10.0, help="minutes between two checkpoints")
    parser.add_argument("--pairs", type=int, default=40, help="held-out pairs of an evaluation (default 40)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=PRECISIONS, help="default: the faster one on this device")
    parser.add_argument("--threads", type=int, help="CPU threads")
    known = parser.parse_known_args(arguments)[0]
    parser.set_defaults(**RECIPES[known.family].defaults)
    options = parser.parse_args(arguments)
    options.precision = options.precision or usual_precision(options.device)
    if options.variants is None:
        options.variants = 6 if options.device == "cpu" else 0
    if options.style_variants is None:
        options.style_variants = options.variants
    _check(parser, options)
    return options


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with a usage error where options do not go together."""
    if options.stillness and options.family != "fast":
        parser.error("--stillness: the paper's decoder sees features, not the moved picture; use it with --family fast")
    if options.rounding and options.family != "fast":
        parser.error("--rounding: only `fast` has an int8 graph; use it with --family fast")
    if options.grain_share and options.family != "fast":
        parser.error("--grain-share: the paper's decoder sees features, not the photo; use it with --family fast")
    for size in (options.size, options.late_size or options.size):
        if size < 32 or size % 16:
            parser.error(f"--size and --late-size: wanted multiples of 16 from 32 on, got {size}")


def _add_prices(parser: argparse.ArgumentParser) -> None:
    """What the loss asks for, and how dearly."""
    parser.add_argument("--style-weight", type=float, help="lambda of the paper (default 10)")
    parser.add_argument("--late-style-weight", type=float, help="lambda at the end of the run, reached linearly")
    parser.add_argument("--range-weight", type=float, help="price of colours outside [0, 1] (fast: 100, vgg19: 0)")
    parser.add_argument(
        "--stillness", type=float, default=0.0, help="price of strokes that do not move with the scene (fast only; try 6)"
    )
    parser.add_argument(
        "--rounding", type=float, default=0.0, help="price of what int8 would change in the picture (fast only; try 3)"
    )
    parser.add_argument(
        "--probe-weight",
        type=float,
        default=0.0,
        help="price of an embedding from which VGG's statistics of the painting cannot be told (fast only; try 0.5)",
    )
