"""What the README shows is run as it stands, on media that the test makes under the names that the README uses."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import streamstyle as st
from streamstyle.commands.main import build_parser, main
from streamstyle.look.people import weights
from tests.clips import Audio, make_clip, pattern

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAM = ".venv-run/bin/streamstyle"
LIVE = ("--no-window", "--seconds", "1")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)


COMMANDS = [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines()]


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """A folder with all files that the README names."""
    folder = tmp_path_factory.mktemp("media")
    for name in ("holiday.mp4", "in.mp4"):
        make_clip(folder / name, frames=6, width=96, height=64, audio=[Audio(seconds=0.24)])
    (folder / "photos").mkdir()
    for name in ("portrait.jpg", "my_painting.jpg", "in.jpg", "photos/one.jpg", "photos/two.png"):
        st.save(folder / name, pattern(len(name), 96, 64))
    return folder


def has_people():
    return weights.is_there(weights.PEOPLE)


def run(words, folder):
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


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
    if words[0] == "camera":
        words = [*words, *LIVE, *([] if "--camera" in words else ["--camera", "holiday.mp4"])]
        words = [word if word != "--mjpeg" else "--mjpeg=127.0.0.1:0" for word in words]
    before = {path for path in media.rglob("*") if path.is_file()}
    monkeypatch.chdir(media)
    code, errors = main(words), capsys.readouterr().err
    if {"--person", "--background"} & set(words) and not has_people():
        assert code == 1
        assert weights.PEOPLE.install in errors
        return
    assert code == 0, errors
    made = {path for path in media.rglob("*") if path.is_file()} - before
    assert bool(made) == ((words[0] in {"video", "sheet"} and "--list-styles" not in words) or "--record" in words)


def test_the_command_that_installs_is_the_one_that_errors_name():
    assert weights.PEOPLE.install.split()[1:] in [words[1:] for words in COMMANDS]


def test_the_program_does_its_work(media):
    (program,) = blocks("python")
    assert len([line for line in program.splitlines() if line]) == 5
    result = run([sys.executable, "-c", program], media)
    assert result.returncode == 0, result.stderr
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
