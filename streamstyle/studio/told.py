"""The state of the studio as it is told to pages and programs."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from streamstyle.live.sinks import RECORDING
from streamstyle.live.state import SinkState
from streamstyle.look.options import describe_look, look_values
from streamstyle.look.recipe import LOOK_FIELDS, Recipe
from streamstyle.studio.engine import VIRTUAL_CAMERA, Engine
from streamstyle.studio.history import History
from streamstyle.studio.schema import COUNT, NUMBER, ON, TEXT, Schema, listing, one_of, or_null, record

STYLE_FIELDS = tuple(name for name, known in LOOK_FIELDS.items() if known.kind == "style")

_PHASES: Mapping[str, str] = {"opening": "opening", "open": "on"}
_OUTPUT_PHASE = one_of("off", "opening", "on")


def _field_schema(name: str) -> Schema:
    known = LOOK_FIELDS[name]
    one: list[Schema] = [{"type": "string", "enum": list(known.choices)}] if known.choices else []
    if known.kind in {"number", "integer"}:
        limits = {"minimum": known.low} | ({} if known.high == float("inf") else {"maximum": known.high})
        one.append({"type": known.kind, **limits})
    if known.kind in {"style", "file"} or known.over_time:
        one.append({"type": "string", "minLength": 1, "maxLength": 1000})
    several: list[Schema] = [listing({"anyOf": one}, most=8)] if known.several else []
    return {"anyOf": [*one, *several, {"type": "null"}], "title": known.wanted, "description": known.help}


LOOK_SCHEMA: Schema = {
    "type": "object",
    "properties": {name: _field_schema(name) for name in LOOK_FIELDS},
    "additionalProperties": False,
}
FIELDS_SCHEMA: Schema = listing({"type": "object", "required": list(describe_look()[0])})
SOURCE_SCHEMA = record({"kind": one_of("camera", "browser", "file", "url"), "name": TEXT}, {"id": TEXT})
STATE_SCHEMA = record(
    {
        "version": COUNT,
        "live": record(
            {
                "phase": one_of("off", "starting", "running", "failed"),
                "source": or_null(SOURCE_SCHEMA),
                "size": or_null(listing(COUNT, least=2, most=2)),
                "problem": or_null(TEXT),
                "paused": ON,
            }
        ),
        "look": LOOK_SCHEMA,
        "style": TEXT,
        "waiting": ON,
        "can_undo": ON,
        "can_redo": ON,
        "mirror": ON,
        "recording": record({"phase": _OUTPUT_PHASE, "name": or_null(TEXT), "since": or_null(NUMBER)}),
        "virtual_camera": record({"phase": _OUTPUT_PHASE, "destination": or_null(TEXT), "remedy": or_null(TEXT)}),
        "message": record({"text": TEXT, "number": COUNT}),
        "warnings": listing(TEXT),
        "details": record(
            {"precision": or_null(TEXT), "device": or_null(TEXT), "processing_size": or_null(COUNT), "model": or_null(TEXT)}
        ),
    }
)


class Told:
    """What is told; on the event loop.

    Attributes:
        history: Of the look.
    """

    def __init__(self, engine: Engine, history: History, name_of: Callable[[str], str]) -> None:
        """Nothing is told yet.

        Args:
            engine: The live show.
            history: Of the look.
            name_of: The name of a style that a look holds.
        """
        self.history = history
        self._engine, self._name_of = engine, name_of
        self._version = 0
        self._last: dict[str, Any] = {}
        self._recording_since: float | None = None

    def state(self) -> dict[str, Any]:
        """As it is now, with a version that grows whenever it is another."""
        told = self._now()
        if told != self._last:
            self._version, self._last = self._version + 1, told
        return {"version": self._version, **told}

    def look(self, recipe: Recipe) -> dict[str, object]:
        """A look, with the names of its styles."""
        values = look_values(recipe)
        return values | {name: named(values[name], self._name_of) for name in STYLE_FIELDS}

    def figures(self) -> dict[str, Any] | None:
        """How fast it is, over the last seconds; None while nothing runs."""
        live = self._engine.live
        if live is None:
            return None
        return {
            "type": "figures",
            "fps": round(live.rate.per_second(time.monotonic()), 1),
            "latency_ms": live.latency.milliseconds(50),
            "missed": live.pipeline.skipped,
        }

    def _now(self) -> dict[str, Any]:
        engine, state = self._engine, self._engine.state
        status, live, stylizer = engine.status, engine.live, engine.stylizer
        sinks = {sink.name: sink for sink in state.sinks}
        recording, virtual = sinks.get(RECORDING), sinks.get(VIRTUAL_CAMERA)
        self._recording_since = (self._recording_since or time.time()) if _phase(recording) == "on" else None
        browser_is_away = status.problem is not None and status.camera is not None and status.camera.kind == "browser"
        warnings = dict.fromkeys([*([] if live is None else live.source.warnings), *state.warnings])
        device, _, precision = ("", "", "") if stylizer is None else stylizer.provider.partition(" (")
        return {
            "live": {
                "phase": "starting" if browser_is_away and status.phase == "running" else status.phase,
                "source": None if status.camera is None else status.camera.as_json(),
                "size": None if status.size is None else list(status.size),
                "problem": status.problem,
                "paused": status.paused,
            },
            "look": self.look(engine.wanted),
            "style": state.style,
            "waiting": state.waiting,
            "can_undo": self.history.can_undo,
            "can_redo": self.history.can_redo,
            "mirror": state.settings.mirror,
            "recording": {
                "phase": _phase(recording),
                "name": None if recording is None or engine.recording is None else engine.recording.name,
                "since": self._recording_since,
            },
            "virtual_camera": {
                "phase": _phase(virtual),
                "destination": None if virtual is None else virtual.destination,
                "remedy": engine.remedy,
            },
            "message": {"text": state.message.text, "number": round(state.message.said_at * 1000)},
            "warnings": list(warnings),
            "details": {
                "precision": precision.rstrip(")") or ("fp32" if device else None),
                "device": device or None,
                "processing_size": None if live is None else live.size_in_use,
                "model": None if stylizer is None else f"{stylizer.name} {stylizer.version}",
            },
        }


def named(value: object, name_of: Callable[[str], str]) -> object:
    """The value of a field that holds styles, each of them under another name."""
    if isinstance(value, list):
        return [named(item, name_of) for item in value]
    return name_of(value) if isinstance(value, str) else value


def _phase(sink: SinkState | None) -> str:
    return "off" if sink is None else _PHASES[sink.phase]
