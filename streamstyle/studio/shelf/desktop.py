"""A file shown in the folder window of this computer's desktop."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.runtime.machine import has_desktop
from streamstyle.studio.routes import ApiError

_open: set[asyncio.Task[int]] = set()
"""Tasks that wait for windows to be closed; the event loop keeps no reference to them."""


async def show_in_folder(file: Path) -> None:
    """Open the folder of a file, with the file marked where the desktop can do that; does not wait for the window.

    Raises:
        ApiError: There is no desktop here.
    """
    if sys.platform == "win32":
        command = ["explorer", f"/select,{file}"]
    elif sys.platform == "darwin":
        command = ["open", "-R", str(file)]
    else:
        command = ["xdg-open", str(file.parent)]
        if not has_desktop() or not shutil.which("xdg-open"):
            raise ApiError(409, f"there is no desktop here to show it on; the file is {quoted(file)}")
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise ApiError(409, f"the folder cannot be shown ({reason(error)}); the file is {quoted(file)}") from error
    waiting = asyncio.create_task(process.wait())
    _open.add(waiting)
    waiting.add_done_callback(_open.discard)
