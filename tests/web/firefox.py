"""Firefox with a made-up camera, driven by Marionette, the protocol that it has built in: nothing else is needed."""

import contextlib
import json
import shutil
import socket
import subprocess
import time

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
WHY_NOT = "there is no Firefox; install the package firefox-esr"
PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "marionette.port": 0,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
SECONDS = 60
"""That Firefox may take to start, and to answer anything."""


class Firefox:
    """A page of a Firefox of its own; has those methods of a page of Playwright that the tests use for both."""

    def __init__(self, profile, **preferences):
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in (PREFERENCES | preferences).items()
        ]
        (profile / "user.js").write_text("\n".join(lines))
        command = [FIREFOX, "--headless", "--no-remote", "--marionette", "--profile", str(profile)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.count = 0
        try:
            self.socket = socket.create_connection(("127.0.0.1", self._port(profile)), timeout=SECONDS)
            self._receive()
            self.ask("WebDriver:NewSession", {})
            self.ask("WebDriver:SetTimeouts", {"script": 1000 * SECONDS, "pageLoad": 1000 * SECONDS})
        except BaseException:
            self.close()
            raise

    def _port(self, profile):
        """The one it has chosen."""
        file, end = profile / "MarionetteActivePort", time.monotonic() + SECONDS
        while time.monotonic() < end:
            if file.exists() and (text := file.read_text()):
                return int(text)
            time.sleep(0.1)
        raise AssertionError(f"Firefox did not start within {SECONDS} s")

    def _receive(self):
        length = b""
        while not length.endswith(b":"):
            length += self._bytes(1)
        return json.loads(self._bytes(int(length[:-1])))

    def _bytes(self, count):
        parts = b""
        while len(parts) < count:
            part = self.socket.recv(count - len(parts))
            if not part:
                raise playwright.Error("Firefox has gone")
            parts += part
        return parts

    def ask(self, command, parameters):
        self.count += 1
        text = json.dumps([0, self.count, command, parameters]).encode()
        self.socket.sendall(str(len(text)).encode() + b":" + text)
        _kind, _number, error, answer = self._receive()
        if error:
            raise playwright.Error(f"{error['error']}: {error['message']}")
        return answer

    def goto(self, url):
        self.ask("WebDriver:Navigate", {"url": url})

    def evaluate(self, function, argument=None):
        script = f"return ({function})(...arguments)"
        return self.ask("WebDriver:ExecuteScript", {"script": script, "args": [argument], "sandbox": None})["value"]

    def click(self, selector):
        self.evaluate("(selector) => document.querySelector(selector).click()", selector)

    def wait_for_timeout(self, milliseconds):
        time.sleep(milliseconds / 1000)

    def close(self):
        with contextlib.suppress(AttributeError, OSError):
            self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=10)
