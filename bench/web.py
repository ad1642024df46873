"""The page that paints in the browser alone, in headless Chromium, beside the Python runtime: milliseconds of a frame."""

import base64
import functools
import http.server
import importlib.util
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import streamstyle as st
from bench.clock import interleaved
from bench.report import Table
from bench.setting import Setting, named, pictures
from streamstyle.frame import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

_DIST = Path(__file__).resolve().parents[1] / "web" / "dist"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
)
_PAINT = """async ([pixels, width, height]) => {
  const started = performance.now();
  await self.painter.pixels(Uint8Array.from(atob(pixels), (c) => c.charCodeAt(0)), { width, height, alpha: 1, grain: 0.5 });
  return performance.now() - started;
}"""
_OPEN = """async ([backend, style]) => {
  const { Painter, builtinStyles, gpuServes, threads } = await import('./painter.js');
  if (backend === 'webgpu' && !(await gpuServes())) return null;
  self.painter?.close();
  self.painter = new Painter(backend);
  await self.painter.setCode((await builtinStyles()).find(({ name }) => name === style).code);
  return threads();
}"""


def measure(setting: Setting) -> list[Table]:
    """The tables of this part; none, and a line that says why, without a browser or the page."""
    chromium = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if chromium is None or importlib.util.find_spec("playwright") is None:
        setting.say("web: left out, since it needs Chromium and the package playwright")
        return []
    if not (_DIST / "index.html").is_file():
        setting.say("web: left out, since the page is not built; run: make web")
        return []
    table = Table(
        "The page in headless Chromium, beside the Python runtime in the same run",
        ["size", "what", "ms per frame", "least ms", "to the Python runtime"],
        notes=[
            "The network and the grain, in turns; the page's time includes the way to its worker and back. WebGPU only "
            "where the browser has a graphics processor with half precision.",
        ],
    )
    with _page(chromium) as page:
        for size in setting.sizes_or("360p"):
            setting.say(f"web: {named(size)}")
            (image,) = pictures(setting.clip, size, 1)
            _measure_size(setting, page, table, named(size), image)
    return [table]


def _measure_size(setting: Setting, page: "Page", table: Table, name: str, image: Image) -> None:
    painter = st.load("fast", device=setting.device)
    look = painter.look(setting.style, strokes=min(image.shape[:2]))
    sent = [base64.b64encode(np.ascontiguousarray(image).tobytes()).decode(), image.shape[1], image.shape[0]]
    python = f"Python, {painter.description.splitlines()[0]}"
    for backend in ("wasm", "webgpu"):
        threads = page.evaluate(_OPEN, [backend, setting.style])
        if threads is None:
            table.add(name, f"{backend}: no graphics processor with half precision", None, None, None)
            continue
        spent: list[float] = []
        actions = {
            python: lambda: painter.paint(image, look),
            backend: lambda: spent.append(page.evaluate(_PAINT, sent)),  # noqa: B023 - used within the round
        }
        timings = interleaved(actions, rounds=setting.rounds, budget=setting.budget, warm=1)
        usual = 1000 * timings[python].median
        table.add(name, python, usual, 1000 * timings[python].least, 1.0)
        inside = sorted(spent[1:])
        table.add(
            name, f"{backend}, {threads} threads", float(np.median(inside)), inside[0], float(np.median(inside)) / usual
        )


@contextmanager
def _page(chromium: str) -> Iterator["Page"]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only for this part

    handler = functools.partial(_Isolated, directory=_DIST)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=list(_FLAGS))
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/manifest.webmanifest")
            yield page
            browser.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Isolated(http.server.SimpleHTTPRequestHandler):
    """Serves the folder with the headers that give a page all cores."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
