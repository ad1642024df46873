"""The exported graphs against PyTorch, on pictures, at several sizes.

Stated difference in float32: 8-bit outputs of the two runtimes differ by at most one level, and on at most 2 % of the
values (a value that lies on the edge between two levels may round either way); style codes differ by at most 1e-3,
relative to the largest value of their tensor. With half-precision convolutions, against PyTorch in float32: at most 16
levels (in pictures of 8x8), 0.2 in the mean, codes by at most 1e-2. The comparison runs on a CPU; a GPU sums in another
order.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.graphs import StyleGraph, StylizeGraph
from models.family import Family

SIZES = ((256, 256), (360, 640), (97, 131), (33, 50), (8, 8), (7, 3), (1, 1))
Precision = Literal["fp32", "fp16"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the exported graphs may be from the network.

    Attributes:
        levels: Largest difference of an 8-bit output.
        share: Share of output values that may differ at all (in pictures of more than 1000 pixels).
        mean: Mean difference of 8-bit outputs, in levels.
        code: Of style codes, relative to the tensor's largest value.
    """

    levels: int
    share: float
    mean: float
    code: float


LIMITS: dict[Precision, Limits] = {"fp32": Limits(1, 0.02, 0.02, 1e-3), "fp16": Limits(16, 0.2, 0.2, 1e-2)}


class ParityError(Exception):
    """An exported graph does not compute what the network computes."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest differences found.

    Attributes:
        levels: Of 8-bit outputs.
        share: Of output values that differ at all.
        mean: Of 8-bit outputs, in levels; the worst picture's.
        code: Of style codes, relative to the tensor's largest value.
    """

    levels: int
    share: float
    mean: float
    code: float

    def __str__(self) -> str:
        return (
            f"at most {self.levels} level(s), on {self.share:.3%} of the values, {self.mean:.4f} in the mean; "
            f"style codes within {self.code:.1e}"
        )


def test_picture(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """A picture with gradients, edges and grain: (H, W, 3) uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [np.sin(x * f + p) * np.cos(y * g - p) for f, g, p in rng.uniform(0.02, 0.4, (3, 3))]
    edges = (x > width * rng.uniform(0.2, 0.8)) * 60.0
    picture = 110 + 60 * np.stack(waves, axis=2) + edges[:, :, None] + rng.normal(0, 8, (height, width, 3))
    levels: NDArray[np.uint8] = picture.clip(0, 255).astype(np.uint8)
    return levels


def check_parity(network: Family, style_path: Path | None, stylize_path: Path, limits: Limits) -> Parity:
    """Compare both graphs with the network they came from.

    Args:
        network: In float32, also where the files compute in half precision.
        style_path: The style graph; None where the family has none, and its sample code is used.
        stylize_path: The stylize graph.
        limits: What is allowed.

    Raises:
        ParityError: A difference is above the stated one.
    """
    stylize_session = onnxruntime.InferenceSession(stylize_path, providers=["CPUExecutionProvider"])
    stylize_graph = StylizeGraph(network).eval()
    levels, share, mean, code_difference = 0, 0.0, 0.0, 0.0
    for seed, (height, width) in enumerate(SIZES):
        style, content = test_picture(height, width, seed)[None], test_picture(height, width, seed + 100)[None]
        alpha = np.full((1, 1, 1, 1), 1.0 if seed % 2 == 0 else 0.6, np.float32)
        if style_path is None:
            sample = network.sample_code()
            code = [sample[name] for name in network.code_names]
        else:
            code, difference = _compare_codes(network, style_path, style)
            code_difference = max(code_difference, difference)
        with torch.no_grad():
            wanted = stylize_graph(torch.from_numpy(content), torch.from_numpy(alpha), code).numpy()
        feeds = {"content": content, "alpha": alpha}
        feeds |= {name: tensor.numpy() for name, tensor in zip(network.code_names, code, strict=True)}
        (got,) = stylize_session.run(None, feeds)
        away = np.abs(got.astype(int) - wanted.astype(int))
        large = height * width > 1000  # in a few pixels one value is a large share
        levels = max(levels, int(away.max()))
        share, mean = (max(share, float((away > 0).mean())), max(mean, float(away.mean()))) if large else (share, mean)
        if levels > limits.levels or share > limits.share or mean > limits.mean:
            raise ParityError(
                f"at {width}x{height}: up to {levels} levels, {share:.2%} of the values, {mean:.3f} in the mean"
            )
        if code_difference > limits.code:
            raise ParityError(f"style codes at {width}x{height} differ by {code_difference:.1e}")
    return Parity(levels, share, mean, code_difference)


def _compare_codes(network: Family, style_path: Path, style: NDArray[np.uint8]) -> tuple[list[Tensor], float]:
    """The network's own code of a picture, and how far the graph's is from it."""
    session = onnxruntime.InferenceSession(style_path, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        wanted = list(StyleGraph(network).eval()(torch.from_numpy(style)))
    difference = 0.0
    for got, tensor in zip(session.run(None, {"style": style}), wanted, strict=True):
        scale = float(tensor.abs().max()) + 1e-6
        difference = max(difference, float(np.abs(got - tensor.numpy()).max()) / scale)
    return wanted, difference
