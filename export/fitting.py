"""`python -m export.fitting`: the perceptron that fits styles to scenes (`models.fitting`) -> `fast.fit.onnx`, checked.

One graph does both things that the runtime asks for: it tells the statistics of a picture, which is all that must be known
of a painting, and it corrects a code by what that paints. Painting itself is left to the stylize graph, in whatever
precision and on whatever device it runs.
"""

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from export.parity import LIMITS, ParityError, test_picture, worst_difference
from export.to_onnx import SAMPLE_SHAPE, export_graph
from export.write import MAX_SIDE
from models.fast import SIZE_MULTIPLE, Fast
from models.fitting import SceneFit
from models.pictures import to_float
from streamstyle.catalog import WEIGHTS
from streamstyle.fitting import AFTER, PAINTED, SAID, STATISTICS, WANTED
from training.checkpoint import load_fast, load_fit_of, weights_checksum

ROOT = Path(__file__).resolve().parent.parent
_SIZES = ((64, 64), (256, 256), (360, 640), (97, 131))


class FitGraph(nn.Module):
    """`painted` (1, H, W, 3) uint8, `wanted` (1, P), `said` (1, E) and the code -> `statistics` (1, P), and both corrected.

    Rows and columns beyond multiples of 8 are not looked at.
    """

    def __init__(self, network: Fast, fit: SceneFit) -> None:
        super().__init__()
        self.network, self.fit = network, fit
        self.names = fitted_names(network)

    def forward(self, painted: Tensor, wanted: Tensor, said: Tensor, code: list[Tensor]) -> tuple[Tensor, ...]:
        """Look once."""
        image = to_float(painted)
        height, width = image.shape[2:]
        image = image[:, :, : height // SIZE_MULTIPLE * SIZE_MULTIPLE, : width // SIZE_MULTIPLE * SIZE_MULTIPLE]
        statistics = self.network.encoder.look(image)[1]
        named = dict(zip(self.names, code, strict=True))
        better, now = self.fit.correct(self.network, named, wanted, statistics, said)
        return (statistics, now, *(better[name] for name in self.names))


def fitted_names(network: Fast) -> list[str]:
    """Of the code's tensors that a fit corrects: all but the painting's own colours."""
    return [name for name in network.code_names if not name.startswith("rgb_")]


def export_fit(network: Fast, fit: SceneFit, path: Path, metadata: dict[str, str]) -> float:
    """Write the graph.

    Args:
        network: In evaluation mode, float32.
        fit: Likewise.
        path: Where to.
        metadata: As for `export.write.export_family`.

    Returns:
        The largest difference from PyTorch, relative to the largest value of each tensor.

    Raises:
        ParityError: The file does not compute what the network computes; it is removed.
    """
    code, seen = network.complete(torch.rand(1, 3, 64, 64))
    names = fitted_names(network)
    said = torch.zeros(1, fit.compare.out_features)
    tensors = [code[name] for name in names]
    picture = torch.randint(0, 256, SAMPLE_SHAPE, dtype=torch.uint8)
    arguments: list[Tensor | list[Tensor]] = [picture, seen.pooled, said, tensors]
    size = {1: torch.export.Dim("height", min=16, max=MAX_SIDE), 2: torch.export.Dim("width", min=16, max=MAX_SIDE)}
    graph = FitGraph(network, fit).eval()
    export_graph(
        graph,
        arguments,
        (size, None, None, [None] * len(names)),
        inputs=[PAINTED, WANTED, SAID, *names],
        outputs=[STATISTICS, SAID + AFTER, *(name + AFTER for name in names)],
        path=path,
        metadata=metadata | {"family": network.family, "graph": "fit", "precision": "fp32"},
        compact=True,
    )
    pictures = [torch.from_numpy(test_picture(*size, seed)[None]) for seed, size in enumerate(_SIZES)]
    rest: list[Tensor | list[Tensor]] = [seen.pooled.detach(), said, [tensor.detach() for tensor in tensors]]
    worst = worst_difference(graph, path, [[picture, *rest] for picture in pictures])
    if worst > LIMITS["fp32"].code:
        path.unlink()
        raise ParityError(f"a fitted code differs by {worst:.1e}")
    return worst


def main() -> int:
    """Export; exit code 1 with one line when the weights cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m export.fitting", description=__doc__)
    parser.add_argument("--weights", type=Path, default=ROOT / "models" / "fast.safetensors", help="of the network")
    parser.add_argument("--fit", type=Path, default=ROOT / "models" / "fast.fit.safetensors", help="trained for them")
    parser.add_argument("--output", type=Path, default=WEIGHTS / "fast.fit.onnx")
    options = parser.parse_args()
    try:
        network, _ = load_fast(options.weights)
        fit = load_fit_of(options.fit, network, options.weights)
        checksum = weights_checksum(options.weights)
        written = {"version": checksum[:12], "training_checksum": weights_checksum(options.fit), "licence": "MIT"}
        worst = export_fit(network, fit, options.output, written)
    except ParityError as error:
        print(f"export.fitting: the exported graph differs from the network: {error}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"export.fitting: {error}", file=sys.stderr)
        return 1
    print(f"{options.output.name}: {options.output.stat().st_size / 1e6:.2f} MB, within {worst:.1e} of PyTorch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
