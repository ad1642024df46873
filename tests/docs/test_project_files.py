"""Files for GitHub, Docker and citing name what there is."""

import re
import tomllib
from pathlib import Path

import pytest

import streamstyle as st
from streamstyle.commands.main import build_parser

yaml = pytest.importorskip("yaml", reason="reads workflows")
ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]


def steps():
    return [
        step.get("run", "")
        for path in WORKFLOWS
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
        for step in job["steps"]
    ]


def test_workflows_run_on_three_systems():
    for path in WORKFLOWS:
        jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
        matrices = [job["strategy"]["matrix"]["os"] for job in jobs if "strategy" in job]
        assert matrices == [["ubuntu-latest", "windows-latest", "macos-latest"]]


def test_workflows_name_commands_and_folders_that_there_are():
    commands = [line.strip() for run in steps() for line in run.splitlines() if line.strip().startswith("streamstyle ")]
    assert len(commands) >= 3
    for command in commands:
        build_parser().read(command.split()[1:])
    folders = [name for run in steps() for name in re.findall(r"\btests/\w+", run)]
    assert folders
    assert all((ROOT / folder).is_dir() for folder in folders)
    assert "tests/training" not in folders  # PyTorch is not installed there


def test_the_image_installs_an_extra_and_starts_the_studio():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (extra,) = re.findall(r'"/tmp/source\[(\w+)\]"', text)
    assert extra in EXTRAS
    (command,) = re.findall(r"^CMD \[(.*)\]$", text, flags=re.MULTILINE)
    words = re.findall(r'"([^"]*)"', command)
    assert build_parser().read(words[1:]).host == "0.0.0.0"
    assert f"EXPOSE {build_parser().read(words[1:]).port}" in text


def test_the_image_is_built_with_all_that_the_wheel_holds():
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{folder}/" for folder in (*wheel["packages"], *wheel["force-include"])} <= set(sent)


def test_templates_of_issues_are_forms():
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form)


def test_what_is_to_be_cited_is_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (cited["version"], cited["license"]) == (st.__version__, "MIT")
