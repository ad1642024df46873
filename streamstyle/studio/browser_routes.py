"""What a browser gives: its camera and its microphone."""

import asyncio
import math
import struct
import time
from contextlib import suppress

import numpy as np
from aiohttp import WSMsgType, web

from streamstyle.media.sources.microphone import HIGHEST_RATE, LOWEST_RATE
from streamstyle.studio.events import HEARTBEAT_SECONDS, TOO_MANY
from streamstyle.studio.keys import ENGINE
from streamstyle.studio.routes import Routes
from streamstyle.studio.schema import record, told

TAKEN_OVER = 4001
"""Closes a WebSocket when another page has taken its place."""
_MOST_CAMERA_BYTES = 16_000_000
ROUTES = Routes()
_MOST_SOUND_BYTES = 1_000_000
_CLOCKS_SECONDS, _OLDEST_SECONDS = 1.0, 10.0
"""How far a browser's clock may be ahead of this one, and how old its sound may be."""
_SOUND = record({"rate": {"type": "number", "minimum": LOWEST_RATE, "maximum": HIGHEST_RATE}}, {"channels": {"enum": [1]}})
_IN_FLIGHT = 2
"""Pictures that a browser may send ahead, so that the network is not idle while one is decoded."""


@ROUTES.add("GET", "/api/camera", described=False)
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


@ROUTES.add("GET", "/api/microphone", described=False)
async def microphone_socket(request: web.Request) -> web.WebSocketResponse:
    """Take what a browser's microphone hears: first its rate, then samples."""
    microphone = request.app[ENGINE].microphone
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=_MOST_SOUND_BYTES, compress=False)
    await socket.prepare(request)
    if microphone.is_on:
        await socket.close(code=TOO_MANY, message=b"another page gives the sound")
        return socket
    try:
        async for said in socket:
            if said.type is WSMsgType.TEXT:
                asked = told(said.data, _SOUND)
                if asked is None:
                    await socket.close(code=1007, message=b'wanted {"rate": 48000, "channels": 1}')
                    break
                microphone.begin(int(asked["rate"]))
            elif said.type is WSMsgType.BINARY and len(said.data) > 8:
                (moment,) = struct.unpack_from(">d", said.data)
                age = time.time() - moment / 1000
                if age + _CLOCKS_SECONDS >= 0 and age < _OLDEST_SECONDS:
                    samples = np.frombuffer(said.data[8 : len(said.data) - len(said.data) % 2], "<i2").astype(np.int16)
                    microphone.hear(samples, time.monotonic() - age)
    finally:
        microphone.end()
    return socket
