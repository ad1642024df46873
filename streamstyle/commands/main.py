"""The command line: parse, open, run, and turn every failure into one line and an exit code.

Exit codes: 0 done; 1 something failed; 2 the command line is wrong; 130, 143 and 129 stopped by Ctrl-C, by SIGTERM and
since the terminal was closed.
"""

import argparse
import importlib
import io
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

from rich.console import Console

from streamstyle import __version__
from streamstyle.commands.camera_options import add_camera_arguments
from streamstyle.commands.completion import add_completion_arguments, completion
from streamstyle.commands.demo import add_demo_arguments, demo_command
from streamstyle.commands.install import add_install_arguments, install_command
from streamstyle.commands.log import SAID, start_log
from streamstyle.commands.pages import GREETING, PAGES
from streamstyle.commands.parser import Parser
from streamstyle.commands.progress import complain
from streamstyle.commands.sheet import add_sheet_arguments, sheet_command
from streamstyle.commands.studio_options import add_studio_arguments
from streamstyle.commands.style import add_style_arguments, style_command
from streamstyle.commands.styles import add_styles_arguments, styles_command
from streamstyle.commands.video import video_command
from streamstyle.commands.video_options import add_video_arguments
from streamstyle.doctor import add_doctor_arguments, doctor_command
from streamstyle.errors import Interrupted, StreamstyleError, UsageError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted


def completion_command(options: argparse.Namespace, _console: Console) -> int:
    """Print the script; returns the exit code."""
    print(completion(options.shell, build_parser()), end="")
    return 0


def _later(module: str, command: str) -> Callable[[argparse.Namespace, Console], int]:
    """A command whose module is loaded when it is run, so that other commands start faster."""

    def run(options: argparse.Namespace, console: Console) -> int:
        return int(getattr(importlib.import_module(f"streamstyle.commands.{module}"), command)(options, console))

    return run


# The last one comes when the terminal is closed; Windows has none.
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _stop(signal_number: int, _frame: FrameType | None) -> NoReturn:
    # A second signal ends the program at once, in case closing the output hangs.
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    raise Interrupted(signal_number)


def _take_signals() -> None:
    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, _stop)


def build_parser() -> Parser:
    """The parser of `streamstyle`."""
    parser = Parser(
        prog="streamstyle",
        description="Photos, videos and live cameras as paintings, on your own computer.",
        page=PAGES[""],
    )
    parser.add_argument("--version", action="version", version=f"streamstyle {__version__}", help="which version this is")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (words, add_arguments, run, quiet) in _COMMANDS.items():
        command = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", page=PAGES[name])
        add_arguments(command)
        command.add_common_arguments()
        command.set_defaults(run=run, **quiet)
    return parser


_SPEAKS = {"quiet": False}
_SAYS_IT_IN_WORDS = {"quiet": False, "json": False}
_COMMANDS: dict[
    str, tuple[str, Callable[[Parser], None], Callable[[argparse.Namespace, Console], int], dict[str, bool]]
] = {
    "video": ("paint photos and videos; the result lies next to the input", add_video_arguments, video_command, {}),
    "camera": ("paint a camera, live", add_camera_arguments, _later("camera", "camera_command"), _SPEAKS),
    "studio": (
        "do everything from a browser: live, films, own styles; and an API",
        add_studio_arguments,
        _later("studio", "studio_command"),
        _SAYS_IT_IN_WORDS,
    ),
    "demo": ("paint a sample clip, and show it before and after", add_demo_arguments, demo_command, _SAYS_IT_IN_WORDS),
    "styles": ("list the styles, or see them on a photo of yours", add_styles_arguments, styles_command, _SPEAKS),
    "style": ("tune a style for one painting, in a few minutes", add_style_arguments, style_command, {}),
    "sheet": ("paint one photo in all styles, on one page", add_sheet_arguments, sheet_command, _SAYS_IT_IN_WORDS),
    "install": ("fetch parts that not everybody needs", add_install_arguments, install_command, _SAYS_IT_IN_WORDS),
    "doctor": (
        "tell what this computer can do, and what to run where it cannot",
        add_doctor_arguments,
        lambda options, _console: doctor_command(options),
        _SPEAKS,
    ),
    "completion": (
        "print a script that completes commands in your shell",
        add_completion_arguments,
        completion_command,
        _SAYS_IT_IN_WORDS,
    ),
}
"""Name -> what it does, what adds its options, what runs it, and what it has no option for."""


def _run(words: list[str]) -> int:
    if not words:
        print(GREETING, end="")
        return 0
    options = build_parser().read(words)
    start_log(options.log_file, words, verbose=options.verbose)
    # Names of files and packages hold brackets, which are no markup: streamstyle[gpu].
    console = Console(stderr=options.json, quiet=options.quiet, markup=False)
    return int(options.run(options, console))


def _own_fault(error: Exception) -> int:
    """Report a bug of the program; `python -X dev` shows the traceback."""
    if sys.flags.dev_mode:
        raise error
    SAID.exception("unexpected")
    complain(
        f"a fault of streamstyle itself: {type(error).__name__}: {' '.join(str(error).split())}; please report it, "
        "with the file that the same command writes with --log-file report.txt"
    )
    return 1


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
        code = _run(words)
        sys.stdout.flush()  # a full disk is a failure, too
        return code
    except Interrupted as interruption:
        if interruption.unfinished:
            complain(f"stopped; what was done so far plays: {interruption.unfinished}")
        else:
            complain(f"stopped; {interruption.remark}" if interruption.remark else "stopped")
        return 128 + interruption.signal_number
    except StreamstyleError as error:
        complain(f"{error}")
        return 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:
        # The reader of our output is gone; nothing can be reported.
        sys.stderr.close()
        return 1
    except OSError as error:
        # An unexpected error of the system: a forbidden folder, a full disk, a name that is too long.
        complain(f"{reason(error)}: {quoted(error.filename)}" if error.filename else reason(error))
        return 1
    except Exception as error:  # noqa: BLE001 - no traceback reaches the user
        return _own_fault(error)
