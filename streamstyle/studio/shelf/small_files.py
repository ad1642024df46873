"""Small JSON files: written whole or not at all, and set aside when they are damaged."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamstyle.errors import SinkError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.whole import whole_file
from streamstyle.studio.schema import Schema, fault

Tell = Callable[[str], None]
"""Takes a line for the user."""

_MOST_BYTES = 10_000_000


def read_json(path: Path, schema: Schema, tell: Tell) -> Any:  # noqa: ANN401 - whatever the schema says
    """What a file holds; None where it is not there, or was damaged, which is told: it is then called `.damaged`.

    Args:
        path: Of the file.
        schema: Of what it must hold.
        tell: Takes a line for the user.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        value = json.loads(path.read_text(encoding="utf-8"))
        if said := fault(value, schema, "it"):
            raise ValueError(said)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        aside = path.with_name(f"{path.name}.damaged")
        try:
            path.replace(aside)
        except OSError as failure:
            tell(f"{quoted(path)} is damaged ({reason(error)}), and cannot be set aside: {reason(failure)}")
        else:
            tell(f"{quoted(path)} is damaged ({reason(error)}); it was set aside as {quoted(aside.name)}")
        return None
    return value


def write_json(path: Path, value: object) -> None:
    """Write a file, over what is there.

    Raises:
        SinkError: It cannot be written.
    """
    try:
        with whole_file(path) as partial:
            partial.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise SinkError(
            f"{quoted(path)} cannot be written: {reason(error)}; make room, or see to its permissions"
        ) from error
