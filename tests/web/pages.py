"""What the tests of the page that paints in the browser alone share: a server, and ways to ask the page."""

import base64
import contextlib
import functools
import http.server
import shutil
import threading
import time

import cv2
import numpy as np
import pytest

from tests.chromium import CHROMIUM, WHY_NOT

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BROWSER = [
    pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT),
    pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm, which fetches what the page is built from"),
    pytest.mark.timeout(300),
]
"""Marks of tests that open the page."""
SECONDS = 120
"""That the slowest step may take on a busy machine."""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass


class Served:
    """A folder at an address of this machine."""

    def __init__(self, folder):
        handler = functools.partial(Quiet, directory=folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        if self.thread.is_alive():
            self.server.shutdown()
            self.thread.join(SECONDS)
            self.server.server_close()


def is_elsewhere(url, served):
    return not url.startswith((served.url, "blob:", "data:"))


def wait(page, condition):
    """Ask again and again; Playwright's own way of waiting evaluates strings, which the page forbids."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        # While the page loads itself anew there is nothing to ask.
        with contextlib.suppress(playwright.Error):
            if value := page.evaluate(condition):
                return value
        page.wait_for_timeout(100)
    raise AssertionError(f"not within {SECONDS} s: {condition}")


def become_ready(page):
    """It loads itself anew once, to get all cores."""
    wait(
        page,
        "() => document.documentElement.dataset.ready && (self.crossOriginIsolated || sessionStorage.reloaded) || null",
    )
    wait(page, "() => document.documentElement.dataset.ready")


def painted_count(page):
    return int(page.evaluate("() => document.getElementById('picture').dataset.count ?? 0"))


def wait_for_pictures(page, more=3):
    before = painted_count(page)
    wait(page, f"() => Number(document.getElementById('picture').dataset.count ?? 0) >= {before + more}")


def canvas_pixels(page):
    """What the page shows, (H, W, 3) uint8 RGB."""
    text = page.evaluate("() => document.getElementById('picture').toDataURL('image/png').split(',')[1]")
    return cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def in_browser(page, image, style, *, grain, precision="int8", cores=None):
    """Painted by the page's own code."""
    height, width = image.shape[:2]
    script = """async ([text, width, height, style, grain, precision, cores]) => {
      const { Painter, builtinStyles } = await import('./painter.js');
      const pixels = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const painter = new Painter(precision, cores ?? undefined);
      await painter.setCode((await builtinStyles()).find(({ name }) => name === style).code);
      const painted = await painter.pixels(pixels, { width, height, alpha: 1, grain });
      painter.close();
      return btoa(Array.from(painted, (value) => String.fromCharCode(value)).join(''));
    }"""
    text = base64.b64encode(np.ascontiguousarray(image).tobytes()).decode()
    answer = page.evaluate(script, [text, width, height, style, grain, precision, cores])
    return np.frombuffer(base64.b64decode(answer), np.uint8).reshape(image.shape)


def psnr(first, second):
    error = np.square(first.astype(float) - second.astype(float)).mean()
    return 10 * np.log10(255**2 / max(error, 1e-9))
