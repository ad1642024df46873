"""Look files: a recipe in TOML, which photo, video and camera share."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from streamstyle.errors import SinkError, UsageError
from streamstyle.look.recipe import LOOK_FIELDS, Recipe
from streamstyle.look.timeline import Timeline
from streamstyle.look.toml_options import toml_entries
from streamstyle.media.libav import reason
from streamstyle.media.places import is_file, is_url, local_path, quoted
from streamstyle.media.sinks.place import checked_file, refuse_unless_writable
from streamstyle.styles.store import is_bare

_MARK = "# A look of streamstyle"
_FIRST_LINE = f"{_MARK}: streamstyle video INPUT --look FILE, streamstyle camera --look FILE"


def read_recipe(path: Path) -> Recipe:
    """A look file as a recipe.

    Raises:
        UsageError: The file cannot be read, or a key or value is wrong; names the line.
    """
    return Recipe(**read_values(path))


def read_values(path: Path) -> dict[str, Any]:
    """What a look file says: fields of a recipe, by their names.

    Args:
        path: TOML; keys as in LOOK_FIELDS, `-` for `_` being fine. Paths in it may be relative to its folder.

    Raises:
        UsageError: The file cannot be read, or a key or value is wrong; names the line.
    """
    values: dict[str, Any] = {}
    for key, value, place in toml_entries(path, "--look"):
        name = key.replace("-", "_")
        if name not in LOOK_FIELDS:
            raise UsageError(f"{place}: no option '{key}'; choose {', '.join(sorted(LOOK_FIELDS))}")
        try:
            values[name] = _from_folder(name, LOOK_FIELDS[name].read(value), path.parent)
        except UsageError as error:
            raise UsageError(f"{place}: {name}: {error}") from error
    return values


def check_look_place(path: Path, *, overwrite: bool, reads: Iterable[str] = ()) -> None:
    """Say before any work whether a look can be written to a file.

    Args:
        path: Where.
        overwrite: Whether a look that is there may be replaced.
        reads: What the run reads, as in `refuse_unless_writable`.

    Raises:
        UsageError: The run reads it.
        SinkError: It cannot; something is there already and is no look, or `overwrite` is not set.
    """
    try:
        refuse_unless_writable(path, overwrite=overwrite, reads=reads)
        with path.open("rb") as file:
            start = file.read(len(_MARK))
    except FileNotFoundError:
        return
    except OSError as error:
        raise SinkError(f"cannot write the look {quoted(path)}: {reason(error)}") from error
    if path.suffix.lower() != ".toml" and start != _MARK.encode():
        raise SinkError(f"{quoted(path)} is there already and no look; name another file for the look")


def save_recipe(recipe: Recipe, path: Path, *, overwrite: bool = False) -> None:
    """Write a recipe as TOML; what is at its default is left out.

    Paths of files are written relative to the file's folder where they lie in it, else in full.

    Raises:
        SinkError: As `check_look_place`.
    """
    check_look_place(path, overwrite=overwrite)
    folder = path.absolute().parent
    lines = [_FIRST_LINE]
    for name, known in LOOK_FIELDS.items():
        value = getattr(recipe, name)
        if value != known.default:
            lines.append(f"{name} = {_toml(_portable(name, value, folder))}")
    with checked_file(path, overwrite=overwrite) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _portable(name: str, value: Any, folder: Path) -> Any:  # noqa: ANN401  # of any field
    """A value with paths that work wherever the folder is."""
    if isinstance(value, tuple):
        return tuple(_portable(name, item, folder) for item in value)
    if not _may_be_path(name, value) or not is_file(value):
        return value
    path = local_path(value).absolute()
    inside = path.is_relative_to(folder)
    portable = str(path.relative_to(folder) if inside else path).replace(os.sep, "/")
    return f"./{portable}" if is_bare(portable) else portable


def _from_folder(name: str, value: Any, folder: Path) -> Any:  # noqa: ANN401  # of any field
    """A value of a look file, with paths that are relative to the file's folder made ones that work from here."""
    if isinstance(value, tuple):
        return tuple(_from_folder(name, item, folder) for item in value)
    if not _may_be_path(name, value) or is_url(value):
        return value
    beside = str(folder / local_path(value))
    return beside if is_file(beside) else value


def _may_be_path(name: str, value: object) -> bool:
    return isinstance(value, str) and LOOK_FIELDS[name].kind in {"style", "file"} and not is_bare(value)


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, Timeline):
        return str(value) if len(value.keys) == 1 else json.dumps(str(value))
    # A JSON string is a TOML string.
    return json.dumps(value, ensure_ascii=False)
