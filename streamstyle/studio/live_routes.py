"""The API of the live picture: look, camera, outputs, state."""

import asyncio
from collections.abc import Callable
from urllib.parse import quote

from aiohttp import web

from streamstyle.look.options import changed_look, describe_look
from streamstyle.look.recipe import KEEP, LOOK_FIELDS, Recipe
from streamstyle.studio.camera import Camera, describe_cameras
from streamstyle.studio.keys import ENGINE, EVENTS, GUARD, NETWORK, TOLD
from streamstyle.studio.routes import BODY, ApiError, Route, answer
from streamstyle.studio.schema import COUNT, ON, TEXT, Schema, listing, one_of, record, text, whole
from streamstyle.studio.shelf.keys import STYLES
from streamstyle.studio.told import FIELDS_SCHEMA, LOOK_SCHEMA, STATE_SCHEMA, STYLE_FIELDS, named

_SAVED_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.02

_SOURCE = record(
    {"kind": one_of("camera", "browser", "file", "url")},
    {"id": text(1000), "path": text(4000), "url": text(4000)},
)
_CHANGED = record({"look": LOOK_SCHEMA})
_SWITCH = record({"on": ON})
_DONE = record({"ok": ON})
_CAMERA = record({"id": TEXT, "name": TEXT, "sizes": listing(listing(COUNT)), "in_use": ON, "note": TEXT})


async def get_state(request: web.Request) -> web.Response:
    """The whole state."""
    return answer(request.app[TOLD].state())


async def get_fields(_request: web.Request) -> web.Response:
    """What a look consists of."""
    return answer(describe_look())


async def patch_look(request: web.Request) -> web.Response:
    """Change some fields."""
    values = _held(request)
    return _change(request, lambda before: changed_look(before, values), frozenset(values))


async def put_look(request: web.Request) -> web.Response:
    """Change all of it: what is not named goes to its default, but for the style."""
    values = _held(request)
    return _change(request, lambda before: changed_look(Recipe(before.style), values), frozenset())


async def undo(request: web.Request) -> web.Response:
    """Go back to the look before."""
    return _go(request, request.app[TOLD].history.undo, "nothing was changed yet")


async def redo(request: web.Request) -> web.Response:
    """Take the last undo back."""
    return _go(request, request.app[TOLD].history.redo, "nothing was taken back")


async def put_mirror(request: web.Request) -> web.Response:
    """Swap left and right, or not."""
    request.app[ENGINE].mirror(request[BODY]["on"])
    return answer({"ok": True})


async def get_cameras(request: web.Request) -> web.Response:
    """The cameras of this computer."""
    return answer(await asyncio.to_thread(describe_cameras, request.app[ENGINE].status.camera))


async def start(request: web.Request) -> web.Response:
    """Paint a camera; the state tells what comes of it."""
    wanted = request[BODY]
    request.app[ENGINE].start(Camera.of(wanted))
    return answer({"ok": True}, 202)


async def stop(request: web.Request) -> web.Response:
    """Stop painting."""
    request.app[ENGINE].stop()
    return answer({"ok": True})


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


async def put_recording(request: web.Request) -> web.Response:
    """Begin or finish a recording."""
    engine = request.app[ENGINE]
    if request[BODY]["on"] and engine.live is None:
        raise ApiError(409, "there is nothing to record yet; start a camera first")
    engine.record(request[BODY]["on"])
    return answer({"ok": True})


async def put_virtual_camera(request: web.Request) -> web.Response:
    """Start or stop the virtual camera."""
    engine = request.app[ENGINE]
    if request[BODY]["on"] and engine.live is None:
        raise ApiError(409, "there is nothing to show yet; start a camera first")
    engine.virtual_camera(request[BODY]["on"])
    return answer({"ok": True})


async def get_addresses(request: web.Request) -> web.Response:
    """What to give to OBS and other programs, with the token."""
    guard, here = request.app[GUARD], f"{request.scheme}://{request.host}"
    query = f"?token={guard.token}"
    network = [f"{address}/view{query}" for address in request.app[NETWORK]]
    return answer({"view": f"{here}/view{query}", "stream": f"{here}/stream.mjpg{query}", "network": network})


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


_START: Schema = record({"source": _SOURCE}, {"width": whole(16, 8192), "height": whole(16, 8192)})

ROUTES = (
    Route("GET", "/api/state", get_state, "all that there is to know", answers={200: STATE_SCHEMA}),
    Route("GET", "/api/look/fields", get_fields, "what a look consists of", answers={200: FIELDS_SCHEMA}),
    Route(
        "PATCH",
        "/api/look",
        patch_look,
        "change some fields; null is the default",
        body=LOOK_SCHEMA,
        answers={200: _CHANGED},
    ),
    Route(
        "PUT",
        "/api/look",
        put_look,
        "change all of it; what is not named goes to its default, but for the style",
        body=LOOK_SCHEMA,
        answers={200: _CHANGED},
    ),
    Route("POST", "/api/look/undo", undo, "the look before", answers={200: _CHANGED, 409: None}),
    Route("POST", "/api/look/redo", redo, "the look that was taken back", answers={200: _CHANGED, 409: None}),
    Route("PUT", "/api/mirror", put_mirror, "swap left and right, or not", body=_SWITCH, answers={200: _DONE}),
    Route("GET", "/api/cameras", get_cameras, "the cameras of this computer", answers={200: listing(_CAMERA)}),
    Route(
        "POST",
        "/api/live/start",
        start,
        "paint a camera, a film or an address; the state tells what comes of it",
        body=_START,
        answers={202: _DONE},
    ),
    Route("POST", "/api/live/stop", stop, "stop painting", answers={200: _DONE}),
    Route(
        "POST",
        "/api/snapshot",
        snapshot,
        "save the newest painted frame",
        answers={201: record({"name": TEXT, "href": TEXT}), 409: None, 507: None},
    ),
    Route("PUT", "/api/recording", put_recording, "record, or finish it", body=_SWITCH, answers={200: _DONE, 409: None}),
    Route(
        "PUT",
        "/api/virtual-camera",
        put_virtual_camera,
        "be a camera for other programs; the state tells what comes of it",
        body=_SWITCH,
        answers={200: _DONE, 409: None},
    ),
    Route(
        "GET",
        "/api/addresses",
        get_addresses,
        "what to give to OBS and other programs",
        answers={200: record({"view": TEXT, "stream": TEXT, "network": listing(TEXT)})},
    ),
    Route("GET", "/api/events", events, "what changes", described=False),
)
