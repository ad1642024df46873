"""The jobs of the queue on the disk: a folder each, with what came in, how it is to look, and what came out.

A job's folder is called by its id. What the user calls the file stands in `job.json` and is never a path.
"""

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from streamstyle.look.look_file import save_recipe
from streamstyle.look.recipe import Recipe
from streamstyle.media.kinds import looks_like_photo
from streamstyle.media.places import quoted, read_start
from streamstyle.studio.routes import ApiError
from streamstyle.studio.schema import COUNT, NUMBER, TEXT, Schema, listing, one_of, or_null, record
from streamstyle.studio.shelf.job_process import LOCK, PREVIEW, PREVIEW_ORIGINAL
from streamstyle.studio.shelf.small_files import Tell, read_json, write_json
from streamstyle.studio.shelf.uploads import INCOMING, Upload

Kind = Literal["photo", "video"]
Phase = Literal["waiting", "running", "done", "failed", "cancelled"]

LOOK = "look.toml"
_RECORD = "job.json"
_LEAVING, _DAMAGED = ".leaving-", "damaged-"

_COMMON: dict[str, Schema] = {
    "id": TEXT,
    "name": TEXT,
    "kind": one_of(*get_args(Kind)),
    "phase": one_of(*get_args(Phase)),
    "done": COUNT,
    "total": or_null(COUNT),
    "fps": NUMBER,
    "seconds_left": or_null(NUMBER),
    "error": or_null(TEXT),
    "warnings": listing(TEXT),
    "result_name": or_null(TEXT),
    "bytes": COUNT,
    "preview": COUNT,
}
JOB: Schema = record({**_COMMON, "position": COUNT})
"""A job as the API tells it."""
_STORED: Schema = record({**_COMMON, "order": {"type": "integer"}, "original": TEXT, "result": or_null(TEXT)})


@dataclass(slots=True)
class StoredJob:
    """One file that is to be painted.

    Attributes:
        id: Of its folder.
        name: What the user calls the original.
        kind: By what it begins with, until it is open.
        bytes: Of the original.
        order: Jobs with smaller numbers come first.
        original: Its file in the folder.
        phase: Where it is in its life.
        result: File of the result in the folder, once that is whole.
        result_name: What the result is called when it is kept elsewhere.
        error: Why it failed.
        warnings: What the user should know of the result.
        done: Frames that are painted.
        total: Frames that there are, as far as the file says.
        fps: Frames per second of late.
        seconds_left: About, until it is done.
        preview: Grows with each new preview; 0 where there is none.
    """

    id: str
    name: str
    kind: Kind
    bytes: int
    order: int
    original: str
    phase: Phase = "waiting"
    result: str | None = None
    result_name: str | None = None
    error: str | None = None
    warnings: list[str] = field(default_factory=list)
    done: int = 0
    total: int | None = None
    fps: float = 0.0
    seconds_left: float | None = None
    preview: int = 0

    def begin_again(self) -> None:
        """Wait, as if nothing had been done."""
        self.phase, self.result, self.result_name, self.error, self.warnings = "waiting", None, None, None, []
        self.done, self.fps, self.seconds_left = 0, 0.0, None


class Jobs:
    """All jobs, in the order in which they are painted and listed."""

    def __init__(self, folder: Path, tell: Tell) -> None:
        """Take up what is there: what was running waits again, what came half or went half is taken away.

        Args:
            folder: That of all jobs; exists.
            tell: Takes a line on each job that cannot be read.
        """
        self.folder, self._tell = folder, tell
        self._jobs: dict[str, StoredJob] = {}
        for path in sorted(folder.iterdir()):
            if path.name.startswith((INCOMING, _LEAVING)):
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_dir() and _is_id(path.name):
                self._take_up(path)

    def __iter__(self) -> Iterator[StoredJob]:
        """In their order."""
        return iter(sorted(self._jobs.values(), key=lambda job: job.order))

    def get(self, job_id: str) -> StoredJob:
        """One of them.

        Raises:
            ApiError: There is none.
        """
        if job_id not in self._jobs:
            raise ApiError(404, "there is no such job; it may have been removed")
        return self._jobs[job_id]

    def next_waiting(self) -> StoredJob | None:
        """What is to be painted next."""
        return next((job for job in self if job.phase == "waiting"), None)

    def place(self, job: StoredJob, file: str) -> Path:
        """Where a file of a job lies."""
        return self.folder / job.id / file

    def described(self) -> list[dict[str, Any]]:
        """All of them as the API tells them."""
        return [self._describe(job, position) for position, job in enumerate(self)]

    def describe(self, job: StoredJob) -> dict[str, Any]:
        """One of them as the API tells it.

        Raises:
            ApiError: It was removed meanwhile.
        """
        self.get(job.id)
        return self._describe(job, [other.id for other in self].index(job.id))

    def keep(self, job: StoredJob) -> None:
        """Write down what has become of a job.

        Raises:
            SinkError: The disk is full, say.
        """
        write_json(self.place(job, _RECORD), asdict(job))

    def move(self, job: StoredJob, position: int) -> None:
        """Put a job at a place of the list, counted from 0; beyond its end, at the end.

        Raises:
            SinkError: The disk is full, say.
        """
        others = [other for other in self if other is not job]
        others.insert(min(position, len(others)), job)  # the number may be of any size
        for order, other in enumerate(others):
            if other.order != order:
                other.order = order
                self.keep(other)

    def forget(self, job: StoredJob) -> Path:
        """Take a job off the list.

        Returns:
            The folder that is left to be removed, which may take a while; a start does it otherwise.
        """
        del self._jobs[job.id]
        folder, leaving = self.folder / job.id, self.folder / f"{_LEAVING}{job.id}"
        try:
            folder.rename(leaving)
        except OSError:  # on Windows, another program has a file of it open
            (folder / _RECORD).unlink(missing_ok=True)
            return folder
        return leaving

    def tidy(self, job: StoredJob) -> None:
        """Take away what an attempt has left that did not come to its end, but for what the next one can go on with."""
        kept = {_RECORD, LOOK, PREVIEW, PREVIEW_ORIGINAL, LOCK, job.original, job.result}
        for path in (self.folder / job.id).iterdir():
            if path.is_dir() and job.phase in {"done", "cancelled"}:
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in kept and path.is_file():
                path.unlink(missing_ok=True)

    def add(self, upload: Upload, recipe: Recipe) -> StoredJob:
        """Make a job, the last one, of a file that has come whole.

        Args:
            upload: The file.
            recipe: How it is to be painted.

        Raises:
            ApiError: The file is empty.
            SinkError: The look or the job cannot be written.
        """
        if not upload.size:
            raise ApiError(400, f"'{upload.name}' is empty; wanted a photo or a video")
        job_id = secrets.token_hex(8)
        kind: Kind = "photo" if looks_like_photo(read_start(upload.path)) else "video"
        order = max((job.order for job in self), default=-1) + 1
        job = StoredJob(job_id, upload.name, kind, upload.size, order, upload.path.name)
        save_recipe(recipe, upload.folder / LOOK, overwrite=True)
        write_json(upload.folder / _RECORD, asdict(job))
        upload.folder.rename(self.folder / job_id)
        self._jobs[job_id] = job
        return job

    def _describe(self, job: StoredJob, position: int) -> dict[str, Any]:
        return {name: getattr(job, name) for name in _COMMON} | {"position": position}

    def _take_up(self, folder: Path) -> None:
        stored = read_json(folder / _RECORD, _STORED, self._tell)
        job = None if stored is None else StoredJob(**stored)
        if job is None or job.id != folder.name or re.search(r"[/\\]", f"{job.original}{job.result}"):
            aside = folder.with_name(f"{_DAMAGED}{folder.name}")
            self._tell(f"a job of the queue cannot be read; its files are in {quoted(aside)}")
            with suppress(OSError):
                folder.rename(aside)
            return
        if job.phase == "running":
            job.begin_again()
        if job.phase == "done" and not (job.result and (folder / job.result).is_file()):
            job.phase, job.error = "failed", "the result is no longer there; paint it again"
        if job.phase == "waiting" and not (folder / job.original).is_file():
            job.phase, job.error = "failed", "the original is no longer there; add it again"
        job.preview = int((folder / PREVIEW).is_file())
        self._jobs[job.id] = job
        self.tidy(job)


def _is_id(name: str) -> bool:
    return re.fullmatch("[0-9a-f]{16}", name) is not None
