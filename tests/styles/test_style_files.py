"""Style files: one style's code, for `--style` and the styles folder."""

import io
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamstyle.errors import StyleError
from streamstyle.live.watch import StyleFolder
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


def test_addresses_name_what_they_lead_to():
    assert style_name("http://a.example/b/the%20cat.png?size=2#top") == "the cat"
    assert style_name("http://[::1/cat.png") == "cat"


def test_one_of_the_web_is_to_be_saved(stylizer):
    with pytest.raises(StyleError, match=r"'http://a\.example/kiss\.style\.npz' is a style file on the web; save it"):
        stylizer.encoder.find("http://a.example/kiss.style.npz")


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
    with pytest.raises(StyleError, match="cannot be used") as raised:
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


def spoiled(data: bytes, way: str, code: StyleCode) -> bytes:
    arrays = {"index": np.array('{"model_version": "v1"}')} | {f"code/{key}": value for key, value in code.tensors.items()}
    if way == "a plain array":
        stream = io.BytesIO()
        np.save(stream, np.zeros(3))
        return stream.getvalue()
    if way == "encrypted":
        return data.replace(b"PK\1\2\x2d\3\x2d\0\0\0", b"PK\1\2\x2d\3\x2d\0\1\0").replace(
            b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"
        )
    if way == "not a number":
        arrays["code/entry_std"] = np.full((1, 5, 1, 1), np.nan, np.float32)
    if way == "words":
        arrays["code/entry_std"] = np.array(["a"])
    if way in {"a list", "no text", "a number"}:
        arrays["index"] = np.array({"a list": "[1]", "no text": "{", "a number": "7"}[way])
    if way == "an object":
        arrays["code/entry_std"] = np.array([{}], object)
    if way == "a bomb":
        arrays["code/entry_std"] = np.zeros((1, 30_000_000), np.float32)
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=True, **arrays)
    if way == "another method":
        return stream.getvalue().replace(b"\0\0\x08\0", b"\0\0\x0e\0")
    if way == "a flipped bit":
        flipped = bytearray(stream.getvalue())
        flipped[flipped.rindex(b"PK\1\2") - 9] ^= 0x40  # in the numbers of the last array
        return bytes(flipped)
    return stream.getvalue()


WAYS = (
    *("a plain array", "encrypted", "not a number", "words", "a list", "no text", "a number", "an object", "a bomb"),
    *("another method", "a flipped bit"),
)


@pytest.mark.parametrize("way", WAYS)
def test_a_style_file_that_is_not_one_is_refused_in_one_line(code, tmp_path, way):
    path = tmp_path / "a.style.npz"
    save_style(path, code)
    read_style(path, "v1")
    path.write_bytes(spoiled(path.read_bytes(), way, code))
    with pytest.raises(StyleError, match="cannot be used, as ") as failure:
        read_style(path, "v1")
    assert "\n" not in str(failure.value)


def test_a_style_file_of_other_shapes_does_not_fit(stylizer, tmp_path):
    code = stylizer.encoder.find("kiss")
    name = next(iter(code.tensors))
    for wrong in (np.zeros((1, 9, 1, 1), np.float32), np.zeros((3,), np.float32), np.zeros((1, 3, 2, 2), np.float32)):
        save_style(tmp_path / "a.style.npz", replace(code, tensors={**code.tensors, name: wrong}))
        with pytest.raises(StyleError, match="does not fit the model"):
            stylizer.encoder.find(str(tmp_path / "a.style.npz"))


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_code_in_the_cache_counts_as_absent(code, tmp_path, way):
    cache = CodeCache(tmp_path)
    cache.put("key", code)
    assert cache.get("key", "a", "v1") is not None
    (tmp_path / "key.npz").write_bytes(spoiled((tmp_path / "key.npz").read_bytes(), way, code))
    if way not in {"a list", "no text", "a number"}:  # the cache has no index
        assert cache.get("key", "a", "v1") is None
