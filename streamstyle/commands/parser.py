"""How a command line is read and explained: help in groups with examples, the nearest right word for a wrong one."""

import argparse
import difflib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os import get_terminal_size
from pathlib import Path
from typing import Any, NoReturn

from streamstyle.errors import UsageError
from streamstyle.look.toml_options import config_arguments
from streamstyle.media.places import is_url, quoted
from streamstyle.runtime.catalog import MODELS
from streamstyle.runtime.table import DEVICES, PRECISIONS

_WIDEST, _USUAL_WIDTH = 100, 80
_OTHERS = "more"
_FILES = ("config", "log_file", "look", "model", "record", "save_look")


@dataclass(frozen=True, slots=True)
class Page:
    """What the help of one command shows.

    Attributes:
        usage: The line to begin with, without the program's name.
        groups: Title -> names of options as `options.NAME` has them; those after a `|` are shown by --help-all only.
            Options that no group names are shown by --help-all, at the end.
        examples: Commands that can be copied.
    """

    usage: str
    groups: dict[str, str] = field(default_factory=dict)
    examples: tuple[str, ...] = ()


class Parser(argparse.ArgumentParser):
    """Shows the help of its page, and says what is wrong in one line."""

    def __init__(self, *, prog: str, description: str, page: Page, **more: Any) -> None:  # noqa: ANN401 - as argparse has it
        super().__init__(prog, description=description, allow_abbrev=False, add_help=False, **more)
        self.page = page
        self.add_argument("-h", "--help", action=_Help, nargs=0, dest="help", help="this page")

    def add_common_arguments(self) -> None:
        """The options that every command has."""
        self.add_argument("--help-all", action=_Help, nargs=0, dest="help_all", help="all options")
        self.add_argument("--config", type=Path, metavar="FILE", help="options from a TOML file; those typed here win")
        self.add_argument("--verbose", action="store_true", help="say more of what is done")
        self.add_argument("--log-file", type=Path, metavar="FILE", help="write what is done, and what fails, to a file")

    def format_help(self) -> str:
        """The short help."""
        return self.help_page(everything=False)

    def help_page(self, *, everything: bool) -> str:
        """The help as text.

        Args:
            everything: With all options; else with those that are wanted most.
        """
        formatter = _Formatter(self.prog, max_help_position=32, width=_width())
        formatter.add_usage(f"{self.prog} {self.page.usage}", [], [])
        formatter.add_text(self.description)
        for title, actions in self._sections(everything=everything):
            formatter.start_section(title)
            formatter.add_arguments(actions)
            formatter.end_section()
        text = formatter.format_help()
        if self.page.examples:
            text += "\nexamples:\n" + "".join(f"  {line}\n" for line in self.page.examples)
        shown = {action.dest for _, actions in self._sections(everything=everything) for action in actions}
        if hidden := len({action.dest for action in self._actions} - shown):
            text += f"\n--help-all shows {hidden} more options.\n"
        return text

    def _sections(self, *, everything: bool) -> Iterator[tuple[str, list[argparse.Action]]]:
        known = {action.dest: action for action in self._actions if action.help != argparse.SUPPRESS}
        for title, names in self.page.groups.items():
            often, _, rarely = names.partition("|")
            wanted = [*often.split(), *(rarely.split() if everything else ())]
            if actions := [known[name] for name in wanted]:
                yield title, actions
        named = " ".join(self.page.groups.values()).replace("|", " ").split()
        others = [action for name, action in known.items() if name not in named]
        if everything and others:
            yield _OTHERS, others

    def error(self, message: str) -> NoReturn:
        """One line, without the list of all options before it."""
        self.exit(2, f"{self.prog}: error: {message} ({self.prog} --help shows the options)\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:  # noqa: ANN401 - as argparse has it
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        if isinstance(action, argparse._SubParsersAction):
            raise UsageError(_no_command(str(value), known))
        raise argparse.ArgumentError(action, f"there is no {quoted(str(value))}; {nearest(value, known)}")

    def commands(self) -> dict[str, "Parser"]:
        """Name -> parser of each command."""
        found = [action for action in self._actions if isinstance(action, argparse._SubParsersAction)]
        return dict(found[0].choices) if found else {}

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse a command line, with the options of its --config file before those typed.

        Raises:
            UsageError: The file cannot be used, or an option or a command is none.
            SystemExit: The command line is wrong, or help was shown.
        """
        if words[:1] == ["help"]:
            words = [*words[1:2], "--help"]
        command = self.commands().get(words[0]) if words else None
        if command is None and words and words[0].startswith("-") and words[0] not in {"--", *self._option_string_actions}:
            raise UsageError(self.unexpected(words[0]))
        if command is not None:
            words = [words[0], *with_config(words[1:], command)]
        options, unknown = self.parse_known_args(words)
        if unknown:
            raise UsageError((command or self).unexpected(unknown[0]))
        return options

    def unexpected(self, word: str) -> str:
        """The message for an unexpected word."""
        if not word.startswith("-"):
            return f"{quoted(word)} is not expected here; {self.prog} --help shows what is"
        name = word.partition("=")[0]
        known = [text for action in self._actions for text in action.option_strings]
        page = "--help-all" if "--help-all" in known else "--help"
        return f"{self.prog} has no option {name}; {nearest(name, known, f'{self.prog} {page} shows all')}"


def with_config(words: Sequence[str], command: argparse.ArgumentParser) -> list[str]:
    """The arguments of a command with those of its --config file before them.

    Raises:
        UsageError: The file cannot be used.
    """
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    finder.add_argument("--config", type=Path)
    try:
        path = finder.parse_known_args(words)[0].config
    except argparse.ArgumentError:  # the command's own parser says what is wrong
        path = None
    if path is None:
        return list(words)
    # An option between them, so that the file's last list does not take what was typed first.
    return [*config_arguments(path, command), f"--config={path}", *words]


def named_files(options: argparse.Namespace, *, but: Sequence[str]) -> tuple[str, ...]:
    """The files that a command line names beside its inputs and its look: no result may replace them.

    Args:
        options: Of any command.
        but: Of the options that are to be left out: what they name is the result, say.
    """
    found = {name: getattr(options, name, None) for name in _FILES if name not in but}
    return tuple(str(path) for path in found.values() if path)


def add_model_arguments(parser: argparse.ArgumentParser, *, with_precision: bool = True) -> None:
    """Which model paints, and on what.

    Args:
        parser: Of any command.
        with_precision: Offer `--precision`, too.
    """
    parser.add_argument(
        "--model", default="fast", metavar="NAME", help=f"{', '.join(MODELS)}, or the path of an .onnx file (default: fast)"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="what runs the model (default: auto)")
    if with_precision:
        parser.add_argument(
            "--precision",
            choices=PRECISIONS,
            default="auto",
            help="arithmetic of the convolutions (default: auto, the fastest here)",
        )


class _Help(argparse.Action):
    """Shows a page, and ends."""

    def __call__(
        self, parser: argparse.ArgumentParser, _options: object, _values: object, option: str | None = None
    ) -> NoReturn:
        assert isinstance(parser, Parser)  # no other has this action
        sys.stdout.write(parser.help_page(everything=option == "--help-all"))
        parser.exit()


class _Formatter(argparse.HelpFormatter):
    """`-o, --output OUT` for `-o OUT, --output OUT`, and `STYLE...` for several."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        names = [text for text in action.option_strings if not text.startswith("--no-")] or action.option_strings
        has_value = action.nargs != 0 and not isinstance(action, argparse.BooleanOptionalAction)
        return " ".join([", ".join(names), *([self._format_args(action, action.dest.upper())] if has_value else [])])

    def _format_args(self, action: argparse.Action, default_metavar: str) -> str:
        metavar = str(action.metavar or ("|".join(map(str, action.choices)) if action.choices else default_metavar))
        return {"+": f"{metavar}...", "*": f"{metavar}...", "?": f"[{metavar}]"}.get(str(action.nargs), metavar)


def _width() -> int:
    try:
        return min(_WIDEST, get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError, AttributeError):  # no terminal
        return _USUAL_WIDTH


def nearest(word: object, known: Sequence[str], otherwise: str = "") -> str:
    """A question with the nearest known word; if none is near, `otherwise` or all known words."""
    near = difflib.get_close_matches(str(word).lower(), known, n=1)
    return f"did you mean {near[0]}?" if near else otherwise or f"choose {', '.join(known)}"


def _no_command(word: str, known: Sequence[str]) -> str:
    if is_url(word) or Path(word).suffix or Path(word).exists():
        return f"wanted a command before {quoted(word)}; to paint it: streamstyle video {quoted(word)} --style composition"
    return f"there is no command {quoted(word)}; {nearest(word, known)}"
