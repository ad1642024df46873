"""`python -m export.descent`: what `--fit strong` goes by, the gradient of the losses, checked -> `fast.descent.onnx`.

The judge is VGG-19, whose weights do not come with streamstyle: they are fetched once, or named. The graph (16 MB) goes to
the user's folder of models; running it needs no PyTorch.
"""

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from export.fitting import fitted_names
from export.parity import ParityError, test_picture, worst_difference
from export.refine import find_judge
from export.to_onnx import export_graph
from export.write import MAX_SIDE
from models.descent import Descent
from models.fast import SIZE_MULTIPLE, Fast
from models.pictures import to_float
from models.vgg import LAYER_WIDTHS, Vgg19
from streamstyle.catalog import find_model
from streamstyle.descent import CONTENT, FEATURES, LOSSES, SCENE, SLOPES, STATISTICS, STRENGTH, STYLE_WEIGHT, WANTED
from streamstyle.errors import StreamstyleError, UsageError
from training.checkpoint import load_fast, weights_checksum

ROOT = Path(__file__).resolve().parent.parent
_SAMPLE = (72, 104)
_SIZES = ((64, 64), (160, 200), (96, 136))
_MOST_APART = 1e-2
"""Wider than for codes: a ReLU or a maximum that rounding turns takes or leaves a whole piece of the gradient."""


class DescentGraph(nn.Module):
    """`models.descent.Descent` of a picture in bytes, its slopes in one row."""

    def __init__(self, network: Fast, judge: Vgg19) -> None:
        super().__init__()
        self.descent = Descent(network, judge)
        self.names, self.moved = list(network.code_names), fitted_names(network)

    def forward(
        self, scene: Tensor, strength: Tensor, style_weight: Tensor, wanted: Tensor, content: Tensor, code: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """One pass; `scene` (1, H, W, 3) uint8, H and W multiples of 8, the rest as there."""
        named = dict(zip(self.names, code, strict=True))
        judged = self.descent(to_float(scene), strength, style_weight, wanted, content, named)
        slopes = torch.cat([judged.slopes[name] for name in self.moved], 1).flatten(1)
        return judged.losses, judged.statistics, judged.features, slopes


def export_descent(network: Fast, judge: Vgg19, path: Path, metadata: dict[str, str]) -> float:
    """Write the graph.

    Args:
        network: In evaluation mode, float32.
        judge: Likewise.
        path: Where to.
        metadata: As for `export.write.export_family`.

    Returns:
        The largest difference from PyTorch, relative to the largest value of each tensor.

    Raises:
        ParityError: The file does not compute what the network computes; it is removed.
    """
    code = network.sample_code()
    tensors = [code[name] for name in network.code_names]
    graph = DescentGraph(network, judge).eval()
    # In eighths.
    height, width = (torch.export.Dim(name, min=4, max=MAX_SIDE // SIZE_MULTIPLE) for name in ("height", "width"))
    sizes = ({1: SIZE_MULTIPLE * height, 2: SIZE_MULTIPLE * width}, None, None, None, {2: height, 3: width})
    export_graph(
        graph,
        [*_arguments(*_SAMPLE), tensors],
        (*sizes, [None] * len(tensors)),
        inputs=[SCENE, STRENGTH, STYLE_WEIGHT, WANTED, CONTENT, *network.code_names],
        outputs=[LOSSES, STATISTICS, FEATURES, SLOPES],
        path=path,
        metadata=metadata | {"family": network.family, "graph": "descent", "precision": "fp32"},
        compact=True,
    )
    worst = worst_difference(graph, path, [[*_arguments(*size), tensors] for size in _SIZES])
    if worst > _MOST_APART:
        path.unlink()
        raise ParityError(f"a slope differs by {worst:.1e}")
    return worst


def _arguments(height: int, width: int) -> list[Tensor]:
    drawn = torch.Generator().manual_seed(height * width)
    picture = torch.from_numpy(test_picture(height, width, height)[None])
    wanted = torch.rand(1, 2 * sum(LAYER_WIDTHS), generator=drawn)
    content = torch.rand(1, LAYER_WIDTHS[-1], height // SIZE_MULTIPLE, width // SIZE_MULTIPLE, generator=drawn)
    return [picture, torch.ones(1, 1, 1, 1), torch.full((1, 1), 1.5), wanted, content]


def main() -> int:
    """Export; exit code 2 for a wrong command line, 1 with one line when the weights cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m export.descent", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--weights", type=Path, default=ROOT / "models" / "fast.safetensors", help="of the network")
    parser.add_argument("--vgg", type=Path, help="weights of VGG-19, the judge, in the layout of vgg_normalised.pth")
    parser.add_argument("--download", action="store_true", help="fetch the public ones, 80 MB, once")
    parser.add_argument("--output", type=Path, help="default: where --fit strong looks for it")
    options = parser.parse_args()
    path = options.output or find_model("fast").descent
    try:
        judge = Vgg19.load(find_judge(options.vgg, download=options.download))
        network, _ = load_fast(options.weights)
        version = weights_checksum(options.weights)[:12]
        path.parent.mkdir(parents=True, exist_ok=True)
        worst = export_descent(network.requires_grad_(requires_grad=False), judge, path, {"version": version})
    except ParityError as error:
        print(f"export.descent: the exported graph differs from the network: {error}", file=sys.stderr)
        return 1
    except UsageError as error:
        print(f"export.descent: {error}", file=sys.stderr)
        return 2
    except (StreamstyleError, ValueError, OSError) as error:
        print(f"export.descent: {error}", file=sys.stderr)
        return 1
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, within {worst:.1e} of PyTorch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
