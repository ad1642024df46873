"""`python -m training.per_style`: a feed-forward network for one painting or a few."""

import sys

from training.per_style.options import parse
from training.per_style.trainer import PerStyleTrainer


def main(arguments: list[str] | None = None) -> int:
    """Train; exit code 1 with one line when an input cannot be used, 2 for bad options, 130 when it was stopped."""
    options, config = parse(arguments)
    try:
        trainer = PerStyleTrainer(options, config)
        if trainer.resume():
            print(f"going on from step {trainer.step}")
        trainer.run()
    except (ValueError, OSError) as error:
        print(f"per_style: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("per_style: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    print(f"weights: {trainer.weights_path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
