"""Addresses: where a server listens, and what to type elsewhere to reach it."""

import errno
import re
import socket

from streamstyle.errors import SinkError, UsageError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
MJPEG_PORT = 8090
"""Where `--mjpeg` listens if nothing else is said."""
_BACKLOG = 128
_TRIES = 20


def parse_address(text: str, usual_port: int) -> tuple[str, int]:
    """`HOST:PORT`, `:PORT`, `PORT`, `HOST` or `[IPv6]:PORT`; a host that is left out is this computer only.

    Raises:
        UsageError: It is none of these.
    """
    match = re.fullmatch(
        r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^:\[\]]*))?(?::(?P<port>\d{1,5}))?", text.strip(), re.ASCII
    )
    if match is None:
        raise UsageError(f"--mjpeg: wanted HOST:PORT such as 127.0.0.1:{usual_port}, got {quoted(text)}")
    host, port = match["six"] or match["host"] or "", match["port"]
    if port is None and re.fullmatch(r"\d{1,5}", host, re.ASCII):
        host, port = "", host
    number = usual_port if port is None else int(port)
    if number > 65535:
        raise UsageError(f"--mjpeg: a port is at most 65535, got {number}")
    return host or "127.0.0.1", number


def listen(host: str, port: int, option: str) -> socket.socket:
    """A socket that listens.

    Args:
        host: A name or number of this computer.
        port: 0 for a free one.
        option: By which the address was given, for messages.

    Raises:
        SinkError: The address cannot be used.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SinkError(
            f"{option}: {quoted(host)} is not an address of this computer ({reason(error)}); use 127.0.0.1"
        ) from error
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # on Windows the other option would share a port with anybody
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind(place)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        remedy = {
            errno.EADDRNOTAVAIL: "this computer has no such address; use 127.0.0.1, or 0.0.0.0 for the whole network",
            errno.EACCES: "ports below 1024 are the system's; name a higher one",
        }.get(error.errno or 0, "name another port, or 0 for a free one")
        raise SinkError(f"{option}: cannot serve at {host}:{port}: {reason(error)}; {remedy}") from error
    return listener


def listen_near(host: str, port: int) -> socket.socket:
    """A socket that listens at a port, or at the next one that is free.

    Raises:
        SinkError: None of them is.
    """
    for number in range(port, port + _TRIES):
        try:
            return listen(host, number, "--host")
        except SinkError as error:
            taken = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE
            if not taken or number == port + _TRIES - 1:
                raise
    raise AssertionError


def address_of(listener: socket.socket, host: str, scheme: str = "http") -> str:
    """What to type to reach a server, on another device where it listens to the network."""
    port = listener.getsockname()[1]
    shown = _own_address() if host in {"0.0.0.0", "::"} else host
    return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}"


def _own_address() -> str:
    """This computer's address in its network; found without sending anything."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
    except OSError:
        return socket.gethostname()
