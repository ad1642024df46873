"""`python -m evaluation.report.side_by_side`: the same photos and paintings through Gatys, the paper's network and `fast`.

Draws one sheet and prints the seconds per image, the first image of a system apart: it pays for loading the model and
encoding the painting. Paintings are named on the sheet, not shown, so that it can be published whatever their rights are.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from evaluation.sizes import Painting, crop_to
from evaluation.systems.base import System
from evaluation.systems.catalog import Options, open_system
from models.gatys import Settings
from streamstyle.errors import StreamstyleError
from streamstyle.frame import Frame, Image
from streamstyle.media.pictures import read_image
from streamstyle.media.resize import resize, resize_short_side
from streamstyle.media.sinks.image import ImageSink
from streamstyle.styles.code import STYLE_SIZE

_TILE = (200, 150)
_LABEL = 22


@dataclass
class Timed:
    """A system and the seconds that its images took; loaded with its first image.

    Attributes:
        name: On the sheet.
        load: Gives the system.
        seconds: One per image.
    """

    name: str
    load: Callable[[], System]
    seconds: list[float] = field(default_factory=list)

    def run(self, content: Image, painting: Painting) -> Image:
        """One image, timed."""
        started = time.perf_counter()
        result = self._system.stylize(content, painting)
        self.seconds.append(time.perf_counter() - started)
        return result

    @cached_property
    def _system(self) -> System:
        return self.load()


def labeled(image: Image, *texts: str) -> Image:
    """A band above a picture, with its texts at equal distances."""
    band = np.full((_LABEL, image.shape[1], 3), 255, np.uint8)
    step = image.shape[1] // max(1, len(texts))
    for index, text in enumerate(texts):
        cv2.putText(band, text, (index * step + 4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return np.vstack([band, image])


def sheet(contents: Sequence[Image], styles: dict[str, Image], systems: Sequence[Timed], progress: Console) -> Image:
    """Run everything; one block per photo, one row per system, one column per painting."""
    blocks = []
    for number, content in enumerate(contents, start=1):
        rows = []
        for system in systems:
            tiles = []
            for name, style in styles.items():
                tiles.append(resize(system.run(content, Painting(name, resize_short_side(style, STYLE_SIZE))), *_TILE))
                progress.print(f"photo {number}, {name}, {system.name}: {system.seconds[-1]:.2f} s", highlight=False)
            rows.append(np.hstack([resize(content, *_TILE), *tiles]))
        block = [labeled(row, system.name, *styles) for system, row in zip(systems, rows, strict=True)]
        blocks += block
    return np.ascontiguousarray(np.vstack(blocks))


def print_seconds(systems: Sequence[Timed], size: tuple[int, int], console: Console) -> None:
    """The table of seconds per image."""
    table = Table("", "first image, s", "later images, s (median)", "images", title=f"{size[0]}x{size[1]}, CPU")
    for system in systems:
        later = f"{median(system.seconds[1:]):.3f}" if len(system.seconds) > 1 else "-"
        table.add_row(system.name, f"{system.seconds[0]:.2f}", later, str(len(system.seconds)))
    console.print(table)


def main() -> int:
    """Draw the sheet; exit code 1 with one line when an input cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.report.side_by_side", description=__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="photos")
    parser.add_argument("--styles", nargs="+", required=True, metavar="NAME=FILE", help="paintings, or FILE alone")
    parser.add_argument("--models", nargs="+", default=["vgg19", "fast"], help="models of the runtime")
    parser.add_argument("--vgg", type=Path, help="vgg_normalised.pth, for Gatys; left out without it")
    parser.add_argument("--steps", type=int, default=Settings().steps, help="evaluations of Gatys' loss per image")
    parser.add_argument("--size", type=int, nargs=2, default=(400, 300), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("-o", "--output", type=Path, required=True, help=".png or .jpg")
    options = parser.parse_args()
    width, height = options.size
    console = Console()
    try:
        contents = [crop_to(read_image(path), width, height) for path in options.contents]
        named = [entry.rpartition("=") for entry in options.styles]
        styles = {name or Path(file).stem: read_image(Path(file)) for name, _, file in named}
        how = Options(vgg=options.vgg, gatys_steps=options.steps)
        systems = [Timed("Gatys", lambda: open_system("gatys", how))] if options.vgg else []
        systems += [Timed(model, partial(open_system, model, how)) for model in options.models]
        picture = sheet(contents, styles, systems, console)
        with ImageSink(options.output, overwrite=True) as sink:
            sink.write(Frame(picture, 0, Fraction(0)))
    except (StreamstyleError, ValueError) as error:
        print(f"side_by_side: {error}", file=sys.stderr)
        return 1
    print_seconds(systems, (width, height), console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
