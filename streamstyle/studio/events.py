"""What changes is told to every page and program that listens, over WebSockets."""

import asyncio
import json
import time
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from streamstyle.studio.schema import NUMBER, one_of, record, told

MOST_LISTENERS = 32
HEARTBEAT_SECONDS = 20.0
TOO_MANY = 4003
"""Closes a WebSocket when there are too many."""
_MOST_WAITING = 64
_MOST_BYTES = 4096
_TIME = record({"type": one_of("time"), "t": NUMBER})


class _Listener:
    """One WebSocket, and what it has not taken yet: of each kind that is replaced by a newer one, only the newest."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._bell = asyncio.Event()

    def put(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        key = f"{kind} {message.get('name', '')}"
        self._waiting.pop(key, None)
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
        self._waiting[key] = json.dumps(message)
        self._bell.set()

    async def take(self) -> list[str]:
        await self._bell.wait()
        self._bell.clear()
        lines, self._waiting = list(self._waiting.values()), {}
        return lines


class Events:
    """Sends messages to all that listen; a slow one misses those that newer ones have replaced. For the event loop."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._sockets: set[web.WebSocketResponse] = set()

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def send(self, message: dict[str, Any]) -> None:
        """Tell all; on the event loop.

        Args:
            message: With a `type`; it replaces one of the same type and `name` that was not taken yet.
        """
        for listener in self._listeners:
            listener.put(message)

    async def serve(self, request: web.Request, first: list[dict[str, Any]]) -> web.WebSocketResponse:
        """Tell one WebSocket, until it is closed.

        Args:
            request: That asks for it.
            first: What it is told at once.
        """
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=_MOST_BYTES)
        await socket.prepare(request)
        if len(self._listeners) >= MOST_LISTENERS:
            await socket.close(code=TOO_MANY, message=f"{MOST_LISTENERS} pages listen already; close one".encode())
            return socket
        listener = _Listener()
        for message in first:
            listener.put(message)
        self._listeners.add(listener)
        self._sockets.add(socket)
        sender = asyncio.create_task(_send(socket, listener))
        try:
            async for said in socket:
                if said.type is WSMsgType.TEXT and (asked := told(said.data, _TIME)) is not None:
                    await socket.send_json(asked | {"server": time.time() * 1000})
        finally:
            self._listeners.discard(listener)
            self._sockets.discard(socket)
            sender.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await sender
        return socket

    async def close(self) -> None:
        """Close all."""
        for socket in list(self._sockets):
            await socket.close(code=1001, message=b"the studio ends")


async def _send(socket: web.WebSocketResponse, listener: _Listener) -> None:
    with suppress(ConnectionError):
        while True:
            for line in await listener.take():
                await socket.send_str(line)
