"""`python -m training.smaller`: a smaller `fast`, taught by a trained one."""

import argparse
import sys
from pathlib import Path

from training.precision import PRECISIONS, usual_precision
from training.smaller.trainer import Trainer


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.smaller",
        description="Cut a smaller network out of a trained `fast` and train it to paint the same pictures. The same "
        "command goes on from the run's checkpoint if there is one, with another teacher if another one is named.",
    )
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="folders or tars of paintings")
    parser.add_argument(
        "--teacher", type=Path, required=True, help="weights of training.painted, with codes.safetensors beside them"
    )
    parser.add_argument("--run", type=Path, default=Path("runs/smaller"), help="folder of checkpoint, log and weights")
    parser.add_argument("--minutes", type=float, required=True, help="train so long in all, earlier sittings counted in")
    parser.add_argument("--half", type=int, default=16, help="channels at 1/2 (default 16)")
    parser.add_argument("--quarter", type=int, default=32, help="channels at 1/4 (default 32)")
    parser.add_argument("--eighth", type=int, default=64, help="channels at 1/8 (default 64)")
    parser.add_argument("--blocks", type=int, default=3, help="blocks at 1/8 (default 3)")
    parser.add_argument("--size", type=int, default=256, help="side of the training crops (default 256)")
    parser.add_argument("--batch", type=int, default=8, help="pictures per step, an even number (default 8)")
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate of the stylizer (default 1e-3)")
    parser.add_argument("--code-rate", type=float, default=5e-3, help="of the built-in styles' codes (default 5e-3)")
    parser.add_argument("--log-every", type=int, default=50, help="steps between two lines of the log (default 50)")
    parser.add_argument("--save-minutes", type=float, default=10.0, help="minutes between two checkpoints (default 10)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=PRECISIONS, default=usual_precision("cpu"), help="default: the faster one")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the trainer; exit code 1 with one line when its inputs cannot be used."""
    try:
        Trainer(parse(arguments)).run()
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
