"""Writes the pictures of the README, as the weights paint them and the window shows them now: python -m docs.images.

Needs matplotlib (for the portrait), Xvfb and xdotool (for the window), and playwright and Chromium (for the studio).
"""

import io
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

import streamstyle as st
from streamstyle.commands.demo_clip import write_demo_clip
from streamstyle.commands.main import main as streamstyle
from streamstyle.commands.styles import as_jpeg
from streamstyle.media.resize import resize_short_side
from tests.chromium import CHROMIUM, FLAGS, WHY_NOT
from tests.window.screens import environment_of, virtual_screen, xdotool

FOLDER = Path(__file__).with_name("images")
_STYLES = ("circles", "composition", "irises")
_HEIGHT, _QUALITY = 410, 82
_WINDOW = (960, 480)
_LIVE_STYLE = "composition"
_STUDIO_STYLE = "irises"
_WARM_UP_SECONDS = 20.0
"""Until the live window has found the size at which it can keep up."""
_RESIZED_SECONDS = 5.0


def write_side_by_side(portrait: st.Image) -> None:
    """The portrait, and paintings of it."""
    painter = st.load()
    pictures = [portrait, *(painter.paint(portrait, painter.look(name)) for name in _STYLES)]
    width = _HEIGHT * 350 // 410
    rows = [resize_short_side(picture, width)[:_HEIGHT] for picture in pictures]
    _store("side_by_side", np.ascontiguousarray(np.hstack(rows)))


def write_controls(photo: Path) -> None:
    """The portrait in the built-in styles, and with the controls."""
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder) / "sheet.png"
        streamstyle(["sheet", str(photo), "-o", str(sheet)])
        _store("controls", st.read(sheet))


def write_live() -> None:
    """The window with the demo's clip, before and after."""
    with tempfile.TemporaryDirectory() as folder, virtual_screen() as screen:
        clip = Path(folder) / "clip.mp4"
        write_demo_clip(clip)
        words = ["camera", "--camera", str(clip), "--loop", "--style", _LIVE_STYLE]
        program = subprocess.Popen([sys.executable, "-m", "streamstyle", *words], env=environment_of(screen))
        try:
            window = xdotool(screen, "search", "--sync", "--onlyvisible", "--name", "^streamstyle").split()[-1]
            xdotool(screen, "windowfocus", "--sync", window)
            xdotool(screen, "windowmove", "--sync", window, "0", "0")
            time.sleep(_WARM_UP_SECONDS)
            xdotool(screen, "key", "s")
            time.sleep(_RESIZED_SECONDS)
            xdotool(screen, "windowsize", "--sync", window, *map(str, _WINDOW))
            time.sleep(_RESIZED_SECONDS)
            _store("live", _screenshot(screen))
            xdotool(screen, "key", "q")
            program.wait(30)
        finally:
            program.kill()
            program.wait()


def write_studio() -> None:
    """The page of the studio with the demo's clip, before and after."""
    assert CHROMIUM is not None, WHY_NOT
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        clip = Path(folder) / "portrait.mp4"
        write_demo_clip(clip)
        words = ["--no-browser", "--port", "0", "--data", folder, "--camera", str(clip), "--style", _STUDIO_STYLE]
        program = subprocess.Popen(
            [sys.executable, "-m", "streamstyle", "studio", *words], stdout=subprocess.PIPE, text=True
        )
        try:
            assert program.stdout is not None
            address = next(word for line in program.stdout for word in line.split() if "?token=" in word)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 860}, color_scheme="dark")
            page.goto(address)
            page.wait_for_selector("#screen:visible")
            time.sleep(_WARM_UP_SECONDS)
            page.click("#divide")
            page.mouse.move(0, 0)
            time.sleep(_RESIZED_SECONDS)
            _store("studio", np.array(Image.open(io.BytesIO(page.screenshot())).convert("RGB")))
            browser.close()
        finally:
            program.terminate()
            program.wait(30)


def _screenshot(screen: str) -> st.Image:
    options = {"video_size": f"{_WINDOW[0]}x{_WINDOW[1]}", "draw_mouse": "0"}
    with av.open(screen, format="x11grab", options=options) as container:
        return np.ascontiguousarray(next(container.decode(video=0)).to_ndarray(format="rgb24"))


def _store(name: str, picture: st.Image) -> None:
    (FOLDER / f"{name}.jpg").write_bytes(as_jpeg(picture, _QUALITY))


if __name__ == "__main__":
    package = find_spec("matplotlib")
    assert package is not None
    assert package.origin is not None
    photo = Path(package.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    write_side_by_side(st.read(photo))
    write_controls(photo)
    write_live()
    write_studio()
