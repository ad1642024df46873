"""What a run must keep to go on exactly where it stopped, and the average of its weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from training.checkpoint import save_atomically
from training.rounding import Rounding
from training.targets import TargetSampler


class Stateful(Protocol):
    """A network, an optimizer."""

    def state_dict(self) -> dict[str, Any]:
        """All that it has learnt."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object:
        """Take up what `state_dict` gave."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """The state of a run beside its counters.

    Attributes:
        parts: Name in the checkpoint -> network or optimizer; None for one that this run does without.
        rounding: Of its ranges; None likewise.
        generator: Of what is drawn.
        samplers: Of its pictures.
    """

    parts: Mapping[str, Stateful | None]
    rounding: Rounding | None
    generator: torch.Generator
    samplers: Sequence[TargetSampler]

    def save(self, path: Path, step: int, seconds: float) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {name: None if part is None else part.state_dict() for name, part in self.parts.items()}
        rest = {
            "rounding": self.rounding.state() if self.rounding else None,
            "generator": self.generator.get_state(),
            "samplers": [sampler.state() for sampler in self.samplers],
            "step": step,
            "seconds": seconds,
        }
        save_atomically(state | rest, path)

    def restore(self, path: Path, device: torch.device) -> tuple[int, float] | None:
        """Take up a checkpoint; its step and seconds, or None where there is none."""
        if not path.exists():
            return None
        state = torch.load(path, map_location=device, weights_only=True)
        for name, part in self.parts.items():
            if part is not None and state.get(name):
                part.load_state_dict(state[name])
        if self.rounding and state.get("rounding"):
            self.rounding.restore(state["rounding"])
        self.generator.set_state(state["generator"].cpu())
        for sampler, kept in zip(self.samplers, state["samplers"], strict=True):
            sampler.restore(kept)
        return state["step"], state["seconds"]


@torch.no_grad()
def follow(average: nn.Module, now: nn.Module, step: int, most: float) -> None:
    """Move averaged weights to those of a step; `most` is the decay in the long run."""
    # A short memory at first, so that the average does not carry the random start along.
    decay = min(most, (1 + step) / (10 + step))
    for mean, parameter in zip(average.parameters(), now.parameters(), strict=True):
        mean.lerp_(parameter, 1 - decay)
