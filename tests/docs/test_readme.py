"""What the README shows is run as it stands, on media that the test makes under the names that the README uses."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from streamstyle.commands.main import build_parser
from streamstyle.look.people import weights
from tests.docs import media as media_files

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAM = "streamstyle"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)


COMMANDS = [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines()]


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """A folder with all files that the README names."""
    folder = tmp_path_factory.mktemp("media")
    media_files.make(folder, ["in.jpg", "in.mp4", *(name for words in COMMANDS for name in media_files.named(words))])
    return folder


def test_it_is_short():
    assert len(TEXT.split()) <= 900


def test_the_first_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = [words[1] for words in COMMANDS if words[0] == "make"]
    assert named == ["demo", "test"]
    assert {*named, *re.findall(r"`make (\w+)`", TEXT)} <= set(targets)


def test_every_command_is_of_a_kind_that_is_tested_here():
    assert {words[0] for words in COMMANDS} == {"make", PROGRAM}


@pytest.mark.parametrize("words", [words[1:] for words in COMMANDS if words[0] == PROGRAM], ids=" ".join)
def test_a_command_does_its_work(words, media, monkeypatch, capsys):
    build_parser().parse_args(words)
    if words[0] in {"doctor", "install", "studio"} or "--virtual-camera" in words:
        return  # they tell of the machine's own devices, fetch something, or serve until they are stopped
    made = media_files.run(words, media, monkeypatch, capsys)
    assert made is None or bool(made) == (
        (words[0] in {"video", "sheet"} and "--list-styles" not in words) or "--record" in words
    )


def test_the_command_that_installs_is_the_one_that_errors_name():
    assert weights.PEOPLE.install.split()[1:] in [words[1:] for words in COMMANDS]


def test_the_program_does_its_work(media):
    (program,) = blocks("python")
    assert len([line for line in program.splitlines() if line]) == 5
    subprocess.run([sys.executable, "-c", program], cwd=media, timeout=300, check=True)
    assert (media / "out.png").is_file()
    assert (media / "out.mp4").is_file()


def test_the_lines_for_windows_name_extras_and_commands_that_are_there():
    (block,) = blocks("powershell")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    wanted = {extra for group in re.findall(r'"\.\[(.*?)\]"', block) for extra in group.split(",")}
    assert wanted
    assert wanted <= set(extras)
    for words in re.findall(r"-m streamstyle ([^\n;]+)", block):
        build_parser().parse_args(words.split())
