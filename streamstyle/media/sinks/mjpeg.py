"""The picture as a web page, page and server in one file: MJPEG over HTTP, for OBS, a phone, or another program.

One thread serves all: `write` and `idle` are called by the pipeline on the sink's own thread, and look after the sockets
without ever waiting for one. Each viewer gets the newest frame once its socket has taken the last one, so a slow viewer
slows nobody. A frame is encoded once, and only when somebody watches.
"""

import contextlib
import errno
import re
import selectors
import socket
import time
from dataclasses import dataclass, field

import cv2

from streamstyle.errors import SinkError, UsageError
from streamstyle.frame import Frame
from streamstyle.media.libav import reason
from streamstyle.media.sinks.base import Sink

DEFAULT_PORT = 8090
QUALITY = 85
MAX_VIEWERS = 16
_MAX_REQUEST = 8192
_REQUEST_SECONDS = 10.0
_STALL_SECONDS = 15.0
_BOUNDARY = b"streamstyle-frame"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}

# Dark around the picture in light and dark settings alike, as a cinema is. When the program ends the last picture stays,
# and when it runs again the page goes on by itself: OBS keeps it open for days.
_PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark"><title>streamstyle</title>
<style>
html,body{margin:0;height:100%;background:#111}
img{display:block;width:100vw;height:100vh;object-fit:contain;color:transparent}
p{position:fixed;left:0;right:0;bottom:1rem;margin:auto;width:fit-content;padding:.4em .9em;border-radius:1em;
font:1rem system-ui,sans-serif;color:#eee;background:#000a}
</style></head><body><img src="stream.mjpg" alt="the live picture"><p hidden>no picture; waiting for streamstyle</p>
<script>
const picture = document.querySelector("img"), note = document.querySelector("p");
setInterval(async () => {
  const away = !note.hidden;
  note.hidden = await fetch("/", {method: "HEAD"}).then(answer => answer.ok, () => false);
  if (away && note.hidden) picture.src = "stream.mjpg?" + Date.now();
}, 2000);
</script></body></html>
"""


@dataclass
class _Viewer:
    """One connection.

    Attributes:
        socket: Non-blocking.
        request: What it has sent so far.
        pending: What it has not taken yet.
        streaming: Whether it gets frame after frame.
        wants_frame: Waits for the first frame to come.
        shown: Number of the frame that it got last.
        ends: Close once everything is taken.
        moved: When bytes last went either way, on `time.monotonic()`.
    """

    socket: socket.socket
    request: bytes = b""
    pending: memoryview = field(default_factory=lambda: memoryview(b""))
    streaming: bool = False
    wants_frame: bool = False
    head_only: bool = False
    shown: int = -1
    ends: bool = False
    moved: float = field(default_factory=time.monotonic)


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `:PORT`, `PORT`, `HOST` or `[IPv6]:PORT`; a host that is left out is this computer only.

    Raises:
        UsageError: It is none of these.
    """
    match = re.fullmatch(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^:\[\]]*))?(?::(?P<port>\d{1,5}))?", text.strip())
    if match is None:
        raise UsageError(f"--mjpeg: wanted HOST:PORT such as 127.0.0.1:{DEFAULT_PORT}, got '{text}'")
    host, port = match["six"] or match["host"] or "", match["port"]
    if host.isdecimal() and port is None:
        host, port = "", host
    number = DEFAULT_PORT if port is None else int(port)
    if number > 65535:
        raise UsageError(f"--mjpeg: a port is at most 65535, got {number}")
    return host or "127.0.0.1", number


class MjpegSink(Sink):
    """An HTTP server of the newest frame: `/` a page, `/stream.mjpg` the stream, `/frame.jpg` a single picture.

    Attributes:
        url: Of the page.
        viewers: How many streams are watched now.
    """

    idle_seconds = 0.02

    def __init__(self, address: str = f"127.0.0.1:{DEFAULT_PORT}", *, quality: int = QUALITY) -> None:
        """Listen.

        Args:
            address: See parse_address. Port 0 takes a free one.
            quality: Of the JPEGs, 1 to 100.

        Raises:
            UsageError: It is no address.
            SinkError: It cannot be used.
        """
        host, port = parse_address(address)
        self.warnings: list[str] = []
        self._quality = quality
        self._selector = selectors.DefaultSelector()
        self._viewers: dict[int, _Viewer] = {}
        self._frame: Frame | None = None
        self._number = -1
        self._jpeg: tuple[int, bytes] = (-1, b"")
        self._closed = False
        self._listener = _listen(host, port)
        self._local = host in _LOOPBACK
        port = self._listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        if host in {"0.0.0.0", "::"}:
            shown = _own_address()
        self.url = f"http://{shown}:{port}"
        self.destination = self.url
        if not self._local:
            self.warnings.append(f"anybody who reaches this computer over the network can watch at {self.url}")
        self._selector.register(self._listener, selectors.EVENT_READ)

    @property
    def viewers(self) -> int:
        """How many streams are watched now."""
        # Another thread reads this while the sink's own takes viewers in: a list is made in one go.
        return sum(viewer.streaming for viewer in list(self._viewers.values()))

    def write(self, frame: Frame) -> None:
        """Make this the newest frame."""
        self._frame, self._number = frame, self._number + 1
        self.idle()

    def idle(self) -> None:
        """Accept, read and send whatever can be at once."""
        if self._closed:
            return
        for key, events in self._selector.select(0):
            if key.fileobj is self._listener:
                self._accept()
                continue
            viewer = self._viewers.get(key.fd)
            if viewer is not None and events & selectors.EVENT_READ:
                self._read(viewer)
        now = time.monotonic()
        for viewer in list(self._viewers.values()):
            self._serve(viewer)
            patience = _STALL_SECONDS if viewer.streaming or viewer.pending else _REQUEST_SECONDS
            waits_for_us = viewer.wants_frame or (viewer.streaming and not viewer.pending)
            if now - viewer.moved > patience and not waits_for_us:
                self._drop(viewer)

    def close(self) -> None:
        """Stop serving; the port is free again."""
        if self._closed:
            return
        self._closed = True
        for viewer in list(self._viewers.values()):
            self._drop(viewer)
        self._selector.unregister(self._listener)
        self._selector.close()
        self._listener.close()
        self.destination = None

    def abort(self) -> str | None:
        """As close."""
        self.close()
        return None

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            viewer = _Viewer(connection)
            self._viewers[connection.fileno()] = viewer
            self._selector.register(connection, selectors.EVENT_READ)
            self._read(viewer)

    def _read(self, viewer: _Viewer) -> None:
        try:
            data = viewer.socket.recv(_MAX_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(viewer)
            return
        viewer.moved = time.monotonic()
        if viewer.streaming or viewer.ends or viewer.wants_frame:
            return  # more than one request per connection is not served
        viewer.request += data
        if b"\r\n\r\n" in viewer.request:
            self._answer(viewer)
        elif len(viewer.request) > _MAX_REQUEST:
            self._reply(viewer, "431 Request Header Fields Too Large")

    def _answer(self, viewer: _Viewer) -> None:
        head = viewer.request.split(b"\r\n\r\n", 1)[0].decode("latin-1").split("\r\n")
        words = head[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/"):
            self._reply(viewer, "400 Bad Request")
            return
        method, target = words[0], words[1].split("?", 1)[0]
        viewer.head_only = method == "HEAD"
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        if self._local and not _is_local(headers.get("host", "")):
            # A page from elsewhere may have its name point here, to look through the visitor's camera.
            self._reply(viewer, "403 Forbidden")
        elif method not in {"GET", "HEAD"}:
            self._reply(viewer, "405 Method Not Allowed", extra="Allow: GET, HEAD\r\n")
        elif target == "/":
            self._reply(viewer, "200 OK", _PAGE, "text/html; charset=utf-8")
        elif target == "/frame.jpg":
            viewer.wants_frame = True
        elif target == "/stream.mjpg":
            self._begin_stream(viewer)
        else:
            self._reply(viewer, "404 Not Found")

    def _begin_stream(self, viewer: _Viewer) -> None:
        if self.viewers >= MAX_VIEWERS:
            self._reply(viewer, "503 Service Unavailable", extra="Retry-After: 10\r\n")
            return
        kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        viewer.pending = memoryview(head.encode())
        viewer.streaming, viewer.ends = not viewer.head_only, viewer.head_only

    def _reply(
        self, viewer: _Viewer, status: str, body: bytes = b"", kind: str = "text/plain; charset=utf-8", extra: str = ""
    ) -> None:
        body = body or f"{status}\n".encode()
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n{extra}\r\n"
        )
        viewer.pending = memoryview(head.encode() + (b"" if viewer.head_only else body))
        viewer.ends = True

    def _serve(self, viewer: _Viewer) -> None:
        """Send what can be sent, and give the viewer the newest frame when it has taken all."""
        if viewer.wants_frame and self._frame is not None:
            viewer.wants_frame = False
            self._reply(viewer, "200 OK", self._encoded(), "image/jpeg")
        if viewer.streaming and not viewer.pending and self._frame is not None and viewer.shown != self._number:
            jpeg = self._encoded()
            head = b"--%s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % (_BOUNDARY, len(jpeg))
            viewer.pending = memoryview(head + jpeg + b"\r\n")
            viewer.shown = self._number
        if viewer.pending:
            self._send(viewer)
        elif viewer.ends:
            self._drop(viewer)

    def _send(self, viewer: _Viewer) -> None:
        try:
            sent = viewer.socket.send(viewer.pending)
        except BlockingIOError:
            return
        except OSError:
            self._drop(viewer)
            return
        viewer.moved = time.monotonic()
        viewer.pending = viewer.pending[sent:]
        if viewer.ends and not viewer.pending:
            self._drop(viewer)

    def _encoded(self) -> bytes:
        """The newest frame as JPEG, encoded once."""
        assert self._frame is not None  # the callers wait for it
        if self._jpeg[0] != self._number:
            bgr = cv2.cvtColor(self._frame.image, cv2.COLOR_RGB2BGR)
            _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
            self._jpeg = (self._number, data.tobytes())
        return self._jpeg[1]

    def _drop(self, viewer: _Viewer) -> None:
        number = viewer.socket.fileno()
        if self._viewers.pop(number, None) is None:
            return
        self._selector.unregister(viewer.socket)
        with contextlib.suppress(OSError):
            viewer.socket.shutdown(socket.SHUT_WR)
        viewer.socket.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SinkError(f"--mjpeg: '{host}' is not an address of this computer ({reason(error)}); use 127.0.0.1") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind(place)
        listener.listen(MAX_VIEWERS)
    except OSError as error:
        listener.close()
        remedy = {
            errno.EADDRNOTAVAIL: "this computer has no such address; use 127.0.0.1, or 0.0.0.0 for the whole network",
            errno.EACCES: "ports below 1024 are the system's; name a higher one",
        }.get(error.errno or 0, "name another port, or 0 for a free one")
        raise SinkError(f"--mjpeg: cannot serve at {host}:{port}: {reason(error)}; {remedy}") from error
    return listener


def _is_local(host: str) -> bool:
    name = host[1:].split("]", 1)[0] if host.startswith("[") else host.rsplit(":", 1)[0]
    return name.lower() in _LOOPBACK


def _own_address() -> str:
    """This computer's address in its network, to type on a phone; found without sending anything."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
    except OSError:
        return socket.gethostname()
