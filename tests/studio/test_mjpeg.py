"""`--mjpeg`: the picture over HTTP, with real sockets."""

import http.client
import socket
import time
from fractions import Fraction

import cv2
import numpy as np
import pytest

from streamstyle.errors import SinkError, UsageError
from streamstyle.frame import Frame
from streamstyle.studio import listening, pictures, server, watching
from streamstyle.studio.listening import parse_address
from streamstyle.studio.mjpeg import MjpegSink
from tests.clips import pattern


@pytest.fixture
def sink():
    sink = MjpegSink("127.0.0.1:0")
    yield sink
    sink.close()


def write(sink, index, image=None):
    sink.write(Frame(pattern(index, 64, 48) if image is None else image, index, Fraction(index, 25)))


def port_of(sink):
    return int(sink.url.rsplit(":", 1)[1])


def get(sink, target, method="GET", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port_of(sink), timeout=10)
    connection.request(method, target, headers=headers or {})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def open_stream(sink):
    connection = http.client.HTTPConnection("127.0.0.1", port_of(sink), timeout=10)
    connection.request("GET", "/stream.mjpg")
    reader = connection.getresponse()
    assert reader.status == 200
    return connection, reader


def next_picture(reader):
    assert reader.readline() == b"--streamstyle-frame\r\n"
    length = 0
    while (line := reader.readline()) != b"\r\n":
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    data = reader.read(length)
    assert reader.read(2) == b"\r\n"
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def close_to(picture, index):
    return np.abs(picture.astype(int) - pattern(index, 64, 48)).mean() < 6


def test_the_page_shows_the_stream_and_needs_nothing_else(sink):
    response, body = get(sink, "/")
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b'src="/stream.mjpg"' in body
    assert b"http" not in body
    for needed in (b"/page/view.js", b"/page/view.css"):
        assert needed in body
        assert get(sink, needed.decode())[0].status == 200


def test_a_viewer_gets_the_pictures_that_were_written(sink):
    connection, reader = open_stream(sink)
    for index in range(4):
        write(sink, index)
        assert close_to(next_picture(reader), index)
    reader.close()
    connection.close()


def test_a_new_viewer_gets_a_picture_at_once_while_none_is_written(sink):
    write(sink, 7)
    connection, reader = open_stream(sink)
    assert close_to(next_picture(reader), 7)
    reader.close()
    connection.close()


def test_two_viewers_at_once(sink):
    viewers = [open_stream(sink) for _ in range(2)]
    write(sink, 3)
    assert all(close_to(next_picture(reader), 3) for _, reader in viewers)
    assert sink.viewers == 2
    viewers[0][1].close()
    viewers[0][0].close()
    until(lambda: sink.viewers == 1)
    write(sink, 4)
    assert close_to(next_picture(viewers[1][1]), 4)
    viewers[1][1].close()
    viewers[1][0].close()


def test_a_slow_viewer_is_given_the_newest_frame_and_holds_up_nobody(sink):
    # Gray, since JPEG keeps less of color; noise, since that makes large files.
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 1), dtype=np.uint8).repeat(3, axis=2)
    slow, slow_reader = open_stream(sink)
    quick, quick_reader = open_stream(sink)
    for index in range(30):
        write(sink, index, np.roll(noise, index, axis=1))
        next_picture(quick_reader)  # does not wait for the slow one
    got = 0
    while True:
        picture = next_picture(slow_reader)
        got += 1
        if np.abs(picture.astype(int) - np.roll(noise, 29, axis=1)).mean() < 20:
            break
    assert got < 30
    for thing in (slow_reader, slow, quick_reader, quick):
        thing.close()


def test_a_stalled_viewer_is_dropped(sink, monkeypatch):
    monkeypatch.setattr(watching, "STALL_SECONDS", 0.2)
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), dtype=np.uint8)
    connection, reader = open_stream(sink)
    write(sink, 0, noise)
    until(lambda: sink.viewers == 1)
    for index in range(1, 40):
        write(sink, index, np.roll(noise, index, axis=0))
        if not sink.viewers:
            break
        time.sleep(0.02)
    until(lambda: sink.viewers == 0)
    reader.close()
    connection.close()


def test_a_viewer_of_a_picture_that_does_not_change_is_kept(sink, monkeypatch):
    monkeypatch.setattr(watching, "STALL_SECONDS", 0.05)
    write(sink, 0)
    connection, reader = open_stream(sink)
    next_picture(reader)
    time.sleep(0.3)
    write(sink, 1)
    assert close_to(next_picture(reader), 1)
    reader.close()
    connection.close()


def test_a_single_picture_is_the_newest(sink):
    write(sink, 1)
    write(sink, 2)
    response, body = get(sink, "/frame.jpg")
    assert response.headers["Cache-Control"] == "no-store"
    picture = cv2.cvtColor(cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert close_to(picture, 2)


@pytest.mark.parametrize(
    ("target", "method", "headers", "status"),
    [
        ("/", "HEAD", {}, 200),
        ("/nothing", "GET", {}, 404),
        ("/", "POST", {}, 405),
        ("/frame.jpg", "GET", {"Host": "evil.example"}, 403),
        ("/frame.jpg", "GET", {"Host": "127.0.0.1.evil.example:80"}, 403),
        ("/?x=1", "GET", {"Host": "[::1]:8090"}, 200),
    ],
)
def test_other_requests_get_their_answer(sink, target, method, headers, status):
    write(sink, 0)
    response, body = get(sink, target, method, headers)
    assert response.status == status
    assert method != "HEAD" or body == b""


@pytest.mark.parametrize(
    ("sent", "status"), [(b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nX: " + b"x" * 20000, b"400")]
)
def test_bad_and_endless_requests_are_refused(sink, sent, status):
    with socket.create_connection(("127.0.0.1", port_of(sink)), timeout=10) as connection:
        connection.sendall(sent)
        assert connection.recv(100).split(b" ")[1] == status


@pytest.mark.parametrize("sent", [b"", b"GET / HTT"])
def test_a_connection_that_asks_for_nothing_is_closed(sent, monkeypatch):
    monkeypatch.setattr(server, "_IDLE_SECONDS", 0.05)
    sink = MjpegSink("127.0.0.1:0")
    with socket.create_connection(("127.0.0.1", port_of(sink)), timeout=10) as connection:
        connection.sendall(sent)
        assert connection.recv(10) == b""
    sink.close()


def test_there_is_room_for_so_many_viewers(sink, monkeypatch):
    monkeypatch.setattr(watching, "MOST_VIEWERS", 1)
    connection, reader = open_stream(sink)
    until(lambda: sink.viewers == 1)
    assert get(sink, "/stream.mjpg")[0].status == 503
    reader.close()
    connection.close()


def test_nothing_is_encoded_while_nobody_watches(sink, monkeypatch):
    monkeypatch.setattr(pictures.cv2, "imencode", lambda *_: pytest.fail("encoded for nobody"))
    for index in range(5):
        write(sink, index)


def test_closing_frees_the_port():
    sink = MjpegSink("127.0.0.1:0")
    port = int(sink.url.rsplit(":", 1)[1])
    with pytest.raises(SinkError, match="address already in use"):
        MjpegSink(f"127.0.0.1:{port}")
    sink.close()
    sink.close()
    MjpegSink(f"127.0.0.1:{port}").close()


def test_only_this_computer_is_served_unless_told_otherwise():
    here, everywhere = MjpegSink("0"), MjpegSink("0.0.0.0:0")
    assert here.url.startswith("http://127.0.0.1:")
    assert here.warnings == []
    assert "anybody" in everywhere.warnings[0]
    here.close()
    everywhere.close()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("8000", ("127.0.0.1", 8000)),
        (":8000", ("127.0.0.1", 8000)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:5", ("::1", 5)),
        ("localhost", ("localhost", 8090)),
    ],
)
def test_addresses(text, wanted):
    assert parse_address(text, 8090) == wanted


@pytest.mark.parametrize("text", ["a:b", "1:2:3", "host:99999", "[::1", "host:"])
def test_wrong_addresses_are_named(text):
    with pytest.raises(UsageError, match=r"--mjpeg:"):
        parse_address(text, 8090)


def test_a_port_that_may_not_be_used_is_said(monkeypatch):
    class Refused(socket.socket):
        def bind(self, _place):
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(listening.socket, "socket", Refused)
    with pytest.raises(SinkError, match="permission denied; ports below 1024 are the system's"):
        MjpegSink("127.0.0.1:80")


def test_an_address_of_another_computer_is_refused():
    with pytest.raises(SinkError, match="no such address"):
        MjpegSink("192.0.2.1:0")
