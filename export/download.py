"""`python -m export.download`: public weights over HTTPS, resumed when broken, trusted by SHA-256 (pooch cannot resume).

A file gets its name only when its hash is right; until then it is `<name>.partial`, which the next call goes on with.
Proxies are taken from the environment (`https_proxy`), certificates from the system or `SSL_CERT_FILE`.
"""

import argparse
import errno
import hashlib
import http.client
import os
import re
import socket
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, BinaryIO

import platformdirs
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from streamstyle import __version__
from streamstyle.errors import StreamstyleError, UsageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

MIRROR_VARIABLE = "STREAMSTYLE_MIRROR"
TIMEOUT = 30.0
PAUSES = (1.0, 2.0, 4.0)
_BLOCK = 1 << 18
_GAIN = 1 << 20
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_OFFLINE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOCKED = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class DownloadError(StreamstyleError):
    """A public file cannot be fetched, or what came is not that file."""


class _BrokenError(Exception):
    """The transfer broke in a way that another try may mend; the text says how."""


@dataclass(frozen=True, slots=True)
class Download:
    """A public file, known by its content.

    Attributes:
        name: Its name on disk, and at a mirror.
        url: Where its authors offer it.
        sha256: Of the whole file, in lower-case hexadecimal.
        size: In bytes, for the progress bar and an early check; None if unknown.
    """

    name: str
    url: str
    sha256: str
    size: int | None


_ADAIN_RELEASE = "https://github.com/naoto0804/pytorch-AdaIN/releases/download/v0.0.0"
ADAIN = (
    Download(
        "vgg_normalised.pth",
        f"{_ADAIN_RELEASE}/vgg_normalised.pth",
        "804ca2835ecf7539f0cd2a7ac3c18ce81e6f8468969ae7117ac0c148d286bb4a",
        80_102_481,
    ),
    Download(
        "decoder.pth",
        f"{_ADAIN_RELEASE}/decoder.pth",
        "379ca41d59f3a37eed3599bbbc2560c19da5c458870a5ffd3a9dd41aa88f9472",
        None,
    ),
)


def default_folder() -> Path:
    """Where downloads lie unless another folder is named: `downloads` in the user's cache."""
    return Path(platformdirs.user_cache_dir("streamstyle", appauthor=False)) / "downloads"


def fetch(
    download: Download,
    folder: Path,
    *,
    console: Console | None = None,
    mirror: str | None = None,
    timeout: float = TIMEOUT,
    pauses: Sequence[float] = PAUSES,
) -> Path:
    """Have the file in the folder, downloading what is missing of it.

    Ctrl-C goes through as KeyboardInterrupt. It keeps what has come, as any break does, and the next call goes on.

    Args:
        download: What to fetch.
        folder: Where to; made if it is not there.
        console: Gets one line when the file is there, lines on what is out of the ordinary, and on a terminal a progress
            bar; standard error by default.
        mirror: Fetch `<mirror>/<name>` instead of the authors' address; by default what STREAMSTYLE_MIRROR says, if
            anything. The hash is checked all the same.
        timeout: In seconds, without a connection or without a byte.
        pauses: In seconds, before each new try after a broken connection; as many tries in a row as there are pauses.

    Returns:
        The path of the file, whose hash is right.

    Raises:
        UsageError: The address is not https (plain http is for this machine only), or holds a password.
        DownloadError: It cannot be fetched or written, or something else came; says what to do.
    """
    console = console or Console(stderr=True)
    path = folder / download.name
    with _failing_clearly(download, path):
        # Before anything is written: a folder that may only be read serves as well.
        if _is_right(path, download):
            _say(console, f"{download.name}: already there, {path}")
            return path
        url = _address(download, mirror)
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(path, console):
            if path.exists():
                if _is_right(path, download):
                    _say(console, f"{download.name}: there by now, {path}")
                    return path
                _say(console, f"{download.name}: what is there has another content and will be replaced, {path}")
            partial = path.with_name(f"{path.name}.partial")
            try:
                with partial.open("a+b") as file, _progress(console) as bar:
                    size = _Transfer(download, path, url, _Partial(file), bar, timeout, pauses).run()
                partial.replace(path)
            finally:
                if partial.is_file() and not partial.stat().st_size:
                    partial.unlink()
    _say(console, f"{download.name}: downloaded, {_megabytes(size)}, {path}")
    return path


class _Partial:
    """An unfinished file, open for appending, and the running hash of what is in it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0
        file.seek(0)
        while block := file.read(_BLOCK):
            self._digest.update(block)
            self.size += len(block)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def append(self, block: bytes) -> None:
        self._file.write(block)
        self._digest.update(block)
        self.size += len(block)

    def clear(self) -> None:
        self._file.truncate(0)
        self._digest = hashlib.sha256()
        self.size = 0


class _Transfer:
    """One download, over as many connections as it takes."""

    def __init__(
        self,
        download: Download,
        path: Path,
        url: str,
        partial: _Partial,
        bar: Progress,
        timeout: float,
        pauses: Sequence[float],
    ) -> None:
        self._download = download
        self._path = path
        self._url = url
        self._host = _way_to(url)
        self._partial = partial
        self._bar = bar
        self._task = bar.add_task(download.name, total=download.size, completed=partial.size)
        self._timeout = timeout
        self._pauses = pauses
        self._opener = urllib.request.build_opener(_SafeRedirects())
        # ETag or date of what this call has begun to receive. Not kept between calls, nor between mirrors: there the hash
        # tells whether the pieces belong together.
        self._validator: str | None = None
        self._pieces = 1 if partial.size else 0
        self._has_answered = False

    def run(self) -> int:
        """Receive until the hash is right; returns the size in bytes."""
        failures, furthest, began_again = 0, self._partial.size, False
        if self._download.size is not None and self._partial.size > self._download.size:
            self._clear()
        while self._partial.sha256 != self._download.sha256:
            try:
                self._receive()
            except _BrokenError as error:
                # Counted afresh after a real gain, so that a line that breaks often still gets to the end.
                if self._partial.size >= furthest + _GAIN:
                    failures, furthest = 0, self._partial.size
                if failures == len(self._pauses):
                    raise self._failure(str(error)) from error
                pause = self._pauses[failures]
                failures += 1
                self._bar.update(self._task, description=f"{self._download.name}: {error}; again in {pause:g} s")
                time.sleep(pause)
                self._bar.update(self._task, description=self._download.name)
                continue
            if self._partial.sha256 == self._download.sha256:
                break
            pieces, came = self._pieces, self._partial.sha256
            self._clear()
            # Pieces of two different files may have met; what came in one piece is what the server has.
            if pieces == 1 or began_again:
                raise self._wrong_content(f"it has the SHA-256 {came}, wanted {self._download.sha256}")
            failures, furthest, began_again = 0, 0, True
        return self._partial.size

    def _clear(self) -> None:
        self._partial.clear()
        self._pieces = 0
        self._bar.reset(self._task, completed=0, total=self._download.size)

    def _receive(self) -> None:
        """Receive the rest over one connection.

        Raises:
            _BrokenError: Not all came; what came is kept.
            DownloadError: Trying again would not help.
        """
        with self._answer() as answer:
            self._has_answered = True
            total = self._place(answer)
            self._validator = _validator(answer)
            self._pieces += 1
            self._bar.update(self._task, total=total)
            # Who sends more than the file's size sends another file, perhaps without end.
            limit = self._download.size if total is None else total
            while limit is None or self._partial.size <= limit:
                block = self._block(answer)
                if not block:
                    break
                self._partial.append(block)
                self._bar.update(self._task, completed=self._partial.size)
        if limit is not None and self._partial.size < limit:
            raise _BrokenError(f"the connection to {self._host} broke off")

    def _answer(self) -> http.client.HTTPResponse:
        """Ask for the rest, or for all of it should the server have no such rest."""
        headers = {"User-Agent": f"streamstyle/{__version__}"}
        if self._partial.size:
            headers["Range"] = f"bytes={self._partial.size}-"
            if self._validator is not None:
                headers["If-Range"] = self._validator
        request = urllib.request.Request(self._url, headers=headers)
        try:
            answer: http.client.HTTPResponse = self._opener.open(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and self._partial.size:
                self._clear()
                return self._answer()
            raise self._refusal(error) from error
        except urllib.error.URLError as error:
            raise self._trouble(error.reason if isinstance(error.reason, OSError) else error) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._trouble(error) from error
        except ValueError as error:
            raise self._failure(f"{self._url} is not an address, or leads to none ({_reason(error)})") from error
        if answer.status == HTTPStatus.PARTIAL_CONTENT and _range_start(answer) != self._partial.size:
            answer.close()
            if not self._partial.size:
                raise self._failure(f"{self._host} sends a part where the whole was asked for")
            self._clear()
            return self._answer()
        return answer

    def _place(self, answer: http.client.HTTPResponse) -> int | None:
        """Make the partial file ready for this answer; returns the size of the whole file in bytes, None if untold."""
        resumed = answer.status == HTTPStatus.PARTIAL_CONTENT
        if resumed:
            match = _CONTENT_RANGE.fullmatch(answer.headers["Content-Range"])
            total = int(match[2]) if match and match[2] != "*" else None
        else:
            total = answer.length
        wanted = self._download.size
        if total is not None and wanted is not None and total != wanted:
            # Told before a byte is touched: a login page of the network must not cost what has come so far.
            raise self._wrong_content(f"it has {total} bytes, wanted {wanted}")
        if not resumed and self._partial.size:
            self._clear()
        return wanted if total is None else total

    def _block(self, answer: http.client.HTTPResponse) -> bytes:
        try:
            # What has come, without waiting for a whole block: nothing is lost when the line stalls.
            return answer.read1(_BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise self._trouble(error) from error

    def _trouble(self, error: BaseException) -> _BrokenError | DownloadError:
        """The words for a failed connection, and whether another try may mend it."""
        what = f"the connection to {self._host} broke ({_reason(error)})"
        if isinstance(error, TimeoutError):
            what = f"{self._host} sent nothing for {self._timeout:g} s"
        elif isinstance(error, ssl.SSLCertVerificationError):
            return self._failure(
                f"{self._host} cannot prove that it is who it says ({error.verify_message or _reason(error)}); check the "
                "clock, and behind a company's proxy set SSL_CERT_FILE to its certificates"
            )
        elif isinstance(error, ssl.SSLError):
            what = f"no secure connection to {self._host} ({_reason(error)})"
        elif isinstance(error, socket.gaierror):
            what = (
                f"{self._host} was not found ({_reason(error)}); check that this machine is online, and https_proxy if it "
                "needs one"
            )
        elif isinstance(error, OSError) and error.errno in _OFFLINE:
            what = f"there is no way to {self._host} ({_reason(error)}); check that this machine is online"
        elif isinstance(error, ConnectionRefusedError):
            what = f"{self._host} takes no connections ({_reason(error)})"
        elif isinstance(error, http.client.InvalidURL):
            return self._failure(f"{self._url} is not an address ({_reason(error)})")
        never_there = isinstance(error, socket.gaierror) or getattr(error, "errno", None) in _OFFLINE
        if never_there and not self._has_answered:
            return self._failure(what)
        return _BrokenError(what)

    def _refusal(self, error: urllib.error.HTTPError) -> _BrokenError | DownloadError:
        """The words for an answer that is an HTTP error."""
        status = f"HTTP {error.code} {_reason(error)}"
        if error.code in _RETRIED:
            return _BrokenError(f"{self._host} cannot serve it now ({status})")
        if error.code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return self._failure(f"it is not at {self._url} ({status})")
        return self._failure(f"{self._host} refuses it ({status})")

    def _failure(self, what: str) -> DownloadError:
        remedy = "run the same command again"
        if self._partial.size:
            remedy += f" (it goes on from {_megabytes(self._partial.size)})"
        return DownloadError(f"cannot download {self._download.name}: {what}; {remedy}, or {self._by_hand()}")

    def _wrong_content(self, what: str) -> DownloadError:
        return DownloadError(
            f"what {self._host} sends is not {self._download.name}: {what}; try another network or mirror "
            f"({MIRROR_VARIABLE}), or {self._by_hand()}"
        )

    def _by_hand(self) -> str:
        return f"on another machine fetch {self._download.url} and put it at '{self._path.absolute()}'"


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects are followed, but never out of https."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """The request at the new address."""
        if not _is_safe(newurl):
            fp.close()
            raise DownloadError(
                f"{req.host} leads to {urllib.parse.urlsplit(newurl).hostname} by an address that is not plain https, "
                f"which is not followed; try another network or mirror ({MIRROR_VARIABLE})"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def _failing_clearly(download: Download, path: Path) -> Iterator[None]:
    """Turn errors of the file system into DownloadError."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            need = f" of {_megabytes(download.size)}" if download.size is not None else ""
            raise DownloadError(
                f"cannot write {download.name}{need} in '{path.parent}': the disk is full ({_reason(error)}); make room "
                "and run the same command again, it goes on from there"
            ) from error
        raise DownloadError(
            f"cannot keep {download.name} in '{path.parent}': {_reason(error)} ({error.filename or path}); "
            "name another folder"
        ) from error


@contextmanager
def _alone(path: Path, console: Console) -> Iterator[None]:
    """Hold the right to write this file: two processes share one partial file, so the second waits for the first.

    The system takes the lock back from a process that dies, so a lock file that was left behind stops nobody.
    """
    place = path.with_name(f".{path.name}.lock")
    told = False
    while True:
        with place.open("ab") as file:
            if _lock(file):
                # The one before us may have removed this file after we opened it; then it locks nothing.
                if not _is_at(file, place):
                    continue
                try:
                    yield
                finally:
                    with suppress(OSError):  # Windows keeps files that are open; an empty one stays, and does no harm
                        place.unlink()
                return
        if not told:
            _say(console, f"{path.name}: waiting for another process that is downloading it")
            told = True
        time.sleep(0.2)


def _lock(file: BinaryIO) -> bool:
    """Take the lock if it is free."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _LOCKED:
            return False
        raise
    return True


def _is_at(file: BinaryIO, place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), place.stat())
    except FileNotFoundError:
        return False


def _is_right(path: Path, download: Download) -> bool:
    """Whether the file is there and has the right hash."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == download.sha256
    except FileNotFoundError:
        return False


def _address(download: Download, mirror: str | None) -> str:
    mirror = os.environ.get(MIRROR_VARIABLE) if mirror is None else mirror
    url = f"{mirror.rstrip('/')}/{urllib.parse.quote(download.name)}" if mirror else download.url
    if not _is_safe(url):
        origin = f"the mirror (--mirror or {MIRROR_VARIABLE})" if mirror else f"the address of {download.name}"
        raise UsageError(f"{origin} must begin with https:// and hold neither a name nor a password")
    return url


def _is_safe(url: str) -> bool:
    """Whether the way there is secure: https, or this very machine."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or port == 0 or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)


def _way_to(url: str) -> str:
    """The host, and the proxy before it if there is one: either may be what fails."""
    parts = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass(parts.netloc):
        return parts.netloc
    # A proxy's address may hold a password.
    return f"{parts.netloc} (through the proxy {proxy.rpartition('@')[2].rpartition('//')[2].rstrip('/')})"


def _range_start(answer: http.client.HTTPResponse) -> int | None:
    match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _validator(answer: http.client.HTTPResponse) -> str | None:
    """What If-Range wants: a strong ETag, else the date of the last change."""
    tag: str | None = answer.headers.get("ETag")
    if tag is not None and not tag.startswith("W/"):
        return tag
    return answer.headers.get("Last-Modified")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=console.quiet or not console.is_terminal,
    )


def _say(console: Console, line: str) -> None:
    console.print(line, soft_wrap=True, highlight=False, markup=False)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _reason(error: BaseException) -> str:
    """What an error says, on one line."""
    if isinstance(error, urllib.error.HTTPError | urllib.error.URLError):
        text = str(error.reason)
    elif isinstance(error, OSError) and error.strerror:
        text = error.strerror
    else:
        text = str(error)
    return " ".join(text.split()) or type(error).__name__


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch the public AdaIN weights and print where they are.

    Args:
        arguments: Without the program's name; `sys.argv` by default.

    Returns:
        The exit code: 0 done, 1 failed, 2 usage, 130 stopped by Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        prog="python -m export.download", description="Fetch the public AdaIN weights and print where they are."
    )
    parser.add_argument("--folder", type=Path, help="where to (default: downloads in the user's cache)")
    parser.add_argument("--mirror", metavar="URL", help=f"fetch URL/NAME instead (default: {MIRROR_VARIABLE}, if set)")
    options = parser.parse_args(arguments)
    try:
        for download in ADAIN:
            print(fetch(download, options.folder or default_folder(), mirror=options.mirror), flush=True)
    except StreamstyleError as error:
        print(f"download: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("download: stopped; run the same command again, it goes on from there", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
