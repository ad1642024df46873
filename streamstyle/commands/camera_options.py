"""The options of `streamstyle camera`."""

import argparse
from pathlib import Path

from streamstyle.commands.parser import add_model_arguments
from streamstyle.look.options import add_look_arguments
from streamstyle.look.values import (
    auto_size_argument,
    dimensions_argument,
    rate_argument,
    seconds_argument,
)
from streamstyle.studio.listening import MJPEG_PORT

DEFAULT_ADDRESS = f"127.0.0.1:{MJPEG_PORT}"


def add_camera_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle camera` and `run_camera.py`."""
    parser.add_argument(
        "--camera", metavar="C", help="index, name, path, or a file or URL to play as one (default: the first)"
    )
    parser.add_argument("--list-cameras", action="store_true", help="show the cameras with what they can do, and stop")
    parser.add_argument("--styles-folder", type=Path, metavar="DIR", help="pictures in it, also later ones, become styles")
    add_look_arguments(parser)
    add_model_arguments(parser)
    parser.add_argument(
        "--size",
        type=auto_size_argument,
        metavar="auto|N",
        help="paint at this short side; auto: that of --strokes, or as near as the machine can (default: auto)",
    )
    parser.add_argument("--fps", type=rate_argument, metavar="F", help="frames per second to ask the camera for")
    parser.add_argument("--camera-size", type=dimensions_argument, metavar="WxH", help="frame size to ask the camera for")
    parser.add_argument("--loop", action="store_true", help="play a file again and again")
    parser.add_argument("--mirror", action=argparse.BooleanOptionalAction, default=False, help="swap left and right")
    parser.add_argument(
        "--virtual-camera",
        nargs="?",
        const="",
        metavar="DEVICE",
        help="a camera for OBS, Zoom and browsers",
    )
    parser.add_argument("--record", type=Path, metavar="OUT", help="record to a file")
    parser.add_argument(
        "--audio",
        nargs="?",
        const="",
        metavar="MIC",
        help="record sound, too: of the file that plays, or of a microphone (name or number)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a recording that exists")
    parser.add_argument(
        "--mjpeg",
        nargs="?",
        const=DEFAULT_ADDRESS,
        metavar="HOST:PORT",
        help=f"serve to browsers (default: {DEFAULT_ADDRESS})",
    )
    parser.add_argument("--no-window", action="store_true", help="open no window")
    parser.add_argument("--seconds", type=seconds_argument, metavar="S", help="stop after so long")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")
