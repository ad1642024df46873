"""`python -m export`: trained weights -> the two ONNX files that the runtime ships, checked, with their model card."""

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from export.card import write_card
from export.count import count_macs
from export.outputs import add_overwrite, refuse_to_replace
from export.parity import ParityError
from export.write import export_family
from streamstyle.errors import ModelError, StreamstyleError
from streamstyle.runtime import checksums
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.styles.store import BuiltinStyles
from training.checkpoint import SHIPPED, load_fast, weights_checksum

ROOT = Path(__file__).resolve().parent.parent


def copy_what_belongs(folder: Path, name: str, version: str) -> None:
    """Put shipped styles next to a model of the same weights under another name: their codes hold for it."""
    shipped = WEIGHTS / "fast.styles.npz"
    try:
        BuiltinStyles(shipped, version)
    except ModelError:
        return
    copy = folder / f"{name}.styles.npz"
    if shipped.is_file() and copy.resolve() != shipped:
        shutil.copyfile(shipped, copy)
        checksums.record(copy)


def main() -> int:
    """Export; exit code 1 with one line when the weights cannot be used or the graphs differ from the network."""
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="of training.painted (default: those shipped)")
    parser.add_argument("--output", type=Path, default=ROOT / "streamstyle" / "weights", help="folder of the files")
    parser.add_argument("--name", help="name of the files (default: fast, or fast-fp16 with --precision fp16)")
    parser.add_argument("--precision", choices=("fp32", "fp16"), default="fp32", help="arithmetic of the convolutions")
    add_overwrite(parser)
    options = parser.parse_args()
    name = options.name or ("fast" if options.precision == "fp32" else "fast-fp16")
    names = [f"{name}{ending}" for ending in (".style.onnx", ".stylize.onnx", ".styles.npz", ".md")]
    try:
        refuse_to_replace(options.output, names, overwrite=options.overwrite, reads=[options.weights])
        network, record = load_fast(options.weights)
        checksum = weights_checksum(options.weights)
        metadata = {"version": checksum[:12], "training_checksum": checksum, "licence": "MIT"}
        metadata |= {"config": json.dumps(asdict(network.config)), "training": json.dumps(record)}
        if options.precision == "fp32":
            metadata["bfloat16"] = "yes"  # near enough to be taken unasked: docs/lab/benchmarks.md has the figures
        exported = export_family(network, options.output, name, metadata, precision=options.precision)
        copy_what_belongs(options.output, name, checksum[:12])
        write_card(options.output / f"{name}.md", record, checksum, exported.parity, count_macs(network, 360, 640))
    except ParityError as error:
        print(f"export: the exported graphs differ from the network: {error}", file=sys.stderr)
        return 1
    except (StreamstyleError, ValueError, OSError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    for path in (exported.style, exported.stylize):
        assert path is not None  # `fast` encodes styles
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
    print(f"parity with PyTorch: {exported.parity}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
