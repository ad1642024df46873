"""`streamstyle studio` as a program: its address, its end, its options."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from streamstyle.media.sources import open_source
from tests.clips import make_clip

_SECONDS = 60


class Running:
    """The command, as it runs."""

    def __init__(self, folder, *options, **environment):
        command = [sys.executable, "-m", "streamstyle", "studio", "--no-browser", "--data", str(folder), "--port", "0"]
        self.process = subprocess.Popen(
            [*command, *map(str, options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
            start_new_session=True,
            # Tests that run in the background ignore Ctrl+C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )
        line = self.process.stdout.readline()
        found = re.fullmatch(r"studio: http://127\.0\.0\.1:(\d+)/\?token=(\S+)  \(Ctrl\+C ends it\)\n", line)
        assert found, (line, self.process.stderr.read())
        self.port, self.token = int(found[1]), found[2]

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def until(self, condition):
        deadline = time.monotonic() + _SECONDS
        while not condition(state := self.ask("GET", "/api/state")):
            assert time.monotonic() < deadline, state
            time.sleep(0.05)

    def end(self, times=1):
        for _ in range(times):
            self.process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        out, errors = self.process.communicate(timeout=_SECONDS)
        return self.process.returncode, out, errors


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("times", [1, 3])
def test_ctrl_c_ends_it_with_the_recording_whole_however_often_it_comes(tmp_path, times):
    clip = make_clip(tmp_path / "camera.mp4", frames=25)
    running = Running(tmp_path / "data", "--camera", clip, "--alpha", "0.5")
    running.until(lambda state: state["live"]["phase"] == "running" and state["look"]["alpha"] == [0.5])
    running.ask("PUT", "/api/recording", {"on": True})
    running.until(lambda state: state["recording"]["phase"] == "on")
    time.sleep(0.5)
    code, _, errors = running.end(times)
    assert (code, errors) == (130, "streamstyle: stopped\n")
    (film,) = (tmp_path / "data" / "pictures").iterdir()
    with open_source(str(film)) as source:
        assert len(list(source)) > 1


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_two_studios_do_not_share_a_folder(tmp_path):
    running = Running(tmp_path)
    second = subprocess.run(
        [sys.executable, "-m", "streamstyle", "studio", "--no-browser", "--data", str(tmp_path), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "studio" in second.stderr
    assert running.end()[0] == 130


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--port", "70000"), "wanted a number up to 65535, got '70000'"),
        (("--host", "0.0.0.0"), "needs a password; set STREAMSTYLE_PASSWORD"),
        (("--key", "key.pem"), "--key belongs to a --certificate"),
        (("--certificate", "missing.pem"), "--certificate: 'missing.pem' cannot be used"),
        (("--alpha", "7"), "--alpha"),
    ],
)
def test_wrong_options_are_told_in_a_line(tmp_path, options, words):
    done = subprocess.run(
        [sys.executable, "-m", "streamstyle", "studio", "--no-browser", "--data", str(tmp_path), *options],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_short_password_is_refused(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "streamstyle", "studio", "--no-browser", "--data", str(tmp_path), "--host", "0.0.0.0"],
        capture_output=True,
        text=True,
        env=os.environ | {"STREAMSTYLE_PASSWORD": "short"},
        timeout=_SECONDS,
        check=False,
    )
    assert (done.returncode, "5 letters" in done.stderr) == (2, True)
