"""`python -m export`: trained weights -> the two ONNX files that the runtime ships, checked, with their model card."""

import argparse
import hashlib
import sys
from pathlib import Path

import torch

from export.card import write_card
from export.count import count_macs
from export.graphs import StyleGraph, StylizeGraph
from export.parity import ParityError, check_parity
from export.to_onnx import SAMPLE_SHAPE, export_graph
from models.fast import SIZE_MULTIPLE
from training.checkpoint import load_weights

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Export; exit code 1 with one line when the weights cannot be used or the graphs differ from the network."""
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("--weights", type=Path, default=ROOT / "models" / "fast.safetensors")
    parser.add_argument("--output", type=Path, default=ROOT / "streamstyle" / "weights")
    options = parser.parse_args()
    try:
        network, record = load_weights(options.weights)
    except ValueError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    checksum = hashlib.sha256(options.weights.read_bytes()).hexdigest()
    metadata = {
        "family": "fast",
        "version": checksum[:12],
        "training_checksum": checksum,
        "size_multiple": str(SIZE_MULTIPLE),
        "licence": "MIT",
    }
    options.output.mkdir(parents=True, exist_ok=True)
    style_path, stylize_path = options.output / "fast.style.onnx", options.output / "fast.stylize.onnx"
    style_graph, stylize_graph = StyleGraph(network).eval(), StylizeGraph(network).eval()
    picture = torch.randint(0, 256, SAMPLE_SHAPE, dtype=torch.uint8)
    dimension = torch.export.Dim
    size = {1: dimension("height", min=1, max=1 << 15), 2: dimension("width", min=1, max=1 << 15)}
    export_graph(
        style_graph,
        [picture],
        (size,),
        inputs=["style"],
        outputs=style_graph.names,
        path=style_path,
        metadata=metadata | {"graph": "style"},
    )
    with torch.no_grad():
        code = style_graph(picture)
    export_graph(
        stylize_graph,
        [picture, torch.ones(1, 1, 1, 1), list(code)],
        (size, None, [None] * len(code)),
        inputs=["content", "alpha", *style_graph.names],
        outputs=["stylized"],
        path=stylize_path,
        metadata=metadata | {"graph": "stylize"},
    )
    try:
        parity = check_parity(network, style_path, stylize_path)
    except ParityError as error:
        print(f"export: the exported graphs differ from the network: {error}", file=sys.stderr)
        return 1
    write_card(options.output / "fast.md", record, checksum, parity, count_macs(network, 360, 640))
    for path in (style_path, stylize_path):
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
    print(
        f"parity with PyTorch: at most {parity.levels} level(s), on {parity.share:.3%} of the values; "
        f"style codes within {parity.code:.1e}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
