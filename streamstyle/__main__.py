"""The way in: `python -m streamstyle`, the script `streamstyle`, and `run_video.py`."""

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from streamstyle.errors import StreamstyleError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, or say in one line why it cannot even be loaded.

    Args:
        arguments: Without the program's name; `sys.argv` by default.

    Returns:
        The exit code.
    """
    try:
        from streamstyle.commands.main import main as run  # noqa: PLC0415 - its imports are what may fail
    except KeyboardInterrupt:  # Ctrl-C before anything has begun; later cli.py takes signals itself
        print("streamstyle: stopped", file=sys.stderr)
        return 130
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
    return run(arguments)


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
