"""Error messages with Python's argument names instead of options: `overwrite=True` for `--overwrite`."""

import functools
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from streamstyle.errors import StreamstyleError
from streamstyle.look.recipe import LOOK_FIELDS

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

_ARGUMENTS = ("overwrite", "size", "output_size", "device", "precision", "model", "codec", "crf", *LOOK_FIELDS)
_NAMES = "|".join(sorted((name.replace("_", "-") for name in _ARGUMENTS), key=len, reverse=True))
# Not those of commands that a message names.
_OPTION = re.compile(rf"(?<!export )(use )?--({_NAMES})(?![\w-])(?:(?<=device|cision) ([\w-]+)|(?<=size) (\d+))?")


def in_python(message: str) -> str:
    """A message with the command line's options as arguments of Python."""

    def argument(found: re.Match[str]) -> str:
        use, name, word, number = found.groups(default="")
        name = name.replace("-", "_")
        if name == "overwrite":
            return "pass overwrite=True"
        return use + (f'{name}="{word}"' if word else f"{name}={number}" if number else name)

    return _OPTION.sub(argument, message)


def speaks_python(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Let a function's errors name arguments of Python, not options."""

    @functools.wraps(function)
    def call(*arguments: _Arguments.args, **more: _Arguments.kwargs) -> _Result:
        try:
            return function(*arguments, **more)
        except StreamstyleError as error:
            error.args = (in_python(str(error)),)
            raise

    return call
