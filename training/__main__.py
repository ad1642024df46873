"""`python -m training`: train, or go on training."""

import sys

from training.options import parse
from training.resume import start
from training.trainer import Trainer


def main() -> int:
    """Run the trainer; exit code 1 with one line when its inputs cannot be used."""
    options = parse()
    return start("training", lambda: Trainer(options))


if __name__ == "__main__":
    sys.exit(main())
