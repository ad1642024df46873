"""Files over HTTP: taken piece by piece, and given whole, in part, or to be kept."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from streamstyle.studio.routes import ApiError
from streamstyle.studio.shelf.names import disposition

_PIECE_BYTES = 1 << 20
_PATIENCE_SECONDS = 60.0
"""To wait for the next bytes; a phone may lose its network for a while."""

_MEDIA_TYPES = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "image/jpeg"),
    **dict.fromkeys((".tif", ".tiff"), "image/tiff"),
    **dict.fromkeys((".heic", ".heif", ".hif"), "image/heic"),
    **dict.fromkeys((".mp4", ".m4v"), "video/mp4"),
    **{ending: f"image/{ending[1:]}" for ending in (".png", ".webp", ".bmp", ".gif", ".avif", ".jp2")},
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".avi": "video/x-msvideo",
    ".ogv": "video/ogg",
    ".3gp": "video/3gpp",
    ".toml": "application/toml",
}
"""Types that a browser may show; all other files are sent as plain bytes, so that no browser runs them."""
BYTES = "application/octet-stream"


async def receive(request: web.Request, write: Callable[[bytes], object], most: int | None = None) -> None:
    """Take the body of a request, with little of it in memory at a time.

    Args:
        request: Whose body comes.
        write: Called for each piece, on another thread.
        most: Bytes that are taken at all; None for any number.

    Raises:
        ApiError: It is too large, or does not go on.
    """
    if most is not None and (request.content_length or 0) > most:
        raise ApiError(413, f"that is too large; at most {most / 1e6:g} MB")
    piece, size = bytearray(), 0
    while chunk := await _next_chunk(request):
        piece += chunk
        size += len(chunk)
        if most is not None and size > most:
            raise ApiError(413, f"that is too large; at most {most / 1e6:g} MB")
        if len(piece) >= _PIECE_BYTES:
            await asyncio.to_thread(write, bytes(piece))
            piece.clear()
    if piece:
        await asyncio.to_thread(write, bytes(piece))


def give(path: Path, name: str, *, download: bool, missing: str) -> web.FileResponse:
    """A file as an answer; parts of it where the request asks for a range.

    Args:
        path: Where it lies.
        name: What it is called when it is kept.
        download: Whether it is to be kept rather than shown.
        missing: What to say where it is not there.

    Raises:
        ApiError: It is not there.
    """
    if not path.is_file():
        raise ApiError(404, missing)
    media = _MEDIA_TYPES.get(path.suffix.lower(), BYTES)
    headers = {"Cache-Control": "no-cache", "Content-Disposition": disposition(name, download=download or media == BYTES)}
    response = web.FileResponse(path, headers=headers)
    response.content_type = media
    return response


async def _next_chunk(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await request.content.readany()
    except TimeoutError as error:
        raise ApiError(408, "nothing more came of the file; send it again") from error
