"""`python -m evaluation.judge`: judges of pictures that nothing is trained on, and the fixed sheet beside the peers.

    python -m evaluation.judge --model fast --model new=w.safetensors --contents photos/ --styles paintings.tar -o report/

prints a table, and writes `judged.json` (every figure of every picture), `sheet-1.jpg` and `sheet-2.jpg` (always the same
photos and paintings), `pairs.jpg` (what was judged) and `faces.jpg`. Exit codes: 0 done; 1 something cannot be used; 2 the
command line is wrong.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evaluation import fixed_sheet, gallery
from evaluation.judges import faces, lattice, texture
from evaluation.judging import FIGURES, Judged, Judges, stylized, summary
from evaluation.report.pictures import Pictures
from evaluation.sizes import as_painting
from evaluation.systems.base import System
from evaluation.systems.catalog import Options, open_system, split_name
from models.gatys.command import VGG_VARIABLE
from models.pictures import silence_opencv
from streamstyle.errors import ModelError, SinkError, StreamstyleError, UsageError
from streamstyle.frame import Frame, Image
from streamstyle.look.values import size_argument
from streamstyle.media.sinks.image import ImageSink

STILL_PAIRS = 6
"""Pairs that stillness is measured on: two more pictures each."""
FACE_PHOTOS = 10
"""Photos with faces, at most."""
_SHEET_ROWS = 6
_WIDE = 140
"""Columns where there is no terminal to ask: the table is not to be wrapped in a file."""


@dataclass
class SystemResult:
    """What one system painted, and its figures.

    Attributes:
        name: Its name in the table.
        version: Of its weights.
        runs_on: Runtime and precision.
        pairs: Judged pictures.
        faces: Judged pictures of photos with faces.
        sheet: Of the fixed sheet; None where it does not know the style.
        seconds: Time that all of it took.
    """

    name: str
    version: str
    runs_on: str
    pairs: list[Judged] = field(default_factory=list)
    faces: list[Judged] = field(default_factory=list)
    sheet: list[Image | None] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def figures(self) -> dict[str, float]:
        """Their summary."""
        return summary(self.pairs, self.faces)


def build_parser() -> argparse.ArgumentParser:
    """The parser of `python -m evaluation.judge`."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.judge",
        description="Judge pictures by what nothing is trained on; print a table, write sheets and JSON.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--model",
        action="append",
        metavar="[NAME=]MODEL",
        help="fast, an .onnx file, a .safetensors of `fast`, a folder of MicroAST's weights, painting or identity; may be "
        "given again and again (default fast)",
    )
    parser.add_argument("--contents", required=True, metavar="DIR|TAR[:PATTERN]", help="photos")
    parser.add_argument("--styles", required=True, metavar="DIR|TAR[:PATTERN]", help="paintings")
    parser.add_argument("--vgg", type=Path, metavar="FILE", help=f"VGG-19 (default: what {VGG_VARIABLE} names)")
    parser.add_argument("--pairs", type=int, default=24, metavar="N", help="photos in a painting each (default 24)")
    parser.add_argument("--size", type=int, default=360, metavar="N", help="short side of photos in pixels (default 360)")
    parser.add_argument(
        "--strokes",
        type=size_argument,
        metavar="N",
        help="short side at which fast paints (default: that of the photos; as for users: 300)",
    )
    parser.add_argument(
        "--all", action="store_true", help="take all pictures, not only those that training keeps aside by their names"
    )
    parser.add_argument("--no-faces", action="store_true", help="leave out the judge of faces")
    parser.add_argument("--no-sheet", action="store_true", help="leave out the fixed sheet")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the report")
    return parser


class Session:
    """What is judged, and by whom; the same for all systems."""

    def __init__(self, options: argparse.Namespace, console: Console) -> None:
        """Read the pictures, and look at the paintings.

        Raises:
            StreamstyleError: Something cannot be used.
            ValueError: The weights of VGG-19 cannot be used.
        """
        self._console = console
        # Before the work begins, so that what is missing is reported at once.
        face_judge = None if options.no_faces else _face_judge(console)
        vgg = _vgg(options.vgg)
        textures = texture.TextureJudge(vgg)
        contents = Pictures(options.contents, held_out=not options.all)
        styles = Pictures(options.styles, held_out=not options.all)
        chosen = gallery.Gallery(contents, styles, options.size)
        if len(chosen.paintings) < gallery.PAINTINGS:
            console.print(f"only {len(chosen.paintings)} paintings to tell the right one among, not {gallery.PAINTINGS}")
        self.pairs = chosen.pairs(options.pairs)
        self.paintings = len(chosen.paintings)
        self.face_pairs = _face_pairs(chosen, face_judge) if face_judge else []
        self.sheet = [] if options.no_sheet else _sheet_pairs(chosen, contents, styles, console)
        self._judges = Judges(textures, gallery.textures(textures, chosen.shown(), vgg), face_judge)

    def run(self, name: str, system: System) -> SystemResult:
        """Have a system stylize everything, and judge it."""
        started = time.perf_counter()
        result = SystemResult(name, system.facts.version, system.facts.runs_on)
        if not system.known_names:  # a network of fixed styles is shown with the nearest, which is not to be judged by
            for index, pair in enumerate(self.pairs):
                result.pairs.append(self._judges.judge(system, pair, still=index < STILL_PAIRS))
            if system.modes:
                result.faces = [self._judges.judge_faces(system, pair) for pair in self.face_pairs]
        result.sheet = [stylized(system, pair) if system.knows(pair.painting) else None for pair in self.sheet]
        result.seconds = time.perf_counter() - started
        self._console.print(f"{name}: {result.seconds:.0f} s", highlight=False, markup=False)
        return result


def _face_judge(console: Console) -> faces.FaceJudge | None:
    try:
        return faces.FaceJudge.installed()
    except ModelError as error:
        console.print(f"faces are not judged: {error}", highlight=False, markup=False, soft_wrap=True)
        return None


def _face_pairs(chosen: gallery.Gallery, judge: faces.FaceJudge) -> list[gallery.Pair]:
    """The first photos in which faces are found, each in another painting."""
    names = [name for name, photo in chosen.photos() if judge.find(photo)]
    return [chosen.pair(name, chosen.paintings[index]) for index, name in enumerate(names[:FACE_PHOTOS])]


def _sheet_pairs(chosen: gallery.Gallery, contents: Pictures, styles: Pictures, console: Console) -> list[gallery.Pair]:
    """The fixed pairs; none where these pictures are not those that they are of."""
    photos, paintings = ({Path(name).stem: name for name in pictures.names} for pictures in (contents, styles))
    if not all(photo in photos and painting in paintings for photo, painting in fixed_sheet.PAIRS):
        console.print("no fixed sheet: its photos and paintings are not all among these pictures")
        return []
    return [
        chosen.pair(photos[photo], as_painting(paintings[painting], styles.image(paintings[painting])))
        for photo, painting in fixed_sheet.PAIRS
    ]


def _vgg(named: Path | None) -> Path:
    path = named or Path(os.environ.get(VGG_VARIABLE, ""))
    if not path.is_file():
        raise UsageError(
            f"wanted the weights of VGG-19 (vgg_normalised.pth) with --vgg or in the environment variable {VGG_VARIABLE}, "
            f"but there is no file '{path}'; `python -m export.import_adain --download` fetches them"
        )
    return path


def table(results: Sequence[SystemResult], paintings: int) -> Table:
    """The summary, a row for each system."""
    shown = Table(title=f"{max(len(one.pairs) for one in results)} pairs, the right painting among {paintings}", box=None)
    shown.add_column("", no_wrap=True)
    for figure in FIGURES:
        shown.add_column(f"{figure.label}\n[dim]{figure.better}[/]", justify="right", no_wrap=True)
    for one in results:
        shown.add_row(one.name, *(figure.text(one.figures) for figure in FIGURES))
    return shown


def write(results: Sequence[SystemResult], session: Session, options: argparse.Namespace) -> list[Path]:
    """The JSON and the sheets.

    Raises:
        SinkError: A file cannot be written.
    """
    folder: Path = options.output
    document = {
        "settings": {
            "contents": options.contents,
            "styles": options.styles,
            "size": options.size,
            "strokes": options.strokes,
            "all": options.all,
        },
        "paintings": session.paintings,
        "systems": {
            one.name: {
                "version": one.version,
                "runs_on": one.runs_on,
                "seconds": round(one.seconds, 1),
                "figures": one.figures,
                "pictures": [
                    {"photo": judged.photo, "painting": judged.painting, **judged.figures}
                    for judged in (*one.pairs, *one.faces)
                ],
            }
            for one in results
        },
    }
    names = [one.name for one in results]
    sheets: dict[str, list[fixed_sheet.Row]] = {}
    rows = [_row(pair, [one.sheet[index] for one in results]) for index, pair in enumerate(session.sheet)]
    for first in range(0, len(rows), _SHEET_ROWS):
        sheets[f"sheet-{first // _SHEET_ROWS + 1}"] = rows[first : first + _SHEET_ROWS]
    sheets["pairs"] = [_row(pair, [_result(one.pairs, pair) for one in results]) for pair in session.pairs]
    sheets["faces"] = [_row(pair, [_result(one.faces, pair) for one in results]) for pair in session.face_pairs]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / "judged.json"]
        written[0].write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise SinkError(f"'{folder}' cannot be written: {(error.strerror or str(error)).lower()}") from error
    for name, content in sheets.items():
        if content:
            written.append(folder / f"{name}.jpg")
            with ImageSink(written[-1], overwrite=True) as sink:
                sink.write(Frame(fixed_sheet.draw(content, names), 0, Fraction(0)))
    return written


def _row(pair: gallery.Pair, results: Sequence[Image | None]) -> fixed_sheet.Row:
    return fixed_sheet.Row(f"{Path(pair.name).stem}, {pair.painting.name}", pair.photo, pair.painting.image, results)


def _result(judged: Sequence[Judged], pair: gallery.Pair) -> Image | None:
    return next((one.result for one in judged if one.photo == pair.name), None)


def run(options: argparse.Namespace, console: Console) -> int:
    """Judge and write; returns the exit code.

    Raises:
        StreamstyleError: Something cannot be used.
        ValueError: The weights of VGG-19 cannot be used.
    """
    models = dict(split_name(text) for text in options.model or ["fast"])
    if options.pairs < 1 or options.size < lattice.WINDOW:
        raise UsageError(f"wanted --pairs from 1 and --size from {lattice.WINDOW} on")
    systems = {name: open_system(model, Options(strokes=options.strokes)) for name, model in models.items()}
    session = Session(options, console)
    results = [session.run(name, system) for name, system in systems.items()]
    console.print(table(results, session.paintings))
    for path in write(results, session, options):
        console.print(str(path), highlight=False, markup=False, soft_wrap=True)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Without the program's name; `sys.argv` by default.

    Returns:
        The exit code.
    """
    options = build_parser().parse_args(arguments)
    silence_opencv()
    try:
        return run(options, Console() if sys.stdout.isatty() else Console(width=_WIDE))
    except (StreamstyleError, ValueError) as error:
        print(f"judge: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


if __name__ == "__main__":
    sys.exit(main())
