"""The options of `streamstyle video`."""

import argparse

from streamstyle.commands.parser import add_model_arguments
from streamstyle.commands.preview import add_sharing_arguments
from streamstyle.look.options import add_look_arguments
from streamstyle.look.values import size_argument, time_argument, whole_argument
from streamstyle.media.sources import hardware

_MOST_WORKERS = 256


def add_video_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle video` and `run_video.py`."""
    parser.add_argument("inputs", nargs="*", metavar="INPUT", help="videos, photos, folders of them, or URLs")
    parser.add_argument("-o", "--output", metavar="OUT", help="a file, or a folder for several inputs")
    add_look_arguments(parser)
    add_model_arguments(parser)
    parser.add_argument("--size", type=size_argument, metavar="N", help="paint at this short side instead of --strokes")
    parser.add_argument("--output-size", type=size_argument, metavar="N", help="short side of the result")
    parser.add_argument("--start", type=time_argument, metavar="T", help="begin here: seconds or h:mm:ss")
    parser.add_argument("--end", type=time_argument, metavar="T", help="stop here")
    parser.add_argument(
        "--hwaccel",
        choices=hardware.choices(),
        default=hardware.OFF,
        help="what decodes videos (default: off, the CPU)",
    )
    parser.add_argument("--codec", metavar="C", help="video codec (default: h264, or what the container wants)")
    parser.add_argument("--crf", type=_quality_argument, metavar="N", help="video quality: lower is better and larger")
    parser.add_argument(
        "--skip-duplicates",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="paint a frame that repeats the one before only once (default: yes)",
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--overwrite", action="store_true", help="replace outputs that exist")
    existing.add_argument("--skip-existing", action="store_true", help="leave out inputs whose outputs exist")
    parser.add_argument(
        "--no-resume",
        dest="resume",
        action="store_false",
        help="paint a film from its beginning instead of going on where a run before was stopped",
    )
    parser.add_argument(
        "--workers",
        type=_workers_argument,
        default=1,
        metavar="N|auto",
        help="paint films longer than a minute in this many processes (default: 1)",
    )
    parser.add_argument(
        "--cluster", default="", metavar="auto|ADDRESS", help="paint films longer than a minute on a Ray cluster"
    )
    parser.add_argument("--keep-gps", action="store_true", help="keep in the result where a photo was taken")
    add_sharing_arguments(parser)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON per input on standard output")
    parser.add_argument("--list-styles", action="store_true", help="show the built-in styles and stop")
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def _workers_argument(text: str) -> int | None:
    """A number of processes; None for `auto`."""
    if text == "auto":
        return None
    return whole_argument(text, 1, _MOST_WORKERS, f"1 to {_MOST_WORKERS}, or auto")


def _quality_argument(text: str) -> int:
    """A constant quality of a video, as encoders number it."""
    return whole_argument(text, 0, 63, "a whole number from 0 to 63")
