"""The table of routes as an OpenAPI 3.1 description."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from streamstyle import __version__
from streamstyle.studio.routes import PROBLEM, Route
from streamstyle.studio.schema import Schema

_ALWAYS = (400, 401, 403)
"""Statuses that any route may answer with."""

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
    statuses: dict[int, Any] = {status: _answer(status, {"$ref": "#/components/schemas/Problem"}) for status in _ALWAYS}
    for status, schema in route.answers.items():
        statuses[status] = _answer(status, schema if status < 400 else {"$ref": "#/components/schemas/Problem"})
    operation: dict[str, Any] = {
        "summary": route.summary,
        "parameters": places + values,
        "responses": {str(status): said for status, said in sorted(statuses.items())},
    }
    if route.body is not None:
        statuses = {413: "the body is too large", 415: "the body is no JSON"}
        for status in statuses:
            operation["responses"][str(status)] = _answer(status, {"$ref": "#/components/schemas/Problem"})
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": route.body}}}
    elif route.upload:
        content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": not route.may_be_empty, "content": content}
    return operation


def _answer(status: int, schema: Schema | str | None) -> dict[str, Any]:
    said: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if isinstance(schema, str):
        said["content"] = {schema: {"schema": {"type": "string", "format": "binary"}}}
    elif schema is not None:
        said["content"] = {"application/json": {"schema": schema}}
    return said
