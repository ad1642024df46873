"""Muon: steps of the same length in every direction of a layer's weights, which learns more from each step than Adam.

The momentum of each convolution, as a matrix of outputs by inputs, is replaced by the nearest orthogonal matrix before it
is applied. Biases are left to Adam.

Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks" (coefficients of the iteration,
Nesterov momentum); Liu et al. 2025, arXiv:2502.16982 (the factor that lets it share Adam's learning rate).
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_ADAM_LIKE = 0.2
"""Root mean square of an update at a learning rate of 1, about that of Adam's."""


def orthogonalized(matrix: Tensor) -> Tensor:
    """About the nearest matrix with singular values of 1 (they come out between 0.7 and 1.2).

    Args:
        matrix: (M, N) float32.

    Returns:
        (M, N) float32.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    current = matrix.T if tall else matrix
    current = current / (current.norm() + 1e-7)
    a, b, c = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        square = current @ current.T
        current = a * current + (b * square + c * square @ square) @ current
    result: Tensor = current.T if tall else current
    return result


class Muon(torch.optim.Optimizer):
    """Muon for weights of two dimensions and more, Adam for the rest, under one learning rate."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float] = (0.9, 0.99)) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Apply the gradients; `closure` is there for the base class and not called."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                update = self._muon(parameter, state) if parameter.ndim >= 2 else _adam(parameter, state, group["betas"])
                parameter.add_(update, alpha=-group["lr"])

    @staticmethod
    def _muon(parameter: Tensor, state: dict[str, Any]) -> Tensor:
        gradient = parameter.grad
        assert gradient is not None
        momentum = state.setdefault("momentum", torch.zeros_like(parameter))
        momentum.lerp_(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(momentum, MOMENTUM).flatten(1)
        scale = _ADAM_LIKE * max(ahead.shape) ** 0.5
        update: Tensor = orthogonalized(ahead).view(parameter.shape) * scale
        return update


def _adam(parameter: Tensor, state: dict[str, Any], betas: tuple[float, float]) -> Tensor:
    gradient = parameter.grad
    assert gradient is not None
    mean = state.setdefault("mean", torch.zeros_like(parameter))
    square = state.setdefault("square", torch.zeros_like(parameter))
    state["step"] = state.get("step", 0) + 1
    mean.lerp_(gradient, 1 - betas[0])
    square.lerp_(gradient.square(), 1 - betas[1])
    corrected = (square / (1 - betas[1] ** state["step"])).sqrt() + 1e-8
    update: Tensor = mean / (1 - betas[0] ** state["step"]) / corrected
    return update
