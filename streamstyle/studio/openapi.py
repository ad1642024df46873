"""The table of routes as an OpenAPI 3.1 description."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from streamstyle import __version__
from streamstyle.studio.routes import PROBLEM, Route
from streamstyle.studio.schema import Schema

_ALWAYS, _MISSING, _NO_RANGE, _NO_JSON, _NO_ROOM = {400, 401, 403}, {404}, {416}, {408, 413, 415}, {408, 413, 415, 507}
"""Statuses of failures: of any route, of one with a name, of one that gives a file, takes JSON, takes a file."""

_INTRODUCTION = (
    "All that the studio's page does. Send the token of the address that the studio prints, as in "
    '`Authorization: Bearer TOKEN`. What is wrong is answered with {"error": "one line"}. Changes are told by the '
    "WebSocket /api/events."
)


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The description of all routes that are part of the API."""
    paths: dict[str, Any] = {}
    for route in routes:
        if route.described:
            paths.setdefault(re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.path), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "streamstyle studio", "version": __version__, "description": _INTRODUCTION},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}, "schemas": {"Problem": PROBLEM}},
        "security": [{"token": []}],
    }


def _operation(route: Route) -> dict[str, Any]:
    places = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)", route.path)
    ]
    values = [{"name": name, "in": "query", "schema": schema} for name, schema in route.query.items()]
    gives_file = isinstance(route.gives, str)
    refuses = {*_ALWAYS, *route.refuses}
    refuses |= _MISSING if places else set()
    refuses |= _NO_RANGE if gives_file else set()
    refuses |= _NO_JSON if route.body is not None else _NO_ROOM if route.upload else set()
    statuses = {status: _answer(status, route.gives) for status in ([200, 206] if gives_file else [route.status])}
    statuses |= {status: _answer(status, {"$ref": "#/components/schemas/Problem"}) for status in refuses}
    operation: dict[str, Any] = {
        "summary": (route.handler.__doc__ or "").partition("\n")[0],
        "parameters": places + values,
        "responses": {str(status): said for status, said in sorted(statuses.items())},
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": route.body}}}
    elif route.upload:
        content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": not route.may_be_empty, "content": content}
    return operation


def _answer(status: int, schema: Schema | str) -> dict[str, Any]:
    file = {"schema": {"type": "string", "format": "binary"}}
    content = {schema: file} if isinstance(schema, str) else {"application/json": {"schema": schema}}
    return {"description": HTTPStatus(status).phrase, "content": content}
