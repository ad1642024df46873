"""A model's file that is not what was exported is said."""

import shutil

import pytest

from streamstyle.errors import ModelError
from streamstyle.runtime import checksums, vino
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.runtime.session import Session
from streamstyle.styles.store import BuiltinStyles
from tests.runtime.test_choice import FakeGraph

GRAPHS = ["fast.stylize.onnx", "fast.style.onnx", "fast-int8.stylize.onnx"]


@pytest.fixture
def folder(tmp_path):
    """Copies of shipped files with their checksums."""
    for name in (*GRAPHS, checksums.NAME):
        shutil.copy(WEIGHTS / name, tmp_path)
    return tmp_path


def change(path):
    """One bit of one weight: the file still loads, and paints something else."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_what_ships_is_what_was_recorded():
    recorded = checksums.recorded(WEIGHTS)
    assert set(recorded) == {path.name for path in WEIGHTS.iterdir() if path.suffix in {".onnx", ".npz"}}
    assert {name: checksums.of(WEIGHTS / name) for name in recorded} == recorded


@pytest.mark.parametrize("name", ["fast.stylize.onnx", "fast.style.onnx"])
def test_a_changed_file_is_an_error_with_a_remedy(folder, name):
    Session(folder / name, "cpu")
    change(folder / name)
    with pytest.raises(ModelError, match=f"{name}' was changed .* install streamstyle again") as caught:
        Session(folder / name, "cpu")
    assert "\n" not in str(caught.value)


def test_a_changed_int8_file_is_an_error_where_it_is_asked_for(folder):
    change(folder / "fast-int8.stylize.onnx")
    with pytest.raises(ModelError, match=r"fast-int8.stylize.onnx' was changed"):
        Session(folder / "fast.stylize.onnx", "cpu", "int8", folder / "fast-int8.stylize.onnx")


def test_auto_says_that_an_int8_file_is_lost(folder, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setattr(vino, "has_fast_int8", lambda: True)
    (folder / "fast-int8.stylize.onnx").unlink()
    session = Session(folder / "fast.stylize.onnx", "openvino", "auto", folder / "fast-int8.stylize.onnx")
    assert "int8" not in session.label
    assert "'fast-int8.stylize.onnx' is missing" in session.remark
    assert Session(folder / "fast.stylize.onnx", "openvino", "auto", folder / "never.onnx").remark == ""


def test_auto_leaves_a_changed_int8_file_alone_and_says_so(folder, monkeypatch):
    monkeypatch.setattr(vino, "problem", lambda: None)
    monkeypatch.setattr(vino, "has_fast_int8", lambda: True)
    monkeypatch.setattr(vino, "capabilities", lambda: {"FP32"})
    monkeypatch.setattr(vino, "Graph", FakeGraph)
    change(folder / "fast-int8.stylize.onnx")
    session = Session(folder / "fast.stylize.onnx", "openvino", "auto", folder / "fast-int8.stylize.onnx")
    assert session.label == "openvino (fp32)"
    assert "fast-int8.stylize.onnx' was changed" in session.remark
    assert "left alone" in session.remark


def test_changed_built_in_styles_are_an_error(folder):
    shutil.copy(WEIGHTS / "fast.styles.npz", folder)
    version = Session(folder / "fast.stylize.onnx", "cpu").metadata["version"]
    assert BuiltinStyles(folder / "fast.styles.npz", version).names()
    change(folder / "fast.styles.npz")
    with pytest.raises(ModelError, match=r"fast.styles.npz' was changed"):
        BuiltinStyles(folder / "fast.styles.npz", version)


def test_a_file_that_nobody_recorded_is_taken_as_it_is(folder):
    (folder / checksums.NAME).unlink()
    change(folder / "fast.style.onnx")
    checksums.check(folder / "fast.style.onnx")


def test_recording_keeps_the_lines_of_other_files_and_drops_those_that_went(folder):
    change(folder / "fast.style.onnx")
    (folder / "fast.stylize.onnx").unlink()
    checksums.record(folder / "fast.style.onnx")
    checksums.check(folder / "fast.style.onnx")
    assert set(checksums.recorded(folder)) == {"fast.style.onnx", "fast-int8.stylize.onnx"}
