"""One file over HTTPS, over as many connections as it takes: resumed, bounded, never out of https.

Source: RFC 9110, section 14 (ranges) and 13.1.5 (If-Range).
"""

import errno
import http.client
import re
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from rich.progress import Progress

from export.addresses import MIRROR_VARIABLE, DownloadError, SafeRedirects, way_to
from export.partial import BLOCK, Partial
from streamstyle import __version__

_GAIN = 1 << 20
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_OFFLINE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


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


class Transfer:
    """One download, over as many connections as it takes."""

    def __init__(
        self,
        download: Download,
        path: Path,
        url: str,
        partial: Partial,
        bar: Progress,
        timeout: float,
        pauses: Sequence[float],
    ) -> None:
        self._download = download
        self._path = path
        self._url = url
        self._host = way_to(url)
        self._partial = partial
        self._bar = bar
        self._task = bar.add_task(download.name, total=download.size, completed=partial.size)
        self._timeout = timeout
        self._pauses = pauses
        self._opener = urllib.request.build_opener(SafeRedirects())
        # ETag or date of what this call has begun to receive. Not kept between calls, nor between mirrors: there the hash
        # shows whether the pieces belong together.
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
            raise self._failure(f"{self._url} is not an address, or leads to none ({reason(error)})") from error
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
            return answer.read1(BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise self._trouble(error) from error

    def _trouble(self, error: BaseException) -> _BrokenError | DownloadError:
        """The words for a failed connection, and whether another try may mend it."""
        what = f"the connection to {self._host} broke ({reason(error)})"
        if isinstance(error, TimeoutError):
            what = f"{self._host} sent nothing for {self._timeout:g} s"
        elif isinstance(error, ssl.SSLCertVerificationError):
            return self._failure(
                f"{self._host} cannot prove that it is who it says ({error.verify_message or reason(error)}); check the "
                "clock, and behind a company's proxy set SSL_CERT_FILE to its certificates"
            )
        elif isinstance(error, ssl.SSLError):
            what = f"no secure connection to {self._host} ({reason(error)})"
        elif isinstance(error, socket.gaierror):
            what = (
                f"{self._host} was not found ({reason(error)}); check that this machine is online, and https_proxy if it "
                "needs one"
            )
        elif isinstance(error, OSError) and error.errno in _OFFLINE:
            what = f"there is no way to {self._host} ({reason(error)}); check that this machine is online"
        elif isinstance(error, ConnectionRefusedError):
            what = f"{self._host} takes no connections ({reason(error)})"
        elif isinstance(error, http.client.InvalidURL):
            return self._failure(f"{self._url} is not an address ({reason(error)})")
        never_there = isinstance(error, socket.gaierror) or getattr(error, "errno", None) in _OFFLINE
        if never_there and not self._has_answered:
            return self._failure(what)
        return _BrokenError(what)

    def _refusal(self, error: urllib.error.HTTPError) -> _BrokenError | DownloadError:
        """The words for an answer that is an HTTP error."""
        status = f"HTTP {error.code} {reason(error)}"
        if error.code in _RETRIED:
            return _BrokenError(f"{self._host} cannot serve it now ({status})")
        if error.code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return self._failure(f"it is not at {self._url} ({status})")
        return self._failure(f"{self._host} refuses it ({status})")

    def _failure(self, what: str) -> DownloadError:
        remedy = "run the same command again"
        if self._partial.size:
            remedy += f" (it goes on from {megabytes(self._partial.size)})"
        return DownloadError(f"cannot download {self._download.name}: {what}; {remedy}, or {self._by_hand()}")

    def _wrong_content(self, what: str) -> DownloadError:
        return DownloadError(
            f"what {self._host} sends is not {self._download.name}: {what}; try another network or mirror "
            f"({MIRROR_VARIABLE}), or {self._by_hand()}"
        )

    def _by_hand(self) -> str:
        return f"on another machine fetch {self._download.url} and put it at '{self._path.absolute()}'"


def _range_start(answer: http.client.HTTPResponse) -> int | None:
    match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _validator(answer: http.client.HTTPResponse) -> str | None:
    """What If-Range wants: a strong ETag, else the date of the last change."""
    tag: str | None = answer.headers.get("ETag")
    if tag is not None and not tag.startswith("W/"):
        return tag
    return answer.headers.get("Last-Modified")


def megabytes(size: int) -> str:
    """Bytes, for people."""
    return f"{size / 1e6:.1f} MB"


def reason(error: BaseException) -> str:
    """What an error says, on one line."""
    if isinstance(error, urllib.error.HTTPError | urllib.error.URLError):
        text = str(error.reason)
    elif isinstance(error, OSError) and error.strerror:
        text = error.strerror
    else:
        text = str(error)
    return " ".join(text.split()) or type(error).__name__
