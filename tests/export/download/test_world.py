"""What networks, disks and certificates do to a download; two at once."""

import errno
import io
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from export import download as module
from export.addresses import DownloadError
from export.download import ADAIN
from streamstyle.errors import StreamstyleError
from tests.export.download.server import CONTENT, ROOT, Script, Step, get, kept, names, serve, wanted


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
