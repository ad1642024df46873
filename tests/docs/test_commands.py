"""Commands on the pages of the docs are ones that there are."""

import re
import shlex
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from streamstyle.commands.main import build_parser
from tests.docs import media

ROOT = Path(__file__).resolve().parents[2]
PAGES = [path for path in [*(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md"] if path.parent.name != "lab"]
LINES = [
    line.strip()
    for page in PAGES
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for line in block.splitlines()
]
OURS = ("bench", "docs", "evaluation", "export", "models", "streamstyle", "tests", "training")


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("streamstyle ")])
def test_options_and_values_are_known(line):
    build_parser().parse_args(shlex.split(line, comments=True)[1:])


# They fetch something, show what they made, tell of devices, serve until stopped, or need what is made before.
ELSEWHERE = "|".join(
    [
        "1|demo|install|doctor|studio|make|painting|mine[.].*|show.toml",
        "vgg19|cuda|webcam|0.0.0.0.*|--virtual-camera|--cluster|--workers",
    ]
)
RUN = sorted({" ".join(shlex.split(line, comments=True)[1:]) for line in LINES if line.startswith("streamstyle ")})


def can_be_run(line):
    return not any(re.fullmatch(ELSEWHERE, word) for word in line.split())


@pytest.mark.parametrize("line", [line for line in RUN if can_be_run(line)])
def test_what_needs_no_more_than_files_does_its_work(line, tmp_path, monkeypatch, capsys):
    words = line.split()
    media.make(tmp_path, ["in.mp4", *media.named(words)])
    made = media.run(words, tmp_path, monkeypatch, capsys)
    assert made is None or bool(made) == (words[0] in {"video", "sheet"} or "--record" in words)


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
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr


def test_there_is_something_to_test():
    assert len(LINES) > 60
