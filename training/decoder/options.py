"""The command line of `python -m training.decoder`; defaults are those of the paper and its authors' code."""

import argparse
from pathlib import Path

import torch

from training.precision import PRECISIONS, usual_precision


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; see `python -m training.decoder --help`."""
    parser = argparse.ArgumentParser(
        prog="python -m training.decoder",
        description="Train the decoder of `vgg19` with the paper's losses. The same command runs on a CPU and a GPU, and "
        "goes on from the run's checkpoint if there is one.",
    )
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="folders or tars of paintings")
    parser.add_argument("--vgg", type=Path, required=True, help="normalised VGG-19, layout of vgg_normalised.pth")
    parser.add_argument("--run", type=Path, default=Path("runs/decoder"), help="folder of checkpoint, log and pictures")
    parser.add_argument("--init", type=Path, help="start a new run from these weights (.safetensors or decoder.pth)")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="train so long in all, earlier sittings of the run counted in")
    length.add_argument("--steps", type=int, help="train so many steps in all")
    parser.add_argument("--size", type=int, default=256, help="side of the training crops (default 256)")
    parser.add_argument("--short-side", type=int, default=512, help="scale pictures to this, never up (default 512)")
    parser.add_argument("--batch", type=int, default=8, help="pairs per step (default 8)")
    parser.add_argument("--learning-rate", type=float, default=1e-4, help="of Adam (default 1e-4)")
    parser.add_argument("--decay", type=float, default=5e-5, help="the rate falls as 1 / (1 + decay * step) (default 5e-5)")
    parser.add_argument("--style-weight", type=float, default=10.0, help="lambda of the paper (default 10)")
    parser.add_argument(
        "--variants",
        type=int,
        help="crops per image whose targets are kept in memory; 0: every crop is new (default: 6 on a CPU, 0 on a GPU)",
    )
    parser.add_argument("--evaluate-every", type=int, default=500, help="steps between two evaluations")
    parser.add_argument("--save-minutes", type=float, default=10.0, help="minutes between two checkpoints")
    parser.add_argument("--pairs", type=int, default=40, help="held-out pairs of an evaluation (default 40)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=PRECISIONS, help="default: the faster one on this device")
    parser.add_argument("--threads", type=int, help="CPU threads")
    options = parser.parse_args(arguments)
    options.precision = options.precision or usual_precision(options.device)
    if options.variants is None:
        options.variants = 6 if options.device == "cpu" else 0
    if options.size < 32 or options.size % 16:
        parser.error(f"--size: wanted a multiple of 16 from 32 on, got {options.size}")
    return options
