"""Names for what is recorded while it runs."""

from datetime import datetime
from pathlib import Path


class FreshNames:
    """Files of a folder whose names say when; none twice, also before the first is written."""

    def __init__(self, folder: Path | None = None) -> None:
        """Begin.

        Args:
            folder: The current one by default.
        """
        self._folder = folder or Path()
        self._given: set[Path] = set()

    def next(self, suffix: str) -> Path:
        """A name that is not taken."""
        stem = f"streamstyle-{datetime.now():%Y%m%d-%H%M%S}"
        path, number = self._folder / f"{stem}{suffix}", 1
        while path in self._given or path.exists():
            number += 1
            path = self._folder / f"{stem}-{number}{suffix}"
        self._given.add(path)
        return path
