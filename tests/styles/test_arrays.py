"""Style files that anybody may have made: refused in one line, or read; never a crash, never much memory."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from streamstyle.errors import StyleError
from streamstyle.styles.arrays import read_arrays
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import CodeCache, read_style, save_style

CODE = StyleCode("a", "1", {"mean": np.ones((1, 3, 1, 1), np.float32)})


def npy(array: object) -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray(array), allow_pickle=True)
    return out.getvalue()


def packed(path: Path, members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


INDEX = npy(json.dumps({"model_version": "1"}))
MEAN = npy(np.ones((1, 3, 1, 1), np.float32))
HUGE = MEAN.replace(b"(1, 3, 1, 1)", b"(999999999,)")
LYING = MEAN.replace(b"(1, 3, 1, 1)", b"(9, 3, 9, 9)")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"index": npy(["a", "b"]), "code/mean": MEAN}, "index is no text"),
        ({"index": npy('["a"]'), "code/mean": MEAN}, "no index"),
        ({"index": npy("{}"), "code/mean": MEAN}, "no index"),
        ({"index": npy("{"), "code/mean": MEAN}, "no index"),
        ({"code/mean": MEAN}, "no index"),
        ({"index": INDEX, "code/mean": LYING}, "damaged, or"),
        ({"index": INDEX, "code/mean": HUGE}, "damaged, or"),
        ({"index": INDEX, "code/mean": npy(np.array([np.nan], np.float32))}, "not finite"),
        ({"index": INDEX, "code/mean": npy(np.array([{}]))}, "something else than arrays"),
        ({"index": INDEX, "code/mean": b"no array"}, "something else than numbers"),
        ({"index": INDEX, "code/mean": npy(np.zeros(17_000_000, np.float32))}, "too large"),
        ({"index": INDEX, "code/mean": MEAN[:30]}, "damaged"),
    ],
)
def test_what_is_no_style_is_refused_in_one_line(tmp_path: Path, members: dict[str, bytes], why: str) -> None:
    path = packed(tmp_path / "x.style.npz", members)
    with pytest.raises(StyleError, match=why) as failure:
        read_style(path, "1")
    assert "\n" not in str(failure.value)


def test_other_packings_and_plain_arrays_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="packed"):
        read_arrays(packed(tmp_path / "lzma.npz", {"index": INDEX}, zipfile.ZIP_LZMA))
    (tmp_path / "plain.npz").write_bytes(MEAN)
    with pytest.raises(ValueError, match="no style file"):
        read_arrays(tmp_path / "plain.npz")
    encrypted = bytearray(packed(tmp_path / "e.npz", {"index": INDEX}).read_bytes())
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        encrypted[encrypted.index(mark) + place] |= 1
    (tmp_path / "e.npz").write_bytes(encrypted)
    with pytest.raises(ValueError, match="damaged, or"):
        read_arrays(tmp_path / "e.npz")


def test_any_flipped_bit_is_refused_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.style.npz"
    save_style(path, CODE)
    whole = path.read_bytes()
    for place in range(0, 8 * len(whole), 5):
        data = bytearray(whole)
        data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)
        try:
            read_style(path, "1")
        except StyleError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most are refused, those in unused fields are not


def test_a_damaged_cache_entry_counts_as_absent_and_is_made_anew(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path)
    cache.put("k", CODE)
    entry = tmp_path / "k.npz"
    data = bytearray(entry.read_bytes())
    data[100] ^= 8
    entry.write_bytes(data)
    assert cache.get("k", "a", "1") is None
    cache.put("k", CODE)
    again = cache.get("k", "a", "1")
    assert again is not None
    assert np.array_equal(again.tensors["mean"], CODE.tensors["mean"])


def test_a_zip_bomb_is_refused_by_its_announced_size(tmp_path: Path) -> None:
    path = packed(tmp_path / "bomb.style.npz", {"index": INDEX, "code/mean": bytes(200_000_000)})
    assert path.stat().st_size < 1_000_000
    with pytest.raises(StyleError, match="too large"):
        read_style(path, "1")
