"""What a browser gives: its camera."""

import asyncio
import math
import struct
from contextlib import suppress

from aiohttp import WSMsgType, web

from streamstyle.studio.events import HEARTBEAT_SECONDS
from streamstyle.studio.keys import ENGINE
from streamstyle.studio.routes import Route

TAKEN_OVER = 4001
"""Code with which a WebSocket is closed whose place another page has taken."""
_MOST_CAMERA_BYTES = 16_000_000
_IN_FLIGHT = 2
"""Pictures that a browser may have on their way, so that the line is not idle while one is decoded."""


async def camera_socket(request: web.Request) -> web.WebSocketResponse:
    """Take the pictures of a browser's own camera; the page that came last gives them."""
    browser = request.app[ENGINE].browser
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=_MOST_CAMERA_BYTES, compress=False)
    await socket.prepare(request)
    loop, ready, replaced = asyncio.get_running_loop(), asyncio.Semaphore(_IN_FLIGHT), asyncio.Event()

    def taken() -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(ready.release)

    async def ask() -> None:
        with suppress(ConnectionError):
            while True:
                await ready.acquire()
                await socket.send_json({"next": True})

    async def make_room() -> None:
        await replaced.wait()
        await socket.close(code=TAKEN_OVER, message=b"another page gives the camera now")

    browser.replaced()
    browser.taken, browser.replaced = taken, replaced.set
    tasks = [asyncio.create_task(ask()), asyncio.create_task(make_room())]
    try:
        async for said in socket:
            if replaced.is_set():
                break
            if said.type is WSMsgType.BINARY and len(said.data) > 8:
                moment = struct.unpack_from(">d", said.data)[0] / 1000
                # What was replaced is never taken.
                if browser.put(said.data[8:], moment if math.isfinite(moment) else 0.0):
                    ready.release()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return socket


ROUTES = (Route("GET", "/api/camera", camera_socket, "a browser's own camera", described=False),)
