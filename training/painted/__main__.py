"""`python -m training.painted`: train `fast`, or go on training."""

import argparse
import sys
from pathlib import Path

from training.checkpoint import SHIPPED
from training.painted.trainer import Trainer
from training.precision import PRECISIONS, usual_precision


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.painted",
        description="Train `fast` for any painting and for the built-in styles. The same command goes on from the run's "
        "checkpoint if there is one.",
    )
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="folders or tars of paintings")
    parser.add_argument("--vgg", type=Path, required=True, help="normalised VGG-19, layout of vgg_normalised.pth")
    parser.add_argument("--run", type=Path, default=Path("runs/painted"), help="folder of checkpoint, log and pictures")
    parser.add_argument("--init", type=Path, default=SHIPPED, help="weights to start from (default: those shipped)")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="train so long in all, earlier sittings of the run counted in")
    length.add_argument("--steps", type=int, help="train so many steps in all")
    parser.add_argument("--size", type=int, default=256, help="side of the training crops (default 256)")
    parser.add_argument("--batch", type=int, default=4, help="pictures per step, an even number (default 4)")
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate of the stylizer (default 1e-3)")
    parser.add_argument("--encoder-rate", type=float, default=3e-4, help="of the style encoder (default 3e-4)")
    parser.add_argument("--code-rate", type=float, default=5e-3, help="of the built-in styles' codes (default 5e-3)")
    parser.add_argument(
        "--encoder-only",
        action="store_true",
        help="leave the stylizer and the built-in styles as they are: five times as many paintings are seen",
    )
    parser.add_argument(
        "--partner", type=Path, help="folder of another run, on another core and with another --seed, to share weights with"
    )
    parser.add_argument("--log-every", type=int, default=25, help="steps between two lines of the log (default 25)")
    parser.add_argument("--save-minutes", type=float, default=10.0, help="minutes between two checkpoints (default 10)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=PRECISIONS, help="default: the faster one on this processor")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1: run one partner per core)")
    options = parser.parse_args(arguments)
    options.precision = options.precision or usual_precision("cpu")
    if options.size < 64 or options.size % 64:
        parser.error(f"--size: wanted a multiple of 64, got {options.size}")
    if options.batch < 2 or options.batch % 2:
        parser.error(f"--batch: wanted an even number from 2 on, got {options.batch}")
    return options


def main() -> int:
    """Run the trainer; exit code 1 with one line when its inputs cannot be used."""
    options = parse()
    try:
        trainer = Trainer(options)
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    if trainer.resume():
        print(f"going on from step {trainer.step}")
    trainer.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
