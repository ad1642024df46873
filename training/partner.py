"""Two runs on two cores that share what they learn: gossip averaging of weights.

Each run pins one thread to one core, draws its own crops and steps at its own pace; now and then it lays its weights beside
the run and moves half-way to what its partner laid there. There is no barrier, so work that slows one core does not stop
the other, which one process with two threads cannot offer.

Source: Lian et al. 2018, "Asynchronous Decentralized Parallel Stochastic Gradient Descent", arXiv:1710.06952.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

EVERY_STEPS = 20
_NAME = "shared.safetensors"
_NOTHING = torch.empty(0)


class Partner:
    """The other run, seen through its folder."""

    def __init__(self, own: Path, other: Path) -> None:
        self.own, self.other = own / _NAME, other / _NAME
        self.seen = -1

    @torch.no_grad()
    def exchange(self, network: nn.Module) -> bool:
        """Move half-way to the partner's weights, if there are new ones, and lay down one's own.

        Returns:
            Whether there were new ones.

        Raises:
            ValueError: The partner trains another network.
        """
        parameters = dict(network.named_parameters())
        theirs = self._news()
        if theirs:
            if any(theirs.get(name, _NOTHING).shape != parameter.shape for name, parameter in parameters.items()):
                raise ValueError(f"--partner: '{self.other.parent}' trains another network; wanted a run with the same one")
            for name, parameter in parameters.items():
                parameter.lerp_(theirs[name].to(parameter.device), 0.5)
        partial = self.own.with_suffix(".partial")
        save_file({name: parameter.detach().cpu().contiguous() for name, parameter in parameters.items()}, partial)
        partial.replace(self.own)
        return bool(theirs)

    def _news(self) -> dict[str, Tensor]:
        """The partner's weights, if it has laid down others since they were last read."""
        try:
            written = self.other.stat().st_mtime_ns
            if written == self.seen:
                return {}
            theirs = load_file(self.other)
        except (FileNotFoundError, SafetensorError):
            return {}  # it has not started yet
        self.seen = written
        return theirs
