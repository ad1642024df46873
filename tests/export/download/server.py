"""A server that answers as it is told, and what tests of downloads ask of it."""

import hashlib
import io
import random
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rich.console import Console

from export.download import fetch
from export.transfer import Download

ROOT = Path(__file__).resolve().parents[3]
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
