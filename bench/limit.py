"""What a machine could do at most, and how near to that something comes. Arithmetic only."""

from dataclasses import dataclass

BYTES = {"fp32": 4, "bf16": 2, "fp16": 2, "int8": 1}


@dataclass(frozen=True, slots=True)
class Work:
    """What a network does for one frame.

    Attributes:
        macs: Multiply-accumulates of its convolutions.
        numbers: Read and written by its convolutions one after the other: features in, features out, weights.
    """

    macs: float
    numbers: float

    def bytes(self, precision: str) -> float:
        """Moved, if nothing stayed in a cache from one convolution to the next."""
        return self.numbers * BYTES.get(precision, 4)


def compute_seconds(work: Work, macs_per_second: float) -> float:
    """Least time for the arithmetic."""
    return work.macs / macs_per_second


def memory_seconds(work: Work, precision: str, bytes_per_second: float) -> float:
    """Least time for moving features and weights through main memory; caches may save most of it."""
    return work.bytes(precision) / bytes_per_second


def share(least: float, taken: float) -> float:
    """How much of what is possible was had: 1 at the limit."""
    return least / taken if taken > 0 else 0.0
