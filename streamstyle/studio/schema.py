"""JSON Schema, as much of it as the API uses: what the description says is what is checked."""

import json
import sys
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
ON: Schema = {"type": "boolean"}

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_NOUNS = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def record(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def listing(item: Schema, *, least: int = 0, most: int | None = None) -> Schema:
    """A list of items of one kind."""
    limits = {} if most is None else {"maxItems": most}
    return {"type": "array", "items": item, "minItems": least, **limits}


def one_of(*words: str) -> Schema:
    """One of some words."""
    return {"type": "string", "enum": list(words)}


def whole(low: int, high: int) -> Schema:
    """A whole number within limits."""
    return {"type": "integer", "minimum": low, "maximum": high}


def text(longest: int) -> Schema:
    """Text that is not empty."""
    return {"type": "string", "minLength": 1, "maxLength": longest}


def or_null(schema: Schema) -> Schema:
    """A schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def fault(value: object, schema: Schema, place: str = "the body") -> str:
    """What is wrong with a value, in one line; empty where nothing is.

    Args:
        value: As `json.loads` gives it.
        schema: With the keywords that this module makes; `title` says in words what is wanted.
        place: What to call the value.
    """
    if "anyOf" in schema:
        if any(not fault(value, choice, place) for choice in schema["anyOf"]):
            return ""
        wanted = schema.get("title") or " or ".join(_wanted(choice) for choice in schema["anyOf"])
        return f"{place}: wanted {wanted}, got {_short(value)}"
    if not _fits(value, schema):
        return f"{place}: wanted {_wanted(schema)}, got {_short(value)}"
    if isinstance(value, dict):
        return _fault_of_object(value, schema, place)
    if isinstance(value, list):
        for number, item in enumerate(value):
            if said := fault(item, schema.get("items", {}), f"{place}, number {number + 1}"):
                return said
    return ""


def told(text: str, schema: Schema) -> dict[str, Any] | None:
    """What a message of a WebSocket says; None where it is none of an object's schema."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and not fault(said, schema) else None


def _fault_of_object(value: dict[str, object], schema: Schema, place: str) -> str:
    known: Mapping[str, Schema] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return f"{place} lacks '{name}'"
    for name, item in value.items():
        if name in known:
            if said := fault(item, known[name], name):
                return said
        elif schema.get("additionalProperties") is False:
            return f"{place} has no '{name[:40]}'; choose of {', '.join(known) or 'nothing'}"
    return ""


def _fits(value: object, schema: Schema) -> bool:
    kind = schema.get("type")
    if kind is not None and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, str | list):
        least, most = ("minLength", "maxLength") if isinstance(value, str) else ("minItems", "maxItems")
        return bool(schema.get(least, 0) <= len(value) <= schema.get(most, len(value)))
    if isinstance(value, int | float) and not isinstance(value, bool):
        finite = abs(value) <= sys.float_info.max  # isfinite refuses huge integers
        return bool(finite and schema.get("minimum", value) <= value <= schema.get("maximum", value))
    return True


def _wanted(schema: Schema) -> str:
    if "title" in schema:
        return str(schema["title"])
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    noun = _NOUNS.get(schema.get("type", ""), "a value")
    if "minimum" in schema and "maximum" in schema:
        return f"{noun} from {schema['minimum']:g} to {schema['maximum']:g}"
    if "minimum" in schema:
        return f"{noun} of {schema['minimum']:g} or more"
    if "maxLength" in schema or "maxItems" in schema:
        least, most = schema.get("minLength", schema.get("minItems", 0)), schema.get("maxLength", schema.get("maxItems"))
        return f"{noun} of {least} to {most} {'letters' if 'maxLength' in schema else 'items'}"
    return noun


def _short(value: object) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:57]}..."
