"""The API of the live picture: look, camera, outputs, state."""

import asyncio
from collections.abc import Callable
from urllib.parse import quote

from aiohttp import web

from streamstyle.look.options import changed_look, describe_look
from streamstyle.look.recipe import KEEP, LOOK_FIELDS, Recipe
from streamstyle.studio.camera import Camera, describe_cameras
from streamstyle.studio.keys import ENGINE, EVENTS, GUARD, NETWORK, TOLD
from streamstyle.studio.routes import BODY, SWITCH, ApiError, Routes, answer, done
from streamstyle.studio.schema import COUNT, ON, TEXT, Schema, listing, one_of, record, text, whole
from streamstyle.studio.shelf.keys import STYLES
from streamstyle.studio.told import FIELDS_SCHEMA, LOOK_SCHEMA, STATE_SCHEMA, STYLE_FIELDS, named

ROUTES = Routes()
_SAVED_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.02

_SOURCE = record(
    {"kind": one_of("camera", "browser", "file", "url")},
    {"id": text(1000), "path": text(4000), "url": text(4000)},
)
_START: Schema = record({"source": _SOURCE}, {"width": whole(16, 8192), "height": whole(16, 8192)})
_CHANGED = record({"look": LOOK_SCHEMA})
_CAMERA = record({"id": TEXT, "name": TEXT, "sizes": listing(listing(COUNT)), "in_use": ON, "note": TEXT})


@ROUTES.add("GET", "/api/state", gives=STATE_SCHEMA)
async def get_state(request: web.Request) -> web.Response:
    """The whole state."""
    return answer(request.app[TOLD].state())


@ROUTES.add("GET", "/api/look/fields", gives=FIELDS_SCHEMA)
async def get_fields(_request: web.Request) -> web.Response:
    """What a look consists of."""
    return answer(describe_look())


@ROUTES.add("PATCH", "/api/look", gives=_CHANGED, body=LOOK_SCHEMA)
async def patch_look(request: web.Request) -> web.Response:
    """Change some fields; null is the default."""
    values = _held(request)
    return _change(request, lambda before: changed_look(before, values), frozenset(values))


@ROUTES.add("PUT", "/api/look", gives=_CHANGED, body=LOOK_SCHEMA)
async def put_look(request: web.Request) -> web.Response:
    """Change all of it; what is not named goes to its default, but for the style."""
    values = _held(request)
    return _change(request, lambda before: changed_look(Recipe(before.style), values), frozenset())


@ROUTES.add("POST", "/api/look/undo", gives=_CHANGED, refuses={409})
async def undo(request: web.Request) -> web.Response:
    """Go back to the look before."""
    return _go(request, request.app[TOLD].history.undo, "nothing was changed yet")


@ROUTES.add("POST", "/api/look/redo", gives=_CHANGED, refuses={409})
async def redo(request: web.Request) -> web.Response:
    """Take the last undo back."""
    return _go(request, request.app[TOLD].history.redo, "nothing was taken back")


@ROUTES.add("PUT", "/api/mirror", body=SWITCH)
async def put_mirror(request: web.Request) -> web.Response:
    """Swap left and right, or not."""
    request.app[ENGINE].mirror(request[BODY]["on"])
    return done()


@ROUTES.add("GET", "/api/cameras", gives=listing(_CAMERA))
async def get_cameras(request: web.Request) -> web.Response:
    """The cameras of this computer."""
    return answer(await asyncio.to_thread(describe_cameras, request.app[ENGINE].status.camera))


@ROUTES.add("POST", "/api/live/start", status=202, body=_START)
async def start(request: web.Request) -> web.Response:
    """Paint a camera, a film or an address; the state tells what comes of it."""
    wanted = request[BODY]
    request.app[ENGINE].start(Camera.of(wanted))
    return done(202)


@ROUTES.add("POST", "/api/live/stop")
async def stop(request: web.Request) -> web.Response:
    """Stop painting."""
    request.app[ENGINE].stop()
    return done()


@ROUTES.add("PUT", "/api/live/pause", refuses={409}, body=SWITCH)
async def pause(request: web.Request) -> web.Response:
    """Let a film stand still, or go on."""
    engine, camera = request.app[ENGINE], request.app[ENGINE].status.camera
    if engine.live is None or camera is None or camera.kind != "file":
        raise ApiError(409, "only a film that is painted can be paused; a camera goes on")
    engine.pause(request[BODY]["on"])
    return done()


@ROUTES.add("POST", "/api/snapshot", gives=record({"name": TEXT, "href": TEXT}), status=201, refuses={409, 507})
async def snapshot(request: web.Request) -> web.Response:
    """Save the newest painted frame as a photo."""
    engine = request.app[ENGINE]
    if engine.live is None or engine.live.last is None:
        raise ApiError(409, "there is no picture yet; start a camera first")
    path = engine.snapshot()
    for _ in range(round(_SAVED_SECONDS / _LOOK_AGAIN_SECONDS)):
        if path.exists():
            return answer({"name": path.name, "href": f"/api/pictures/{quote(path.name)}"}, 201)
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    raise ApiError(507, engine.state.message.text or "the photo could not be saved; is the disk full?")


@ROUTES.add("PUT", "/api/recording", refuses={409}, body=SWITCH)
async def put_recording(request: web.Request) -> web.Response:
    """Begin or finish a recording."""
    engine = request.app[ENGINE]
    if request[BODY]["on"] and engine.live is None:
        raise ApiError(409, "there is nothing to record yet; start a camera first")
    engine.record(request[BODY]["on"])
    return done()


@ROUTES.add("PUT", "/api/virtual-camera", refuses={409}, body=SWITCH)
async def put_virtual_camera(request: web.Request) -> web.Response:
    """Be a camera for other programs; the state tells what comes of it."""
    engine = request.app[ENGINE]
    if request[BODY]["on"] and engine.live is None:
        raise ApiError(409, "there is nothing to show yet; start a camera first")
    engine.virtual_camera(request[BODY]["on"])
    return done()


@ROUTES.add("GET", "/api/addresses", gives=record({"view": TEXT, "stream": TEXT, "network": listing(TEXT)}))
async def get_addresses(request: web.Request) -> web.Response:
    """What to give to OBS and other programs, with the token."""
    guard, here = request.app[GUARD], f"{request.scheme}://{request.host}"
    query = f"?token={guard.token}"
    network = [f"{address}/view{query}" for address in request.app[NETWORK]]
    return answer({"view": f"{here}/view{query}", "stream": f"{here}/stream.mjpg{query}", "network": network})


@ROUTES.add("GET", "/api/events", described=False)
async def events(request: web.Request) -> web.WebSocketResponse:
    """Tell what changes."""
    return await request.app[EVENTS].serve(request, [{"type": "state", "state": request.app[TOLD].state()}])


def _held(request: web.Request) -> dict[str, object]:
    """The fields of a look that were sent, with what a look holds in place of the names of styles."""
    styles, offered = request.app[STYLES], request.app[ENGINE].state.settings.styles

    def held(name: str) -> str:
        return name if name in words or name in offered else styles.path_of(name)

    sent = request[BODY]
    values = dict(sent)
    for field in STYLE_FIELDS:
        if field in values:
            words = (KEEP, *LOOK_FIELDS[field].choices)
            values[field] = named(values[field], held)
    return values


def _change(request: web.Request, change: Callable[[Recipe], Recipe], fields: frozenset[str]) -> web.Response:
    engine, told = request.app[ENGINE], request.app[TOLD]
    before = engine.wanted
    look = engine.change(change)
    if look != before:
        told.history.step(before, fields)
    return answer({"look": told.look(look)})


def _go(request: web.Request, step: Callable[[Recipe], Recipe | None], nothing: str) -> web.Response:
    engine = request.app[ENGINE]
    recipe = step(engine.wanted)
    if recipe is None:
        raise ApiError(409, nothing)
    return answer({"look": request.app[TOLD].look(engine.load(recipe))})
