"""What every runtime makes of a model's file, so that nobody else need know which one it is."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[Any]
Tell = Callable[[str], None]
"""Takes a line for the user at once."""

METADATA_PREFIX = "streamstyle."
FRAME = "content"
"""The input that is a frame: (1, H, W, 3) uint8, new each time. All others are the look."""


class Graph(Protocol):
    """One loaded graph; computes for one caller at a time.

    Attributes:
        inputs: Name -> declared shape; dimensions that may vary are no integers.
        outputs: Name -> declared shape, in the same form.
        metadata: What the export wrote into the file, without its prefix.
    """

    inputs: dict[str, list[Any]]
    outputs: dict[str, list[Any]]
    metadata: dict[str, str]

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute all outputs.

        Args:
            feeds: Input name -> array of the declared type. Arrays other than the frame stay as they are from then on: what
                was uploaded once is known again by its identity.

        Returns:
            Output name -> array, the caller's own.

        Raises:
            Exception: Whatever the runtime raises.
        """
        ...


def blank_feeds(graph: Graph, height: int, width: int) -> dict[str, Tensor]:
    """A gray frame and an empty look, to run once before it counts."""
    feeds: dict[str, Tensor] = {
        name: np.zeros([size if isinstance(size, int) else 1 for size in shape], np.float32)
        for name, shape in graph.inputs.items()
        if name != FRAME
    }
    return feeds | {FRAME: np.full((1, height, width, 3), 128, np.uint8)}
