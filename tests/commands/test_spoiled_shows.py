"""Ways to spoil a live show by what lies on the disk: each is said, and the show goes on with what it had."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import make_clip
from tests.commands.test_camera_command import Live

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="POSIX files and signals")]
Spoil = Callable[[Path], object]


def gone(path: Path) -> Path:
    """A name with nothing there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    return path


def painting(path: Path, width: int = 40, height: int = 32) -> None:
    Image.effect_noise((width, height), 80).convert("RGB").save(path)


def look(text: str | bytes) -> Spoil:
    data = text if isinstance(text, bytes) else text.encode()
    return lambda folder: gone(folder / "look.toml").write_bytes(data)


def bomb(path: Path) -> None:
    np.savez_compressed(path, x=np.zeros(20_000_000))


LOOKS: dict[str, tuple[Spoil, str]] = {
    "deleted": (lambda folder: gone(folder / "look.toml"), ""),
    "garbled": (look(b"\xff\xfe\x00look"), "not UTF-8"),
    "half written": (look('style = ["sc'), "not TOML"),
    "no such option": (look("glitter = 1\n"), "no option 'glitter'"),
    "no such value": (look('alpha = "0@0,1@x"\n'), "wanted a number"),
    "endless": (look("# \n" * 500_000), "too large"),
    "a folder": (lambda folder: gone(folder / "look.toml").mkdir(), "is a directory"),
    "a pipe": (lambda folder: os.mkfifo(gone(folder / "look.toml")), "pipe or a device"),
    "a device": (lambda folder: gone(folder / "look.toml").symlink_to("/dev/zero"), "pipe or a device"),
    "a circle of links": (lambda folder: gone(folder / "look.toml").symlink_to("look.toml"), ""),
    "from Windows": (look(b'\xef\xbb\xbfstyle = ["scream"]\r\n'), ""),
    "style is missing": (look('style = ["./absent.png"]\n'), "absent.png' does not exist"),
    "style is a device": (look('style = ["/dev/zero"]\n'), "is a device"),
    "style is immense": (look('style = ["./painting.png"]\nstyle_size = 8000\n'), "smaller --style-size"),
    "too many styles": (look(f"style = {['kiss'] * 60}\n"), "at most 8 styles"),
    "mask is missing": (look('style = ["kiss", "keep"]\nmask = "absent.png"\n'), "absent.png' does not exist"),
    "a mask that plays": (look('style = ["kiss", "keep"]\nmask = "mask.mp4"\n'), ""),
    "which is deleted": (lambda folder: gone(folder / "mask.mp4"), "mask.mp4' does not exist"),
    "host is away": (look('style = ["http://127.0.0.1:9/x.png"]\n'), "cannot be fetched"),
}
STYLES: dict[str, tuple[Spoil, str]] = {
    "empty": (lambda styles: (styles / "empty.png").touch(), ""),
    "text": (lambda styles: (styles / "text.png").write_text("no picture"), "text.png' is not a picture"),
    "a folder": (lambda styles: (styles / "folder.png").mkdir(), "folder.png' is a folder"),
    "a link to nowhere": (lambda styles: (styles / "link.png").symlink_to("nowhere"), ""),
    "a pipe": (lambda styles: os.mkfifo(styles / "pipe.png"), ""),
    "very thin": (lambda styles: painting(styles / "thin.png", 16, 2000), "crop it"),
    "very small": (lambda styles: painting(styles / "tiny.png", 3, 3), "at least 8x8"),
    "a bomb": (lambda styles: bomb(styles / "bomb.style.npz"), "too large"),
    "good": (lambda styles: painting(styles / "good.png"), ""),
    "then garbled": (lambda styles: (styles / "good.png").write_bytes(b"garbled" * 9), "good.png' is not a picture"),
    "no folder": (gone, ""),
}
OTHERS: dict[str, tuple[Spoil, str]] = {
    "no cache": (lambda folder: gone(folder / "cache"), ""),
    "a file for a cache": (lambda folder: (folder / "cache").write_text(""), ""),
    "another camera": (lambda folder: make_clip(gone(folder / "show.mp4"), width=48, height=96, rate=20, frames=40), ""),
    "half a camera": (lambda folder: (folder / "show.mp4").write_bytes(b"half"), "camera is lost"),
    "its return": (lambda folder: shutil.copy(folder / "kept.mp4", folder / "show.mp4"), "camera is back"),
    "no recording": (lambda folder: gone(folder / "out.partial.mp4"), "was deleted or moved"),
}


def test_the_show_goes_on(tmp_path: Path) -> None:
    make_clip(tmp_path / "kept.mp4", frames=40, rate=20)
    make_clip(tmp_path / "mask.mp4", frames=20, rate=20)
    shutil.copy(tmp_path / "kept.mp4", tmp_path / "show.mp4")
    painting(tmp_path / "painting.png")
    (tmp_path / "styles").mkdir()
    look('style = ["kiss"]\n')(tmp_path)
    options = ("--camera", "show.mp4", "--loop", "--no-window", "--size", "32", "--look", "look.toml")
    more = ("--styles-folder", "styles", "--record", "out.mp4", "--log-file", "log.txt")
    show = Live(*options, *more, cwd=tmp_path, env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    log, heard = tmp_path / "log.txt", 0
    try:
        for table, place in ((LOOKS, tmp_path), (STYLES, tmp_path / "styles"), (OTHERS, tmp_path)):
            for spoil, words in table.values():
                heard = len(log.read_text())
                spoil(place)
                show.until(lambda words=words, heard=heard: words in log.read_text()[heard:])
                if words != "camera is lost":
                    before = show.picture()
                    show.until(lambda before=before: not np.array_equal(show.picture(), before))
        show.end(signal.SIGINT)
        assert show.process.returncode == 130
    finally:
        show.process.kill()
        show.process.communicate(timeout=60)
    assert "Traceback" not in log.read_text()
