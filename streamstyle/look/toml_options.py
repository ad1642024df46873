"""Options from a TOML file: `key = value` stands for `--key value`, so that one parser checks both."""

import argparse
import stat
import tomllib
from collections.abc import Iterator
from copy import copy
from pathlib import Path

from streamstyle.errors import UsageError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted

_MOST_BYTES = 1024 * 1024


def toml_entries(path: Path, name: str) -> Iterator[tuple[str, object, str]]:
    """What a TOML file of options says, entry by entry.

    Args:
        path: Of the file.
        name: Of the option that named it, for messages.

    Yields:
        The key, the value, and the place in the file, to begin messages with.

    Raises:
        UsageError: The file cannot be read or is not TOML.
    """
    try:
        text = read_text(path)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: cannot read {quoted(path)}: it is not UTF-8 text; save it as UTF-8") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{name}: cannot read {quoted(path)}: {reason(error)}") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: {quoted(path)} is not TOML: {error}") from error
    except (RecursionError, ValueError) as error:  # lists in lists in lists; a number of thousands of digits
        place = f"line {_line_of_longest(text)}"
        raise UsageError(f"{name}: {quoted(path)}, {place}: a number or a list that is too long to be meant") from error
    for key, value in values.items():
        place = f"{name}: {quoted(path)}, line {_line_of(text, key)}"
        if "\0" in f"{key}{value}":
            raise UsageError(f"{place}: no value holds the character NUL")
        yield key, value, place


def config_arguments(path: Path, parser: argparse.ArgumentParser) -> list[str]:
    """A --config file as command-line arguments, to be put before those that the user typed, which then win.

    Args:
        path: A TOML file whose keys are long options without the dashes, `_` for `-` being fine. A table is not an option.
        parser: Knows the options.

    Raises:
        UsageError: The file cannot be read, is not TOML, or has a key or a value that is none of an option; names the line.
    """
    options = {text for action in parser._actions for text in action.option_strings}
    arguments: list[str] = []
    for key, value, place in toml_entries(path, "--config"):
        option = "--" + key.replace("_", "-")
        if option not in options or option in {"--config", "--help"} or isinstance(value, dict):
            known = ", ".join(sorted(text[2:] for text in options - {"--config", "--help"} if text.startswith("--")))
            raise UsageError(f"{place}: no option '{key}'; choose {known}")
        words = _as_arguments(option, value, options, place)
        _check(parser, words, place)
        arguments += words
    return arguments


def _as_arguments(option: str, value: object, options: set[str], place: str) -> list[str]:
    if isinstance(value, bool):
        negative = option.replace("--", "--no-", 1)
        if value:
            return [option]
        # A flag without an opposite is off when it is not given.
        return [negative] if negative in options else []
    if isinstance(value, str | int | float):
        return [f"{option}={value}"]
    if isinstance(value, list) and value and all(isinstance(item, str | int | float) for item in value):
        return [option, *map(str, value)]
    raise UsageError(f"{place}: wanted text, a number, true, false or a list of them, got {value!r}")


def _check(parser: argparse.ArgumentParser, words: list[str], place: str) -> None:
    """Parse one option alone: argparse would not say which line of which file it does not like."""
    name = words[0].partition("=")[0] if words else ""
    alone = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for action in parser._actions:
        if name in action.option_strings:
            alone._add_action(copy(action))
    try:
        alone.parse_args(words)
    except argparse.ArgumentError as error:
        raise UsageError(f"{place}: {str(error).removeprefix('argument ')}") from error


def read_text(path: Path) -> str:
    """A text file as people write it: UTF-8, also with the mark that Windows puts before it.

    Raises:
        OSError, ValueError: It cannot be read, is too large or no text, or is a pipe or a device, which could hold up a
            live run for ever; those that a shell gives under `/dev/` are fine.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode) and not path.is_relative_to("/dev"):
        raise ValueError("it is a pipe or a device; wanted a file")
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError("it is too large")
    return data.decode("utf-8-sig")


def _line_of_longest(text: str) -> int:
    lines = text.splitlines()
    return 1 + max(range(len(lines)), key=lambda place: len(lines[place]), default=0)


def _line_of(text: str, key: str) -> int:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.split("=", maxsplit=1)[0].strip().strip("\"'[]") == key:
            return number
    return 1
