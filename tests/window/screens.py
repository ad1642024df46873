"""Virtual screens, and keys for what is on them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


def environment_of(screen: str | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"}}
    return kept if screen is None else kept | {"DISPLAY": screen}


@contextmanager
def virtual_screen(*options: str) -> Iterator[str]:
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1000x800x24", "-nolisten", "tcp", *options]
    server = subprocess.Popen(command, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(60)


def xdotool(screen: str | None, *arguments: str) -> str:
    command = ["xdotool", *arguments]
    return subprocess.run(
        command, env=environment_of(screen), capture_output=True, text=True, timeout=30, check=True
    ).stdout
