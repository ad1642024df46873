"""`streamstyle style make`: a style tuned for one painting, better than what the encoder sees at a glance."""

import argparse
import json
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from rich import progress as rich_progress
from rich.console import Console

from streamstyle.api.look import Style
from streamstyle.api.painter import Painter, load
from streamstyle.commands.progress import complain, teller
from streamstyle.errors import SourceError, StyleError, UsageError
from streamstyle.frame import Frame, Image
from streamstyle.look.values import number_argument
from streamstyle.media.pictures import read_image
from streamstyle.media.places import is_url, kind, local_path, quoted
from streamstyle.media.resize import resize, within
from streamstyle.media.sinks.image import IMAGE_SUFFIXES, ImageSink
from streamstyle.media.sinks.place import make_folder, refuse_unless_writable
from streamstyle.media.sources import expand_inputs
from streamstyle.styles.code import StyleCode
from streamstyle.styles.names import did_you_mean
from streamstyle.styles.own import own_folder, own_styles
from streamstyle.styles.store import STYLE_FILE, is_bare, is_style_file, save_style, style_name
from streamstyle.tuning.child import Child, Progress, requirements
from streamstyle.tuning.photos import SHORT_SIDE, user_photos, usual_photos

MINUTES, MOST_MINUTES = 5.0, 60.0
_SECONDS_AROUND = 5.0
"""Seconds of --minutes that are kept for the steps before and after the tuning."""
_PREVIEW_LINES = 360
_LOG_SECONDS = 30.0


def add_style_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle style`."""
    parser.add_argument("what", choices=("make",), metavar="make", help="tune a style for one painting")
    parser.add_argument("painting", metavar="PAINTING", help="a picture of a painting")
    parser.add_argument(
        "--photos",
        nargs="+",
        metavar="INPUT",
        help="photos, videos or folders like those to be painted later (default: a few of the program's)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help=f"NAME{STYLE_FILE} (default: among your own styles)"
    )
    parser.add_argument(
        "--minutes", type=_minutes, default=MINUTES, metavar="N", help=f"how long it may take (default: {MINUTES:g})"
    )
    parser.add_argument(
        "--preview", type=Path, metavar="FILE", help="a picture that shows how far it is (default: NAME.preview.jpg)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output and the preview if they exist")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def _minutes(text: str) -> float:
    return number_argument(text, lambda value: 0 < value <= MOST_MINUTES, f"minutes, above 0 and at most {MOST_MINUTES:g}")


def style_command(options: argparse.Namespace, console: Console) -> int:
    """Tune a style; returns the exit code."""
    started = time.monotonic()
    place = _found(options.painting)
    output = _output(options.output, place)
    name = style_name(str(output))
    preview = options.preview or (output.parent if options.output else Path()) / f"{name}.preview.jpg"
    if preview.suffix.lower() not in IMAGE_SUFFIXES:
        raise UsageError(f"--preview {quoted(preview)} has no ending of a photo; choose one of {', '.join(IMAGE_SUFFIXES)}")
    files = expand_inputs(options.photos or [])
    for written in (output, preview):
        refuse_unless_writable(written, overwrite=options.overwrite, reads=(place, *files))
    painting = _painting(place)
    vgg = requirements()
    photos, problems = user_photos(files) if files else (usual_photos(), [])
    for problem in problems:
        complain(problem)
    painter = load()
    encoded = painter.encode(painting, name=name)
    board = _Board(preview, painter, painting, photos[0], encoded)
    tell = teller(console)
    tell(f"{len(photos)} photos to learn from; preview: {preview}")
    outcome = _Outcome()
    seconds = 60 * options.minutes - _SECONDS_AROUND - (time.monotonic() - started)
    try:
        with (
            Child(vgg, within(painting, SHORT_SIDE), photos, max(1.0, seconds)) as child,
            _Bar(output.name, 60 * options.minutes, console, started) as bar,
        ):
            for told in child.progress():
                if outcome.hear(told, child, encoded.model_version):
                    board.show(outcome.style)
                bar.show(outcome)
        refuse_unless_writable(output, overwrite=options.overwrite, reads=(place, *files))
        save_style(output, outcome.style)
    except BaseException:
        if outcome.is_style:
            complain(f"the style so far, which can be used: {_keep_unfinished(output, outcome.style)}")
        raise
    elapsed = round(time.monotonic() - started)
    pace = f"{outcome.steps} steps in {elapsed // 60}:{elapsed % 60:02}"
    tell(f"{pace}, distance to the painting {outcome.distances}: {output}")
    is_known = options.output is None and name not in [style.name for style in painter.styles]
    tell(f"use it: streamstyle video clip.mp4 --style {shlex.quote(name if is_known else str(output))}")
    if options.json:
        report = {"output": str(output), "preview": str(preview), "seconds": elapsed, "steps": outcome.steps}
        print(json.dumps(report | {"distance_before": outcome.before, "distance": outcome.after}), flush=True)
    return 0


@dataclass(slots=True)
class _Outcome:
    """The result of the tuning so far.

    Attributes:
        steps: That were learnt.
        before: Distance to the painting of the encoder's own code.
        after: Distance of the style.
    """

    steps: int = 0
    before: float = 0.0
    after: float = 0.0
    _style: StyleCode | None = None

    def hear(self, told: Progress, child: Child, model_version: str) -> bool:
        """Handle a message of the child; returns whether there is a new style."""
        self.steps = told.steps
        if told.distance is None:
            return False
        self.after = told.distance
        self.before = self.before or told.distance
        self._style = child.style(model_version)
        return self.is_style

    @property
    def is_style(self) -> bool:
        """Whether there is a style already."""
        return self._style is not None

    @property
    def style(self) -> StyleCode:
        """The style so far; StyleError where there is none yet."""
        if self._style is None:
            raise StyleError("the time was too short for a style; give it more --minutes")
        return self._style

    @property
    def distances(self) -> str:
        """From the start to now."""
        return f"{self.before:.2f} -> {self.after:.2f}"


def _output(named: Path | None, painting: str) -> Path:
    """Where the style goes: `my`, `my.style`, `my.style.npz` all mean the last; by default among the user's own styles."""
    if named is None:
        folder = own_folder()
        make_folder(folder)
        return folder / f"{style_name(painting)}{STYLE_FILE}"
    for ending in (STYLE_FILE, ".style", ""):
        if named.name.endswith(ending) and (ending or not named.suffix):
            return named.with_name(f"{named.name.removesuffix(ending)}{STYLE_FILE}")
    raise UsageError(f"--output {quoted(named)} has no ending of a style file; end it in {STYLE_FILE}")


def _found(painting: str) -> str:
    """Where the painting lies: as it was named, or among the user's own styles.

    Raises:
        StyleError: It is only a name, and nobody's.
        UsageError: It is a style already.
    """
    if is_bare(painting) and kind(painting) == "nothing":
        own = own_styles()
        if painting not in own:
            hint = did_you_mean(painting, own) or "name the picture of a painting (built-in styles are tuned already)"
            raise StyleError(f"{quoted(painting)} is no file; {hint}")
        painting = str(own[painting])
    if is_style_file(painting):
        raise UsageError(f"{quoted(painting)} is a style file already; name the picture of a painting")
    return painting


def _painting(name: str) -> Image:
    if not is_url(name) and kind(local_path(name)) == "folder":
        raise StyleError(f"{quoted(name)} is a folder; name one picture of a painting")
    try:
        return read_image(name)
    except SourceError as error:
        raise StyleError(f"painting {error}") from error


def _keep_unfinished(output: Path, style: StyleCode) -> Path:
    """Write an unfinished style under a name of its own, which is a style file's, too."""
    name, number = output.name.removesuffix(STYLE_FILE), 1
    while (place := output.with_name(f"{name}.partial{'' if number == 1 else f'-{number}'}{STYLE_FILE}")).exists():
        number += 1
    save_style(place, style)
    return place


class _Board:
    """The preview: the painting and a photo; the photo as the encoder would have it, and as it is now."""

    def __init__(self, path: Path, painter: Painter, painting: Image, photo: Image, encoded: StyleCode) -> None:
        """Begin with the encoder's style; SinkError where the file cannot be written."""
        self._path, self._painter, self._photo = path, painter, photo
        self._above, self._first = (painting, photo), self._painted(encoded)
        self._write(self._first)

    def show(self, style: StyleCode) -> None:
        """The photo in the style so far."""
        self._write(self._painted(style))

    def _painted(self, style: StyleCode) -> Image:
        return self._painter.paint(self._photo, self._painter.look(Style(style.name, style.model_version, style.tensors)))

    def _write(self, now: Image) -> None:
        picture = _stacked((self._above, (self._first, now)))
        with ImageSink(self._path, overwrite=True) as sink:  # it was checked before that it may be replaced
            sink.write(Frame(picture, 0, Fraction(0)))


def _stacked(rows: Sequence[Sequence[Image]]) -> Image:
    """Pictures in rows of equal height, which begin at the left."""
    lines = []
    for row in rows:
        widths = [max(1, round(image.shape[1] * _PREVIEW_LINES / len(image))) for image in row]
        lines.append(np.hstack([resize(image, width, _PREVIEW_LINES) for image, width in zip(row, widths, strict=True)]))
    width = max(line.shape[1] for line in lines)
    return np.vstack([np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0))) for line in lines])


class _Bar:
    """On a terminal a bar with time left; in a log file a line now and then."""

    def __init__(
        self, name: str, total: float, console: Console, started: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._total, self._console, self._started, self._clock = total, console, started, clock
        self._told = clock()
        self._bar = rich_progress.Progress(
            rich_progress.TextColumn("{task.description}", markup=False),
            rich_progress.BarColumn(),
            rich_progress.TimeElapsedColumn(),
            rich_progress.TextColumn("{task.fields[left]} left, distance {task.fields[distance]}", markup=False),
            console=console,
            transient=True,
            disable=console.quiet or not console.is_terminal,
        )
        self._name, self._task = name, self._bar.add_task(name, total=total, left="?", distance="?")

    def show(self, outcome: _Outcome) -> None:
        """A step is done."""
        now = self._clock()
        spent = now - self._started
        left = max(0, round(self._total - spent))
        left_text = f"{left // 60}:{left % 60:02}"
        self._bar.update(self._task, completed=spent, left=left_text, distance=outcome.distances)
        if not self._console.is_terminal and now - self._told > _LOG_SECONDS:
            self._told = now
            line = f"{self._name}: {left_text} left, distance to the painting {outcome.distances}"
            self._console.print(line, highlight=False, soft_wrap=True)

    def __enter__(self) -> "_Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
