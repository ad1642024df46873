"""What is to be known of one field of a look, so that it is read, checked, written and told from one entry.

The entries themselves, the table of a look's fields, are the dataclasses in streamstyle.look.recipe.
"""

import sys
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from math import inf
from typing import Any, Literal, TypeVar

from streamstyle.errors import UsageError
from streamstyle.look.timeline import Timeline, number_of
from streamstyle.media.places import quoted

Kind = Literal["style", "file", "choice", "number", "integer"]
"""A style's name or file, another file, one of some words, a number, a whole number."""

Value = TypeVar("Value")

_ENTRY = "look field"
"""Where dataclasses keep entries among a field's metadata."""


@dataclass(frozen=True, slots=True)
class LookField:
    """One field of a look.

    Attributes:
        kind: What may be written.
        help: What it does, in one line.
        choices: Words that may be written: with the kind `choice` only these, else beside the others.
        low: The least number.
        high: The greatest number.
        unit: Of numbers: `pixels`, or empty.
        several: Whether it is a tuple of values.
        over_time: Whether numbers may change over time; values are then of the type Timeline.
        new_player: Whether another value needs other styles or masks to be made ready before it can be played.
        default: Its default value, or None. Filled in by `entry`.
    """

    kind: Kind
    help: str
    _: KW_ONLY
    choices: tuple[str, ...] = ()
    low: float = 0
    high: float = inf
    unit: str = ""
    several: bool = False
    over_time: bool = False
    new_player: bool = False
    default: object = None

    @property
    def wanted(self) -> str:
        """What may be written, in words."""
        words = [", ".join(self.choices)] if self.choices else []
        if self.kind in {"number", "integer"}:
            noun = {"number": "number", "integer": "whole number"}[self.kind]
            noun = f"{noun}s" if self.several or self.over_time else f"a {noun}"
            unit = f" of {self.unit}" if self.unit else ""
            limits = f"from {self.low:g} to {self.high:g}" if self.high < inf else f"of {self.low:g} or more"
            words.append(f"{noun}{unit} {limits}")
        elif self.kind != "choice":
            words.append({"style": "the name or file of a style", "file": "a file"}[self.kind])
        return f"one of {words[0]}" if self.kind == "choice" else " or ".join(words)

    def parse(self, text: str) -> Any:  # noqa: ANN401  # the field's own type, or that of one of several
        """One value as it is typed.

        Raises:
            UsageError: It is not what is wanted.
        """
        value: object = text
        if text not in self.choices and self.kind in {"number", "integer"}:
            try:
                value = Timeline.parse(text) if self.over_time else number_of(text)
                if self.kind == "integer" and isinstance(value, float) and value.is_integer():
                    value = int(value)
            except ValueError:
                value = None
        if not self._accepts_one(value):
            raise UsageError(f"wanted {self.wanted}, got {quoted(text)}")
        return value

    def read(self, value: object) -> Any:  # noqa: ANN401  # the field's own type
        """The field's value from what stands in a TOML or JSON file: text, a number, or a list of them.

        Raises:
            UsageError: It is not what is wanted.
        """
        many = value if isinstance(value, list) else [value]
        if (isinstance(value, list) and not self.several) or not many or not all(map(_is_plain, many)):
            raise UsageError(f"wanted {self.wanted}, got {value!r}")
        values = tuple(self.parse(str(item)) for item in many)
        return values if self.several else values[0]

    def accepts(self, value: object) -> bool:
        """Whether a value is of the field's type and within its range."""
        if self.several:
            return isinstance(value, tuple) and all(map(self._accepts_one, value))
        return (value is None and self.default is None) or self._accepts_one(value)

    def _accepts_one(self, value: object) -> bool:
        if isinstance(value, str):
            return value in self.choices or (bool(value.strip()) and self.kind in {"style", "file"})
        if self.over_time:
            return isinstance(value, Timeline) and all(map(self._within, value.bounds))
        numbers = {"number": (int, float), "integer": (int,)}.get(self.kind, ())
        return isinstance(value, numbers) and not isinstance(value, bool) and self._within(value)

    def _within(self, number: float) -> bool:
        # Not isfinite, which refuses huge integers.
        return abs(number) <= sys.float_info.max and self.low <= number <= self.high


def entry(default: Value, known: LookField) -> Value:
    """A dataclass's field with its default and all that is to be known of it."""
    return field(default=default, metadata={_ENTRY: replace(known, default=default)})


def fields_of(table: type) -> Mapping[str, LookField]:
    """Name -> what is known of it, for the fields of a dataclass that `entry` made; its own before inherited ones."""
    known = {item.name: item.metadata[_ENTRY] for item in fields(table) if _ENTRY in item.metadata}
    own = [name for name in known if name in table.__annotations__]
    return {name: known[name] for name in [*own, *(name for name in known if name not in own)]}


def check_fields(look: Any) -> None:  # noqa: ANN401  # any dataclass
    """See that every field holds what it may.

    Args:
        look: A dataclass with entries.

    Raises:
        UsageError: One does not; names it.
    """
    for name, known in fields_of(type(look)).items():
        value = getattr(look, name)
        if not known.accepts(value):
            got = " ".join(map(str, value)) if isinstance(value, tuple) else value
            raise UsageError(f"{name}: wanted {known.wanted}, got '{got}'")


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
