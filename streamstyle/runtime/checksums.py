"""Whether a model's file is what was exported: its SHA-256 stands in `streamstyle.sha256` beside it.

The file is what `sha256sum` writes, so `sha256sum -c streamstyle.sha256` reads it, too.
"""

import hashlib
from pathlib import Path

from streamstyle.errors import ModelError

NAME = "streamstyle.sha256"


def of(path: Path) -> str:
    """SHA-256 of a file's content, in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def recorded(folder: Path) -> dict[str, str]:
    """File name -> SHA-256 as it was recorded in this folder; empty where nothing was."""
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines) if name}


def check(path: Path) -> None:
    """Compare a file with its recorded checksum; a file without one is taken as it is.

    Raises:
        ModelError: It is another file than the one that was recorded, or cannot be read.
    """
    wanted = recorded(path.parent).get(path.name)
    try:
        changed = wanted is not None and of(path) != wanted
    except OSError as error:
        raise ModelError(f"'{path}' cannot be read ({error.strerror}); install streamstyle again") from error
    if changed:
        raise ModelError(
            f"'{path}' was changed since it was made: its checksum is not the one in {NAME} beside it; "
            "install streamstyle again, or export the model again"
        )


def record(*paths: Path) -> None:
    """Write the checksums of files in one folder into it, beside those of others.

    Raises:
        OSError: It cannot be written.
    """
    folder = paths[0].parent
    sums = recorded(folder) | {path.name: of(path) for path in paths}
    there = {name: digest for name, digest in sums.items() if (folder / name).is_file()}
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(there.items()))
    (folder / NAME).write_text(text, encoding="utf-8")
