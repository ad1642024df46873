"""`python -m export.style_sheet`: one frame of a clip through all built-in styles, as one picture."""

import argparse
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamstyle.errors import StreamstyleError
from streamstyle.frame import Frame, Image
from streamstyle.look import Look
from streamstyle.sinks.image import ImageSink
from streamstyle.sources import open_source
from streamstyle.stylizer import Stylizer
from streamstyle.upscale import resize_short_side

_COLUMNS = 6
_LINES = 216


def labelled(image: Image, name: str) -> Image:
    """The picture with its name in the lower left corner."""
    image = image.copy()
    for color, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(image, name, (6, image.shape[0] - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, color, width, cv2.LINE_AA)
    return image


def sheet(content: Image, stylizer: Stylizer) -> Image:
    """The content and its stylized versions, in rows."""
    tiles = [labelled(resize_short_side(content, _LINES), "input")]
    for name in stylizer.builtin_styles.names():
        stylized = stylizer.stylize(content, Look(stylizer.builtin_styles.code(name)))
        tiles.append(labelled(resize_short_side(stylized, _LINES), name))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % _COLUMNS)
    rows = [np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)]
    return np.ascontiguousarray(np.vstack(rows))


def main() -> int:
    """Write the sheet."""
    parser = argparse.ArgumentParser(prog="python -m export.style_sheet", description=__doc__)
    parser.add_argument("input", help="a photo or a video")
    parser.add_argument("--start", type=Fraction, help="second of the video")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    try:
        with open_source(options.input, start=options.start) as source:
            content = next(iter(source)).image
        with ImageSink(options.output, overwrite=True) as sink:
            sink.write(Frame(sheet(resize_short_side(content, 360), Stylizer("fast", "cpu")), 0, Fraction(0)))
    except StreamstyleError as error:
        print(f"style_sheet: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
