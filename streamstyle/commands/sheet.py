"""`streamstyle sheet`: one photo through all built-in styles, and one style through every control, as one picture."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from rich.console import Console

from streamstyle.commands.parser import add_model_arguments, named_files
from streamstyle.commands.progress import teller
from streamstyle.errors import StyleError
from streamstyle.files.job import default_output
from streamstyle.frame import Frame, Image
from streamstyle.look.look import Look
from streamstyle.look.options import style_argument
from streamstyle.look.recipe import Recipe
from streamstyle.look.values import size_argument, time_argument
from streamstyle.media.resize import resize, resize_short_side
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sinks.place import refuse_unless_writable
from streamstyle.media.sources import open_source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import reached
from streamstyle.styles.code import StyleCode, blend
from streamstyle.window import text as glyphs

_COLUMNS = 6
_TILE_LINES = 200
_LETTERS = 15
_GAP = 6
_PAPER, _INK = 255, 30
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture and what it shows."""

    image: Image
    label: str


def add_sheet_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle sheet`."""
    parser.add_argument("input", metavar="INPUT", help="a photo, or a video of which one frame is taken")
    parser.add_argument("--start", type=time_argument, metavar="T", help="which frame of a video: seconds or h:mm:ss")
    parser.add_argument(
        "--style",
        nargs="+",
        type=style_argument,
        metavar="STYLE",
        help="one or two to show the controls with (default: built-in ones)",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="a PNG or JPEG (default: INPUT_sheet.png)")
    parser.add_argument("--size", type=size_argument, default=360, metavar="N", help="paint at this short side")
    add_model_arguments(parser, with_precision=False)
    parser.add_argument("--overwrite", action="store_true", help="replace the output if it exists")


def sheet_command(options: argparse.Namespace, console: Console) -> int:
    """Write the sheet; returns the exit code."""
    reads = (options.input, *Recipe(tuple(options.style or ())).files, *named_files(options, but=()))
    with reached(options.input, lambda: open_source(options.input, start=options.start)) as source:
        output = options.output or default_output(replace(source.info, is_still=True), "sheet", None)
        refuse_unless_writable(output, overwrite=options.overwrite, reads=reads)
        content = next(iter(source)).image
    stylizer = Stylizer(options.model, options.device, tell=teller(console), for_frames=False)
    names = options.style or stylizer.encoder.builtin.names()[:2]
    if not names:
        raise StyleError(f"the model '{stylizer.name}' has no built-in styles; name one or two with --style")
    codes = [stylizer.encoder.find(name) for name in names[:2]]
    picture = contact_sheet(resize_short_side(content, options.size), stylizer, codes[0], codes[-1])
    with ImageSink(output, overwrite=options.overwrite, reads=reads) as sink:
        sink.write(Frame(picture, 0, Fraction(0)))
    console.print(f"sheet: {output}", soft_wrap=True, highlight=False)
    return 0


def contact_sheet(content: Image, stylizer: Stylizer, first: StyleCode, second: StyleCode) -> Image:
    """The sheet: built-in styles, strengths, blends and colors.

    Args:
        content: (H, W, 3) uint8 RGB, stylized at this size.
        stylizer: The model.
        first: The style to show the controls with.
        second: What it is blended with.

    Returns:
        (H, W, 3) uint8 RGB.
    """

    def tile(label: str, look: Look) -> Tile:
        return Tile(stylizer.stylize(content, look), label)

    builtin = stylizer.encoder.builtin
    styles = [Tile(content, "input"), *(tile(name, Look(builtin.code(name))) for name in builtin.names())]
    strengths = [tile(f"alpha {share:g}", Look(first, share)) for share in _SHARES]
    blends = [tile(f"{1 - share:g} : {share:g}", Look(blend([first, second], [1 - share, share]))) for share in _SHARES]
    colors = [
        tile("style", Look(first)),
        tile("content", Look(first, color="content")),
        tile("content, strength 0.5", Look(first, color="content", color_strength=0.5)),
        tile("luma", Look(first, color="luma")),
    ]
    sections = [
        ("built-in styles", styles),
        (f"{first.name}: strength", strengths),
        (f"{first.name} to {second.name}: blends", blends),
        (f"{first.name}: colors", colors),
    ]
    return np.ascontiguousarray(np.vstack([section(title, tiles) for title, tiles in sections if len(tiles) > 1]))


def section(title: str, tiles: Sequence[Tile]) -> Image:
    """A title above rows of labelled tiles."""
    height, width = tiles[0].image.shape[:2]
    width = max(1, round(width * _TILE_LINES / height))
    cells = [_cell(tile, width) for tile in tiles]
    columns = _COLUMNS
    cells += [np.full_like(cells[0], _PAPER)] * (-len(cells) % columns)
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    heading = _line(title, rows[0].shape[1], _LETTERS + 5, bold=True)
    return np.vstack([heading, *rows])


def _cell(tile: Tile, width: int) -> Image:
    picture = resize(tile.image, width, _TILE_LINES)
    cell = np.full((_TILE_LINES + _GAP, width + _GAP, 3), _PAPER, np.uint8)
    cell[:_TILE_LINES, :width] = picture
    return np.vstack([cell, _line(tile.label, cell.shape[1], _LETTERS)])


def _line(text: str, width: int, size: int, *, bold: bool = False) -> Image:
    """Dark letters on white, as wide as asked."""
    ink = glyphs.mask(glyphs.shorten(text, size, width - 2 * _GAP, bold=bold), size, bold=bold)
    line = np.full((ink.shape[0] + _GAP, width, 3), _PAPER, np.uint8)
    dark = ink.astype(np.float32)[..., None] / 255
    line[: ink.shape[0], _GAP : _GAP + ink.shape[1]] = (_PAPER + dark * (_INK - _PAPER)).astype(np.uint8)
    return line
