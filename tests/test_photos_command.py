"""Photos through the command, as users meet it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: object, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streamstyle", "video", *map(str, arguments), "--style", "kiss", "--alpha", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | dict(more.pop("env", {}))  # type: ignore[call-overload]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment, **more)  # type: ignore[call-overload, no-any-return]


def scene() -> Image.Image:
    y, x = np.mgrid[0:60, 0:80]
    return Image.fromarray(np.stack([x * 3, y * 4, x + y], -1).astype(np.uint8))


def test_a_folder_of_a_phones_photos_with_a_broken_one(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    exif = Image.Exif()
    exif[274] = 6
    exif[0x8769] = {36867: "2020:05:06 07:08:09"}
    exif[0x8825] = {1: "N", 2: (48.0, 6.0, 0.0)}
    scene().transpose(Image.Transpose.ROTATE_90).save(folder / "a.jpg", exif=exif, quality=95)
    scene().save(folder / "b.avif", quality=95)
    ghost = scene()
    ghost.putalpha(Image.fromarray(np.repeat(np.linspace(0, 255, 80).astype(np.uint8)[None], 60, 0)))
    ghost.save(folder / "c.png")
    (folder / "d.png").write_bytes((folder / "c.png").read_bytes()[:60])
    result = run(folder, "-o", tmp_path / "out")
    assert result.returncode == 1
    (complaint,) = result.stderr.splitlines()
    assert "d.png' is damaged" in complaint
    found = {path.name: Image.open(path) for path in (tmp_path / "out").iterdir()}
    assert sorted(found) == ["a_kiss.jpg", "b_kiss.jpg", "c_kiss.png"]
    for picture in found.values():
        assert picture.size == (80, 60)
        shown = np.asarray(picture)[..., :3].astype(int)
        assert np.abs(shown - np.asarray(scene()))[:, 1:].mean() < 6
    assert np.array_equal(
        np.asarray(found["c_kiss.png"]), np.where(np.asarray(ghost)[..., 3:] == 0, [255, 255, 255, 0], ghost)
    )
    kept = found["a_kiss.jpg"].getexif()
    assert (kept[274], kept.get_ifd(0x8769)[36867], kept.get_ifd(0x8825)) == (1, "2020:05:06 07:08:09", {})


@pytest.mark.parametrize("read", ["style", "mask", "look"])
def test_no_file_that_is_read_is_replaced(tmp_path: Path, read: str) -> None:
    scene().save(tmp_path / "in.png")
    scene().save(tmp_path / "painting.png")
    (tmp_path / "look.png").write_text("grain = 0.5\n")
    options = {
        "style": ("--style", tmp_path / "painting.png", "-o", tmp_path / "painting.png"),
        "mask": ("--mask", tmp_path / "painting.png", "-o", tmp_path / "painting.png"),
        "look": ("--look", tmp_path / "look.png", "-o", tmp_path / "look.png"),
    }[read]
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    command = [sys.executable, "-m", "streamstyle", "video", str(tmp_path / "in.png"), "--overwrite", *map(str, options)]
    command += [] if read == "style" else ["--style", "kiss"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    assert result.returncode == 2, result.stderr
    assert "this run reads" in result.stderr.splitlines()[-1]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.name == "nt", reason="POSIX names")
def test_names_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "ü") + b"\xff.png"
    scene().save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(os.fsdecode(path))
    result = run(os.fsdecode(path), env={"PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0, result.stderr
    assert len(list(tmp_path.iterdir())) == 2
