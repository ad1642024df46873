"""The API of the saved looks."""

from aiohttp import web

from streamstyle.look.recipe import LOOK_FIELDS
from streamstyle.studio.keys import ENGINE, EVENTS, TOLD
from streamstyle.studio.routes import Routes, answer, done
from streamstyle.studio.schema import listing, record
from streamstyle.studio.shelf.files import give, receive
from streamstyle.studio.shelf.keys import LOOKS
from streamstyle.studio.shelf.looks import LOOK, MOST_LOOK_BYTES, SavedLook
from streamstyle.studio.told import LOOK_SCHEMA

ROUTES = Routes()
_LOOK = r"/api/looks/{name:[^/]+(?<!\.toml)}"
"""The address of a look; with .toml at its end it is that of the look's file."""


@ROUTES.add("GET", "/api/looks", gives=listing(LOOK))
async def get_looks(request: web.Request) -> web.Response:
    """All saved looks."""
    return answer([look.described() for look in request.app[LOOKS].all()])


@ROUTES.add("PUT", _LOOK, gives=LOOK, upload=True, may_be_empty=True)
async def put_look(request: web.Request) -> web.Response:
    """Save the present look, or the TOML that is sent."""
    text = bytearray()
    await receive(request, text.extend, MOST_LOOK_BYTES)
    looks, name = request.app[LOOKS], request.match_info["name"]
    look = looks.take(name, bytes(text)) if text else looks.save(name, request.app[ENGINE].wanted)
    request.app[EVENTS].send({"type": "looks"})
    return answer(look.described())


@ROUTES.add("POST", "/api/looks/{name}/load", gives=record({"look": LOOK_SCHEMA}))
async def load_look(request: web.Request) -> web.Response:
    """Go to a saved look."""
    engine = request.app[ENGINE]
    before, look = engine.wanted, engine.load(request.app[LOOKS].read(_look(request)))
    if look != before:
        request.app[TOLD].history.step(before, frozenset(LOOK_FIELDS))
    return answer({"look": request.app[TOLD].look(look)})


@ROUTES.add("GET", "/api/looks/{name}.toml", gives="application/toml")
async def get_look(request: web.Request) -> web.StreamResponse:
    """A saved look as TOML."""
    look = _look(request)
    return give(look.path, look.path.name, download=True, missing=f"the look '{look.name}' is no longer there")


@ROUTES.add("DELETE", _LOOK, refuses={409})
async def delete_look(request: web.Request) -> web.Response:
    """Remove a saved look."""
    request.app[LOOKS].remove(_look(request))
    request.app[EVENTS].send({"type": "looks"})
    return done()


def _look(request: web.Request) -> SavedLook:
    return request.app[LOOKS].get(request.match_info["name"])
