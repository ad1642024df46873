"""The command lines of per-style training: its errors in one line, its exit codes."""

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping

from models.feedforward import FeedForwardConfig
from training.per_style.options import parse
from training.per_style.trainer import PerStyleTrainer


def start(options: Namespace, configs: Mapping[str, FeedForwardConfig]) -> PerStyleTrainer:
    """A trainer, at its checkpoint if it has one.

    Raises:
        ValueError: An input cannot be used.
    """
    try:
        trainer = PerStyleTrainer(options, configs)
    except OSError as error:  # a folder that cannot be written, say
        raise ValueError(str(error)) from error
    if trainer.resume():
        print(f"going on from step {trainer.step}")
    return trainer


def exit_code(command: str, work: Callable[[], object]) -> int:
    """Of a training: 0, or with one line 1 when an input cannot be used and 130 when it was stopped."""
    try:
        work()
    except (ValueError, OSError) as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{command}: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Train; exit code 1 with one line when an input cannot be used, 2 for bad options."""
    options, config = parse(arguments)
    code = exit_code("per_style", lambda: start(options, {options.norm: config}).run())
    if code == 0:
        print(f"weights: {options.run / 'weights.safetensors'}")
    return code
