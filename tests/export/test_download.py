"""Public weights over HTTP: whole or not at all, resumed, by their hash."""

import hashlib
import random
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from export import download as module
from export.download import ADAIN, Download, DownloadError, fetch
from streamstyle.errors import UsageError
from streamstyle.media.sinks.place import locked

CONTENT = random.Random(0).randbytes(300_000)
ROOT = Path(__file__).resolve().parents[2]


class Handler(BaseHTTPRequestHandler):
    """Gives CONTENT as the test says: `cuts` are how many bytes each of the first answers brings."""

    def do_GET(self):
        self.server.ranges.append(self.headers.get("Range"))
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        part = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if self.server.gives_parts else None
        start = int(part[1]) if part else 0
        if part and start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if part else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(CONTENT)
        self.wfile.write(CONTENT[start : start + cut])

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.ranges, server.cuts, server.status, server.gives_parts = [], [], 200, True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "_PAUSES", (0, 0))
    for name in (module.MIRROR_VARIABLE, "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as server:
        yield server


def wanted(server, content=CONTENT):
    return Download("net.pth", f"http://127.0.0.1:{server.server_port}/net.pth", hashlib.sha256(content).hexdigest())


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_file_comes_whole_and_is_not_fetched_again(server, tmp_path):
    for _ in range(2):
        assert fetch(wanted(server), tmp_path / "new").read_bytes() == CONTENT
    assert server.ranges == [None]
    assert names(tmp_path / "new") == ["net.pth"]


def test_a_connection_that_breaks_is_taken_up_where_it_was(server, tmp_path):
    server.cuts = [1000, 5000]
    assert fetch(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000-", "bytes=6000-"]


def test_one_that_breaks_again_and_again_keeps_what_came_for_the_next_call(server, tmp_path):
    server.cuts = [1000, 1000, 1000]
    with pytest.raises(DownloadError, match=r"broke off.*run the same command again, or fetch http"):
        fetch(wanted(server), tmp_path)
    assert (tmp_path / "net.pth.partial").stat().st_size == 3000
    assert fetch(wanted(server), tmp_path).read_bytes() == CONTENT


def test_a_server_that_gives_no_parts_gives_all_of_it_anew(server, tmp_path):
    (tmp_path / "net.pth.partial").write_bytes(CONTENT[:1000])
    server.gives_parts = False
    assert fetch(wanted(server), tmp_path).read_bytes() == CONTENT


def test_a_partial_file_that_is_whole_gets_its_name(server, tmp_path):
    (tmp_path / "net.pth.partial").write_bytes(CONTENT)
    assert fetch(wanted(server), tmp_path).read_bytes() == CONTENT


def test_another_file_is_refused_and_not_kept(server, tmp_path):
    with pytest.raises(DownloadError, match="is another file"):
        fetch(wanted(server, b"something else"), tmp_path)
    assert names(tmp_path) == []


def test_a_clear_no_is_one_line_and_is_not_asked_again(server, tmp_path):
    server.status = 404
    with pytest.raises(DownloadError, match=r"cannot be read .*Not Found") as caught:
        fetch(wanted(server), tmp_path)
    assert "\n" not in str(caught.value)
    assert server.ranges == [None]


def test_a_folder_that_cannot_be_made_is_one_line(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="name another folder"):
        fetch(wanted(server), tmp_path / "file")


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_two_at_once_do_not_mix_their_pieces(server, tmp_path):
    release = locked(tmp_path / ".net.pth.lock")
    with pytest.raises(DownloadError, match="another process is downloading"):
        fetch(wanted(server), tmp_path)
    release()


def test_a_mirror_is_asked_instead_and_must_be_safe(server, tmp_path, monkeypatch):
    far = Download("net.pth", "https://example.org/net.pth", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setenv(module.MIRROR_VARIABLE, f"http://127.0.0.1:{server.server_port}/")
    assert fetch(far, tmp_path / "a").read_bytes() == CONTENT
    monkeypatch.setenv(module.MIRROR_VARIABLE, "ftp://example.org")
    with pytest.raises(UsageError, match="must begin with https://"):
        fetch(far, tmp_path / "b")


def test_the_command_prints_the_path_or_one_line(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "ADAIN", (wanted(server),))
    assert module.main(["--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'net.pth'}\n"
    server.status = 404
    assert module.main(["--folder", str(tmp_path / "other")]) == 1
    assert capsys.readouterr().err.startswith("download: cannot download net.pth: ")


def test_the_public_files_are_named_by_hash_and_fetched_over_https():
    assert [file.name for file in ADAIN] == ["vgg_normalised.pth", "decoder.pth"]
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in ADAIN)
    assert all(file.url.startswith("https://") and file.url.endswith(f"/{file.name}") for file in ADAIN)


def test_downloading_needs_no_torch():
    code = "import sys, export.download; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == 0
