"""The API of snapshots and recordings."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from streamstyle.live.sinks import RECORDING
from streamstyle.studio.keys import ENGINE, EVENTS, FOLDERS
from streamstyle.studio.routes import ApiError, Routes, answer, done
from streamstyle.studio.schema import COUNT, NUMBER, TEXT, listing, one_of, record
from streamstyle.studio.shelf.files import give

ROUTES = Routes()
_KINDS = {".png": "photo", ".mp4": "video"}
_MISSING = "there is no such picture; GET /api/pictures lists them"
_PICTURE = record({"name": TEXT, "href": TEXT, "kind": one_of("photo", "video"), "bytes": COUNT, "made_at": NUMBER})


@ROUTES.add("GET", "/api/pictures", gives=listing(_PICTURE))
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


@ROUTES.add("GET", "/api/pictures/{name}", gives="*/*", query={"download": TEXT})
async def get_picture(request: web.Request) -> web.StreamResponse:
    """One of them, or a part of it."""
    path = _picture(request)
    return give(path, path.name, download="download" in request.query, missing=_MISSING)


@ROUTES.add("DELETE", "/api/pictures/{name}", refuses={409})
async def delete_picture(request: web.Request) -> web.Response:
    """Remove one of them."""
    path = _picture(request)
    try:
        await asyncio.to_thread(path.unlink)
    except OSError as error:
        raise ApiError(409, f"'{path.name}' cannot be removed: {(error.strerror or '').lower()}") from error
    request.app[EVENTS].send({"type": "pictures"})
    return done()


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
    raise ApiError(404, _MISSING)
