"""Where the studio keeps what belongs to the user."""

from dataclasses import dataclass
from pathlib import Path

from streamstyle.errors import SinkError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.user_folders import user_data


@dataclass(frozen=True, slots=True)
class Folders:
    """The data folder; all parts of it exist.

    Attributes:
        data: All of it.
        styles: Paintings that the user gave.
        looks: Saved looks, TOML files.
        jobs: Films that are painted, with what came in and what comes out.
        pictures: Snapshots and recordings.
    """

    data: Path
    styles: Path
    looks: Path
    jobs: Path
    pictures: Path

    @classmethod
    def of(cls, data: Path | None = None) -> "Folders":
        """Those of the user, or within another folder; made where they are missing.

        Raises:
            SinkError: They cannot be made.
        """
        data = data or user_data()
        folders = cls(data, data / "styles", data / "looks", data / "jobs", data / "pictures")
        for folder in (folders.styles, folders.looks, folders.jobs, folders.pictures):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise SinkError(
                    f"the folder {quoted(folder)} cannot be made: {reason(error)}; make {quoted(data)} writable"
                ) from error
        return folders
