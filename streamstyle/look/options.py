"""The fields of a look as options of photos, videos and cameras, as a table for people and as a list for programs."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from pathlib import Path

from streamstyle.errors import UsageError
from streamstyle.look.fields import LookField
from streamstyle.look.look_file import read_values
from streamstyle.look.recipe import AS_REST, LOOK_FIELDS, Recipe
from streamstyle.look.timeline import Timeline


def add_look_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; none has a default here, so that those given on the command line can be told from a look file's."""
    look = parser.add_argument_group("how it looks")
    for name, known in LOOK_FIELDS.items():
        default = _in_words(known.default)
        look.add_argument(
            _option(name),
            nargs="+" if known.several else None,
            type=_argument(known),
            metavar=_metavar(known),
            help=f"{known.help} (default: {default})" if default else known.help,
        )
    look.add_argument("--look", type=Path, metavar="FILE", help="a look from a TOML file; options typed here win")
    look.add_argument("--save-look", type=Path, metavar="FILE", help="write the look to a TOML file")


def recipe_of(options: argparse.Namespace) -> Recipe:
    """The look that a command line asks for, from its --look file where it names one.

    Raises:
        UsageError: The parts contradict each other, or the file cannot be used.
    """
    values = {} if options.look is None else read_values(options.look)
    typed = {name: value for name in LOOK_FIELDS if (value := getattr(options, name)) is not None}
    if "style" in typed:
        # The file's weights and strengths belong to the file's styles, not to those on the command line.
        values.pop("weights", None)
        if len(values.get("alpha", ())) > 1:
            del values["alpha"]
    for name, value in typed.items():
        values[name] = tuple(value) if isinstance(value, list) else value
    return Recipe(**values)


def describe_look() -> list[dict[str, object]]:
    """The fields of a look for programs, in values that JSON knows.

    Returns:
        One dictionary per field: `name` and `option` (on the command line); `type`, one of streamstyle.look.fields.Kind;
        `list` (several values), `over_time` (numbers may be text such as "0@0,1@5"), `choices` (words; beside them `type`
        holds), `minimum`, `maximum`, `unit`, `default`, each None or empty where there is none; `help`.
    """
    return [
        {
            "name": name,
            "option": _option(name),
            "type": known.kind,
            "list": known.several,
            "over_time": known.over_time,
            "choices": list(known.choices),
            "minimum": known.low if known.kind in {"number", "integer"} else None,
            "maximum": known.high if known.high < inf else None,
            "unit": known.unit,
            "default": _plain(known.default),
            "help": known.help,
        }
        for name, known in LOOK_FIELDS.items()
    ]


def style_argument(text: str) -> str:
    """The name or the file of a style."""
    return str(_argument(LOOK_FIELDS["style"])(text))


def look_values(recipe: Recipe) -> dict[str, object]:
    """A look for programs: each field's value, in values that JSON knows."""
    return {name: _plain(getattr(recipe, name)) for name in LOOK_FIELDS}


def changed_look(recipe: Recipe, values: Mapping[str, object]) -> Recipe:
    """A look with other values, as programs give them; weights and strengths that were for other styles go.

    Args:
        recipe: The look before.
        values: Name of a field -> a value as `look_values` gives it, or None for the default.

    Raises:
        UsageError: There is no such field, or the value is none that it may have; names the field.
    """
    changes: dict[str, object] = {}
    for name, value in values.items():
        if name not in LOOK_FIELDS:
            raise UsageError(f"a look has no '{name}'; choose one of {', '.join(LOOK_FIELDS)}")
        known = LOOK_FIELDS[name]
        try:
            changes[name] = known.default if value is None or value == [] else known.read(value)
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from error
    if changes.get("style") == ():
        del changes["style"]
    if len(changes.get("style", recipe.style)) != len(recipe.style):  # type: ignore[arg-type]
        changes = {"weights": (), "alpha": recipe.alpha[:1]} | changes
    return replace(recipe, **changes)  # type: ignore[arg-type]


def look_without(recipe: Recipe, style: str, instead: str) -> Recipe:
    """A look without a style: a blend keeps its other styles, and people and background are painted as the rest.

    Args:
        recipe: The look before.
        style: What its fields hold for the style.
        instead: What takes the place of the only style, or of one that has a place in the mask.
    """
    kept = [name for name in recipe.style if name != style]
    if recipe.mask is not None or not kept:
        kept = [instead if name == style else name for name in recipe.style]
    changes: dict[str, object] = {"style": kept}
    changes |= {name: AS_REST for name in ("person", "background") if getattr(recipe, name) == style}
    return changed_look(recipe, changes)


def markdown_table() -> str:
    """The fields of a look as the docs show them."""
    rows = [
        f"| `{_option(name)}` | {known.wanted}{'; one or more' if known.several else ''} | {_in_words(known.default)} "
        f"| {known.help} |"
        for name, known in LOOK_FIELDS.items()
    ]
    return "\n".join(["| option | values | default | what it does |", "| --- | --- | --- | --- |", *rows])


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _metavar(known: LookField) -> str:
    number = f"{known.low:g}..{known.high:g}" if known.high == 1 else "N"
    beside = {"style": ["STYLE"], "file": ["FILE"], "choice": [], "number": [number], "integer": ["N"]}[known.kind]
    return "|".join([*known.choices, *beside])


def _argument(known: LookField) -> Callable[[str], object]:
    def parse(text: str) -> object:
        try:
            return known.parse(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def _in_words(default: object) -> str:
    """A default for people; empty where there is none."""
    if isinstance(default, tuple):
        return " ".join(map(_in_words, default))
    return f"{default:g}" if isinstance(default, float) else "" if default is None else str(default)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Timeline):
        return value.keys[0][1] if value.is_constant else str(value)
    return value
