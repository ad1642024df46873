"""What users get: the wheel, in an environment of its own, away from the checkout."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest

import streamstyle as st
from tests.clips import pattern

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """\
import sys

import streamstyle as st

painter = st.load()
look = painter.look("kiss", "scream", weights=[3, "1@0,2@5"], alpha=0.8, color="luma")
image: st.Image = st.read(sys.argv[1])
st.save(sys.argv[2], painter.paint(image, look))
with painter.stream(look) as stream:
    stream.look = painter.look(image)
"""
COMMAND = ("--style", "kiss", "scream", "--weights", "3", "1@0,2@5", "--alpha", "0.8", "--color", "luma")
WRONG = 'import streamstyle as st\nst.load().look("kiss", aplha=1)\nst.paint("in.jpg")\n'


def run(folder, *command):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False
    )


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment that holds the wheel, what it needs, and mypy."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run(folder, sys.executable, "-m", "pip", "wheel", ROOT, "--no-deps", "--wheel-dir", folder)
    if built.returncode:
        pytest.skip(f"the wheel cannot be built here: {built.stderr.strip().splitlines()[-1]}")
    (wheel,) = folder.glob("streamstyle-*.whl")
    assert wheel.stat().st_size < 40_000_000
    venv.create(folder / "environment", with_pip=True)
    interpreter = folder / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
    installed = run(folder, interpreter, "-m", "pip", "install", f"{wheel}[cpu]", "mypy")
    if installed.returncode:
        pytest.skip(f"packages cannot be fetched here: {installed.stderr.strip().splitlines()[-1]}")
    return interpreter


@pytest.mark.slow
def test_a_program_of_ten_lines_is_checked_and_gives_the_pixels_of_the_command(python, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    st.save(tmp_path / "photo.png", pattern(0, 192, 128))
    checked = run(tmp_path, python, "-m", "mypy", "--strict", "program.py")
    assert checked.returncode == 0, checked.stdout
    for arguments in (
        ("program.py", "photo.png", "program.png"),
        ("-m", "streamstyle", "video", "photo.png", *COMMAND, "-o", "command.png"),
    ):
        done = run(tmp_path, python, *arguments)
        assert done.returncode == 0, done.stderr
    assert np.array_equal(st.read(tmp_path / "program.png"), st.read(tmp_path / "command.png"))


@pytest.mark.slow
def test_type_checkers_see_mistakes(python, tmp_path):
    (tmp_path / "wrong.py").write_text(WRONG)
    checked = run(tmp_path, python, "-m", "mypy", "--strict", "wrong.py")
    assert checked.returncode == 1
    assert "wrong.py:2: error" in checked.stdout
    assert "aplha" in checked.stdout
    assert "wrong.py:3: error" in checked.stdout


@pytest.mark.slow
def test_what_tunes_styles_is_carried_out_of_the_way_and_says_what_it_lacks(python, tmp_path):
    st.save(tmp_path / "painting.png", pattern(0, 96, 64))
    done = run(tmp_path, python, "-m", "streamstyle", "style", "make", "painting.png", "-o", "my")
    assert done.returncode == 1
    assert "run: pip install 'streamstyle[make]'" in done.stderr
    assert run(tmp_path, python, "-c", "import models").returncode != 0
    where = "import streamstyle, pathlib; print(pathlib.Path(streamstyle.__file__).parent / 'torch_side')"
    carried = Path(run(tmp_path, python, "-c", where).stdout.strip())
    assert (carried / "training" / "one_painting" / "__main__.py").is_file()
    assert (carried / "models" / "critic.py").is_file()
    fetch = "from streamstyle.tuning.child import fetch_weights; fetch_weights()"
    done = run(tmp_path, python, "-c", f"import os; os.environ['STREAMSTYLE_MIRROR'] = 'ftp://nowhere'; {fetch}")
    assert "must begin with https://" in done.stderr
    assert "the weights of VGG-19 were not fetched" in done.stderr
