"""`streamstyle completion SHELL`: a script that lets a shell complete commands, options and names of styles."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from streamstyle.commands.parser import Parser
from streamstyle.look.recipe import LOOK_FIELDS
from streamstyle.runtime.catalog import SHIPPED, find_model
from streamstyle.styles.store import builtin_names

SHELLS = ("bash", "zsh", "fish")

_BASH = """\
_streamstyle() {
    local word=${COMP_WORDS[COMP_CWORD]} option=- command=${COMP_WORDS[1]} index words=
    COMPREPLY=()
    for ((index = COMP_CWORD - 1; index > 1; index--)); do
        if [[ ${COMP_WORDS[index]} == -* ]]; then option=${COMP_WORDS[index]}; break; fi
    done
    if [[ $COMP_CWORD == 1 ]]; then words="@COMMANDS@"
    elif [[ $word == -* ]]; then case $command in
@OPTIONS@
        esac
    else case "$command $option" in
@VALUES@
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -o bashdefault -F _streamstyle streamstyle
"""
_ZSH = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n"


@dataclass(frozen=True, slots=True)
class _Option:
    """Of one command.

    Attributes:
        names: As they are typed.
        values: Words that may follow.
        takes_value: Whether anything follows.
        help: In a few words.
    """

    names: tuple[str, ...]
    values: tuple[str, ...]
    takes_value: bool
    help: str


def add_completion_arguments(parser: Parser) -> None:
    """The options of `streamstyle completion`."""
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def completion(shell: str, parser: Parser) -> str:
    """The script for a shell.

    Args:
        shell: One of SHELLS.
        parser: Of the whole command line.
    """
    if shell == "fish":
        return "".join(f"{line}\n" for line in _fish(parser))
    commands = {name: list(_options(command)) for name, command in parser.commands().items()}
    names = {name: [text for option in options for text in option.names] for name, options in commands.items()}
    values = {
        f"{name} {text}": option.values
        for name, options in commands.items()
        for option in options
        for text in (option.names if option.values else ())
    }
    lines = [
        "\n".join(f'        "{key}") words="{" ".join(words)}" ;;' for key, words in table.items())
        for table in (names, values)
    ]
    script = _BASH.replace("@COMMANDS@", " ".join(commands)).replace("@OPTIONS@", lines[0]).replace("@VALUES@", lines[1])
    return _ZSH + script if shell == "zsh" else script


def _fish(parser: Parser) -> Iterator[str]:
    for name, command in parser.commands().items():
        yield f"complete -c streamstyle -f -n __fish_use_subcommand -a {name} -d {_text(command.description or '')}"
        for option in _options(command):
            names = [f"-l {text[2:]}" if text.startswith("--") else f"-s {text[1:]}" for text in option.names]
            values = f" -a '{' '.join(option.values)}'" if option.values else ""
            takes = " -r" if option.takes_value else ""
            seen = f"-n '__fish_seen_subcommand_from {name}'"
            yield f"complete -c streamstyle {seen} {' '.join(names)}{takes}{values} -d {_text(option.help)}"


def _text(words: str) -> str:
    return "'" + words.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _options(command: Parser) -> Iterator[_Option]:
    styles = tuple(name for model in SHIPPED for name in builtin_names(find_model(model).styles))
    for action in command._actions:
        if not action.option_strings or action.help == argparse.SUPPRESS:
            continue
        field = LOOK_FIELDS.get(action.dest)
        words = tuple(map(str, action.choices or (field.choices if field is not None else ())))
        if action.dest == "style" or (field is not None and field.kind == "style"):
            words += styles
        takes_value = action.nargs != 0 and not isinstance(action, argparse.BooleanOptionalAction)
        yield _Option(tuple(action.option_strings), words, takes_value, str(action.help))
