"""File names for recordings and snapshots."""

from datetime import datetime
from pathlib import Path


class FreshNames:
    """Names with date and time for files of a folder; no name comes twice, even before its file is written."""

    def __init__(self, folder: Path | None = None) -> None:
        """Begin.

        Args:
            folder: The current one by default.
        """
        self._folder = folder or Path()
        self._given: set[Path] = set()

    def next(self, suffix: str) -> Path:
        """A name that is free."""
        stem = f"streamstyle-{datetime.now():%Y%m%d-%H%M%S}"
        path, number = self._folder / f"{stem}{suffix}", 1
        while path in self._given or path.exists():
            number += 1
            path = self._folder / f"{stem}-{number}{suffix}"
        self._given.add(path)
        return path
