"""`python -m export.builtin_styles`: write the shipped styles' codes, after each training.

The codes are learnt along with the network (`training.painted`, `codes.safetensors` in its folder), some 20 KB each; the
pictures are never shipped.
"""

import argparse
import sys
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file

from streamstyle.errors import StreamstyleError
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import BuiltinStyle, save_builtin_styles
from training.builtin import PAINTINGS
from training.checkpoint import SHIPPED, weights_checksum

VERSION_DIGITS = 12


def builtin_codes(path: Path, version: str) -> list[tuple[BuiltinStyle, StyleCode]]:
    """The codes of all built-in styles, in the order of PAINTINGS.

    Args:
        path: Name -> (S, C, 1, 1) float32, as `training.painted` writes them.
        version: Of the weights that they were learnt with.

    Raises:
        ValueError: The file cannot be read, or holds another number of styles.
    """
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"'{path}' cannot be read as codes ({error}); wanted codes.safetensors of training.painted"
        ) from error
    counts = {len(tensor) for tensor in tensors.values()}
    if counts != {len(PAINTINGS)}:
        raise ValueError(f"'{path}' holds codes of {sorted(counts)} styles; wanted {len(PAINTINGS)}")
    return [
        (
            BuiltinStyle(name, description),
            StyleCode(name, version, {part: tensor[index : index + 1] for part, tensor in tensors.items()}),
        )
        for index, (name, _file, description) in enumerate(PAINTINGS)
    ]


def main(arguments: list[str] | None = None) -> int:
    """Write `fast.styles.npz`."""
    parser = argparse.ArgumentParser(prog="python -m export.builtin_styles", description=__doc__)
    parser.add_argument("--codes", type=Path, required=True, help="codes.safetensors of training.painted")
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="that they belong to")
    parser.add_argument("--folder", type=Path, default=WEIGHTS, help="where to write (default: the package)")
    options = parser.parse_args(arguments)
    path: Path = options.folder / "fast.styles.npz"
    try:
        codes = builtin_codes(options.codes, weights_checksum(options.weights)[:VERSION_DIGITS])
        save_builtin_styles(path, codes)
    except (StreamstyleError, OSError, ValueError) as error:
        print(f"builtin_styles: {error}", file=sys.stderr)
        return 1
    print(f"{path.name}: {len(codes)} styles, {path.stat().st_size / 1024:.0f} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
