"""The studio's server: all routes of one application, and its life."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from socket import socket

from aiohttp import web
from aiohttp.http import RawRequestMessage

from streamstyle.studio import browser_routes, live_routes, pages, picture_routes, watching
from streamstyle.studio.engine import Engine
from streamstyle.studio.events import Events
from streamstyle.studio.folders import Folders
from streamstyle.studio.history import History
from streamstyle.studio.keys import ENGINE, EVENTS, FOLDERS, GUARD, NETWORK, PICTURES, TOLD
from streamstyle.studio.openapi import describe
from streamstyle.studio.pictures import Pictures
from streamstyle.studio.routes import MOST_JSON_BYTES, ApiError, Route, add_routes, answer, say_errors
from streamstyle.studio.security import Guard, add_headers
from streamstyle.studio.shelf import routes as shelf_routes
from streamstyle.studio.shelf.keys import STYLES
from streamstyle.studio.told import Told

_IDLE_SECONDS = 15.0
"""A connection on which nothing is asked for so long is dropped."""
_FAREWELL_SECONDS = 1.0
_LONGEST_ADDRESS = 65536  # bytes; a letter of a file's name takes up to twelve
_TELL_SECONDS = 0.1
_FIGURES_EVERY = 10

API = (
    *live_routes.ROUTES,
    *watching.SOCKETS,
    *browser_routes.ROUTES,
    *picture_routes.ROUTES,
    *shelf_routes.ROUTES,
)
"""The table of all routes of the API."""

OpenEngine = Callable[[Pictures], Engine]


def studio_app(guard: Guard, folders: Folders, open_engine: OpenEngine, network: Sequence[str] = ()) -> web.Application:
    """The whole studio.

    Args:
        guard: Lets in.
        folders: Where things are kept.
        open_engine: Makes the live show, once the server begins; what it shows goes to the pictures.
        network: Addresses at which other devices reach it.
    """
    app = web.Application(middlewares=[say_errors, guard.let_in], client_max_size=MOST_JSON_BYTES)
    app[FOLDERS], app[GUARD], app[NETWORK] = folders, guard, list(network)

    async def get_api(_request: web.Request) -> web.Response:
        return answer(describe(API))

    routes = (*API, *watching.ROUTES, *pages.routes(guard), Route("GET", "/api", get_api, described=False))
    add_routes(app, routes)
    app.on_response_prepare.append(add_headers)

    def name_of(held: str) -> str:
        return app[STYLES].name_of(held)

    async def show(app: web.Application) -> AsyncIterator[None]:
        app[PICTURES], app[EVENTS] = Pictures(), Events()
        app[ENGINE] = engine = open_engine(app[PICTURES])
        app[TOLD] = Told(engine, History(), name_of)
        teller = asyncio.create_task(_tell(app))
        try:
            yield
        finally:
            teller.cancel()
            with suppress(asyncio.CancelledError):
                await teller
            await asyncio.to_thread(engine.close)

    async def say_goodbye(app: web.Application) -> None:
        await app[EVENTS].close()

    app.cleanup_ctx.append(show)
    app.cleanup_ctx.append(shelf_routes.shelf)
    app.on_shutdown.append(say_goodbye)
    return app


@asynccontextmanager
async def serving(app: web.Application, listener: socket, context: ssl.SSLContext | None = None) -> AsyncIterator[None]:
    """Answer at a socket for as long as the block lasts; then let all connections go and end what the application began.

    Args:
        app: To be served.
        listener: Closed at the end.
        context: For HTTPS.
    """
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_FAREWELL_SECONDS)
    loop = asyncio.get_running_loop()
    server: asyncio.Server | None = None
    try:
        await runner.setup()
        assert runner.server is not None  # once it is set up
        connect = partial(_Connection, runner.server, loop=loop)
        server = await loop.create_server(connect, sock=listener, ssl=context)
        yield
    finally:
        if server is not None:
            server.close()
        await runner.cleanup()
        listener.close()


class _Connection(web.RequestHandler):
    """A connection where what cannot be read as HTTP is answered as all else is: in one line, at once."""

    __slots__ = ()

    def __init__(self, server: web.Server, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # as aiohttp documents it
            keepalive_timeout=_IDLE_SECONDS,
            max_line_size=_LONGEST_ADDRESS,
            auto_decompress=False,  # what is small may become large
        )

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._messages or isinstance(self._messages[-1][0], RawRequestMessage):
            return
        bodies = [body for _, body in self._messages]
        if self._current_request is not None:
            bodies.append(self._current_request.content)
        for body in bodies:
            if not body.is_eof():  # nothing more of it would ever come
                body.set_exception(ApiError(400, "the body is broken: its chunks are not as HTTP has them; send it again"))
                body.feed_eof()
                self._messages.pop()  # one answer will do
                self.close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status != 400:
            return super().handle_error(request, status, exc, message)
        what = (message or "a mistake").partition("\n")[0].partition(": ")[0].rstrip(":")
        said = answer({"error": f"that cannot be read as HTTP: {what}"}, 400)
        said.force_close()
        return said


async def _tell(app: web.Application) -> None:
    """Tell listeners what changes: ten times a second at most, and the figures once."""
    engine, events, told = app[ENGINE], app[EVENTS], app[TOLD]
    version, outputs, turn = -1, engine.state.outputs, 0
    while True:
        await asyncio.sleep(_TELL_SECONDS)
        turn += 1
        if not events.listeners:
            continue
        state = told.state()
        if state["version"] != version:
            version = state["version"]
            events.send({"type": "state", "state": state})
        if engine.state.outputs != outputs:
            outputs = engine.state.outputs
            events.send({"type": "pictures"})
        if turn % _FIGURES_EVERY == 0 and (figures := told.figures()) is not None:
            events.send(figures | {"viewers": app[PICTURES].viewers})
