"""The way in: `python -m streamstyle`, the script `streamstyle`, and `run_video.py`."""

import argparse
import logging
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from types import FrameType
from typing import NoReturn

from streamstyle.errors import StreamstyleError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, or say in one line why it cannot even be loaded.

    Args:
        arguments: Without the program's name; `sys.argv` by default.

    Returns:
        The exit code.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it is closed; messages go nowhere
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - for the whole run
    if sys.stderr is sys.__stderr__ and not sys.flags.dev_mode:
        _silence_libraries()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop_at_once)  # until the command takes signals itself
    try:
        from streamstyle.commands.main import main as run  # noqa: PLC0415 - its imports are what may fail
    except ImportError as error:
        words = list(sys.argv[1:] if arguments is None else arguments)
        if words[:1] == ["doctor"] and find_spec("rich"):
            return _doctor(words[1:])
        remedy = "run: pip install 'streamstyle[cpu]'"
        if ".so" in str(error):
            remedy = (
                "a system library is missing; on Debian or Ubuntu run: sudo apt install libgl1 libglib2.0-0 libxcb1, "
                "or run: pip uninstall -y opencv-python; pip install opencv-python-headless"
            )
        print(f"streamstyle: cannot start ({error}); {remedy}", file=sys.stderr)
        return 1
    try:
        return run(arguments)
    finally:
        _let_go_of_output()


def _let_go_of_output() -> None:
    """Where nobody reads what is left to be said: Python would try again at its end, and exit with code 120."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _silence_libraries() -> None:
    """Let what libraries say go nowhere (`python -X dev` shows it): our own lines say what a user can act on."""
    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
    try:
        own = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:  # it is closed
        return
    sys.stderr.flush()
    sys.stderr = os.fdopen(own, "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1)
    os.dup2(nowhere, 2)  # where libraries of C write
    os.close(nowhere)


def _stop_at_once(signal_number: int, _frame: FrameType | None) -> NoReturn:
    """Nothing has begun, and imports of extensions may not be interrupted by an exception."""
    print("streamstyle: stopped", file=sys.stderr, flush=True)
    os._exit(128 + signal_number)


def _doctor(arguments: Sequence[str]) -> int:
    """`streamstyle doctor` where the rest cannot be loaded: it is then that it is wanted most."""
    from streamstyle.doctor import add_doctor_arguments, doctor_command  # noqa: PLC0415 - needed here only

    parser = argparse.ArgumentParser(prog="streamstyle doctor", allow_abbrev=False)
    add_doctor_arguments(parser)
    try:
        return doctor_command(parser.parse_args(arguments))
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()
        return 1
    except StreamstyleError as error:
        print(f"streamstyle: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
