import os
import shutil

import numpy as np
import pytest

from streamstyle.doctor.checks import models
from streamstyle.errors import ModelError
from streamstyle.runtime import catalog
from streamstyle.runtime.catalog import WEIGHTS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMSTYLE_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A copy of the shipped files, to be broken."""
    copy = shutil.copytree(WEIGHTS, tmp_path / "weights")
    monkeypatch.setattr(catalog, "WEIGHTS", copy)
    return copy


def examine():
    return {finding.name: finding for finding in models.findings()}


@pytest.mark.usefixtures("folder")
def test_the_shipped_model_is_whole_and_vgg19_is_only_to_be_known_of():
    found = examine()
    assert set(found) == {"fast", "vgg19", "people", "faces"}
    assert found["fast"].state == "ok"
    assert "built-in styles: 20" in found["fast"].detail
    assert found["vgg19"].state == "missing"
    assert "streamstyle install vgg19" in found["vgg19"].remedy


@pytest.mark.usefixtures("folder")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # numpy leaves a damaged file open
@pytest.mark.parametrize("suffix", ["stylize.onnx", "style.onnx", "styles.npz"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_shipped_file_that_is_cut_short_is_a_failure_with_a_remedy(shipped, suffix, share):
    file = shipped / f"fast.{suffix}"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    finding = examine()["fast"]
    assert finding.state == "failed"
    assert "install" in finding.remedy


@pytest.mark.usefixtures("folder")
def test_a_built_in_style_that_is_damaged_inside_is_found(shipped):
    file = shipped / "fast.styles.npz"
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    file.write_bytes(content)
    assert examine()["fast"].state == "failed"


@pytest.mark.usefixtures("folder")
def test_a_graph_that_went_missing_is_a_failure(shipped):
    (shipped / "fast.stylize.onnx").unlink()
    assert "there is no model file" in examine()["fast"].detail


def test_your_own_models_are_looked_at_one_by_one(folder):
    for suffix in ("stylize.onnx", "style.onnx"):
        shutil.copy(WEIGHTS / f"fast.{suffix}", folder / f"good.{suffix}")
    (folder / "bad.stylize.onnx").write_bytes(b"nothing of the kind")
    shutil.copy(WEIGHTS / "fast.stylize.onnx", folder / "half.stylize.onnx")
    found = examine()
    assert {name: found[name].state for name in found.keys() - {"people", "faces"}} == {
        "fast": "ok",
        "good": "ok",
        "bad": "failed",
        "half": "failed",
        "vgg19": "missing",
    }


def test_styles_of_another_training_do_not_fit(folder):
    for suffix in ("stylize.onnx", "style.onnx"):
        shutil.copy(WEIGHTS / f"fast.{suffix}", folder / f"vgg19.{suffix}")
    np.savez(folder / "vgg19.styles.npz", index=np.array('{"model_version": "another", "styles": []}'))
    finding = examine()["vgg19"]
    assert finding.state == "failed"
    assert "another" in finding.detail


def test_a_folder_that_may_not_be_read_is_a_failure(folder, monkeypatch):
    def refuse():
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(models, "installed_models", refuse)
    finding = examine()["your models"]
    assert finding.state == "failed"
    assert os.fspath(folder) in finding.detail


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["people", "faces"])
def test_what_finds_people_and_faces_is_optional_and_says_how_to_install_it(monkeypatch, name):
    monkeypatch.setattr(models.weights, "_places", lambda name: [])
    finding = examine()[name]
    assert finding.state == "missing"
    assert f"streamstyle install {name}" in finding.remedy
    monkeypatch.setattr(models.weights, "read", lambda package: [b""] * len(package.files))
    assert examine()[name].state == "ok"


def test_without_a_runtime_the_models_are_not_to_blame(monkeypatch):
    def refuse(*_arguments):
        raise ModelError("ONNX Runtime cannot be loaded; run: streamstyle install cpu")

    monkeypatch.setattr(models, "Stylizer", refuse)
    assert models.model("fast").remedy == "run: streamstyle install cpu"
