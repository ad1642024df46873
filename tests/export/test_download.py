"""The download helper, against a server of this file's own: nothing leaves this machine."""

import errno
import hashlib
import io
import os
import random
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from export import download as module
from export.download import ADAIN, fetch
from export.transfer import Download, DownloadError
from streamstyle.errors import StreamstyleError, UsageError

ROOT = Path(__file__).resolve().parent.parent.parent
CONTENT = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(len(CONTENT))
MIB = 1 << 20


@dataclass
class Step:
    """How one request is answered; as given, like a good server."""

    content: bytes = CONTENT
    status: int = 200
    location: str | None = None
    cut: int | None = None  # the connection ends after so many bytes of the body
    reset: bool = False  # and ends by a reset
    stall: int | None = None  # nothing more comes after so many bytes of the body
    ranges: bool = True
    if_range: bool = True
    content_range: str | None = "bytes {start}-{end}/{size}"
    length: bool = True
    chunked: bool = False  # cut or stalled, the chunk is left unfinished
    nonsense: bool = False  # no HTTP at all
    etag: str | None = '"one"'
    modified: str | None = None


@dataclass
class Script:
    steps: list[Step] = field(default_factory=list)  # for the first requests
    usual: Step = field(default_factory=Step)  # for all that follow
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def ranges(self):
        return [headers.get("Range") for _, headers in self.requests]


class Handler(BaseHTTPRequestHandler):
    script: Script

    def do_GET(self):
        script = self.script
        script.requests.append((self.path, dict(self.headers)))
        step = script.steps.pop(0) if script.steps else script.usual
        if step.location is not None:
            self.send_response(302)
            self.send_header("Location", step.location)
            self.end_headers()
            return
        if step.nonsense:
            self.wfile.write(b"220 mail.example.org ready\r\n")
            return
        if step.status != 200:
            self.send_error(step.status)
            return
        start, wanted = 0, re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = not step.if_range or self.headers.get("If-Range") in {None, step.etag, step.modified}
        if wanted and step.ranges and same:
            start = int(wanted[1])
            if start >= len(step.content):
                self.send_error(416)
                return
            self.send_response(206)
            if step.content_range is not None:
                size = len(step.content)
                self.send_header("Content-Range", step.content_range.format(start=start, end=size - 1, size=size))
        else:
            self.send_response(200)
        if step.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif step.length:
            self.send_header("Content-Length", str(len(step.content) - start))
        for name, value in (("ETag", step.etag), ("Last-Modified", step.modified)):
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.send_body(step, step.content[start:])

    def send_body(self, step, body):
        part = body[: min(value for value in (len(body), step.cut, step.stall) if value is not None)]
        try:
            if step.chunked:
                self.wfile.write(f"{len(body):x}\r\n".encode())
            self.wfile.write(part)
            if step.chunked and part == body:
                self.wfile.write(b"\r\n0\r\n\r\n")
        except ConnectionError:
            return
        self.script.sent += len(part)
        if step.stall is not None and not self.script.go_on.wait(20):
            return
        if step.stall is not None and self.script.go_on.is_set():
            try:
                self.wfile.write(body[len(part) :])
            except ConnectionError:
                return
        if step.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def environment_of_its_own(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in {module.MIRROR_VARIABLE, "SSL_CERT_FILE", "SSL_CERT_DIR"}:
            monkeypatch.delenv(name)


def serve(script, context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Scripted", (Handler,), {"script": script}))
    server.handle_error = lambda *_: None
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    script.address = f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def stop():
        script.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


@pytest.fixture
def server():
    script = Script()
    stop = serve(script)
    yield script
    stop()


def wanted(script, content=CONTENT, *, size=True, path="/net.pth"):
    digest = hashlib.sha256(content).hexdigest()
    return Download("net.pth", script.address + path, digest, len(content) if size else None)


def get(download, folder, **options):
    options = {"console": Console(file=io.StringIO()), "pauses": (0, 0, 0), "timeout": 10} | options
    return fetch(download, folder, **options)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def leave(folder, content):
    folder.mkdir(exist_ok=True)
    (folder / "net.pth.partial").write_bytes(content)


def kept(folder):
    return (folder / "net.pth.partial").read_bytes()


# What is there, and what gets the name


def test_a_download_leaves_the_file_and_nothing_else(server, tmp_path):
    path = get(wanted(server), tmp_path / "not" / "there")
    assert path == tmp_path / "not" / "there" / "net.pth"
    assert path.read_bytes() == CONTENT
    assert names(path.parent) == ["net.pth"]


def test_the_size_need_not_be_known(server, tmp_path):
    assert get(wanted(server, size=False), tmp_path).read_bytes() == CONTENT


def test_a_right_file_is_used_at_once_and_said_so(server, tmp_path, monkeypatch):
    (tmp_path / "net.pth").write_bytes(CONTENT)
    monkeypatch.setattr(Path, "mkdir", None)  # a folder that may only be read serves as well
    said = io.StringIO()
    path = get(wanted(server), tmp_path, console=Console(file=said))
    assert path.read_bytes() == CONTENT
    assert server.requests == []
    assert names(tmp_path) == ["net.pth"]
    assert said.getvalue() == f"net.pth: already there, {path}\n"


def test_a_wrong_file_is_replaced(server, tmp_path):
    (tmp_path / "net.pth").write_bytes(OTHER)
    said = io.StringIO()
    assert get(wanted(server), tmp_path, console=Console(file=said)).read_bytes() == CONTENT
    assert "another content" in said.getvalue()


@pytest.mark.parametrize("step", [Step(content=b"?" * len(CONTENT)), Step(status=404), Step(cut=1000)])
def test_a_wrong_file_stays_until_the_new_one_is_proven(server, tmp_path, step):
    server.usual = step
    (tmp_path / "net.pth").write_bytes(OTHER)
    with pytest.raises(DownloadError):
        get(wanted(server), tmp_path)
    assert (tmp_path / "net.pth").read_bytes() == OTHER


def test_a_wrong_content_fails_at_once_with_both_hashes_and_the_way_by_hand(server, tmp_path):
    server.usual = Step(content=OTHER)
    download = wanted(server)
    with pytest.raises(DownloadError) as caught:
        get(download, tmp_path)
    message = str(caught.value)
    assert download.sha256 in message
    assert hashlib.sha256(OTHER).hexdigest() in message
    assert download.url in message
    assert f"'{tmp_path / 'net.pth'}'" in message
    assert len(server.requests) == 1
    assert names(tmp_path) == []


def test_another_size_is_refused_before_what_has_come_is_touched(server, tmp_path):
    server.usual = Step(content=b"<html>please log in</html>", ranges=False)
    leave(tmp_path, CONTENT[:1000])
    with pytest.raises(DownloadError, match="26 bytes, wanted 300000"):
        get(wanted(server), tmp_path)
    assert kept(tmp_path) == CONTENT[:1000]
    assert len(server.requests) == 1


def test_a_body_without_end_is_left_at_the_known_size(server, tmp_path):
    server.usual = Step(content=CONTENT + bytes(64 * MIB), length=False)
    with pytest.raises(DownloadError, match="SHA-256"):
        get(wanted(server), tmp_path)
    assert server.sent < 32 * MIB
    assert names(tmp_path) == []


def test_a_body_of_untold_length_is_taken_by_its_hash(server, tmp_path):
    server.usual = Step(length=False)
    assert get(wanted(server, size=False), tmp_path).read_bytes() == CONTENT


# Broken transfers


def test_a_broken_transfer_is_kept_and_the_next_call_goes_on_with_it(server, tmp_path):
    server.steps = [Step(cut=200_000)]
    with pytest.raises(DownloadError, match=r"broke off; run the same command again \(it goes on from 0\.2 MB\)"):
        get(wanted(server), tmp_path, pauses=())
    assert kept(tmp_path) == CONTENT[:200_000]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=200000-"]
    assert names(tmp_path) == ["net.pth"]


def test_one_call_goes_on_after_broken_connections(server, tmp_path):
    server.steps = [Step(cut=100_000), Step(cut=0), Step(cut=50_000)]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=100000-", "bytes=100000-", "bytes=150000-"]


def test_a_reset_connection_is_tried_again(server, tmp_path):
    server.steps = [Step(cut=0, reset=True), Step(cut=1000, reset=True)]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_a_chunk_that_breaks_off_is_gone_on_with(server, tmp_path):
    server.usual = Step(chunked=True)
    server.steps = [Step(chunked=True, cut=1000)]
    assert get(wanted(server, size=False), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=1000-"]


def test_an_answer_that_is_no_http_is_tried_again(server, tmp_path):
    server.steps = [Step(nonsense=True)]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT


def test_it_gives_up_after_as_many_tries_as_there_are_pauses(server, tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    server.usual = Step(cut=0)
    with pytest.raises(DownloadError, match="broke off"):
        get(wanted(server), tmp_path, pauses=(1, 2))
    assert slept == [1, 2]
    assert len(server.requests) == 3


def test_a_line_that_breaks_often_but_gains_gets_to_the_end(server, tmp_path):
    content = random.Random(2).randbytes(5 * MIB)
    server.usual = Step(content=content, cut=MIB + 1000)
    assert get(wanted(server, content), tmp_path, pauses=(0,)).read_bytes() == content
    assert len(server.requests) == 5


def test_a_server_that_always_begins_again_and_breaks_is_given_up(server, tmp_path):
    content = random.Random(2).randbytes(3 * MIB)
    server.usual = Step(content=content, cut=2 * MIB, ranges=False)
    with pytest.raises(DownloadError, match="broke off"):
        get(wanted(server, content), tmp_path, pauses=(0, 0))
    assert len(server.requests) == 3  # only the first gained


def test_a_stalled_connection_is_left_and_what_came_is_kept(server, tmp_path):
    server.steps = [Step(stall=70_000)]
    assert get(wanted(server), tmp_path, timeout=0.3).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=70000-"]


def test_a_server_that_stays_silent_is_named_with_the_time(server, tmp_path):
    server.usual = Step(stall=0)
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:\d+ sent nothing for 0\.2 s"):
        get(wanted(server), tmp_path, timeout=0.2, pauses=())


def test_a_server_in_trouble_is_tried_again(server, tmp_path):
    server.steps = [Step(status=500), Step(status=503), Step(status=429)]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT


# Resuming with servers of all kinds


@pytest.mark.parametrize(
    "step",
    [
        Step(ranges=False),
        Step(content_range=None),
        Step(content_range="bytes 5-{end}/{size}"),
        Step(content_range="nonsense"),
    ],
    ids=["ignores ranges", "no Content-Range", "another place", "nonsense"],
)
def test_a_server_that_cannot_go_on_is_asked_for_all(server, tmp_path, step):
    leave(tmp_path, CONTENT[:1000])
    server.usual = step
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT


def test_a_range_past_the_end_starts_over(server, tmp_path):
    leave(tmp_path, OTHER + b"more")
    assert get(wanted(server, size=False), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == ["bytes=300004-", None]


def test_a_part_that_nobody_asked_for_is_an_error(server, tmp_path):
    server.usual = Step(status=206)
    with pytest.raises(DownloadError, match="a part where the whole was asked for"):
        get(wanted(server), tmp_path)


def test_a_file_changed_between_two_connections_starts_over_by_its_etag(server, tmp_path):
    server.steps = [Step(content=OTHER, cut=1000, etag='"old"')]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.requests[1][1]["If-Range"] == '"old"'
    assert server.ranges() == [None, "bytes=1000-"]  # answered with the whole


def test_a_weak_etag_is_no_proof_so_the_date_is_used(server, tmp_path):
    date = "Sat, 04 Jul 2020 00:00:00 GMT"
    server.usual = Step(cut=200_000, etag='W/"one"', modified=date)
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.requests[1][1]["If-Range"] == date


def test_pieces_of_two_files_start_over_once_by_their_hash(server, tmp_path):
    leave(tmp_path, OTHER[:1000])
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == ["bytes=1000-", None]


def test_pieces_that_are_wrong_again_fail_clearly(server, tmp_path):
    leave(tmp_path, CONTENT[:1000])
    server.usual = Step(content=OTHER)
    with pytest.raises(DownloadError, match=hashlib.sha256(OTHER).hexdigest()):
        get(wanted(server), tmp_path)
    assert server.ranges() == ["bytes=1000-", None]
    assert names(tmp_path) == []


def test_a_whole_that_replaced_the_pieces_and_is_wrong_is_not_asked_for_again(server, tmp_path):
    leave(tmp_path, CONTENT[:1000])
    server.usual = Step(content=OTHER, ranges=False)
    with pytest.raises(DownloadError, match="SHA-256"):
        get(wanted(server), tmp_path)
    assert len(server.requests) == 1


def test_who_starts_over_has_all_tries_again(server, tmp_path):
    leave(tmp_path, OTHER[:1000])
    server.steps = [Step(cut=0), Step(), Step(cut=0)]
    assert get(wanted(server), tmp_path, pauses=(0,)).read_bytes() == CONTENT


def test_it_starts_over_only_once_even_when_each_time_pieces_meet(server, tmp_path):
    broken, rest = Step(content=OTHER, cut=1000, if_range=False), Step(if_range=False)
    server.steps = [broken, rest, broken, rest]
    with pytest.raises(DownloadError, match="SHA-256"):
        get(wanted(server), tmp_path)
    assert server.ranges() == [None, "bytes=1000-"] * 2


def test_a_partial_file_that_is_whole_needs_no_server(tmp_path):
    leave(tmp_path, CONTENT)
    download = wanted(Script(address="http://127.0.0.1:9"), size=False)
    assert get(download, tmp_path).read_bytes() == CONTENT
    assert names(tmp_path) == ["net.pth"]


def test_a_partial_file_that_is_too_long_starts_over(server, tmp_path):
    leave(tmp_path, CONTENT + b"more")
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == [None]


# What the world does


@pytest.mark.parametrize(("status", "words"), [(404, "it is not at http://127"), (403, "refuses it"), (401, "refuses it")])
def test_a_clear_no_is_not_asked_again(server, tmp_path, status, words):
    server.usual = Step(status=status)
    with pytest.raises(DownloadError, match=rf"{words}.*HTTP {status}"):
        get(wanted(server), tmp_path)
    assert len(server.requests) == 1
    assert names(tmp_path) == []


def test_a_server_that_stays_in_trouble_is_named_with_its_status(server, tmp_path):
    server.usual = Step(status=503)
    with pytest.raises(DownloadError, match="HTTP 503 Service Unavailable"):
        get(wanted(server), tmp_path)
    assert len(server.requests) == 4


def test_offline_says_at_once_what_to_fetch_elsewhere_and_where_to_put_it(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr(time, "sleep", None)  # no pause
    with pytest.raises(DownloadError) as caught:
        get(ADAIN[0], tmp_path)
    message = str(caught.value)
    assert "github.com was not found" in message
    assert "check that this machine is online" in message
    assert f"on another machine fetch {ADAIN[0].url} and put it at '{tmp_path / ADAIN[0].name}'" in message
    assert "\n" not in message
    assert isinstance(caught.value, StreamstyleError)


def test_no_way_to_the_server_is_said_at_once(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    monkeypatch.setattr(time, "sleep", None)
    with pytest.raises(DownloadError, match=r"no way to github\.com"):
        get(ADAIN[0], tmp_path)


def test_a_network_that_goes_away_in_between_is_waited_for(server, tmp_path, monkeypatch):
    server.steps = [Step(cut=1000)]
    connect, calls = socket.create_connection, []

    def sometimes(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 2:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return connect(*arguments, **options)

    monkeypatch.setattr(socket, "create_connection", sometimes)
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert len(calls) == 3


def test_a_server_that_takes_no_connections_is_named(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    download = wanted(Script(address=f"http://127.0.0.1:{port}"))
    with pytest.raises(DownloadError, match=f"127.0.0.1:{port} takes no connections"):
        get(download, tmp_path)


@pytest.fixture
def certificate(tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("makes a certificate with openssl, which is not installed")
    place = tmp_path / "certificate"
    place.mkdir()
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(place / "key.pem"), "-out", str(place / "cert.pem")]
    subprocess.run([openssl, *command.split(), *files], check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "cert.pem", place / "key.pem")
    return context, place / "cert.pem"


def test_a_certificate_is_checked_and_ssl_cert_file_is_honoured(tmp_path, certificate, monkeypatch):
    context, authority = certificate
    script = Script()
    stop = serve(script, context)
    try:
        with pytest.raises(DownloadError, match=r"cannot prove.*SSL_CERT_FILE"):
            get(wanted(script), tmp_path / "out")
        assert script.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert get(wanted(script), tmp_path / "out").read_bytes() == CONTENT
    finally:
        stop()


def test_a_server_that_speaks_no_tls_is_named(server, tmp_path):
    server.address = server.address.replace("http:", "https:")
    with pytest.raises(DownloadError, match=r"no secure connection to 127\.0\.0\.1"):
        get(wanted(server), tmp_path)


def test_a_full_disk_is_said_and_what_came_is_kept(server, tmp_path):
    pytest.importorskip("resource", reason="limits a file's size to play the full disk")
    code = (
        "import resource, sys; from pathlib import Path; from export.download import *\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"try: fetch({wanted(server)!r}, Path(sys.argv[1]), pauses=())\n"
        "except DownloadError as error: print(error)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "the disk is full" in result.stdout
    assert "0.3 MB" in result.stdout
    assert result.stderr == ""
    assert kept(tmp_path) == CONTENT[:100_000]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=100000-"]


def test_a_folder_that_is_a_file_is_said(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match=r"cannot keep net\.pth.*Not a directory.*name another folder"):
        get(wanted(server), tmp_path / "file")


def test_a_file_name_that_is_a_folder_is_said(server, tmp_path):
    (tmp_path / "net.pth").mkdir()
    with pytest.raises(DownloadError, match=r"cannot keep net\.pth.*directory"):
        get(wanted(server), tmp_path)


def test_a_folder_that_may_not_be_written_is_said_before_anything_is_fetched(server, tmp_path, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DownloadError, match=r"Permission denied.*name another folder"):
        get(wanted(server), tmp_path / "mine")
    assert server.requests == []


# Two at once


def test_the_second_of_two_waits_and_uses_what_the_first_fetched(server, tmp_path):
    server.usual = Step(stall=1000)
    said = [io.StringIO(), io.StringIO()]
    results = []

    def start(output):
        console = Console(file=output)
        thread = threading.Thread(target=lambda: results.append(get(wanted(server), tmp_path, console=console)))
        thread.start()
        return thread

    def until(condition):
        for _ in range(1000):
            if condition():
                return True
            time.sleep(0.01)
        return False

    threads = [start(said[0])]
    try:
        assert until(lambda: server.sent == 1000)
        threads.append(start(said[1]))
        assert until(lambda: "waiting for another process" in said[1].getvalue())
    finally:
        server.go_on.set()
        for thread in threads:
            thread.join()
    assert [path.read_bytes() == CONTENT for path in results] == [True, True]
    assert len(server.requests) == 1
    assert "there by now" in said[1].getvalue()
    assert names(tmp_path) == ["net.pth"]


def test_a_lock_left_by_a_dead_process_stops_nobody(server, tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from rich.console import Console; from export.download import _alone\n"
        "with _alone(Path(sys.argv[1]) / 'net.pth', Console()): os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, timeout=60)
    assert names(tmp_path) == [".net.pth.lock"]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT


def test_a_lock_that_was_removed_while_we_took_it_is_taken_again(tmp_path, monkeypatch):
    path, lock = tmp_path / "net.pth", module._lock

    def lose(file):
        monkeypatch.setattr(module, "_lock", lock)
        (tmp_path / ".net.pth.lock").unlink()
        return lock(file)

    monkeypatch.setattr(module, "_lock", lose)
    with module._alone(path, Console(file=io.StringIO())), (tmp_path / ".net.pth.lock").open("ab") as file:
        assert not lock(file)


# The way there


def test_redirects_are_followed_also_when_resuming(server, tmp_path):
    leave(tmp_path, CONTENT[:1000])
    server.steps = [Step(location="/elsewhere")]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == ["/net.pth", "/elsewhere"]
    assert server.ranges() == ["bytes=1000-"] * 2


@pytest.mark.parametrize(
    "location", ["http://example.org/net.pth", "https://me:secret@example.org/", "file:///etc/hostname"]
)
def test_a_redirect_out_of_https_is_not_followed(server, tmp_path, location):
    server.usual = Step(location=location)
    with pytest.raises(DownloadError) as caught:
        get(wanted(server), tmp_path)
    assert "secret" not in str(caught.value)
    assert len(server.requests) == 1


def test_redirects_in_a_circle_end(server, tmp_path):
    server.usual = Step(location="/net.pth")
    with pytest.raises(DownloadError, match="HTTP 302"):
        get(wanted(server), tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/net.pth",
        "ftp://127.0.0.1/net.pth",
        "file:///net.pth",
        "net.pth",
        "https://",
        "https://[",
        "https://a:b/",
    ],
)
def test_only_https_is_fetched(url, tmp_path):
    with pytest.raises(UsageError, match="must begin with https://"):
        get(Download("net.pth", url, "0" * 64, None), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", ["/a b", "/\u00e9"])
def test_an_address_that_is_none_is_one_clear_line(server, tmp_path, path):
    with pytest.raises(DownloadError, match="is not an address"):
        get(wanted(server, path=path), tmp_path)


def test_a_proxy_from_the_environment_is_used(server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", server.address)
    download = Download("net.pth", "http://localhost:9/far/net.pth", hashlib.sha256(CONTENT).hexdigest(), None)
    assert get(download, tmp_path).read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == ["http://localhost:9/far/net.pth"]


def test_a_failure_names_the_proxy_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://me:secret@127.0.0.1:9")
    with pytest.raises(DownloadError, match=r"github\.com \(through the proxy 127\.0\.0\.1:9\)") as caught:
        get(ADAIN[0], tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("end", ["", "/"])
def test_a_mirror_is_used_by_argument_and_by_environment(server, tmp_path, monkeypatch, end):
    download = Download("net.pth", "http://127.0.0.1:9/net.pth", hashlib.sha256(CONTENT).hexdigest(), None)
    mirror = f"{server.address}/mirror{end}"
    get(download, tmp_path / "one", mirror=mirror)
    monkeypatch.setenv(module.MIRROR_VARIABLE, mirror)
    get(download, tmp_path / "two")
    assert [path for path, _ in server.requests] == ["/mirror/net.pth"] * 2


def test_a_mirror_with_another_content_is_refused(server, tmp_path):
    server.usual = Step(content=OTHER)
    with pytest.raises(DownloadError, match="SHA-256"):
        get(wanted(server), tmp_path, mirror=server.address)


def test_a_mirror_with_a_password_is_refused_without_showing_it(tmp_path):
    with pytest.raises(UsageError, match="mirror") as caught:
        get(ADAIN[0], tmp_path, mirror="https://me:secret@example.org")
    assert "secret" not in str(caught.value)


# What is shown


def test_away_from_a_terminal_there_is_one_line_per_file(server, tmp_path):
    server.steps = [Step(cut=1000)]
    said = io.StringIO()
    folder = tmp_path / "[bold]a folder with a name that is long[/bold]"
    path = get(wanted(server), folder, console=Console(file=said, width=20))
    assert said.getvalue() == f"net.pth: downloaded, 0.3 MB, {path}\n"


def test_on_a_terminal_progress_is_shown_with_bytes_speed_and_breaks(server, tmp_path):
    server.steps = [Step(cut=150_000)]
    said = io.StringIO()
    get(wanted(server), tmp_path, console=Console(file=said, force_terminal=True, width=160), pauses=(0.3,))
    assert "150.0/300.0 kB" in said.getvalue()
    assert "broke off; again in 0.3 s" in said.getvalue()
    assert re.search(r"[\d.]+ [kMG]?B/s|bytes/s", said.getvalue())


def test_a_quiet_console_stays_quiet(server, tmp_path):
    said = io.StringIO()
    get(wanted(server), tmp_path, console=Console(file=said, quiet=True, force_terminal=True))
    assert said.getvalue() == ""


# The command


def test_the_public_files_are_named_by_hash_and_fetched_over_https():
    assert [file.name for file in ADAIN] == ["vgg_normalised.pth", "decoder.pth"]
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in ADAIN)
    assert all(file.url.startswith("https://") and file.url.endswith(f"/{file.name}") for file in ADAIN)


def test_the_command_prints_the_paths(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "ADAIN", (wanted(server),))
    assert module.main(["--folder", str(tmp_path)]) == 0
    output = capsys.readouterr()
    assert output.out == f"{tmp_path / 'net.pth'}\n"
    assert output.err == f"net.pth: downloaded, 0.3 MB, {tmp_path / 'net.pth'}\n"


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="XDG_CACHE_HOME means nothing there")
def test_the_command_uses_the_users_cache_by_default(server, monkeypatch, capsys):
    monkeypatch.setattr(module, "ADAIN", (wanted(server),))
    assert module.main([]) == 0
    assert capsys.readouterr().out == f"{os.environ['XDG_CACHE_HOME']}/streamstyle/downloads/net.pth\n"


def test_the_command_fails_with_one_line(server, tmp_path, monkeypatch, capsys):
    server.usual = Step(status=404)
    monkeypatch.setattr(module, "ADAIN", (wanted(server),))
    assert module.main(["--folder", str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("download: cannot download net.pth: it is not at")
    assert output.err.count("\n") == 1


def test_a_bad_mirror_is_a_usage_error(tmp_path, capsys):
    assert module.main(["--folder", str(tmp_path), "--mirror", "http://example.org"]) == 2
    assert "--mirror" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process there")
def test_ctrl_c_ends_the_command_with_one_line_and_keeps_what_came(server, tmp_path):
    server.usual = Step(content=bytes(ADAIN[0].size), stall=5000)
    partial = tmp_path / "vgg_normalised.pth.partial"
    # A shell's background job, such as a CI's may be, has SIGINT ignored, and its children after it.
    listening = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    listening += "runpy.run_module('export.download', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-c", listening, "--folder", str(tmp_path), "--mirror", server.address]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(3000):
            if partial.exists() and partial.stat().st_size == 5000:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert output == ""
    assert errors == "download: stopped; run the same command again, it goes on from there\n"
    assert partial.stat().st_size == 5000
    assert names(tmp_path) == [partial.name]


def test_downloading_needs_no_torch():
    code = "import sys, export.download; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == 0
