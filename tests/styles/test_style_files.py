"""Style files: one style's code, for `--style` and the styles folder."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from streamstyle.errors import StyleError
from streamstyle.live.controls import StyleFolder
from streamstyle.look.recipe import Recipe
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles import store as styles
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import CodeCache, is_style_file, read_style, save_style, style_name


@pytest.fixture(scope="module")
def stylizer(tmp_path_factory):
    return Stylizer("fast", "cpu", CodeCache(tmp_path_factory.mktemp("codes")))


@pytest.fixture
def code():
    values = np.random.default_rng(0).random((2, 1, 5, 1, 1), np.float32)
    return StyleCode("wave", "v1", {"entry_mean": values[0], "entry_std": values[1]})


def test_a_style_file_is_a_style(stylizer, tmp_path):
    code = stylizer.encoder.find("kiss")
    save_style(tmp_path / "my kiss.style.npz", code)
    found = stylizer.encoder.find(str(tmp_path / "my kiss.style.npz"))
    assert found.name == "my kiss"
    assert found.model_version == stylizer.version
    assert found.tensors.keys() == code.tensors.keys()
    assert all(np.array_equal(found.tensors[key], code.tensors[key]) for key in code.tensors)
    assert Recipe((str(tmp_path / "my kiss.style.npz"), "kiss")).name == "my kiss+kiss"
    assert (tmp_path / "my kiss.style.npz").stat().st_size < 35_000


def test_arrays_of_older_files_beside_the_code_are_left_out(code, tmp_path):
    older = {"code/statistics": np.zeros((1, 9), np.float32), "code/judged": np.ones((1, 4), np.float32)}
    index = np.array('{"model_version": "v1"}')
    arrays = {f"code/{name}": tensor for name, tensor in code.tensors.items()}
    np.savez_compressed(tmp_path / "wave.style.npz", index=index, **arrays, **older)
    read = read_style(tmp_path / "wave.style.npz", "v1")
    assert set(read.tensors) == set(code.tensors)
    assert all(np.array_equal(read.tensors[name], code.tensors[name]) for name in code.tensors)
    cache = CodeCache(tmp_path)
    np.savez_compressed(tmp_path / "key.npz", **code.tensors, **{"statistics": np.zeros((1, 9), np.float32)})
    assert set(cache.get("key", "wave", "v1").tensors) == set(code.tensors)


@pytest.mark.parametrize(
    ("style", "name", "is_file"),
    [
        ("a/b/wave.style.npz", "wave", True),
        ("wave.v2.style.npz", "wave.v2", True),
        ("wave.jpg", "wave", False),
        ("wave.npz", "wave", False),
        ("great-wave", "great-wave", False),
    ],
)
def test_names(style, name, is_file):
    assert style_name(style) == name
    assert is_style_file(style) == is_file


def test_it_is_replaced_whole_and_others_may_read_it(code, tmp_path, monkeypatch):
    path = tmp_path / "wave.style.npz"
    save_style(path, code)
    if sys.platform != "win32":
        mask = os.umask(0)
        os.umask(mask)
        assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    whole = path.read_bytes()

    def fill_the_disk(file, **_arrays):
        file.write(b"PK half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(styles.np, "savez_compressed", fill_the_disk)
    with pytest.raises(OSError, match="No space"):
        save_style(path, code)
    assert path.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [path]


def test_one_of_another_training_says_what_to_do(code, tmp_path):
    save_style(tmp_path / "wave.style.npz", code)
    assert read_style(tmp_path / "wave.style.npz", "v1").model_version == "v1"
    with pytest.raises(StyleError, match=r"for model version v1, but the model is v2; name the painting itself"):
        read_style(tmp_path / "wave.style.npz", "v2")


def test_one_whose_code_does_not_fit_is_refused(stylizer, code, tmp_path):
    save_style(tmp_path / "wave.style.npz", StyleCode("wave", stylizer.version, code.tensors))
    with pytest.raises(StyleError, match="does not fit the model 'fast'"):
        stylizer.encoder.find(str(tmp_path / "wave.style.npz"))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _scramble(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[60:400] = bytes(340)
    path.write_bytes(body)


def _without_index(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, entry_mean=np.zeros(3))


@pytest.mark.parametrize(
    "spoil", [_cut, _scramble, _without_index, lambda path: path.write_text("words"), lambda path: path.write_bytes(b"")]
)
def test_one_that_is_damaged_or_none_is_one_line(code, tmp_path, spoil):
    path = tmp_path / "wave.style.npz"
    save_style(path, code)
    spoil(path)
    with pytest.raises(StyleError, match="is damaged or no style file") as raised:
        read_style(path, "v1")
    assert "\n" not in str(raised.value)


def test_one_that_is_not_there(tmp_path):
    with pytest.raises(StyleError, match="does not exist; check the name"):
        read_style(tmp_path / "absent.style.npz", "v1")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything may be read by root")
def test_one_that_may_not_be_read(code, tmp_path):
    path = tmp_path / "wave.style.npz"
    save_style(path, code)
    path.chmod(0)
    with pytest.raises(StyleError, match="may not be read"):
        read_style(path, "v1")


def test_the_styles_folder_takes_it(code, tmp_path):
    folder = StyleFolder(tmp_path)
    save_style(tmp_path / "wave.style.npz", code)
    (tmp_path / "other.npz").write_bytes(b"no style")
    folder.scan()
    assert folder.scan() == [tmp_path / "wave.style.npz"]
