"""The page that paints in the browser alone, in headless Chromium, beside the Python runtime: milliseconds of a frame."""

import base64
import functools
import http.server
import importlib.util
import shutil
import threading
import time
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
    from playwright.sync_api import CDPSession, Page

_DIST = Path(__file__).resolve().parents[2] / "web" / "dist"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
_STAGES = ("decode", "prepare", "paint", "draw")
_PATIENCE = 120
"""Seconds until the page paints its camera."""
_CAMERA_SECONDS = 10
_PICTURES = "() => Number(document.getElementById('picture').dataset.count ?? 0)"
_PAINT = """async ([width, height]) => {
  const frame = await createImageBitmap(self.frame);
  const started = performance.now();
  const { bitmap, frame: back, times } = await self.painter.paint(frame, { width, height, alpha: 1, grain: 0.5 });
  bitmap.close();
  back.close();
  return { ...times, all: performance.now() - started };
}"""
_OPEN = """async ([asked, style, text, width, height]) => {
  const { Painter, bestPrecision, builtinStyles, threads } = await import('./painter.js');
  const precision = asked === 'int8' ? asked : await bestPrecision();
  if (asked !== 'int8' && precision === 'int8') return null;
  self.painter?.close();
  self.painter = new Painter(precision);
  await self.painter.setCode((await builtinStyles()).find(({ name }) => name === style).code);
  self.frame = new ImageData(width, height);
  self.frame.data.set(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  return precision === 'int8' ? `int8 on the processor, threads: ${threads()}` : `${precision} on the graphics processor`;
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
        ["size", "what", "ms per frame", "least ms", *(f"{stage} ms" for stage in _STAGES), "to the Python runtime"],
        notes=[
            "A frame in, a picture out, grain and all, in turns; the page's time includes the way to its worker and back. "
            "Stages in the median: pixels of the frame, grain and layout, network, picture. On a graphics processor the "
            "network ends within the last one.",
        ],
    )
    with _page(chromium) as page:
        for size in setting.sizes_or("360p"):
            setting.say(f"web: {named(size)}")
            (image,) = pictures(setting.clip, size, 1)
            _measure_size(setting, page, table, named(size), image)
        setting.say("web: the camera")
        return [table, _measure_camera(page)]


def _measure_camera(page: "Page") -> Table:
    """What the page's own thread spends on a picture of a camera that Chromium makes up."""
    table = Table(
        "The page's camera in the same browser, in processor time of a picture",
        ["pictures", "rows", "page's thread ms", "of it in JavaScript ms", "all of Chromium ms"],
        notes=["The size is the one that the page chose. The rest of the page's thread is layout and drawing."],
    )
    page.goto(page.url.rsplit("/", maxsplit=1)[0] + "/")
    _until(page, "() => document.documentElement.dataset.ready")
    page.evaluate("() => document.getElementById('use-camera').click()")
    _until(page, f"() => ({_PICTURES})() > 5")
    thread = page.context.new_cdp_session(page)
    thread.send("Performance.enable", {"timeDomain": "threadTicks"})
    browser = page.context.browser
    assert browser is not None  # it was launched for this page
    whole = browser.new_browser_cdp_session()
    before = _spent(page, thread, whole)
    page.wait_for_timeout(1000 * _CAMERA_SECONDS)
    count, *seconds = (after - then for after, then in zip(_spent(page, thread, whole), before, strict=True))
    rows = page.evaluate("() => Number(document.getElementById('picture').dataset.side)")
    table.add(int(count), rows, *(1000 * spent / max(1, count) for spent in seconds))
    return table


def _spent(page: "Page", thread: "CDPSession", whole: "CDPSession") -> tuple[float, ...]:
    """Pictures so far, and processor seconds: of the page's thread, of its JavaScript, of all of Chromium's processes."""
    told = {one["name"]: one["value"] for one in thread.send("Performance.getMetrics")["metrics"]}
    processes = sum(one["cpuTime"] for one in whole.send("SystemInfo.getProcessInfo")["processInfo"])
    return page.evaluate(_PICTURES), told["TaskDuration"], told["ScriptDuration"], processes


def _until(page: "Page", condition: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise st.StreamstyleError(f"the page does not come so far within {_PATIENCE} s: {condition}")
        page.wait_for_timeout(100)


def _measure_size(setting: Setting, page: "Page", table: Table, name: str, image: Image) -> None:
    painter = st.load("fast", device=setting.device)
    look = painter.look(setting.style, strokes=min(image.shape[:2]))
    height, width = image.shape[:2]
    rgba = np.dstack([image, np.full((height, width), 255, np.uint8)])
    sent = [base64.b64encode(rgba.tobytes()).decode(), width, height]
    python = f"Python, {painter.description.splitlines()[0]}"
    for precision in ("int8", "best"):
        opened = page.evaluate(_OPEN, [precision, setting.style, *sent])
        if opened is None:
            setting.say("web: the browser offers no graphics processor")
            continue
        spent: list[dict[str, float]] = []
        actions = {
            python: lambda: painter.paint(image, look),
            opened: lambda: spent.append(page.evaluate(_PAINT, [width, height])),  # noqa: B023 - used within the round
        }
        timings = interleaved(actions, rounds=setting.rounds, budget=setting.budget, warm=1)
        usual = 1000 * timings[python].median
        table.add(name, python, usual, 1000 * timings[python].least, *[None] * len(_STAGES), 1.0)
        every = {stage: float(np.median([times[stage] for times in spent[1:]])) for stage in ("all", *_STAGES)}
        least = min(times["all"] for times in spent[1:])
        table.add(name, opened, every["all"], least, *(every[stage] for stage in _STAGES), every["all"] / usual)


@contextmanager
def _page(chromium: str) -> Iterator["Page"]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only for this part

    handler = functools.partial(_Isolated, directory=_DIST)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=list(_FLAGS))
            page = browser.new_context(permissions=["camera"]).new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/manifest.webmanifest")
            yield page
            browser.close()
    finally:
        server.shutdown()
        thread.join(_PATIENCE)
        server.server_close()


class _Isolated(http.server.SimpleHTTPRequestHandler):
    """Serves the folder with the headers that give a page all cores."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
