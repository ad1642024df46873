"""Values on command lines, checked where they are read."""

import argparse
import re
from fractions import Fraction

_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)")


def time_argument(text: str) -> Fraction:
    """`12.5`, `1:02.5` or `1:02:03` in seconds."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"wanted seconds or h:mm:ss, got '{text}'")
    hours, minutes, seconds = match.groups(default="0")
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)


def share_argument(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"wanted a number from 0 to 1, got '{text}'")
    return value


def size_argument(text: str) -> int:
    """A number of pixels from 16 to 8192."""
    if not text.isdecimal() or not 16 <= int(text) <= 8192:
        raise argparse.ArgumentTypeError(f"wanted a number of pixels from 16 to 8192, got '{text}'")
    return int(text)


def auto_size_argument(text: str) -> int | None:
    """`auto` (None), or a number of pixels."""
    return None if text == "auto" else size_argument(text)


def rate_argument(text: str) -> float:
    """Frames per second, from 1 to 1000."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"wanted frames per second from 1 to 1000, got '{text}'")
    return value


def seconds_argument(text: str) -> float:
    """A length of time: more than no seconds."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"wanted a number of seconds above 0, got '{text}'")
    return value


def dimensions_argument(text: str) -> tuple[int, int]:
    """`1280x720`."""
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text)
    if match is None or min(int(match[1]), int(match[2])) < 16:
        raise argparse.ArgumentTypeError(f"wanted WIDTHxHEIGHT in pixels, such as 1280x720, got '{text}'")
    return int(match[1]), int(match[2])
