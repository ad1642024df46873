"""What may be written, and how: first under a partial name, under its own name only when whole.

No file that the run reads, that the user made, or that an earlier run left unfinished is ever replaced. The output itself
is replaced only if the user allows that.
"""

import errno
import os
import stat
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import av.error

from streamstyle.errors import SinkError, UsageError
from streamstyle.media.libav import reason
from streamstyle.media.places import is_url, local_path, quoted

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_MOST_PARTIALS = 1000


def partial_of(final: Path, number: int = 1) -> Path:
    """The name of a file until it is complete; with a number if there is such a file already."""
    mark = ".partial" if number == 1 else f".partial-{number}"
    return final.with_name(f"{final.stem}{mark}{final.suffix}")


def refuse_unless_writable(
    final: Path, *, overwrite: bool, reads: Iterable[str] = (), new_folder: Path | None = None
) -> None:
    """Say whether a result may lie at a path.

    Args:
        final: Where.
        overwrite: Whether the user allows to replace what is there.
        reads: What the run reads, which stays, whatever the user allows: paths and URLs.
        new_folder: A folder that will be made, should it not be there.

    Raises:
        UsageError: The run reads it.
        SinkError: Something is there already, or nothing can be written there.
    """
    try:
        folder = final.parent
        if not folder.is_dir():
            if folder == new_folder and not folder.exists():
                return
            if folder.exists():
                raise SinkError(f"{quoted(folder)} is a file and no folder; name another place")
            raise SinkError(f"the folder {quoted(folder)} does not exist; make it first, or name another")
        try:
            found = final.lstat()
        except FileNotFoundError:
            return
        if final.is_dir():
            raise SinkError(f"{quoted(final)} is a folder; name a file")
        for name in reads:
            if not is_url(name) and _is_same(final, name):
                raise UsageError(f"{quoted(final)} is the input itself, or another file that this run reads; name another")
        if stat.S_ISLNK(found.st_mode) and final.exists():
            found = final.stat()
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISLNK(found.st_mode):
            raise SinkError(f"{quoted(final)} is a pipe or a device; name a file")
        if not overwrite:
            raise SinkError(f"{quoted(final)} exists; use --overwrite, or name another file")
    except (OSError, ValueError) as error:
        raise _cannot_write(final, error) from error


def _is_same(final: Path, name: str) -> bool:
    try:
        return final.samefile(local_path(name))
    except (OSError, ValueError):
        return False  # a name of a style, say, or a file that its reader will miss


def _cannot_write(final: Path, error: Exception) -> SinkError:
    if getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return SinkError(f"{quoted(final)} cannot be written: the disk is full; make room")
    return SinkError(f"{quoted(final)} cannot be written: {reason(error)}; name another place")


def make_folder(folder: Path) -> None:
    """Make a folder for results, unless it is there.

    Raises:
        SinkError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise SinkError(f"cannot make the folder {quoted(folder)}: {reason(error)}; name another place with -o") from error


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power failure; if the system offers that.

    Raises:
        OSError: The disk failed.
    """
    if path.is_dir() and sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY if sys.platform != "win32" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}:  # some network disks cannot
            raise
    finally:
        os.close(descriptor)


class Place:
    """A file name and its partial twin in the same folder.

    Attributes:
        final: Where the whole result will lie.
        partial: `<name>.partial<ending>`, made by this object and by nobody before; the ending is kept, so that players
            know what it is.
        release: Lets other runs write there; called when all is done, and with any number of calls.
    """

    def __init__(self, final: Path, *, overwrite: bool, reads: tuple[str, ...] = ()) -> None:
        """Check that something can be written there, and make the partial file.

        A partial file that is there already is what a crash left, or somebody's own: it stays, and this one gets a number.

        Args:
            final: Where the result is to lie.
            overwrite: Replace what is there.
            reads: Files of this run, which are never replaced: paths and URLs.

        Raises:
            UsageError: The run reads the file.
            SinkError: The folder is missing or not writable, the file exists and may not be replaced, or another run
                writes it.
        """
        self.final = final
        self.release: Callable[[], object] = lambda: None
        self._overwrite, self._reads = overwrite, reads
        refuse_unless_writable(final, overwrite=overwrite, reads=reads)
        with self.failing_clearly():
            self.partial = self._make_partial()

    def _make_partial(self) -> Path:
        for number in range(1, _MOST_PARTIALS):
            partial = partial_of(self.final, number)
            try:
                descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except FileExistsError:
                if _is_locked(partial):
                    raise SinkError(f"{quoted(self.final)} is being written by another run; name another file") from None
                continue
            self._keep_locked(descriptor)
            return partial
        raise SinkError(f"too many files are called {quoted(partial_of(self.final).name)} and the like; remove some")

    def _keep_locked(self, descriptor: int) -> None:
        """Keep other runs away while this object lives; the lock vanishes even after kill -9."""
        if sys.platform == "win32":
            os.close(descriptor)
            return
        self.release = weakref.finalize(self, os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return  # some network disks know no locks

    def refuse_if_gone(self) -> None:
        """Stop a recording whose file was deleted or moved: all that comes after would be lost.

        Raises:
            SinkError: It was.
        """
        with self.failing_clearly():
            if not self.partial.exists():
                raise SinkError(f"{quoted(self.partial)} was deleted or moved while it was written; it ends here")

    def finish(self, *, durable: bool = False) -> None:
        """Give the partial file its final name.

        Args:
            durable: Be sure that not even a power failure leaves the name without the content.

        Raises:
            SinkError: A file has appeared there meanwhile and may not be replaced.
            OSError: The system refused.
        """
        refuse_unless_writable(self.final, overwrite=self._overwrite, reads=self._reads)
        if durable:
            to_disk(self.partial)
        self.partial.replace(self.final)
        if durable:
            to_disk(self.final.parent)

    @contextmanager
    def failing_clearly(self) -> Iterator[None]:
        """Turn errors of the system and of libav into SinkError."""
        try:
            yield
        except (OSError, ValueError, av.error.FFmpegError) as error:
            raise _cannot_write(self.final, error) from error


@contextmanager
def checked_file(path: Path, *, overwrite: bool = False, reads: tuple[str, ...] = ()) -> Iterator[Path]:
    """Write a file that a user named, whole or not at all.

    Args:
        path: Where it is to lie.
        overwrite: Replace what is there.
        reads: Files of this run, which are never replaced: paths and URLs.

    Yields:
        Where to write.

    Raises:
        UsageError: The run reads the file.
        SinkError: It cannot be written, or a file is there and may not be replaced.
    """
    place = Place(path, overwrite=overwrite, reads=reads)
    try:
        with place.failing_clearly():
            yield place.partial
            place.finish()
    except BaseException:
        place.partial.unlink(missing_ok=True)
        raise
    finally:
        place.release()


def locked(path: Path) -> Callable[[], object] | None:
    """Keep other runs away by a lock file, until the returned function is called or this process ends.

    Args:
        path: Made if need be.

    Returns:
        Releases the lock; None if another run holds it.

    Raises:
        OSError: The file cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # what is locked there cannot be read, and what the file says can
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        os.close(descriptor)
        return None
    except OSError:
        pass  # some network disks know no locks
    return partial(os.close, descriptor)


def _is_locked(partial: Path) -> bool:
    """Whether another run is writing a partial file; one that a crash left, or that is no plain file, is not."""
    if sys.platform == "win32":
        return False
    try:
        descriptor = os.open(partial, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
