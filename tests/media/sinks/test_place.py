"""What may be written, and what is never replaced."""

import os
from pathlib import Path

import pytest

from streamstyle.errors import SinkError, UsageError
from streamstyle.media.sinks.place import Place, refuse_unless_writable

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


def write(path: Path, content: bytes, **options: object) -> None:
    place = Place(path, overwrite=False, **options)  # type: ignore[arg-type]
    place.partial.write_bytes(content)
    place.finish()
    place.release()


@pytest.mark.parametrize("way", ["name", "symlink", "hard link", "file://"])
def test_what_the_run_reads_is_never_replaced(tmp_path: Path, way: str) -> None:
    painting, output = tmp_path / "painting.jpg", tmp_path / "out.jpg"
    painting.write_bytes(b"precious")
    if way == "symlink":
        output.symlink_to(painting)
    elif way == "hard link":
        output.hardlink_to(painting)
    else:
        output = painting
    name = painting.as_uri() if way == "file://" else str(painting)
    with pytest.raises(UsageError, match="reads"):
        Place(output, overwrite=True, reads=("kiss", "http://host/painting.jpg", name))
    assert painting.read_bytes() == b"precious"


@POSIX
@pytest.mark.parametrize("kind", ["file", "symlink", "broken symlink", "pipe", "folder"])
def test_whatever_lies_at_the_partial_name_stays(tmp_path: Path, kind: str) -> None:
    partial, victim = tmp_path / "a.partial.mp4", tmp_path / "victim"
    victim.write_bytes(b"precious")
    if kind == "file":
        partial.write_bytes(b"precious")
    elif kind == "pipe":
        os.mkfifo(partial)
    elif kind == "folder":
        partial.mkdir()
    else:
        partial.symlink_to(victim if kind == "symlink" else tmp_path / "absent")
    before = partial.lstat()
    write(tmp_path / "a.mp4", b"result")
    assert (tmp_path / "a.mp4").read_bytes() == b"result"
    assert (partial.lstat().st_ino, partial.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "absent").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "a.partial.mp4", "victim"]


@POSIX
def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    first = Place(tmp_path / "a.mp4", overwrite=False)
    with pytest.raises(SinkError, match="another run"):
        Place(tmp_path / "a.mp4", overwrite=False)
    first.release()
    second = Place(tmp_path / "a.mp4", overwrite=False)
    assert second.partial != first.partial  # what the first left stays


@POSIX
def test_pipes_are_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(SinkError, match="pipe"):
        Place(tmp_path / "a.mp4", overwrite=True)
    assert (tmp_path / "a.mp4").is_fifo()


def test_a_file_in_the_place_of_a_folder_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="is a file and no folder"):
        Place(tmp_path / "file" / "a.png", overwrite=False)


@pytest.mark.parametrize("name", ["x" * 300 + ".png", "a\0b.png", "x" * 250 + ".png"])
def test_names_that_cannot_be_are_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match="cannot be written") as failure:
        Place(tmp_path / name, overwrite=False)
    assert "\n" not in str(failure.value)
    assert "\0" not in str(failure.value)
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_a_circle_of_links_is_no_output(tmp_path: Path) -> None:
    (tmp_path / "loop.png").symlink_to("loop.png")
    for path in (tmp_path / "loop.png", tmp_path / "loop.png" / "a.png"):
        with pytest.raises(SinkError):
            refuse_unless_writable(path, overwrite=False)
