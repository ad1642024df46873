"""What every system is to those who measure it; needs no torch."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluation.sizes import Painting
from streamstyle.frame import Image
from streamstyle.look.recipe import TemporalMode


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to say about a system before it has run.

    Attributes:
        version: Of its weights and settings; another version gives other pictures.
        runs_on: Runtime and precision.
        styles: How many paintings it can take the style of; None for any.
        parameters: Numbers in the graph that runs for every picture; None where there is no such graph.
        megabytes: Of its files, the style encoder's included; None where there are none.
        strength: What is mixed at strengths between 0 and 1.
    """

    version: str
    runs_on: str
    styles: int | None
    parameters: int | None
    megabytes: float | None
    strength: str


class System(ABC):
    """Something that gives a photo a painting's style.

    Attributes:
        facts: See there.
        known_names: Of the paintings whose style it can take; empty where it can take any.
        modes: Of `--temporal`; "off" is every frame by itself. None where clips are not for it.
    """

    facts: Facts
    known_names: Sequence[str] = ()
    modes: Sequence[TemporalMode] = ("off",)

    def knows(self, painting: Painting) -> bool:
        """Whether it can take this painting's style: a model without a style encoder knows its own, by their names."""
        return not self.known_names or painting.name in self.known_names

    @abstractmethod
    def stylize(self, content: Image, painting: Painting, alpha: float = 1.0) -> Image:
        """One picture, (H, W, 3) uint8 RGB in and out, at a strength from 0 (the content) to 1."""

    def play(self, frames: Sequence[Image], painting: Painting, mode: TemporalMode) -> list[Image]:
        """The frames of a clip, in order."""
        return [self.stylize(frame, painting) for frame in frames]


def mixed(content: Image, full: Image, alpha: float) -> Image:
    """Pixels moved from the content's to the full style's."""
    if alpha >= 1:
        return full
    between = content + alpha * (full.astype(np.float32) - content)
    return np.rint(between).astype(np.uint8)


def parameters(path: Path) -> int | None:
    """Numbers that a graph holds; None where the package onnx is not there to count them."""
    try:
        import onnx  # noqa: PLC0415 - of the extra `train`; not needed to run the graph
    except ImportError:
        return None
    graph = onnx.load(path, load_external_data=False).graph
    constants = [a.t for node in graph.node if node.op_type == "Constant" for a in node.attribute if a.HasField("t")]
    sizes = [int(np.prod(tensor.dims)) for tensor in [*graph.initializer, *constants]]
    return sum(sizes)
