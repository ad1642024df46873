"""Files that change while the stream runs: styles dropped into a folder, a look that is edited."""

from pathlib import Path

from streamstyle.media.pictures import PICTURE_SUFFIXES
from streamstyle.styles.store import is_style_file


def _is_style(path: Path) -> bool:
    return is_style_file(path.name) or path.suffix.lower() in PICTURE_SUFFIXES


class StyleFolder:
    """Pictures and style files that are dropped into a folder or change there, reported when they are whole."""

    def __init__(self, folder: Path) -> None:
        """Watch a folder.

        Raises:
            OSError: It cannot be read.
        """
        self.folder = folder
        self._sizes: dict[Path, tuple[int, int]] = {}
        self._reported: dict[Path, tuple[int, int]] = {}
        list(folder.iterdir())

    def scan(self) -> list[Path]:
        """What is new or has changed, and no longer grows: its size and time are those of the scan before."""
        try:
            files = sorted(path for path in self.folder.iterdir() if _is_style(path))
        except OSError:
            return []  # the folder may come back
        whole = []
        for path in files:
            try:
                status = path.stat()
            except OSError:
                continue
            now = (status.st_size, status.st_mtime_ns)
            if self._reported.get(path) != now and now[0] > 0 and self._sizes.get(path) == now:
                self._reported[path] = now
                whole.append(path)
            self._sizes[path] = now
        return whole


class WatchedFile:
    """A file that is written now and then."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = self._waiting = self._state()

    def changed(self) -> bool:
        """Whether it has changed since it was last said so, and is whole: it did not change since the last call."""
        now = self._state()
        settled, self._waiting = now == self._waiting, now
        if not settled or now is None or now == self._known:
            return False
        self._known = now
        return True

    def _state(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None  # it may come back
        return status.st_size, status.st_mtime_ns
