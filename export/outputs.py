"""Which files an export may replace."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from streamstyle.media.sinks.place import refuse_unless_writable
from streamstyle.runtime.catalog import WEIGHTS


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add the option that allows it."""
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there already")


def refuse_to_replace(
    folder: Path, names: Iterable[str], *, overwrite: bool, reads: Iterable[Path] = (), made_anew: bool = False
) -> None:
    """Check before any work that files may be written. Those in the package's own folder may always be replaced.

    Args:
        folder: Where; made later if need be.
        names: Of the files.
        overwrite: Whether the user allows to replace what is there.
        reads: What is read for them, which stays, whatever the user allows.
        made_anew: Whether this is the usual place of these files, as the package's own folder is of the shipped ones.

    Raises:
        UsageError: One is among what is read.
        SinkError: One is there and may not be replaced, or cannot be written.
    """
    if made_anew or folder.resolve() == WEIGHTS.resolve():
        return
    for name in names:
        refuse_unless_writable(folder / name, overwrite=overwrite, reads=map(str, reads), new_folder=folder)
