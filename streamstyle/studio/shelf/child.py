"""Child processes that work for the studio, at a lower priority: JSON lines go in and come out.

A child ends by itself when its standard input is closed, so that none is left when the server is killed.
"""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import streamstyle

_GRACE_SECONDS = 15.0
"""For closing what is open; encoders of long films take some."""
_LONGEST_LINE = 1 << 20


class Child:
    """A module of ours that runs as a program of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, module: str, *arguments: str) -> Self:
        """Start one.

        Args:
            module: What `python -m` is to run.
            arguments: For it.

        Raises:
            OSError: The system refused.
        """
        root = str(Path(streamstyle.__file__).resolve().parents[1])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", module, *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the server, which then ends its children
        )
        return cls(process)

    async def say(self, message: object) -> None:
        """Send a line; one that has ended hears nothing."""
        assert self._process.stdin is not None  # it is a pipe
        with suppress(ConnectionError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            await self._process.stdin.drain()

    async def hear(self) -> dict[str, Any] | None:
        """The next line that it says; None when it has ended."""
        assert self._process.stdout is not None  # it is a pipe
        with suppress(ValueError):  # of a line without end
            while line := await self._process.stdout.readline():
                with suppress(json.JSONDecodeError):
                    said = json.loads(line)
                    if isinstance(said, dict):
                        return said
        return None

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        return await self._process.wait()

    def ask_to_end(self) -> None:
        """Close its standard input."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def end(self) -> None:
        """Ask it to end, and end it where it does not."""
        self.ask_to_end()
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
