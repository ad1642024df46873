"""Every option that names a file to write, against every file that the command reads: none is lost, whatever is asked."""

import os
import stat
from pathlib import Path

import pytest
from PIL import Image

from streamstyle.commands.main import main

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX files")
VIDEO = ("video", "input")
CAMERA = ("camera", "--camera", "input", "--no-window", "--seconds", "1")
WRITERS = {
    "video -o": (VIDEO, "-o", ".png"),
    "video --save-look": (VIDEO, "--save-look", ".toml"),
    "video --log-file": (VIDEO, "--log-file", ".log"),
    "video --preview": ((*VIDEO, "--preview"), "-o", ".jpg"),
    "camera --record": (CAMERA, "--record", ".mp4"),
    "camera --save-look": (CAMERA, "--save-look", ".toml"),
    "camera --log-file": (CAMERA, "--log-file", ".log"),
    "sheet -o": (("sheet", "input"), "-o", ".png"),
}
READERS = {
    "input": "",
    "style": "--style",
    "own style": "--style",
    "mask": "--mask",
    "look": "--look",
    "config": "--config",
}
WAYS = ("name", "other path", "symlink", "hard link")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where everything lies, with a folder for the user's own styles."""
    monkeypatch.setattr("streamstyle.styles.own.own_folder", lambda: tmp_path / "styles")
    monkeypatch.setattr("streamstyle.commands.video.need", lambda _part: None)
    (tmp_path / "styles").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def state(folder: Path) -> dict[str, object]:
    """All that lies in a folder: kinds, numbers and contents."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = path.read_bytes() if stat.S_ISREG(mode) else path.readlink() if stat.S_ISLNK(mode) else b""
        found[str(path)] = (stat.S_IFMT(mode), path.lstat().st_ino, content)
    return found


def written(path: Path, reader: str) -> Path:
    """A file that can be read as wanted, whatever its name."""
    if reader in {"look", "config"}:
        path.write_text('style = ["kiss"]\n')
    else:
        with path.open("wb") as file:
            Image.effect_noise((24, 16), 50).convert("RGB").save(file, "PNG")
    return path


def words_for(writer: str, reader: str, victim: Path, output: Path) -> list[str]:
    """The command that reads one and writes the other."""
    command, option, _ = WRITERS[writer]
    words = [str(victim) if word == "input" and reader == "input" else word for word in command]
    styles = {"style": [str(victim)], "own style": [victim.stem], "mask": ["kiss", "keep"], "look": [], "config": []}
    if chosen := styles.get(reader, ["kiss"]):
        words += ["--style", *chosen]
    if reader in {"mask", "look", "config"}:
        words += [READERS[reader], str(victim)]
    return [*words, option, str(output), "--overwrite"]


@POSIX
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("writer", WRITERS)
def test_no_file_that_is_read_is_replaced(
    place: Path, capsys: pytest.CaptureFixture[str], writer: str, reader: str, way: str
) -> None:
    if writer.startswith("sheet") and reader in {"mask", "look"}:
        pytest.skip("a sheet has none")
    if writer.endswith("--save-look") and reader == "look":
        pytest.skip("a look that is changed: --overwrite offers it")
    written(place / "input", "input")
    ending = WRITERS[writer][2]
    if reader == "own style":
        ending = ".png" if ending in {".png", ".log", ".toml", ".mp4"} else ending
    victim = written(place / ("styles" if reader == "own style" else "") / f"mine{ending}", reader)
    output = victim
    if way == "other path":
        output = victim.parent / ".." / victim.parent.name / victim.name
    elif way != "name":
        output = place / f"other{WRITERS[writer][2]}"
        output.symlink_to(victim) if way == "symlink" else output.hardlink_to(victim)
    before = state(place)
    code = main(words_for(writer, reader, victim, output))
    said = capsys.readouterr().err.splitlines()
    assert code in {1, 2}, said
    assert said[-1].startswith("streamstyle: ")
    assert state(place) == before


@POSIX
@pytest.mark.parametrize("special", ["pipe", "link to a device", "folder", "another file"])
@pytest.mark.parametrize("writer", WRITERS)
def test_nothing_special_is_replaced_and_nothing_else_unasked(
    place: Path, capsys: pytest.CaptureFixture[str], writer: str, special: str
) -> None:
    command, option, ending = WRITERS[writer]
    if (special, option) in {("link to a device", "--log-file"), ("folder", "-o")} and not writer.startswith("sheet"):
        pytest.skip("these are fine")
    written(place / "input", "input")
    output = place / f"there{ending}"
    if special == "pipe":
        os.mkfifo(output)
    elif special == "folder":
        output.mkdir()
    elif special == "link to a device":
        output.symlink_to("/dev/null")
    else:
        output.write_bytes(b"precious")
    before = state(place)
    asked = [] if special == "another file" else ["--overwrite"]
    code = main([*command, "--style", "kiss", option, str(output), *asked])
    assert code in {1, 2}, capsys.readouterr().err
    assert capsys.readouterr().out == ""
    assert state(place) == before


def test_a_log_is_continued_and_nothing_else_is(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["video", "absent.png", "--style", "kiss", "--log-file", "log.txt"]
    assert [main(words), main(words)] == [1, 1]
    assert (place / "log.txt").read_text().count("absent.png' does not exist") == 2
    (place / "log.txt").write_text("precious\n")
    assert main(words) == 1
    assert "no log of streamstyle" in capsys.readouterr().err
    assert (place / "log.txt").read_text() == "precious\n"


def test_a_style_that_is_made_replaces_neither_its_painting_nor_its_photos(place: Path) -> None:
    for name in ("painting.png", "photo.jpg"):
        written(place / name, "input")
    before = state(place)
    for victim in ("painting.png", "photo.jpg"):
        words = ["style", "make", "painting.png", "--photos", "photo.jpg", "-o", "new.style.npz", "--preview", victim]
        assert main([*words, "--overwrite"]) == 2
    assert state(place) == before


def test_weights_that_are_installed_do_not_go_through_links(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMSTYLE_MODELS", str(place / "models"))
    (place / "models").mkdir()
    (place / "mine.pth").write_bytes(b"precious")
    (place / "new").mkdir()
    (place / "new" / "vgg_normalised.pth").write_bytes(b"weights")
    (place / "models" / "vgg_normalised.pth").symlink_to(place / "mine.pth")
    assert main(["install", "vgg19", "--from", str(place / "new")]) == 0
    assert (place / "mine.pth").read_bytes() == b"precious"
    assert (place / "models" / "vgg_normalised.pth").read_bytes() == b"weights"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
def test_a_log_on_a_full_disk_is_one_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["video", "absent.png", "--style", "kiss", "--log-file", "/dev/full"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "streamstyle: the log '/dev/full' ends: no space left on device"
    assert len(said) == 2
    assert main(["styles"]) == 0, "the next run of the same process is not concerned"
