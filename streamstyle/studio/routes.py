"""The one table of routes: the router, the check of what comes, and the OpenAPI description are made of it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from aiohttp import hdrs, web

from streamstyle.errors import StreamstyleError
from streamstyle.media.libav import reason
from streamstyle.studio.schema import ON, Schema, fault, record

MOST_JSON_BYTES = 1_000_000
BODY: web.RequestKey[Any] = web.RequestKey("body", object)
"""What was sent as JSON, checked against the schema of the route."""
_PATIENCE_SECONDS = 20.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

DONE: Schema = record({"ok": ON})
"""What is given where there is nothing to tell."""
SWITCH: Schema = record({"on": ON})
"""What is sent to switch something on or off."""
PROBLEM: Schema = record({"error": {"type": "string"}})
"""What every answer that is no success holds: one line that says what and what to do."""


class ApiError(StreamstyleError):
    """What was asked for cannot be done.

    Attributes:
        status: Of the answer: 400 wrong, 404 not there, 409 not now, 413 too large, 503 too many.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes:
        method: GET, POST, PUT, PATCH or DELETE.
        path: With names in braces, as in `/api/jobs/{id}`.
        handler: Answers; where there is a `body`, that has been checked and lies in `request[BODY]`. Its docstring begins
            with what it does, in one line.
        gives: Schema of the JSON of a success, or the media type of a file, of which parts may be asked for.
        status: Of a success.
        refuses: Statuses of failures, but for those that all routes of a kind have.
        body: Of the JSON that must come with it; None where none does.
        query: Of each value that may follow the `?`, all of them text.
        upload: Whether the body is a file, which the handler reads by itself.
        may_be_empty: Whether there need not be one.
        is_open: Whether it is answered without a token.
        by_address: Whether a token in the address will do, for programs that keep no cookies.
        described: Whether it is part of the API's description; WebSockets and pages are not.
    """

    method: str
    path: str
    handler: Handler
    gives: Schema | str = field(default_factory=lambda: DONE)
    status: int = 200
    refuses: Collection[int] = ()
    body: Schema | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    upload: bool = False
    may_be_empty: bool = False
    is_open: bool = False
    by_address: bool = False
    described: bool = True


class Routes(list[Route]):
    """The routes of a module."""

    def add(self, method: str, path: str, **more: Any) -> Callable[[Handler], Handler]:  # noqa: ANN401 - as Route has them
        """Make what it decorates the handler of a route.

        Args:
            method: As of Route.
            path: As of Route.
            **more: The rest of Route.
        """

        def take(handler: Handler) -> Handler:
            self.append(Route(method, path, handler, **more))
            return handler

        return take


def answer(value: object, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.json_response(value, status=status, headers={"Cache-Control": "no-store"})


def done(status: int = 200) -> web.Response:
    """The answer where there is nothing to tell."""
    return answer({"ok": True}, status)


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Let an application answer a table of routes; a GET is answered without its body when a HEAD asks."""
    for route in routes:
        resource = app.router.add_resource(route.path)
        handler = _checked(route)
        resource.add_route(route.method, handler)
        if route.method == "GET":
            resource.add_route("HEAD", handler)


def route_of(request: web.Request) -> Route | None:
    """Of the table; None where nothing is there."""
    return getattr(request.match_info.handler, "route", None)


@web.middleware
async def say_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn failures into answers that say what is wrong."""
    try:
        return await handler(request)
    except ApiError as error:
        return answer({"error": str(error)}, error.status)
    except StreamstyleError as error:
        return answer({"error": str(error)}, 400)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        said = answer({"error": _PLAIN.get(error.status, (error.reason or "").lower())}, error.status)
        if "Allow" in error.headers:
            said.headers["Allow"] = error.headers["Allow"]
        return said
    except (asyncio.CancelledError, ConnectionError):
        raise
    except OSError as error:
        return answer(
            {"error": f"the system refuses that: {reason(error)}; make room on the disk, or see to permissions"}, 507
        )
    except Exception:
        logging.getLogger("streamstyle").exception("a request failed: %s %s", request.method, request.path)
        return answer({"error": "the studio made a mistake here; restart it if this goes on, and please report it"}, 500)


_PLAIN = {
    404: "there is nothing at this address; GET /api lists what there is",
    405: "this address takes other methods; GET /api lists them",
    413: "that is too large",
}


def _checked(route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        for name, value in request.query.items():
            if name in route.query and (said := fault(value, route.query[name], name)):
                raise ApiError(400, said)
        if (route.body is not None or route.upload) and request.headers.get(
            hdrs.CONTENT_ENCODING, "identity"
        ) != "identity":
            raise ApiError(415, "wanted a body that is not compressed, without Content-Encoding")
        if route.body is not None:
            request[BODY] = await _json_of(request, route.body)
        return await route.handler(request)

    handle.route = route  # type: ignore[attr-defined]
    return handle


async def _json_of(request: web.Request, schema: Schema) -> Any:  # noqa: ANN401 - whatever the schema says
    if request.content_length is not None and request.content_length > MOST_JSON_BYTES:
        raise ApiError(413, f"the body is too large; at most {MOST_JSON_BYTES // 1000} kB")
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            data = await request.read()
    except TimeoutError as error:
        raise ApiError(408, "the body did not come in time; send it again") from error
    if request.content_type != "application/json":
        raise ApiError(415, "wanted a body of JSON, with Content-Type: application/json")
    try:
        value = json.loads(data, parse_float=_number, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, 'the body is no JSON; wanted an object such as {"on": true}') from error
    if said := fault(value, schema):
        raise ApiError(400, said)
    return value


def _number(text: str) -> float:
    """As JSON Schema has it: 300.0 is a whole number."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
