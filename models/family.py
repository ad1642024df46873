"""What every family of networks has, so that trainer, export and tests need not ask which one it is."""

from collections.abc import Sequence
from typing import Protocol

from torch import nn

from models.adain import StyleCode


class Family(Protocol):
    """A network that turns photos into paintings under a style code.

    Attributes:
        family: Its name.
        bytes_per_pixel: Memory that the exported stylizer takes on a CPU per pixel of a frame, measured with ONNX Runtime.
        size_multiple: The style encoder wants heights and widths that are multiples of this.
        code_names: Names of the style code's tensors, in a fixed order.
        style_encoder: (N, 3, H, W) style -> name -> tensor; None where a network knows only the styles it was trained on.
        stylizer: (N, 3, H, W) content, (N, 1, 1, 1) alpha, code -> (N, 3, H, W).
    """

    family: str
    bytes_per_pixel: int
    size_multiple: int

    @property
    def stylizer(self) -> nn.Module: ...  # noqa: D102 - documented above

    @property
    def code_names(self) -> Sequence[str]: ...  # noqa: D102 - documented above

    @property
    def style_encoder(self) -> nn.Module | None: ...  # noqa: D102 - documented above

    def sample_code(self) -> StyleCode:
        """A code to export and compare with; of any style that the network knows or can encode."""
        ...
