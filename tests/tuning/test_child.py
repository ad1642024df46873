import json
import sys

import numpy as np
import pytest

from streamstyle.errors import ModelError, StyleError
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import save_style
from streamstyle.tuning import child
from streamstyle.tuning.child import Child, Progress, requirements

PICTURE = np.zeros((64, 64, 3), np.uint8)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    path = tmp_path / "vgg.pth"
    path.write_bytes(b"")
    monkeypatch.setenv("STREAMSTYLE_VGG", str(path))
    return path


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Have the child run a program of the test's in place of the training."""

    def use(program):
        folder = tmp_path / "side" / "training"
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "one_painting.py").write_text(f"import json, sys, time\n{program}")
        monkeypatch.setattr(child, "torch_side", lambda: folder.parent)

    return use


def start(weights, seconds=1.0):
    return Child(weights, PICTURE, [PICTURE], seconds)


def test_what_is_missing_is_said_with_what_to_run(monkeypatch, tmp_path):
    monkeypatch.delenv("STREAMSTYLE_VGG", raising=False)
    monkeypatch.setenv("STREAMSTYLE_MODELS", str(tmp_path))
    monkeypatch.setattr(child, "find_spec", lambda name: None if name == "torch" else sys)
    with pytest.raises(ModelError) as error:
        requirements()
    assert "run: pip install 'streamstyle[make]', then: streamstyle install vgg19" in str(error.value)
    monkeypatch.setattr(child, "find_spec", lambda name: sys)
    with pytest.raises(ModelError) as error:
        requirements()
    assert "PyTorch" not in str(error.value)
    (tmp_path / "vgg_normalised.pth").touch()
    assert requirements() == tmp_path / "vgg_normalised.pth"


def test_weights_that_are_named_and_not_there_are_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("STREAMSTYLE_VGG", str(tmp_path / "nothing.pth"))
    with pytest.raises(ModelError, match="which is no file"):
        requirements()


def test_progress_and_the_style_so_far_come_from_the_child(weights, stand_in, tmp_path):
    made = tmp_path / "made.style.npz"
    save_style(made, StyleCode("made", "7", {"x_mean": np.ones((1, 2, 1, 1), np.float32)}))
    stand_in(
        "import shutil\n"
        "print(json.dumps({'steps': 0, 'distance': 0.7}), flush=True)\n"
        f"shutil.copy({str(made)!r}, sys.argv[sys.argv.index('--output') + 1])\n"
        "print(json.dumps({'steps': 3, 'distance': None}), flush=True)\n"
    )
    with start(weights) as process:
        assert list(process.progress()) == [Progress(0, 0.7), Progress(3, None)]
        style = process.style("7")
        assert style is not None
        assert style.tensors["x_mean"].shape == (1, 2, 1, 1)
        with pytest.raises(StyleError, match="model version 7"):
            process.style("8")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("print(json.dumps({'error': 'no VGG-19'}), flush=True); sys.exit(1)", "cannot be tuned: no VGG-19"),
        ("import no_such_package", "No module named 'no_such_package'"),
        ("import os; os._exit(9)", "exit code 9"),
    ],
)
def test_what_the_child_dies_of_is_said(weights, stand_in, program, words):
    stand_in(program)
    with start(weights) as process, pytest.raises(StyleError, match=words):
        list(process.progress())


def test_a_child_that_is_left_is_ended_and_leaves_no_files(weights, stand_in):
    stand_in("print(json.dumps({'steps': 1, 'distance': 0.5}), flush=True); time.sleep(600)")
    with start(weights) as process:
        assert next(process.progress()) == Progress(1, 0.5)
        assert process.style("1") is None
    assert process._process.returncode is not None
    assert not process._style.parent.exists()


def test_the_child_is_told_what_to_do_and_finds_packages_of_its_own_first(weights, stand_in, monkeypatch, tmp_path):
    shadow = tmp_path / "shadow"
    (shadow / "training").mkdir(parents=True)
    (shadow / "training" / "__init__.py").write_text("raise SystemExit(3)")
    monkeypatch.setenv("PYTHONPATH", str(shadow))
    monkeypatch.chdir(shadow)
    stand_in(
        "import numpy\n"
        "arrays = numpy.load(sys.argv[sys.argv.index('--pictures') + 1])\n"
        "assert sorted(arrays.files) == ['painting', 'photo0'], arrays.files\n"
        "seconds = float(sys.argv[sys.argv.index('--seconds') + 1])\n"
        "print(json.dumps({'steps': int(seconds), 'distance': None}))"
    )
    with start(weights, 42.0) as process:
        assert json.dumps([told.steps for told in process.progress()]) == "[42]"
