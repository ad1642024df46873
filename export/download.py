"""`python -m export.download`: public weights over HTTPS, resumed when broken, trusted by SHA-256 (pooch cannot resume).

A file gets its name only when its hash is right; until then it is `<name>.partial`, which the next call goes on with.
Proxies are taken from the environment (`https_proxy`), certificates from the system or `SSL_CERT_FILE`.
"""

import argparse
import errno
import hashlib
import os
import sys
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import platformdirs
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from export.addresses import MIRROR_VARIABLE, DownloadError, is_safe
from export.partial import Partial
from export.transfer import Download, Transfer, megabytes, reason
from streamstyle.errors import StreamstyleError, UsageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

TIMEOUT = 30.0
PAUSES = (1.0, 2.0, 4.0)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOCKED = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})


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
                    size = Transfer(download, path, url, Partial(file), bar, timeout, pauses).run()
                partial.replace(path)
            finally:
                if partial.is_file() and not partial.stat().st_size:
                    partial.unlink()
    _say(console, f"{download.name}: downloaded, {megabytes(size)}, {path}")
    return path


@contextmanager
def _failing_clearly(download: Download, path: Path) -> Iterator[None]:
    """Turn errors of the file system into DownloadError."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            need = f" of {megabytes(download.size)}" if download.size is not None else ""
            raise DownloadError(
                f"cannot write {download.name}{need} in '{path.parent}': the disk is full ({reason(error)}); make room "
                "and run the same command again, it goes on from there"
            ) from error
        raise DownloadError(
            f"cannot keep {download.name} in '{path.parent}': {reason(error)} ({error.filename or path}); "
            "name another folder"
        ) from error


@contextmanager
def _alone(path: Path, console: Console) -> Iterator[None]:
    """Hold the right to write this file: two processes share one partial file, so the second waits for the first.

    The system takes the lock back from a process that dies, so a lock file that was left behind stops nobody.
    """
    place = path.with_name(f".{path.name}.lock")
    announced = False
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
        if not announced:
            _say(console, f"{path.name}: waiting for another process that is downloading it")
            announced = True
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
    if not is_safe(url):
        origin = f"the mirror (--mirror or {MIRROR_VARIABLE})" if mirror else f"the address of {download.name}"
        raise UsageError(f"{origin} must begin with https:// and hold neither a name nor a password")
    return url


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
