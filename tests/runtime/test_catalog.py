import pytest

from streamstyle.errors import ModelError
from streamstyle.runtime.catalog import MODELS, WEIGHTS, ModelFiles, find_model, installed_models, user_models


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMSTYLE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_the_shipped_model_needs_nothing(folder):
    assert find_model("fast") == ModelFiles.named(WEIGHTS, "fast")
    assert installed_models() == ["fast"]
    assert not folder.exists()


def test_an_imported_model_is_found_by_name(folder):
    folder.mkdir()
    (folder / "vgg19.stylize.onnx").write_bytes(b"")
    (folder / "mine.stylize.onnx").write_bytes(b"")
    for variant in ("int8", "int8-avx2"):
        (folder / f"mine-{variant}.stylize.onnx").write_bytes(b"")
    assert find_model("vgg19").style == folder / "vgg19.style.onnx"
    assert installed_models() == ["fast", "mine", "vgg19"]


@pytest.mark.usefixtures("folder")
def test_a_model_that_is_not_imported_says_what_to_run():
    assert "vgg19" in MODELS
    with pytest.raises(ModelError, match="streamstyle install vgg19"):
        find_model("vgg19")


def test_any_onnx_file_is_a_model_with_what_lies_beside_it(tmp_path):
    for name in ("oil.stylize.onnx", "oil.onnx"):
        files = find_model(str(tmp_path / name))
        assert files == ModelFiles(tmp_path / name, tmp_path / "oil.style.onnx", tmp_path / "oil.styles.npz")


def test_the_style_graph_is_not_taken_for_the_model(tmp_path):
    with pytest.raises(ModelError, match=r"name the graph that stylizes: .*oil\.stylize\.onnx"):
        find_model(str(tmp_path / "oil.style.onnx"))


def test_the_user_folder_is_the_systems_unless_said(monkeypatch):
    monkeypatch.delenv("STREAMSTYLE_MODELS", raising=False)
    assert user_models().name == "models"
    assert "streamstyle" in str(user_models())
