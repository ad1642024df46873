"""Values that change over time, as a user writes them: `0.8`, or `0@0,1@5`."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import isfinite, nan
from typing import Self

from streamstyle.errors import UsageError
from streamstyle.media.places import quoted

_MOST_DIGITS = 18
_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def number_of(text: str) -> float:
    """`12`, `-0.5` or `1e3`; Python would take more: `1_000`, digits of other scripts, `nan`.

    Raises:
        ValueError: It is none of these, or has no end, as 1e999.
    """
    number = float(text) if _NUMBER.fullmatch(text := text.strip()) else nan
    if not isfinite(number):
        raise ValueError(f"wanted a number, got {quoted(text)}")
    return number


def seconds_of(text: str) -> Fraction:
    """`12.5`, `1:02.5` or `1:02:03` in seconds.

    Raises:
        ValueError: It is neither.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"wanted seconds or h:mm:ss, got {quoted(text)}")
    hours, minutes, seconds = match.groups(default="0")
    if max(len(hours), len(minutes), len(seconds)) > _MOST_DIGITS:
        raise ValueError(f"wanted a time that a clip can have, got one of {len(text)} characters")
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)


def _digits(number: float) -> str:
    """All of them and no exponent, which times cannot have."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Timeline:
    """A number over time: constant before the first key and after the last, linear between.

    Attributes:
        keys: (seconds, value), at least one, times rising.
    """

    keys: tuple[tuple[float, float], ...]

    @classmethod
    def constant(cls, value: float) -> Self:
        """The same value at all times."""
        return cls(((0.0, value),))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `0.8` or `VALUE@TIME,VALUE@TIME,...`, times as seconds or h:mm:ss.

        Raises:
            UsageError: It is neither, or the times do not rise.
        """
        try:
            keys = []
            for part in text.split(","):
                value, _, time = part.partition("@") if "@" in text else (text, "", "0")
                keys.append((float(seconds_of(time)), number_of(value)))
        except ValueError:
            raise UsageError(
                f"wanted a number, or values at times such as 0@0,1@5 (seconds or h:mm:ss), got {quoted(text)}"
            ) from None
        if any(later <= earlier for (earlier, _), (later, _) in pairwise(keys)):
            raise UsageError(f"the times after @ must rise, got {quoted(text)}")
        return cls(tuple(keys))

    @property
    def is_constant(self) -> bool:
        """Whether it never changes."""
        return len({value for _, value in self.keys}) == 1

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value."""
        values = [value for _, value in self.keys]
        return min(values), max(values)

    def at(self, seconds: float) -> float:
        """The value at a time, in seconds from the beginning."""
        after = bisect_right(self.keys, seconds, key=lambda key: key[0])
        if after == 0:
            return self.keys[0][1]
        if after == len(self.keys):
            return self.keys[-1][1]
        (earlier, first), (later, second) = self.keys[after - 1], self.keys[after]
        return first + (second - first) * (seconds - earlier) / (later - earlier)

    def shifted(self, by: float, low: float, high: float) -> Self:
        """The same course, higher or lower, kept within bounds."""
        return type(self)(tuple((time, min(high, max(low, round(value + by, 4)))) for time, value in self.keys))

    def __str__(self) -> str:
        """As `parse` reads it, to the last digit."""
        if len(self.keys) == 1:
            return _digits(self.keys[0][1])
        return ",".join(f"{_digits(value)}@{_digits(time)}" for time, value in self.keys)


def at(timelines: Sequence[Timeline], seconds: float) -> list[float]:
    """The values of several at one time."""
    return [timeline.at(seconds) for timeline in timelines]
