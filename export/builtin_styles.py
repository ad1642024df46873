"""`python -m export.builtin_styles`: write the shipped styles' codes, after each training.

The codes are learnt along with the network (`training.painted`, `codes.safetensors` in its folder), some 20 KB each; the
pictures are never shipped.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from export.outputs import add_overwrite, refuse_to_replace
from streamstyle.errors import StreamstyleError
from streamstyle.media.whole import whole_file
from streamstyle.runtime import checksums
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import BuiltinStyle
from training.builtin import PAINTINGS
from training.checkpoint import SHIPPED, weights_checksum
from training.painted.learner import read_codes

VERSION_DIGITS = 12


def builtin_codes(path: Path, version: str) -> list[tuple[BuiltinStyle, StyleCode]]:
    """The codes of all built-in styles, in the order of PAINTINGS.

    Args:
        path: As `training.painted` writes it.
        version: Of the weights that they were learnt with.

    Raises:
        ValueError: The file cannot be read, or lacks a style.
        OSError: It cannot be read at all.
    """
    codes = read_codes(path)
    if missing := [name for name, _file, _description in PAINTINGS if name not in codes]:
        raise ValueError(f"'{path}' lacks codes of {', '.join(missing)}; wanted {len(PAINTINGS)} styles")
    return [
        (BuiltinStyle(name, about), StyleCode(name, version, {part: t.numpy() for part, t in codes[name].items()}))
        for name, _file, about in PAINTINGS
    ]


def save_builtin_styles(path: Path, codes: list[tuple[BuiltinStyle, StyleCode]]) -> None:
    """Write the file that BuiltinStyles reads, and its checksum next to it; all codes of one model."""
    index = {
        "model_version": codes[0][1].model_version,
        "styles": [{"name": style.name, "description": style.description} for style, _ in codes],
    }
    arrays = {f"{style.name}/{key}": tensor for style, code in codes for key, tensor in code.tensors.items()}
    with whole_file(path) as partial, partial.open("xb") as file:
        np.savez_compressed(file, index=np.array(json.dumps(index)), **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for options
    checksums.record(path)


def main(arguments: list[str] | None = None) -> int:
    """Write `fast.styles.npz`."""
    parser = argparse.ArgumentParser(prog="python -m export.builtin_styles", description=__doc__)
    parser.add_argument("--codes", type=Path, required=True, help="codes.safetensors of training.painted")
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="that they belong to")
    parser.add_argument("--folder", type=Path, default=WEIGHTS, help="where to write (default: the package)")
    add_overwrite(parser)
    options = parser.parse_args(arguments)
    path: Path = options.folder / "fast.styles.npz"
    try:
        refuse_to_replace(options.folder, [path.name], overwrite=options.overwrite, reads=[options.codes, options.weights])
        codes = builtin_codes(options.codes, weights_checksum(options.weights)[:VERSION_DIGITS])
        save_builtin_styles(path, codes)
    except (StreamstyleError, OSError, ValueError) as error:
        print(f"builtin_styles: {error}", file=sys.stderr)
        return 1
    print(f"{path.name}: {len(codes)} styles, {path.stat().st_size / 1024:.0f} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
