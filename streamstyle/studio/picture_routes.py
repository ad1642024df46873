"""The API of snapshots and recordings."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from streamstyle.live.sinks import RECORDING
from streamstyle.studio.keys import ENGINE, EVENTS, FOLDERS
from streamstyle.studio.routes import ApiError, Route, answer
from streamstyle.studio.schema import COUNT, NUMBER, ON, TEXT, listing, one_of, record
from streamstyle.studio.shelf.files import answers_of

_KINDS = {".png": "photo", ".mp4": "video"}
_MEDIA_TYPES = {".png": "image/png", ".mp4": "video/mp4"}
_PICTURE = record({"name": TEXT, "href": TEXT, "kind": one_of("photo", "video"), "bytes": COUNT, "made_at": NUMBER})


async def get_pictures(request: web.Request) -> web.Response:
    """Snapshots and recordings, the newest first."""

    def told() -> list[dict[str, Any]]:
        pictures = []
        for path in _saved(request.app):
            with suppress(OSError):
                status = path.stat()
                pictures.append(
                    {
                        "name": path.name,
                        "href": f"/api/pictures/{quote(path.name)}",
                        "kind": _KINDS[path.suffix],
                        "bytes": status.st_size,
                        "made_at": status.st_mtime,
                    }
                )
        return sorted(pictures, key=lambda picture: picture["made_at"], reverse=True)

    return answer(await asyncio.to_thread(told))


async def get_picture(request: web.Request) -> web.StreamResponse:
    """One of them, or a part of it."""
    path = _picture(request)
    response = web.FileResponse(path, headers={"Cache-Control": "no-cache"})
    response.content_type = _MEDIA_TYPES[path.suffix]
    if "download" in request.query:
        response.headers["Content-Disposition"] = f'attachment; filename="{path.name}"'
    return response


async def delete_picture(request: web.Request) -> web.Response:
    """Remove one of them."""
    path = _picture(request)
    try:
        await asyncio.to_thread(path.unlink)
    except OSError as error:
        raise ApiError(409, f"'{path.name}' cannot be removed: {(error.strerror or '').lower()}") from error
    request.app[EVENTS].send({"type": "pictures"})
    return answer({"ok": True})


def _saved(app: web.Application) -> list[Path]:
    """What is there, with recordings that a crash or a full disk has cut short, which play; but for the one at work."""
    records = any(sink.name == RECORDING for sink in app[ENGINE].state.sinks)
    hidden = set(_KINDS) if records else set(_KINDS) - {".mp4"}

    def is_shown(path: Path) -> bool:
        return path.suffix in _KINDS and not (".part" in path.name and path.suffix in hidden) and path.is_file()

    try:
        return [path for path in app[FOLDERS].pictures.iterdir() if is_shown(path)]
    except OSError:
        return []


def _picture(request: web.Request) -> Path:
    """By its name among those that are there: what a request says is never made a path."""
    name = request.match_info["name"]
    for path in _saved(request.app):
        if path.name == name:
            return path
    raise ApiError(404, "there is no such picture; GET /api/pictures lists them")


ROUTES = (
    Route("GET", "/api/pictures", get_pictures, "snapshots and recordings", answers={200: listing(_PICTURE)}),
    Route(
        "GET",
        "/api/pictures/{name}",
        get_picture,
        "one of them, or a part of it",
        query={"download": TEXT},
        answers=answers_of(),
    ),
    Route(
        "DELETE",
        "/api/pictures/{name}",
        delete_picture,
        "remove one of them",
        answers={200: record({"ok": ON}), 404: None, 409: None},
    ),
)
