"""The child that encodes styles and paints thumbnails: started when it is needed, ended when it was not for a while."""

import asyncio
from contextlib import suppress

from streamstyle.errors import StyleError
from streamstyle.media.libav import reason
from streamstyle.studio.shelf.child import Child

_PROGRAM = "streamstyle.studio.shelf.painter_process"
_IDLE_SECONDS = 60.0


class Painter:
    """Asks the child; one request at a time, in the order of asking. For the event loop."""

    def __init__(self, model: str) -> None:
        """Nothing is started.

        Args:
            model: Of the styles.
        """
        self._model = model
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self._number = 0
        self._idle: asyncio.TimerHandle | None = None

    async def ask(self, **request: str) -> None:
        """Have something done; see streamstyle.studio.shelf.painter_process.

        Raises:
            StyleError: It cannot be done; says why.
        """
        async with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            try:
                said = await self._answer(request)
            except OSError as error:
                raise StyleError(
                    f"painting cannot be started: {reason(error)}; end other programs, then try again"
                ) from error
            finally:
                self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._rest)
        if said is None:
            raise StyleError("painting ended unexpectedly; the computer may have too little memory, try a smaller picture")
        if "error" in said:
            raise StyleError(str(said["error"]))

    async def close(self) -> None:
        """End the child."""
        if self._idle is not None:
            self._idle.cancel()
        if self._child is not None:
            await self._child.end()
            self._child = None

    async def _answer(self, request: dict[str, str]) -> dict[str, object] | None:
        """None where the child ended instead."""
        if self._child is None:
            self._child = await Child.start(_PROGRAM, self._model)
        self._number += 1
        await self._child.say({"number": self._number} | request)
        while (said := await self._child.hear()) is not None:
            if said.get("number") == self._number:  # not what somebody asked who no longer waits
                return said
        with suppress(ProcessLookupError):
            await self._child.end()
        self._child = None
        return None

    def _rest(self) -> None:
        if self._child is not None and not self._turn.locked():
            self._child.ask_to_end()
            self._child = None
