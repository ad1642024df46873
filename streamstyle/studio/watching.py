"""How the live picture leaves: over WebSockets for the page, as MJPEG for OBS and other programs, one picture at a time.

Each viewer gets the newest frame once it has taken the last one, so a slow viewer slows nobody.
"""

import asyncio
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import WSMsgType, web

from streamstyle.studio.events import HEARTBEAT_SECONDS, TOO_MANY
from streamstyle.studio.keys import PICTURES
from streamstyle.studio.pictures import Pictures
from streamstyle.studio.routes import ApiError, Routes
from streamstyle.studio.schema import ON, record, told

ROUTES = Routes()
SOCKETS = Routes()
MOST_VIEWERS = 16
_NO_ROOM = f"{MOST_VIEWERS} viewers watch already; close one"
STALL_SECONDS = 15.0
"""A viewer that takes nothing for so long is gone."""
_FIRST_PICTURE_SECONDS = 20.0
_LOOK_AGAIN_SECONDS = 0.005
_BOUNDARY = "streamstyle-frame"
_HEADER = struct.Struct(">IIdII")
_MOST_BYTES = 4096
_NEXT = record({"next": {"enum": [True]}}, {"width": {"type": "number", "minimum": 1, "maximum": 100_000}, "original": ON})
"""What a viewer asks for: a newer picture, so many pixels wide, with the unpainted one or not."""


@contextmanager
def _counted(pictures: Pictures) -> Iterator[None]:
    pictures.viewers += 1
    try:
        yield
    finally:
        pictures.viewers -= 1


@SOCKETS.add("GET", "/api/picture", described=False)
async def picture_socket(request: web.Request) -> web.WebSocketResponse:
    """One picture for each `next`, as soon as there is a newer one."""
    pictures = request.app[PICTURES]
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=_MOST_BYTES, compress=False)
    await socket.prepare(request)
    if pictures.viewers >= MOST_VIEWERS:
        await socket.close(code=TOO_MANY, message=_NO_ROOM.encode())
        return socket
    with _counted(pictures):
        asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1)
        sender = asyncio.create_task(_send_pictures(socket, pictures, asked))
        try:
            async for said in socket:
                wanted = told(said.data, _NEXT) if said.type is WSMsgType.TEXT else None
                if wanted is not None and asked.empty():
                    asked.put_nowait(wanted)
        finally:
            sender.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await sender
        return socket


async def _send_pictures(socket: web.WebSocketResponse, pictures: Pictures, asked: "asyncio.Queue[dict[str, Any]]") -> None:
    number = -1
    try:
        while True:
            wanted = await asked.get()
            shot = await pictures.after(number)
            number = shot.number
            width = wanted.get("width")
            painted = await shot.jpeg(width)
            original = (await shot.jpeg(width, original=True)).data if wanted.get("original") else b""
            moment = 1000 * shot.captured_at
            header = _HEADER.pack(number, len(painted.data), moment, painted.width, painted.height)
            del shot  # the frame need not wait for the network
            async with asyncio.timeout(STALL_SECONDS):
                await socket.send_bytes(b"".join((header, painted.data, original)))
    except (ConnectionError, TimeoutError):
        await socket.close()


@ROUTES.add("GET", "/stream.mjpg", by_address=True, described=False)
async def stream(request: web.Request) -> web.StreamResponse:
    """Picture after picture in one answer, for as long as it is taken."""
    pictures = request.app[PICTURES]
    if pictures.viewers >= MOST_VIEWERS:
        raise ApiError(503, _NO_ROOM)
    with _counted(pictures):
        response = web.StreamResponse(headers={"Cache-Control": "no-store"})
        response.content_type = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
        response.force_close()
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        number = -1
        with suppress(ConnectionError, TimeoutError):
            while True:
                number = await _write_next(request, response, pictures, number)
        return response


async def _write_next(request: web.Request, response: web.StreamResponse, pictures: Pictures, number: int) -> int:
    shot = await pictures.after(number)
    jpeg = (await shot.jpeg()).data
    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
    async with asyncio.timeout(STALL_SECONDS):
        await response.write(b"".join((head, jpeg, b"\r\n")))
        await _taken(request)
    return shot.number


async def _taken(request: web.Request) -> None:
    """Returns when the system has taken all that was written: what comes then is the newest."""
    while request.transport is not None and request.transport.get_write_buffer_size():
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


@ROUTES.add("GET", "/frame.jpg", by_address=True, described=False)
async def one_picture(request: web.Request) -> web.Response:
    """The newest picture, or the first one that comes."""
    pictures = request.app[PICTURES]
    try:
        async with asyncio.timeout(_FIRST_PICTURE_SECONDS):
            shot = await pictures.after(-1)
    except TimeoutError as error:
        raise ApiError(503, "there is no picture; start a camera first") from error
    jpeg = await shot.jpeg()
    return web.Response(body=jpeg.data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})
