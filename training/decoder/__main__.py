"""`python -m training.decoder`: train, or go on training."""

import sys

from training.decoder.options import parse
from training.decoder.trainer import Trainer


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
