"""`streamstyle demo`: a portrait whose background is painted, as a video beside the original."""

import argparse
import sys
import webbrowser
from contextlib import closing
from fractions import Fraction
from pathlib import Path

from rich.console import Console

from streamstyle.commands.demo_clip import write_demo_clip
from streamstyle.commands.install import offer
from streamstyle.commands.progress import FrameProgress, complain, teller
from streamstyle.commands.video import tell
from streamstyle.errors import SourceError
from streamstyle.files.job import Job, Report
from streamstyle.files.run import stylize_source
from streamstyle.frame import Frame, Image
from streamstyle.look.options import style_argument
from streamstyle.look.people import weights
from streamstyle.look.player import Player
from streamstyle.look.recipe import AS_REST, KEEP, Recipe
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sinks.place import make_folder, refuse_unless_writable
from streamstyle.media.sources import open_source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.machine import has_desktop
from streamstyle.runtime.table import DEVICES

_CLIP, _VIDEO, _PICTURE = "portrait.mp4", "before_and_after.mp4", "before_and_after.png"
_SHOWN_SECONDS = Fraction(2)
_NEXT = """
Try next:
  streamstyle video PHOTO_OR_VIDEO --style composition    a file of yours; the result lies next to it
  streamstyle styles PHOTO --open                         all styles, on a photo of yours
  streamstyle camera                                      your camera, live; h shows the keys"""


def add_demo_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle demo`."""
    parser.add_argument(
        "--style",
        type=style_argument,
        default="composition",
        metavar="STYLE",
        help="a picture or a built-in style (default: composition)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("demo"), metavar="DIR", help="folder for the results (default: demo)"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument("--overwrite", action="store_true", help="replace the results of an earlier run")
    parser.add_argument("--no-open", action="store_true", help="do not show the result when it is done")


def demo_command(options: argparse.Namespace, console: Console) -> int:
    """Run the demonstration; returns the exit code."""
    say = teller(console)
    offer("people")
    stylizer = Stylizer("fast", options.device, tell=say)
    say(stylizer.description)
    if not weights.is_there(weights.PEOPLE):
        say(f"all is painted; to keep people as they are: {weights.PEOPLE.install}")
    report, picture = run_demo(stylizer, options.style, options.output, console, overwrite=options.overwrite)
    tell(report, console, as_json=False)
    say(f"one frame of it: {picture}")
    is_seen = not options.no_open and sys.stdout.isatty() and has_desktop()
    if is_seen and not webbrowser.open(Path(report.output).resolve().as_uri()):
        complain("nothing can be opened here; open the video yourself")
    say(_NEXT)
    return 0


def run_demo(
    stylizer: Stylizer, style: str, folder: Path, console: Console, *, overwrite: bool = False
) -> tuple[Report, Path]:
    """Paint the clip beside its original, people left as they are where they can be found.

    Args:
        stylizer: The model.
        style: A built-in style or an image file.
        folder: Where the results go; made if need be.
        console: Shows the progress.
        overwrite: Replace those of an earlier run.

    Returns:
        The report, and the place of one frame as a picture.

    Raises:
        StreamstyleError: The style cannot be used, or as stylize_source.
    """
    recipe = Recipe((style,), strokes="bold", person=KEEP if weights.is_there(weights.PEOPLE) else AS_REST)
    clip, video, picture = (folder / name for name in (_CLIP, _VIDEO, _PICTURE))
    with closing(Player(recipe, stylizer.encoder.find)) as player:
        make_folder(folder)
        for place in (clip, video, picture):
            refuse_unless_writable(place, overwrite=overwrite, reads=(style,))
        write_demo_clip(clip, overwrite=overwrite)
        job = Job(video, overwrite=overwrite, reads=(style,), compare="side")
        with open_source(str(clip)) as source, FrameProgress(clip.name, source.info.frame_count, console) as progress:
            report = stylize_source(source, job, stylizer, player, progress=progress.advance)
    with ImageSink(picture, overwrite=overwrite, reads=(style,)) as sink:
        sink.write(Frame(_frame_at(video, _SHOWN_SECONDS), 0, Fraction(0)))
    return report, picture


def _frame_at(path: Path, seconds: Fraction) -> Image:
    with open_source(str(path), start=seconds) as source:
        for frame in source:
            return frame.image
    raise SourceError(f"'{path}' is shorter than {float(seconds):g} s")
