"""The graphs of a family, as the runtime sees them: uint8 RGB frames in and out, everything else inside.

A family gives a style graph (`style` -> style code, any named tensors) and a stylize graph (`content`, `alpha`, the same
names -> `stylized`). The runtime compares the names and asks nothing else. Codes are float32 whatever the weights are.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from models.family import Family
from models.folded import folded
from models.pictures import to_float, to_uint8


class StyleGraph(nn.Module):
    """`style` (1, H, W, 3) uint8 -> the tensors of the style code, in the order of `names`."""

    def __init__(self, network: Family) -> None:
        super().__init__()
        assert network.style_encoder is not None  # the caller asks only families that have one
        self.encoder = network.style_encoder
        self.size_multiple = network.size_multiple
        self.names = list(network.code_names)

    def forward(self, style: Tensor) -> tuple[Tensor, ...]:
        """Encode a painting of any size."""
        image = to_float(style)
        if self.size_multiple > 1:
            height, width = image.shape[2:]
            image = F.pad(image, (0, -width % self.size_multiple, 0, -height % self.size_multiple), mode="replicate")
        code = self.encoder(image)
        return tuple(code[name] for name in self.names)


class StylizeGraph(nn.Module):
    """`content` (N, H, W, 3) uint8, `alpha` (1, 1, 1, 1) float32 and the code -> `stylized` (N, H, W, 3) uint8."""

    def __init__(self, network: Family, *, fold: bool = False) -> None:
        """Of a network; `fold` computes the same in fewer operations, which is what is written to files."""
        super().__init__()
        self.stylizer = folded(network.stylizer) if fold else network.stylizer
        self.names = list(network.code_names)

    def forward(self, content: Tensor, alpha: Tensor, code: list[Tensor]) -> Tensor:
        """Stylize a frame of any size."""
        named = dict(zip(self.names, code, strict=True))
        return to_uint8(self.stylizer(to_float(content), alpha, named))
