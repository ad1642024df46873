"""What is trained: the network, and beside it the codes of the built-in styles, which are free numbers."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.fast import Fast
from streamstyle.errors import ModelError
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.styles.store import BuiltinStyles
from training.checkpoint import weights_checksum

_LEAST_STD = 1e-3
_NAMES = "styles"


class Learner(nn.Module):
    """The network and the codes of built-in styles.

    Deviations are kept as logarithms, so that they stay positive. The paintings' own colours, `rgb_...`, are fixed: looks
    that keep the content's colours put others in their place.

    Attributes:
        network: Encoder and stylizer.
        free: Name -> (S, C, 1, 1), of S built-in styles.
    """

    def __init__(self, network: Fast, codes: Sequence[dict[str, Tensor]]) -> None:
        """Begin with codes of S styles, as the encoder gives them: name -> (1, C, 1, 1)."""
        super().__init__()
        self.network = network
        joined = {name: torch.cat([code[name] for code in codes]).detach() for name in codes[0]}
        self.colors = {name: tensor for name, tensor in joined.items() if name.startswith("rgb_")}
        self.free = nn.ParameterDict(
            {
                name: nn.Parameter(tensor.clamp(min=_LEAST_STD).log() if name.endswith("_std") else tensor.clone())
                for name, tensor in joined.items()
                if name not in self.colors
            }
        )

    def builtin(self, indices: Sequence[int]) -> dict[str, Tensor]:
        """The codes of some built-in styles: name -> (N, C, 1, 1)."""
        chosen = list(indices)
        colors = {name: tensor[chosen] for name, tensor in self.colors.items()}
        free = {name: part[chosen].exp() if name.endswith("_std") else part[chosen] for name, part in self.free.items()}
        return colors | free


@torch.no_grad()
def save_codes(learner: Learner, names: Sequence[str], path: Path) -> None:
    """Write the codes of the built-in styles: name of the tensor -> (S, C, 1, 1) float32, and the styles' names.

    Args:
        learner: Has learnt them.
        names: Of its S built-in styles.
        path: A safetensors file.
    """
    codes = {part: tensor.contiguous() for part, tensor in learner.builtin(range(len(names))).items()}
    save_file(codes, path, metadata={_NAMES: json.dumps(list(names))})


def read_codes(path: Path) -> dict[str, dict[str, Tensor]]:
    """The codes that `save_codes` wrote.

    Returns:
        Name of the style -> name of the tensor -> (1, C, 1, 1) float32.

    Raises:
        ValueError: The file cannot be read as codes.
        OSError: It cannot be read at all.
    """
    try:
        with safe_open(path, "pt") as file:
            names = json.loads((file.metadata() or {})[_NAMES])
            tensors = {part: file.get_tensor(part) for part in file.keys()}  # noqa: SIM118 - not a mapping
        return {name: {part: tensor[[place]] for part, tensor in tensors.items()} for place, name in enumerate(names)}
    except (SafetensorError, KeyError, IndexError, json.JSONDecodeError) as error:
        raise ValueError(f"'{path}' holds no codes with names; wanted codes.safetensors of training.painted") from error


def shipped_codes(weights: Path) -> dict[str, dict[str, Tensor]]:
    """The shipped codes of the built-in styles, where they were learnt with these weights.

    Args:
        weights: A file of weights of `fast`.

    Returns:
        Name of the style -> name of the tensor -> (1, C, 1, 1) float32; nothing for other weights.
    """
    try:
        styles = BuiltinStyles(WEIGHTS / "fast.styles.npz", weights_checksum(weights)[:12])
    except ModelError:
        return {}
    return {
        name: {part: torch.from_numpy(tensor.copy()) for part, tensor in styles.code(name).tensors.items()}
        for name in styles.names()
    }
