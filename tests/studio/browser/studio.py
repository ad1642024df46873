"""A studio as users start it, and a browser's page of it, for the tests in this folder."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np

from tests.clips import pattern

ROOT = Path(__file__).resolve().parents[3]
WIDTH, HEIGHT = 192, 144
PATIENCE_MS = 40_000
"""For what a slow machine does: nothing waits so long but a failure."""

PIXELS = """id => {
    const canvas = document.getElementById(id);
    const small = new OffscreenCanvas(48, 36);
    const context = small.getContext("2d");
    context.drawImage(canvas, 0, 0, 48, 36);
    return [...context.getImageData(0, 0, 48, 36).data].filter((_, index) => index % 4 < 3);
}"""
DROP = """([selector, name, type, base64]) => {
    const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, {type}));
    const tell = (kind, target) =>
        target.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
    tell("dragenter", document.body);
    const target = document.querySelector(selector);
    tell("dragover", target);
    tell("drop", target);
}"""


class Studio:
    """`streamstyle studio` in a process of its own.

    Args:
        folder: For its data and cache.
        size: At which it paints: small, since the tests look at what the page does.

    Attributes:
        address: Of the page, with its token.
        origin: Of the server, without a path.
    """

    def __init__(self, folder, size="96"):
        self._folder, self._size, self._port = folder, size, 0
        self.process = None
        self.start()

    def start(self):
        """Again at the same address, where it ran before."""
        environment = {**os.environ, "XDG_CACHE_HOME": str(self._folder / "cache")}
        command = [
            sys.executable,
            "-m",
            "streamstyle",
            "studio",
            "--no-browser",
            "--data",
            self._folder / "data",
            "--size",
            self._size,
        ]
        self.process = subprocess.Popen(
            [*map(str, command), "--port", str(self._port)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        words = next((line for line in self.process.stdout if "?token=" in line), "").split()
        assert words, "the studio did not start"
        self.address = next(word for word in words if "?token=" in word)
        self.origin = self.address.split("/?")[0]
        self._port = int(self.origin.rsplit(":", 1)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            self.process.stdout.close()


class Page:
    """What the tests do with a page, in words; `playwright` is the page itself.

    Attributes:
        playwright: Playwright's.
        complaints: What the browser's console held against the page: errors, refused scripts, failed fetches.
    """

    def __init__(self, page, studio):
        self.playwright, self.studio = page, studio
        self.complaints = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)

    def open(self, path=""):
        self.playwright.goto(f"{self.studio.address}{path}")
        self.playwright.wait_for_selector(".tile")
        return self

    def get(self, path):
        """Ask the server, as the page would."""
        return self.playwright.evaluate("path => fetch(path).then(answer => answer.json())", path)

    def send(self, method, path, body):
        """Tell the server something beside the page."""
        answered = self.playwright.evaluate(
            """([method, path, body]) => fetch(path, {method, body, headers: {"Content-Type": "application/json"}})
                .then(answer => answer.ok)""",
            [method, path, json.dumps(body)],
        )
        assert answered

    @property
    def state(self):
        return self.get("/api/state")

    @property
    def look(self):
        return self.state["look"]

    def until(self, is_so, what):
        """Wait for something on the server; the page goes on meanwhile."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while not is_so():
            assert time.monotonic() < end, f"never so: {what}"
            self.playwright.wait_for_timeout(50)

    def until_look(self, **fields):
        self.until(lambda: fields.items() <= self.look.items(), f"{fields}, but {self.look}")

    def until_shown(self, **fields):
        """Wait until the page knows of the look, too."""
        self.playwright.wait_for_function(
            """fields => import("/page/studio.js").then(({studio}) => Object.entries(fields).every(
                ([name, value]) => JSON.stringify(studio.state.look[name]) === JSON.stringify(value)))""",
            arg=fields,
        )

    def start_camera(self):
        """The browser's own, of this page."""
        self.playwright.click("#use-browser-camera:visible, #use-here:visible, #screen:visible")
        self.playwright.wait_for_selector("#screen:visible")

    def pixels(self, canvas="painted"):
        """A canvas in small, as it is now."""
        return np.array(self.playwright.evaluate(PIXELS, canvas), dtype=float)

    def drop(self, selector, name, kind, content):
        self.playwright.evaluate(DROP, [selector, name, kind, base64.b64encode(content).decode()])


def camera_film(path):
    """What the fake camera shows, for ever: a picture that stands still, as raw video."""
    picture = cv2.cvtColor(pattern(0, WIDTH, HEIGHT), cv2.COLOR_RGB2YUV_I420)
    frame = b"FRAME\n" + picture.tobytes()
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + 10 * frame)
    return path


def film(path, frames=8):
    """A short film."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pattern(number, WIDTH, HEIGHT))))
        container.mux(stream.encode())
    return path.read_bytes()


def painting():
    """The picture of a painting that nobody has: one color, with stripes."""
    picture = np.full((160, 160, 3), (40, 30, 200), np.uint8)
    picture[:, ::8] = (230, 230, 255)
    return cv2.imencode(".png", picture)[1].tobytes()
