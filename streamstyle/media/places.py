"""Names of inputs: paths, `file://` and web addresses, and the messages for those that cannot be read."""

import contextlib
import os
import re
import socket
import stat
import time
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from streamstyle.errors import SourceError

_WEB = ("http", "https")
_TIMEOUT_SECONDS, _LONGEST_SECONDS = 20, 60
_MOST_BYTES, _MOST_FETCHED_BYTES = 1 << 30, 250_000_000
_LONGEST_NAME = 120
_answers: set[HTTPResponse] = set()
"""Answers that are being read now."""
NOT_REACHED = "there is no answer; check the address, and whether this computer is online"
NO_ANSWER = "no answer in time"
_WEB_PAGE = re.compile(
    rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*|<\?xml.*?\?>\s*)*<(!doctype\s+html|html|head)\b", re.DOTALL | re.IGNORECASE
)


def is_url(name: str | Path) -> bool:
    """Whether a name is an address of the network; `file://` is a path."""
    return "://" in str(name) and not str(name).lower().startswith("file://")


def is_web(name: str | Path) -> bool:
    """Whether a name is an address that a plain request answers."""
    return str(name).partition("://")[0].lower() in _WEB and is_url(name)


def local_path(name: str | Path) -> Path:
    """The path that a name means: `file:///a%20b.jpg` is `/a b.jpg`."""
    text = str(name)
    if not text.lower().startswith("file://"):
        return Path(name)
    path = text[len("file://") :]
    path = path[path.find("/") :]  # without the name of the host, which is this one
    if os.name == "nt":
        return Path(urllib.request.url2pathname(path))
    return Path(urllib.parse.unquote(path, errors="surrogateescape"))


def last_name(address: str) -> Path:
    """What a web address calls that which it leads to: the last part of it."""
    last = address.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    return Path(urllib.parse.unquote(last).replace("/", "-").replace("\0", ""))


def plain(name: str) -> str:
    """A name as it was given, but for `file://`, of which the path is taken."""
    return str(local_path(name)) if name.lower().startswith("file://") else name


def quoted(name: str | Path) -> str:
    """A name for messages: in quotes, on one line, and its middle left out where it is very long."""
    text = _printable(str(name))
    if len(text) > _LONGEST_NAME:
        text = f"{text[: _LONGEST_NAME // 2]}...{text[-_LONGEST_NAME // 2 :]}"
    return f"'{text}'"


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def cannot(verb: str, name: str | Path, error: Exception) -> SourceError:
    """The one line for a path that the system refuses: missing, forbidden, too long, a circle of links, a NUL."""
    if isinstance(error, FileNotFoundError):
        return _missing(name)
    if isinstance(error, ValueError):
        return SourceError(f"{quoted(name)} is no file's name ({error}); check it")
    reason = getattr(error, "strerror", None) or str(error)
    return SourceError(f"{quoted(name)} cannot be {verb}: {reason.lower()}")


def _missing(name: str | Path) -> SourceError:
    if local_path(name).is_symlink():
        return SourceError(f"{quoted(name)} is a link to what does not exist; make it anew, or name the file")
    return SourceError(f"{quoted(name)} does not exist; check the name")


def kind(name: str | Path) -> str:
    """What lies at a path: `file`, `folder`, `pipe`, `device`, or `nothing`.

    Raises:
        SourceError: The system does not tell: the path is forbidden, too long, a circle of links, or holds a NUL.
    """
    try:
        mode = local_path(name).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    except (OSError, ValueError) as error:
        raise cannot("read", name, error) from error
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return "pipe"
    return "file" if stat.S_ISREG(mode) else "device"


def is_file(name: str | Path) -> bool:
    """Whether there is a file of this name; a name that the system does not take is none."""
    try:
        return kind(name) == "file"
    except SourceError:
        return False


def read_start(name: str | Path, count: int = 4096) -> bytes:
    """The first bytes of a file.

    Raises:
        SourceError: There is no such file, it is a folder, a pipe or a device, or it cannot be read.
    """
    _refuse_unless_file(name)
    try:
        with local_path(name).open("rb") as file:
            return file.read(count)
    except (OSError, ValueError) as error:
        raise cannot("read", name, error) from error


def read_bytes(name: str | Path) -> bytes:
    """All of a file, or of what the web answers.

    Raises:
        SourceError: It cannot be read, or is larger than any picture.
    """
    if is_url(name):
        return _fetch(str(name))
    _refuse_unless_file(name)
    try:
        with local_path(name).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise cannot("read", name, error) from error
    if len(data) > _MOST_BYTES:
        raise SourceError(f"{quoted(name)} is larger than a gigabyte; wanted a picture")
    return data


def start_of_answer(address: str, count: int = 4096) -> bytes | None:
    """The first bytes of what the web answers; None where a plain request gets none.

    Raises:
        SourceError: The server is silent.
    """
    try:
        with urllib.request.urlopen(_request(address), timeout=_TIMEOUT_SECONDS) as answer:
            return bytes(answer.read(count))
    except (OSError, ValueError, HTTPException) as error:
        if isinstance(getattr(error, "reason", error), TimeoutError):
            raise SourceError(f"{quoted(address)} cannot be opened: {NO_ANSWER}") from error
        return None


def refuse_web_page(start: bytes, name: str | Path) -> None:
    """Say of a web page that it is none of what is wanted, and how to get that.

    Args:
        start: The first bytes of what was read.
        name: Where.

    Raises:
        SourceError: It is one.
    """
    if _WEB_PAGE.match(start):
        raise SourceError(
            f"{quoted(name)} is a web page, not a video or a picture; save what it shows as a file (with the site's own "
            "download, or a program such as yt-dlp for videos) and name that file"
        )


def stop_fetching() -> None:
    """End what is being fetched on other threads: it fails at once, and not when the answer is there."""
    while _answers:
        answer = _answers.pop()
        with contextlib.suppress(OSError, ValueError), socket.socket(fileno=os.dup(answer.fileno())) as connection:
            connection.shutdown(socket.SHUT_RDWR)


def _fetch(address: str) -> bytes:
    if not is_web(address):
        raise SourceError(f"{quoted(address)} is no address of a picture; wanted http, https or a file")
    answers: list[HTTPResponse] = []
    try:
        with urllib.request.urlopen(_request(address), timeout=_TIMEOUT_SECONDS) as answer:
            answers.append(answer)
            _answers.add(answer)
            pieces, end = bytearray(), time.monotonic() + _LONGEST_SECONDS
            while piece := answer.read1(1 << 16):
                pieces += piece
                if len(pieces) > _MOST_FETCHED_BYTES:
                    raise ValueError(f"it is larger than {_MOST_FETCHED_BYTES // 1_000_000} MB; wanted a picture")
                if time.monotonic() > end:
                    raise TimeoutError(f"it takes longer than {_LONGEST_SECONDS} s")
            if answer not in _answers:
                raise TimeoutError("it was stopped")
            return bytes(pieces)
    except urllib.error.HTTPError as error:
        raise SourceError(f"{quoted(address)} cannot be fetched: the server answers {error.code}") from error
    except (OSError, ValueError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        words = NOT_REACHED if isinstance(reason, socket.gaierror) else _printable(str(reason)) or type(error).__name__
        raise SourceError(f"{quoted(address)} cannot be fetched: {words}") from error
    finally:
        _answers.difference_update(answers)


def _request(address: str) -> urllib.request.Request:
    # What people paste may hold spaces and letters that a request may not.
    escaped = urllib.parse.quote(address, safe="%/:=&?~#+!$,;'@()*[]")
    return urllib.request.Request(escaped, headers={"User-Agent": "streamstyle"})


def _refuse_unless_file(name: str | Path) -> None:
    match kind(name):
        case "nothing":
            raise _missing(name)
        case "folder":
            raise SourceError(f"{quoted(name)} is a folder; wanted a file")
        case "pipe":
            raise SourceError(f"{quoted(name)} is a pipe, which can be read only once; save it to a file first")
        case "device":
            raise SourceError(f"{quoted(name)} is a device; wanted a file")
