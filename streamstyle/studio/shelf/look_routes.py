"""The API of the saved looks."""

from aiohttp import web

from streamstyle.look.recipe import LOOK_FIELDS
from streamstyle.studio.keys import ENGINE, EVENTS, TOLD
from streamstyle.studio.routes import Route, answer
from streamstyle.studio.schema import ON, listing, record
from streamstyle.studio.shelf.files import answers_of, give, receive
from streamstyle.studio.shelf.keys import LOOKS
from streamstyle.studio.shelf.looks import LOOK, MOST_LOOK_BYTES, SavedLook
from streamstyle.studio.told import LOOK_SCHEMA

_DONE = record({"ok": ON})


async def get_looks(request: web.Request) -> web.Response:
    """All saved looks."""
    return answer([look.described() for look in request.app[LOOKS].all()])


async def put_look(request: web.Request) -> web.Response:
    """Save the present look, or one that is sent as TOML."""
    text = bytearray()
    await receive(request, text.extend, MOST_LOOK_BYTES)
    looks, name = request.app[LOOKS], request.match_info["name"]
    look = looks.take(name, bytes(text)) if text else looks.save(name, request.app[ENGINE].wanted)
    request.app[EVENTS].send({"type": "looks"})
    return answer(look.described())


async def load_look(request: web.Request) -> web.Response:
    """Go to a saved look."""
    engine = request.app[ENGINE]
    before, look = engine.wanted, engine.load(request.app[LOOKS].read(_look(request)))
    if look != before:
        request.app[TOLD].history.step(before, frozenset(LOOK_FIELDS))
    return answer({"look": request.app[TOLD].look(look)})


async def get_look(request: web.Request) -> web.StreamResponse:
    """A saved look as TOML."""
    look = _look(request)
    return give(look.path, look.path.name, download=True, missing=f"the look '{look.name}' is no longer there")


async def delete_look(request: web.Request) -> web.Response:
    """Remove a saved look."""
    request.app[LOOKS].remove(_look(request))
    request.app[EVENTS].send({"type": "looks"})
    return answer({"ok": True})


def _look(request: web.Request) -> SavedLook:
    return request.app[LOOKS].get(request.match_info["name"])


_LOOK = r"/api/looks/{name:[^/]+(?<!\.toml)}"
"""The address of a look; with .toml at its end it is that of the look's file."""

ROUTES = (
    Route("GET", "/api/looks", get_looks, "the saved looks", answers={200: listing(LOOK)}),
    Route(
        "PUT",
        _LOOK,
        put_look,
        "save the present look, or the TOML that is sent",
        upload=True,
        may_be_empty=True,
        answers={200: LOOK, 408: None, 413: None, 507: None},
    ),
    Route(
        "POST",
        "/api/looks/{name}/load",
        load_look,
        "go to a saved look",
        answers={200: record({"look": LOOK_SCHEMA}), 404: None},
    ),
    Route(
        "GET",
        "/api/looks/{name}.toml",
        get_look,
        "a saved look as TOML",
        answers=answers_of("application/toml"),
    ),
    Route("DELETE", _LOOK, delete_look, "remove a saved look", answers={200: _DONE, 404: None, 409: None}),
)
