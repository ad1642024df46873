"""The way in: `python -m streamstyle`, the script `streamstyle`, and `run_video.py`."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, or say in one line why it cannot even be loaded.

    Args:
        arguments: Without the program's name; `sys.argv` by default.

    Returns:
        The exit code.
    """
    try:
        from streamstyle.cli import main as run  # noqa: PLC0415 - its imports are what may fail
    except ImportError as error:
        remedy = "run: pip install 'streamstyle[cpu]'"
        if ".so" in str(error):
            remedy = (
                "a system library is missing; on Debian or Ubuntu run: sudo apt install libgl1 libglib2.0-0 libxcb1, "
                "or run: pip uninstall -y opencv-python; pip install opencv-python-headless"
            )
        print(f"streamstyle: cannot start ({error}); {remedy}", file=sys.stderr)
        return 1
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
