"""Watches files while the stream runs: styles that are dropped into a folder, and a look file that is edited."""

from collections.abc import Callable
from pathlib import Path

from streamstyle.errors import SinkError, reason_of
from streamstyle.live.controls import Controls
from streamstyle.look.recipe import Recipe
from streamstyle.media.pictures import PICTURE_SUFFIXES
from streamstyle.styles.store import is_style_file

_EVERY_SECONDS = 0.5


def _is_style(path: Path) -> bool:
    return is_style_file(path.name) or path.suffix.lower() in PICTURE_SUFFIXES


class StyleFolder:
    """Reports pictures and style files that are new in a folder or have changed, once they are complete."""

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
        """Files that are new or changed, and complete: size and time are the same as in the scan before."""
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
    """A file that may be written at any time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = self._waiting = self._state()

    def changed(self) -> bool:
        """Whether it has changed since this was last True, and is complete: it is as it was at the last call."""
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


class Files:
    """Passes changes of files to the controls: styles in a folder, and a look file."""

    def __init__(self, controls: Controls, in_background: Callable[[Callable[[], None]], None]) -> None:
        """Watch nothing yet.

        Args:
            controls: Get the changes.
            in_background: Runs work on another thread, since files may be slow.
        """
        self._controls, self._in_background = controls, in_background
        self._folder: StyleFolder | None = None
        self._look_file: WatchedFile | None = None
        self._read_look: Callable[[], Recipe] = Recipe
        self._checked = 0.0

    def watch_styles(self, folder: Path) -> None:
        """Offer the pictures in a folder, and those that are dropped into it later, as styles.

        Raises:
            SinkError: The folder cannot be read.
        """
        try:
            self._folder = StyleFolder(folder)
        except OSError as error:
            raise SinkError(f"the styles folder '{folder}' cannot be read: {(error.strerror or '').lower()}") from error
        self._folder.scan()
        self._controls.add([str(path) for path in self._folder.scan()])

    def watch_look(self, path: Path, read: Callable[[], Recipe]) -> None:
        """Apply a look file whenever it changes.

        Args:
            path: The file, as it was read before the run.
            read: Reads it again.
        """
        self._look_file, self._read_look = WatchedFile(path), read

    def check(self, now: float) -> None:
        """Look for changes, unless that was done a moment ago; `now` is in seconds."""
        if now - self._checked >= _EVERY_SECONDS and (self._folder or self._look_file):
            self._checked = now
            self._in_background(lambda: self._take_up(now))

    def _take_up(self, asked_at: float) -> None:
        if asked_at != self._checked:
            return  # there is a newer call
        if self._folder is not None and (found := [str(path) for path in self._folder.scan()]):
            offered = self._controls.settings.styles
            self._controls.renew([style for style in found if style in offered])
            self._controls.add([style for style in found if style not in offered], show=True)
        if self._look_file is not None and self._look_file.changed():
            try:
                self._controls.apply(self._read_look())
            except Exception as error:  # noqa: BLE001 - whatever was written into it, the run goes on
                self._controls.complain(reason_of(error))
