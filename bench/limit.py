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


def ratio(peer_seconds: float, our_seconds: float) -> float:
    """How many times as fast as a peer."""
    return peer_seconds / our_seconds


def line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Least squares: what is paid in any case, and per unit.

    Args:
        points: (amount, cost) pairs, of two amounts at least.
    """
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    return mean_y - slope * mean_x, slope
