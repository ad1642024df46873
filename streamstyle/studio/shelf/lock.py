"""Folders that one process uses at a time."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from streamstyle.errors import StreamstyleError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.sinks.place import locked

_LOOK_AGAIN_SECONDS = 0.1


def lock_folder(folder: Path) -> Callable[[], object]:
    """Keep other studios away from a data folder.

    Returns:
        What lets another process have it.

    Raises:
        StreamstyleError: Another process uses it, or the folder cannot be written.
    """
    path = folder / "studio.lock"
    try:
        release = locked(path)
        if release is not None:
            path.write_text(str(os.getpid()), encoding="ascii")
            return release
        holder = path.read_text(encoding="ascii", errors="replace")[:20].strip()
    except OSError as error:
        raise StreamstyleError(f"{quoted(path)} cannot be written: {reason(error)}; see to its permissions") from error
    which = f" (process {holder})" if holder else ""
    raise StreamstyleError(
        f"streamstyle studio runs already{which} with the folder {quoted(folder)}; use its page, or end it first"
    )


def wait_for_lock(path: Path) -> Callable[[], object]:
    """Take a lock as soon as no other process holds it.

    Args:
        path: Of the file that stands for it; made where it is missing.

    Returns:
        What gives it free.

    Raises:
        OSError: The file cannot be written.
    """
    while (release := locked(path)) is None:
        time.sleep(_LOOK_AGAIN_SECONDS)
    return release
