"""`python -m export.feedforward`: a per-style network -> `<name>.stylize.onnx` and, next to it, the styles that it knows.

There is no style graph: such a network cannot encode a painting. Its styles are the built-in ones of the model.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from export.builtin_styles import save_builtin_styles
from export.outputs import add_overwrite, refuse_to_replace
from export.parity import ParityError
from export.write import export_family
from streamstyle.errors import StreamstyleError
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import BuiltinStyle
from training.per_style.weights import load_weights


def export_feedforward(weights: Path, folder: Path, name: str) -> str:
    """Write the two files.

    Args:
        weights: What `python -m training.per_style` wrote.
        folder: Made if need be.
        name: Of the files.

    Returns:
        What to tell the user: the parity.

    Raises:
        ValueError: The weights cannot be used.
        ParityError: The graph does not compute what the network computes.
        OSError: The files cannot be written.
    """
    trained = load_weights(weights)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    version = digest[:12]
    metadata = {"version": version, "training_checksum": digest, "licence": "MIT"}
    exported = export_family(trained.network, folder, name, metadata)
    codes = []
    for index, style in enumerate(trained.styles):
        tensors = {key: tensor.numpy() for key, tensor in trained.network.style_code(index).items()}
        codes.append((BuiltinStyle(style, f"trained on {style}"), StyleCode(style, version, tensors)))
    save_builtin_styles(folder / f"{name}.styles.npz", codes)
    return f"{', '.join(trained.styles)}; parity with PyTorch: {exported.parity}"


def main() -> int:
    """Export; exit code 1 with one line when it cannot be done."""
    description = __doc__.split("\n", maxsplit=1)[0]
    parser = argparse.ArgumentParser(prog="python -m export.feedforward", description=description)
    parser.add_argument("--weights", type=Path, required=True, help="weights.safetensors of training.per_style")
    parser.add_argument("-o", "--output", type=Path, required=True, help="<name>.stylize.onnx")
    add_overwrite(parser)
    options = parser.parse_args()
    suffix = ".stylize.onnx"
    if not options.output.name.endswith(suffix):
        parser.error(f"-o: wanted a name that ends with {suffix}, got '{options.output}'")
    name = options.output.name.removesuffix(suffix)
    folder: Path = options.output.parent
    try:
        names = [f"{name}{suffix}", f"{name}.styles.npz"]
        refuse_to_replace(folder, names, overwrite=options.overwrite, reads=[options.weights])
        summary = export_feedforward(options.weights, folder, name)
    except (StreamstyleError, ValueError, OSError) as error:
        print(f"feedforward: {error}", file=sys.stderr)
        return 1
    except ParityError as error:
        print(f"feedforward: the exported graph differs from the network: {error}", file=sys.stderr)
        return 1
    print(f"{options.output}: {summary}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
