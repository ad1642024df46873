"""The command line: parse, open, run, and turn every failure into one line and an exit code.

Exit codes: 0 done; 1 something failed; 2 the command line is wrong; 130, 143 and 129 stopped by Ctrl-C, by SIGTERM and
since the terminal was closed.
"""

import argparse
import io
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console

from streamstyle import __version__
from streamstyle.commands.camera import camera_command
from streamstyle.commands.camera_options import add_camera_arguments, with_config
from streamstyle.commands.demo import run_demo
from streamstyle.commands.progress import complain, teller
from streamstyle.commands.sheet import add_sheet_arguments, sheet_command
from streamstyle.commands.style import add_style_arguments, style_command
from streamstyle.commands.video import add_video_arguments, tell, video_command
from streamstyle.doctor import add_doctor_arguments, doctor_command
from streamstyle.errors import Interrupted, StreamstyleError, UsageError
from streamstyle.look.removed import removed
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.table import DEVICES


def demo_command(options: argparse.Namespace, console: Console) -> int:
    """Run the demonstration; returns the exit code."""
    stylizer = Stylizer("fast", options.device, tell=teller(console))
    console.print(stylizer.description, highlight=False, soft_wrap=True)
    report, picture = run_demo(stylizer, options.style, options.output, overwrite=options.overwrite)
    tell(report, console, as_json=False)
    console.print(f"before and after: {picture}", soft_wrap=True, highlight=False)
    return 0


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the list of all options before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (--help shows all options)\n")


# The last one comes when the terminal is closed; Windows has none.
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _stop(signal_number: int, _frame: FrameType | None) -> NoReturn:
    # A second signal ends the program at once, should closing the output hang.
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    raise Interrupted(signal_number)


def _take_signals() -> None:
    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, _stop)


def build_parser() -> argparse.ArgumentParser:
    """The parser of `streamstyle`."""
    parser = _Parser(
        prog="streamstyle", description="Any painting, on any camera or video, in real time.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"streamstyle {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    video = commands.add_parser("video", help="stylize videos and photos", allow_abbrev=False)
    add_video_arguments(video)
    video.set_defaults(run=video_command)
    camera = commands.add_parser("camera", help="stylize a camera, live", allow_abbrev=False)
    add_camera_arguments(camera)
    camera.set_defaults(run=camera_command, quiet=False)
    demo = commands.add_parser("demo", help="stylize a sample clip and show it side by side", allow_abbrev=False)
    demo.add_argument("--style", default="starry-night", help="an image file or the name of a built-in style")
    demo.add_argument("-o", "--output", type=Path, default=Path("demo"), help="folder for the results (default: demo)")
    demo.add_argument("--device", choices=DEVICES, default="auto", help="what runs the model (default: auto)")
    demo.add_argument("--overwrite", action="store_true", help="replace the results of an earlier run")
    demo.set_defaults(run=demo_command, quiet=False, json=False)
    sheet = commands.add_parser("sheet", help="one photo through all styles and controls", allow_abbrev=False)
    add_sheet_arguments(sheet)
    sheet.set_defaults(run=sheet_command, quiet=False, json=False)
    style = commands.add_parser("style", help="tune a style for one painting: streamstyle style make", allow_abbrev=False)
    add_style_arguments(style)
    style.set_defaults(run=style_command)
    doctor = commands.add_parser("doctor", help="tell what this machine can do", allow_abbrev=False)
    add_doctor_arguments(doctor)
    doctor.set_defaults(run=lambda options, _console: doctor_command(options), quiet=False)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Without the program's name; `sys.argv` by default.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names may hold letters that the terminal's encoding lacks
    _take_signals()
    try:
        if words[:1] == ["camera"]:
            words[1:] = with_config(words[1:])
        if line := removed(words):
            raise UsageError(line)
        options = build_parser().parse_args(words)
        # Names of files and packages hold brackets, which are no markup: streamstyle[gpu].
        console = Console(stderr=options.json, quiet=options.quiet, markup=False)
        return int(options.run(options, console))
    except Interrupted as interruption:
        if interruption.unfinished:
            complain(f"stopped; what was done so far plays: {interruption.unfinished}")
        else:
            complain("stopped")
        return 128 + interruption.signal_number
    except UsageError as error:
        complain(f"{error}")
        return 2
    except StreamstyleError as error:
        complain(f"{error}")
        return 1
    except BrokenPipeError:
        # The reader of our output went away; there is nobody left to tell.
        sys.stderr.close()
        return 1
    except OSError as error:
        # Of the system, in a place where nobody expects it: a forbidden folder, a full disk, a name that is too long.
        complain(f"{reason(error)}: {quoted(error.filename)}" if error.filename else reason(error))
        return 1
