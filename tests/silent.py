"""Servers that fall silent: they take a connection, say as much as they are told to, and then nothing more."""

import re
import socket
import threading
from contextlib import contextmanager, suppress

OF_A_FILE = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nContent-Length: 9000000\r\nAccept-Ranges: none\r\n\r\n"
OF_PICTURES = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=a\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=control:track1\r\n"
)


class Silent:
    """One of them.

    Attributes:
        port: At 127.0.0.1.
        asked: Set once somebody waits for more.
        times: How often somebody has connected.
    """

    def __init__(self, listener, answer):
        self.port = listener.getsockname()[1]
        self.asked = threading.Event()
        self.times = 0
        self._listener, self._answer, self._open = listener, answer, []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.times += 1
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._talk, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _talk(self, connection):
        with suppress(OSError):
            for said in self._answer(connection):
                connection.sendall(said)
            self.asked.set()
            while connection.recv(4096):  # until it has gone
                pass

    def close(self):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(20)


@contextmanager
def falling_silent(answer):
    """A server; `answer` is given a connection and yields what to send."""
    server = Silent(socket.create_server(("127.0.0.1", 0)), answer)
    try:
        yield server
    finally:
        server.close()


def request_of(connection):
    """What is asked for over HTTP or RTSP."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(4096)
        if not piece:
            raise ConnectionError
        got += piece
    return got.decode()


def mute(connection):
    """Nothing at all."""
    connection.recv(1)
    return ()


def web(*said):
    """These bytes, as soon as something is asked for."""

    def answer(connection):
        request_of(connection)
        yield from said

    return answer


def rtsp(connection):
    """A stream that is described, set up and begun, and of which nothing comes."""
    playing = False
    while not playing:
        request = request_of(connection)
        method, number = request.split(" ", 1)[0], re.search(r"CSeq: *(\d+)", request)[1]
        playing = method == "PLAY"
        more, body = "", ""
        if method == "DESCRIBE":
            more, body = f"Content-Type: application/sdp\r\nContent-Length: {len(_SDP)}\r\n", _SDP
        elif method == "SETUP":
            wanted = re.search(r"Transport: *(.*?)\r", request)[1].partition(",")[0]
            wanted = wanted if "interleaved" in wanted else f"{wanted};server_port=49998-49999"
            more = f"Transport: {wanted}\r\nSession: 1\r\n"
        elif method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        yield f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{more}\r\n{body}".encode()


def parts(pictures):
    """JPEGs as a camera sends them."""
    return b"".join(
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(one), one) for one in pictures
    )
