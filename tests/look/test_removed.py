"""Options that are gone are refused by name, with what takes their place."""

import argparse
import sys

import pytest

from streamstyle.commands.main import build_parser, main
from streamstyle.commands.parser import with_config
from streamstyle.errors import UsageError
from streamstyle.look.look_file import read_recipe
from streamstyle.look.options import add_look_arguments
from streamstyle.look.removed import REMOVED, removed


def in_toml(option):
    name, _, value = option.removeprefix("--").partition(" ")
    return f'style = "kiss"\n{name.replace("-", "_")} = "{value or "on"}"\n'


@pytest.mark.parametrize("command", ["video", "camera"])
@pytest.mark.parametrize("option", REMOVED)
def test_typed_options_are_refused_in_one_line(option, command, capsys):
    name, _, value = option.partition(" ")
    for words in ([name, value or "on"], [f"{name}={value or 'on'}"]):
        assert main([command, "in.mp4", "--style", "kiss", *words]) == 2
        assert capsys.readouterr().err == f"streamstyle: {option} was removed: {REMOVED[option]}\n"


@pytest.mark.parametrize("option", REMOVED)
def test_look_files_with_them_name_the_line(option, tmp_path):
    look = tmp_path / "old.toml"
    look.write_text(in_toml(option))
    with pytest.raises(UsageError) as raised:
        read_recipe(look)
    assert str(raised.value) == f"--look: '{look}', line 2: {option} was removed: {REMOVED[option]}"
    assert main(["video", "in.mp4", "--look", str(look)]) == 2


@pytest.mark.parametrize("option", REMOVED)
def test_config_files_with_them_name_the_line(option, tmp_path, capsys):
    config = tmp_path / "camera.toml"
    config.write_text(in_toml(option))
    with pytest.raises(UsageError, match=f"line 2: {option} was removed: "):
        with_config(["--config", str(config)], build_parser().commands()["camera"])
    assert main(["camera", "--config", str(config)]) == 2
    assert REMOVED[option] in capsys.readouterr().err


def test_what_is_there_is_let_through():
    assert removed(["in.mp4", "--style", "kiss", "--temporal", "on", "--color=content"]) is None
    assert removed(["--style", "kiss", "--", "--fit"]) is None
    parser = argparse.ArgumentParser()
    add_look_arguments(parser)
    known = {word for action in parser._actions for word in action.option_strings}
    assert not known & set(REMOVED)


def test_the_words_may_come_from_the_system(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["streamstyle", "video", "in.mp4", "--fit", "on"])
    assert main() == 2
    assert "--fit was removed" in capsys.readouterr().err


def test_two_dashes_alone_ask_for_a_command(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--"])
    assert "required: COMMAND" in capsys.readouterr().err
