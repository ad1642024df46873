"""The exported graphs against PyTorch, on pictures, at several sizes.

Stated difference: 8-bit outputs of the two runtimes differ by at most one level, and on at most 2 % of the values (a value
that lies on the edge between two levels may round either way); style codes differ by at most 1e-3, relative to the
largest value of their tensor.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from export.graphs import StyleGraph, StylizeGraph
from models.fast import Fast

SIZES = ((256, 256), (360, 640), (97, 131), (33, 50), (8, 8), (7, 3), (1, 1))
MAX_LEVELS = 1
MAX_SHARE = 0.02
MAX_CODE_DIFFERENCE = 1e-3


class ParityError(Exception):
    """An exported graph does not compute what the network computes."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest differences found.

    Attributes:
        levels: Of 8-bit outputs.
        share: Of output values that differ at all.
        code: Of style codes, relative to the tensor's largest value.
    """

    levels: int
    share: float
    code: float


def test_picture(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """A picture with gradients, edges and grain: (H, W, 3) uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [np.sin(x * f + p) * np.cos(y * g - p) for f, g, p in rng.uniform(0.02, 0.4, (3, 3))]
    edges = (x > width * rng.uniform(0.2, 0.8)) * 60.0
    picture = 110 + 60 * np.stack(waves, axis=2) + edges[:, :, None] + rng.normal(0, 8, (height, width, 3))
    levels: NDArray[np.uint8] = picture.clip(0, 255).astype(np.uint8)
    return levels


def check_parity(network: Fast, style_path: Path, stylize_path: Path) -> Parity:
    """Compare both graphs with the network they came from.

    Raises:
        ParityError: A difference is above the stated one.
    """
    style_session = onnxruntime.InferenceSession(style_path, providers=["CPUExecutionProvider"])
    stylize_session = onnxruntime.InferenceSession(stylize_path, providers=["CPUExecutionProvider"])
    names = [output.name for output in style_session.get_outputs()]
    style_graph, stylize_graph = StyleGraph(network).eval(), StylizeGraph(network).eval()
    levels, share, code_difference = 0, 0.0, 0.0
    for seed, (height, width) in enumerate(SIZES):
        style, content = test_picture(height, width, seed)[None], test_picture(height, width, seed + 100)[None]
        alpha = np.full((1, 1, 1, 1), 1.0 if seed % 2 == 0 else 0.6, np.float32)
        with torch.no_grad():
            wanted_code = style_graph(torch.from_numpy(style))
            wanted = stylize_graph(torch.from_numpy(content), torch.from_numpy(alpha), list(wanted_code)).numpy()
        code = style_session.run(None, {"style": style})
        for got_tensor, wanted_tensor in zip(code, wanted_code, strict=True):
            scale = float(wanted_tensor.abs().max()) + 1e-6
            code_difference = max(code_difference, float(np.abs(got_tensor - wanted_tensor.numpy()).max()) / scale)
        feeds = {"content": content, "alpha": alpha}
        feeds |= {name: tensor.numpy() for name, tensor in zip(names, wanted_code, strict=True)}
        (got,) = stylize_session.run(None, feeds)
        difference = np.abs(got.astype(int) - wanted.astype(int))
        levels, share = max(levels, int(difference.max())), max(share, float((difference > 0).mean()))
        if levels > MAX_LEVELS or (share > MAX_SHARE and height * width > 1000):
            raise ParityError(f"at {width}x{height}: up to {levels} levels on {share:.2%} of the values")
        if code_difference > MAX_CODE_DIFFERENCE:
            raise ParityError(f"style codes at {width}x{height} differ by {code_difference:.1e}")
    return Parity(levels, share, code_difference)
