"""Commands on the pages of the docs are ones that there are."""

import re
import shlex
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from streamstyle.commands.main import build_parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [path for path in [*(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md"] if path.parent.name != "lab"]
LINES = [
    line.strip()
    for page in PAGES
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for line in block.splitlines()
]
OURS = ("bench", "evaluation", "export", "models", "streamstyle", "tests", "training")


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("streamstyle ")])
def test_options_and_values_are_known(line):
    build_parser().parse_args(shlex.split(line, comments=True)[1:])


@pytest.mark.parametrize("module", sorted({name for line in LINES for name in re.findall(r"-m ([\w.]+)", line)}))
def test_modules_are_there(module):
    if module.split(".")[0] not in OURS:
        assert module == "pytest"
        return
    found = find_spec(module)
    assert found is not None
    if found.submodule_search_locations is not None:
        assert find_spec(f"{module}.__main__") is not None


@pytest.mark.parametrize("target", sorted({line.split()[1] for line in LINES if line.startswith("make ")}))
def test_targets_are_in_the_makefile(target):
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_there_is_something_to_test():
    assert len(LINES) > 60
