"""`python -m export.download`: public weights over HTTPS, trusted by SHA-256.

A file gets its name only when its hash is right; until then it is `<name>.partial`, which the next call goes on with.
Proxies are taken from the environment (`https_proxy`), certificates from the system or `SSL_CERT_FILE`.
"""

import argparse
import hashlib
import http.client
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import platformdirs
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from streamstyle import __version__
from streamstyle.errors import StreamstyleError, UsageError
from streamstyle.media.sinks.place import locked

MIRROR_VARIABLE = "STREAMSTYLE_MIRROR"
_SAFE = ("https://", "http://127.0.0.1:", "http://localhost:")
_TIMEOUT = 30.0
"""Seconds without a connection or without a byte."""
_PAUSES = (1.0, 2.0)
"""Seconds before each new try after a broken connection."""
_BLOCK = 1 << 18
_BROKEN = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)


class DownloadError(StreamstyleError):
    """A public file cannot be fetched, or what came is not that file."""


@dataclass(frozen=True, slots=True)
class Download:
    """A public file, known by its content.

    Attributes:
        name: Its name on disk, and at a mirror.
        url: Where its authors offer it.
        sha256: Of the whole file, in lower-case hexadecimal.
    """

    name: str
    url: str
    sha256: str


_ADAIN_RELEASE = "https://github.com/naoto0804/pytorch-AdaIN/releases/download/v0.0.0"
ADAIN = (
    Download(
        "vgg_normalised.pth",
        f"{_ADAIN_RELEASE}/vgg_normalised.pth",
        "804ca2835ecf7539f0cd2a7ac3c18ce81e6f8468969ae7117ac0c148d286bb4a",
    ),
    Download(
        "decoder.pth",
        f"{_ADAIN_RELEASE}/decoder.pth",
        "379ca41d59f3a37eed3599bbbc2560c19da5c458870a5ffd3a9dd41aa88f9472",
    ),
)


def default_folder() -> Path:
    """Where downloads lie unless another folder is named: `downloads` in the user's cache."""
    return Path(platformdirs.user_cache_dir("streamstyle", appauthor=False)) / "downloads"


def fetch(download: Download, folder: Path) -> Path:
    """Have the file in the folder, downloading what is missing of it; standard error tells how far it is.

    Ctrl-C goes through as KeyboardInterrupt. It keeps what has come, as any break does, and the next call goes on.

    Args:
        download: What to fetch; from `<mirror>/<name>` where STREAMSTYLE_MIRROR names a mirror.
        folder: Where to; made if it is not there.

    Returns:
        The path of the file, whose hash is right.

    Raises:
        UsageError: The mirror's address is not https (plain http is for this machine only).
        DownloadError: It cannot be fetched or written, or something else came; says what to do.
    """
    path = folder / download.name
    try:
        if _is_right(path, download):
            return path
        url = _address(download)
        folder.mkdir(parents=True, exist_ok=True)
        release = locked(path.with_name(f".{path.name}.lock"))
        if release is None:
            raise DownloadError(f"another process is downloading {download.name}; wait for its end")
        try:
            partial = path.with_name(f"{path.name}.partial")
            _receive(download, url, partial)
            if not _is_right(partial, download):
                partial.unlink()  # another file, or pieces of two
                raise _failure(download, path, f"what came from {url} is another file; try again or another network")
            partial.replace(path)
        finally:
            release()
    except _BROKEN as error:
        reason = getattr(error, "reason", error)
        raise _failure(download, path, f"{url} cannot be read ({reason}); see that this machine is online") from error
    except OSError as error:
        raise DownloadError(f"cannot keep {download.name} in '{folder}': {error}; name another folder") from error
    return path


def _failure(download: Download, path: Path, what: str) -> DownloadError:
    return DownloadError(
        f"cannot download {download.name}: {what}, and run the same command again, or fetch {download.url} on another "
        f"machine and put it at '{path.absolute()}'"
    )


def _address(download: Download) -> str:
    mirror = os.environ.get(MIRROR_VARIABLE)
    if not mirror:
        return download.url
    if not mirror.startswith(_SAFE):
        raise UsageError(f"{MIRROR_VARIABLE} must begin with https://")
    return f"{mirror.rstrip('/')}/{urllib.parse.quote(download.name)}"


def _receive(download: Download, url: str, partial: Path) -> None:
    """Append what is missing to the partial file, over as many connections as it takes and are worth a try."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task(download.name, total=None)
        for pause in (*_PAUSES, None):
            try:
                _connect(url, partial, bar, task)
                return
            except _BROKEN as error:
                refused = isinstance(error, urllib.error.HTTPError) and error.code < HTTPStatus.INTERNAL_SERVER_ERROR
                if pause is None or refused:
                    raise
                time.sleep(pause)


def _connect(url: str, partial: Path, bar: Progress, task: TaskID) -> None:
    """One connection: the rest of the file, or all of it from a server that gives no parts."""
    with partial.open("ab") as file:
        size = file.tell()
        request = urllib.request.Request(url, headers={"User-Agent": f"streamstyle/{__version__}"})
        if size:
            request.add_header("Range", f"bytes={size}-")
        try:
            answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as error:
            error.close()
            if size and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # it has come already
            raise
        with closing(answer):
            if answer.status != HTTPStatus.PARTIAL_CONTENT:
                file.truncate(0)
                size = 0
            bar.update(task, completed=size, total=None if answer.length is None else size + answer.length)
            while block := answer.read1(_BLOCK):
                file.write(block)
                bar.advance(task, len(block))
            if answer.length:
                raise ConnectionError("the connection broke off")


def _is_right(path: Path, download: Download) -> bool:
    """Whether the file is there and has the right hash."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == download.sha256
    except FileNotFoundError:
        return False


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
    options = parser.parse_args(arguments)
    try:
        for download in ADAIN:
            print(fetch(download, options.folder or default_folder()), flush=True)
    except StreamstyleError as error:
        print(f"download: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("download: stopped; run the same command again, it goes on from there", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
