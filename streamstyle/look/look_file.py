"""Look files: a recipe in TOML, which photo, video and camera share."""

import json
import os
from pathlib import Path
from typing import Any

from streamstyle.errors import SinkError, UsageError
from streamstyle.look.recipe import LOOK_FIELDS, Recipe
from streamstyle.look.timeline import Timeline
from streamstyle.look.toml_options import toml_entries


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


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write a recipe as TOML; what is at its default is left out.

    Paths of files are written relative to the file's folder where they lie in it, else in full.

    Raises:
        SinkError: The file cannot be written.
    """
    folder = path.absolute().parent
    lines = ["# A look of streamstyle: run_video.py INPUT --look FILE, run_camera.py --look FILE"]
    for name, known in LOOK_FIELDS.items():
        value = getattr(recipe, name)
        if value != known.default:
            lines.append(f"{name} = {_toml(_portable(name, value, folder))}")
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise SinkError(f"cannot write the look '{path}': {(error.strerror or str(error)).lower()}") from error


def _portable(name: str, value: Any, folder: Path) -> Any:  # noqa: ANN401  # of any field
    """A value with paths that work wherever the folder is."""
    if isinstance(value, tuple):
        return tuple(_portable(name, item, folder) for item in value)
    if not _names_file(name, value, Path()):
        return value
    path = Path(value).absolute()
    inside = path.is_relative_to(folder)
    return str(path.relative_to(folder) if inside else path).replace(os.sep, "/")


def _from_folder(name: str, value: Any, folder: Path) -> Any:  # noqa: ANN401  # of any field
    """A value of a look file, with paths that are relative to the file's folder made ones that work from here."""
    if isinstance(value, tuple):
        return tuple(_from_folder(name, item, folder) for item in value)
    return str(folder / value) if _names_file(name, value, folder) else value


def _names_file(name: str, value: object, folder: Path) -> bool:
    known = LOOK_FIELDS[name]
    return known.kind in {"style", "file"} and value not in (None, *known.choices) and (folder / str(value)).is_file()


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, Timeline):
        return str(value) if len(value.keys) == 1 else json.dumps(str(value))
    # A JSON string is a TOML string.
    return json.dumps(value, ensure_ascii=False)
