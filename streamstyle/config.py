"""Options from a TOML file: `key = value` stands for `--key value`, so that one parser checks both."""

import argparse
import tomllib
from pathlib import Path

from streamstyle.errors import UsageError


def config_arguments(path: Path, parser: argparse.ArgumentParser) -> list[str]:
    """The file as command-line arguments, to be put before those that the user typed, which then win.

    Args:
        path: A TOML file whose keys are long options without the dashes, `_` for `-` being fine. A table is not an option.
        parser: Knows the options.

    Raises:
        UsageError: The file cannot be read, is not TOML, or has a key that is no option; names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"--config: cannot read '{path}': {(error.strerror or '').lower()}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config: '{path}' is not TOML: {error}") from error
    options = {text for action in parser._actions for text in action.option_strings}
    arguments: list[str] = []
    for key, value in values.items():
        option = "--" + key.replace("_", "-")
        if option not in options or option in {"--config", "--help"} or isinstance(value, dict):
            known = ", ".join(sorted(text[2:] for text in options if text.startswith("--") and text != "--help"))
            raise UsageError(f"--config: '{path}', line {_line_of(text, key)}: no option '{key}'; choose {known}")
        arguments += _as_arguments(option, value, options, f"'{path}', line {_line_of(text, key)}")
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
    raise UsageError(f"--config: {place}: wanted text, a number, true, false or a list of them, got {value!r}")


def _line_of(text: str, key: str) -> int:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.split("=", maxsplit=1)[0].strip().strip("\"'[]") == key:
            return number
    return 1
