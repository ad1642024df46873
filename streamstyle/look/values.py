"""Values on command lines, checked where they are read."""

import argparse
import re
from collections.abc import Callable
from fractions import Fraction
from math import nan

from streamstyle.look.timeline import number_of, seconds_of
from streamstyle.media.places import quoted

_LONGEST_SECONDS = 36_000_000


def number_argument(text: str, fits: Callable[[float], bool], wanted: str) -> float:
    """A number within limits.

    Args:
        text: As it was typed.
        fits: Whether a number is within them; false for NaN.
        wanted: What it should have been: `a number from 0 to 1`.

    Raises:
        argparse.ArgumentTypeError: It is none, or beyond them.
    """
    try:
        value = number_of(text)
    except ValueError:
        value = nan
    if not fits(value):
        raise argparse.ArgumentTypeError(f"wanted {wanted}, got {quoted(text)}")
    return value


def whole_argument(text: str, low: int, high: int, wanted: str) -> int:
    """A whole number within limits; as `number_argument`."""
    return int(number_argument(text, lambda value: low <= value <= high and value.is_integer(), wanted))


def time_argument(text: str) -> Fraction:
    """`12.5`, `1:02.5` or `1:02:03` in seconds."""
    try:
        seconds = seconds_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if seconds > _LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"wanted a time of 10,000 hours at most, got {quoted(text)}")
    return seconds


def share_argument(text: str) -> float:
    """A number from 0 to 1."""
    return number_argument(text, lambda value: 0 <= value <= 1, "a number from 0 to 1")


def size_argument(text: str) -> int:
    """A number of pixels from 16 to 8192."""
    return whole_argument(text, 16, 8192, "a number of pixels from 16 to 8192")


def auto_size_argument(text: str) -> int | None:
    """`auto` (None), or a number of pixels."""
    return None if text == "auto" else size_argument(text)


def port_argument(text: str) -> int:
    """A port of this computer."""
    return whole_argument(text, 0, 65535, "a number up to 65535")


def rate_argument(text: str) -> float:
    """Frames per second, from 1 to 1000."""
    return number_argument(text, lambda value: 1 <= value <= 1000, "frames per second from 1 to 1000")


def seconds_argument(text: str) -> float:
    """A length of time: more than no seconds."""
    return number_argument(text, lambda value: 0 < value < 1e9, "a number of seconds above 0")


def dimensions_argument(text: str) -> tuple[int, int]:
    """`1280x720`."""
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text, re.ASCII)
    if match is None or min(int(match[1]), int(match[2])) < 16:
        raise argparse.ArgumentTypeError(f"wanted WIDTHxHEIGHT in pixels, such as 1280x720, got {quoted(text)}")
    return int(match[1]), int(match[2])
