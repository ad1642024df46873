"""Writes docs/options.md from the table of a look's fields, the parsers and the table of keys: python -m docs.options."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from streamstyle.commands.main import build_parser
from streamstyle.commands.parser import Parser
from streamstyle.look.options import markdown_table as look_table
from streamstyle.look.recipe import LOOK_FIELDS
from streamstyle.window.keys import markdown_table as key_table

PAGE = Path(__file__).with_name("options.md")

_COMMANDS = {
    "video": "Paints photos and videos. `run_video.py` in a checkout is the same command.",
    "camera": "Paints a camera, a file or a stream live. `run_camera.py` in a checkout is the same command.",
    "styles": "Lists the styles, or shows them on a photo of yours; see the [gallery](gallery/index.md).",
    "sheet": "One photo in all built-in styles and with all controls, on one page.",
    "studio": "Serves a page with everything, for browsers here and elsewhere, and [an API](how-to/studio-api.md).",
    "style": "`streamstyle style make` tunes a style for [one painting](how-to/your-own-style.md).",
    "demo": "Paints a sample clip.",
    "install": "Fetches parts that not everybody needs; without a part, lists them with their sizes and places.",
    "doctor": "Tells what this computer can do; see [troubleshooting](how-to/troubleshooting.md).",
    "completion": "Prints a script that completes commands, options and styles in your shell; `--help` says where it goes.",
}
_VARIOUS = {"hwaccel": "off|auto|NAME"}
"""What differs from computer to computer -> what to show instead."""
_INTRODUCTION = """A look says how frames are painted. Its fields are options of `streamstyle video` and of
`streamstyle camera`. In a look file (`--look`, `--save-look`) they are keys, without the dashes in front and with `_` for
`-`. In Python they are arguments of [`Painter.look`](python-api.md#painterlook). Programs get this table from
`streamstyle.look.options.describe_look()`.

Numbers that may change over time are written `VALUE@SECONDS,VALUE@SECONDS`: `--alpha 0@0,1@5` goes from 0 to 1 in five
seconds."""
_REST = """## Environment variables

| variable | what it does |
| --- | --- |
| `STREAMSTYLE_MODELS` | the folder of installed models and of the weights that find people (default: in the user's data) |
| `STREAMSTYLE_PASSWORD` | the password with which other devices get into `streamstyle studio --host` |
| `STREAMSTYLE_MIRROR` | where `streamstyle install vgg19` fetches weights from |
| `STREAMSTYLE_VGG` | the file of VGG-19 for `streamstyle style make`, `python -m evaluation` and `python -m models.gatys` |

## Exit codes

| code | what happened |
| --- | --- |
| 0 | done |
| 1 | something failed; of a batch, at least one input |
| 2 | the command line is wrong |
| 129, 130, 143 | stopped: the terminal was closed, Ctrl-C, SIGTERM |"""


def page() -> str:
    """The whole page."""
    lines = ["# Options and keys", "", "<!-- Written by python -m docs.options; change the code instead. -->", ""]
    lines += ["## Fields of a look", "", _INTRODUCTION, "", look_table()]
    commands = _commands()
    common = set.intersection(*({action.dest for action in parser._actions} for parser in commands.values()))
    for name, parser in commands.items():
        looks = name in {"video", "camera", "studio"}
        own = [
            action for action in parser._actions if action.dest not in common and not (looks and action.dest in LOOK_FIELDS)
        ]
        lines += ["", f"## streamstyle {name}", "", _COMMANDS[name], "", *_table(own)]
        if looks:
            lines += ["", "All [fields of a look](#fields-of-a-look), too."]
    shared = [action for action in commands["video"]._actions if action.dest in common]
    lines += ["", "## Every command", "", *_table(shared), "", "## Keys of the live window", "", key_table(), "", _REST]
    return "\n".join(lines) + "\n"


def _commands() -> dict[str, Parser]:
    """Name -> parser of each command."""
    commands = build_parser().commands()
    assert commands.keys() == _COMMANDS.keys(), commands.keys() ^ _COMMANDS.keys()
    return commands


def _table(actions: Iterable[argparse.Action]) -> Iterator[str]:
    yield from ("| option | what it does |", "| --- | --- |")
    for action in actions:
        if action.dest != "help":
            yield f"| `{_written(action)}` | {action.help} |"


def _written(action: argparse.Action) -> str:
    """An option as one types it."""
    value = "|".join(map(str, action.choices)) if action.choices else str(action.metavar or action.dest.upper())
    value = _VARIOUS.get(action.dest, value).replace("|", "\\|")
    if not action.option_strings:
        return f"{value}..." if action.nargs == "*" else value
    names = ", ".join(action.option_strings)
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return names
    return f"{names} [{value}]" if action.nargs == "?" else f"{names} {value}{'...' if action.nargs == '+' else ''}"


if __name__ == "__main__":
    text = page()
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == text else f"{PAGE} is out of date; run: python -m docs.options")
    PAGE.write_text(text, encoding="utf-8")
