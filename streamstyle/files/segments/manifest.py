"""What of a film is painted already: a folder with its segments, and a file that says which of them are whole.

The file is replaced in one step after each segment, when that is safe on the disk; so after a crash or a power failure it
names whole segments only. Whatever else lies there was in work, and is painted again.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

from streamstyle.errors import SinkError, UsageError
from streamstyle.files.segments.reading import Boundary
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.sinks.place import locked, to_disk
from streamstyle.media.sinks.segments import SEGMENT_SUFFIX, EncodedSegment
from streamstyle.runtime import checksums

_FORMAT = 1
_NAME, _LOCK, _JOINED = "manifest.json", "lock", "film"
_SEGMENT = rf"\d{{5}}(\.[0-9a-f]{{8}})?(\.partial(-\d+)?)?{re.escape(SEGMENT_SUFFIX)}"
_OWN = re.compile(rf"{_SEGMENT}|{_JOINED}\..+|{re.escape(_NAME)}(\.new)?|{_LOCK}")
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment that is painted.

    Attributes:
        frames: How many it has; of an empty one there is no file.
        reused: How many of them repeat the one before.
        painted: How many went through the model, those of the lead-in included.
        begins: Its first frame, or the first one after it where it is empty; None where the film ends before it.
        beyond: The first frame after it; None where the film ends with it.
        last: Time of its last frame on the source's clock, in seconds; None where it is empty.
        lasts: How long its last frame is shown, in seconds; None where the source does not say.
        size: Of its file, in bytes.
        checksum: SHA-256 of its file.
        warnings: What the user should know.
    """

    frames: int
    reused: int
    painted: int
    begins: Boundary | None
    beyond: Boundary | None
    last: Fraction | None
    lasts: Fraction | None
    size: int
    checksum: str
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        boundaries = {
            name: boundary and {"time": str(boundary.time), "glance": boundary.glance}
            for name, boundary in self._boundaries().items()
        }
        times = {name: None if moment is None else str(moment) for name, moment in self._times().items()}
        return {**asdict(self), **boundaries, **times}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """What `as_json` gave; ValueError, KeyError, TypeError or ArithmeticError where it did not."""
        counts = {name: int(values[name]) for name in ("frames", "reused", "painted", "size")}
        boundaries = {
            name: values[name] and Boundary(Fraction(values[name]["time"]), str(values[name]["glance"]))
            for name in ("begins", "beyond")
        }
        times = {name: None if values[name] is None else Fraction(values[name]) for name in ("last", "lasts")}
        return cls(**{**values, **counts, **boundaries, **times, "warnings": tuple(map(str, values["warnings"]))})

    def _boundaries(self) -> dict[str, Boundary | None]:
        return {"begins": self.begins, "beyond": self.beyond}

    def _times(self) -> dict[str, Fraction | None]:
        return {"last": self.last, "lasts": self.lasts}


def program_version() -> str:
    """The version of streamstyle, the same for all segments of a film; `unknown` where it is not installed."""
    try:
        return version("streamstyle")
    except PackageNotFoundError:
        return "unknown"


def folder_for(output: Path) -> Path:
    """The folder that holds the segments of a result until it is complete."""
    return output.with_name(f"{output.name}.partial")


def is_finished(output: Path) -> bool:
    """Whether a result is complete although its segments are still there, as its run was stopped then; removes them."""
    folder = folder_for(output)
    try:
        result = json.loads((folder / _NAME).read_text("utf-8"))["result"]
        if result != _mark_of(output):
            return False
        release = locked(folder / _LOCK)
    except _UNREADABLE:
        return False
    if release is None:
        return False
    _remove(folder, release)
    return True


def _mark_of(path: Path) -> list[int]:
    """Identifies a file even after it was renamed: its size and the time of its last change."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _remove(folder: Path, release: Callable[[], object]) -> None:
    """Remove a locked folder of segments; what cannot be removed stays."""
    with suppress(OSError):
        for path in folder.iterdir():
            if _OWN.fullmatch(path.name) and path.name not in {_LOCK, _NAME}:
                path.unlink()
        (folder / _NAME).unlink(missing_ok=True)  # last, so that a later run can still remove the rest
    release()
    with suppress(OSError):
        (folder / _LOCK).unlink(missing_ok=True)
        folder.rmdir()


class Manifest:
    """The segments of one film, on the disk; used by one run at a time.

    Attributes:
        folder: Where they are.
        joined: Path of the joined film before it gets its final name.
        segments: The finished ones; None for those to do.
        again: How many were finished, but are damaged.
    """

    def __init__(self, output: Path, what: Mapping[str, str], count: int, *, resume: bool) -> None:
        """Make the folder, or continue with what an earlier run left there.

        Args:
            output: Path of the result.
            what: All that decides how segments look, by name; it must be the same as in the earlier run.
            count: Number of segments.
            resume: False throws away what is there.

        Raises:
            UsageError: What is there was made of something else, or is no folder of segments.
            SinkError: Another run is at work there, or the folder cannot be written.
        """
        self.folder = folder_for(output)
        self.joined = self.folder / f"{_JOINED}{output.suffix}"
        self.segments: list[Segment | None] = [None] * count
        self.again = 0
        self._what = dict(what)
        self._result: list[int] | None = None
        self._release: Callable[[], object] = lambda: None
        try:
            self.folder.mkdir(exist_ok=True)
            self._refuse_if_others()
            release = locked(self.folder / _LOCK)
            if release is None:
                raise SinkError(f"{quoted(output)} is being written by another run; name another file")
            self._release = release
            if resume:
                self._take_up()
            self._clear(keep={self.path(index).name for index, done in enumerate(self.segments) if done})
            self._write()
        except OSError as error:
            self.close()
            raise SinkError(f"{quoted(self.folder)} cannot be written: {reason(error)}; name another place") from error
        except BaseException:
            self.close()
            raise

    @property
    def done(self) -> int:
        """How many segments are finished."""
        return sum(segment is not None for segment in self.segments)

    @property
    def to_do(self) -> list[int]:
        """Numbers of the segments that are not finished, up to the end of the film."""
        end = next((index for index, done in enumerate(self.segments) if done and done.beyond is None), len(self.segments))
        return [index for index, done in enumerate(self.segments) if done is None and index < end]

    def path(self, index: int) -> Path:
        """The file of a segment."""
        return self.folder / f"{index:05}{SEGMENT_SUFFIX}"

    def add(self, index: int, segment: Segment) -> None:
        """Note that a segment is finished: its file is complete and safe on the disk.

        Raises:
            SinkError: The manifest cannot be written.
        """
        self.segments[index] = segment
        try:
            self._write()
        except OSError as error:
            raise SinkError(f"{quoted(self.folder)} cannot be written: {reason(error)}; make room") from error

    def whole(self) -> list[Segment]:
        """All segments up to the end of the film, when nothing is left to do."""
        found: list[Segment] = []
        for segment in self.segments:
            assert segment is not None  # nothing is left to do
            found.append(segment)
            if segment.beyond is None:
                break
        return found

    def encoded(self) -> list[EncodedSegment]:
        """The files to join."""
        return [
            EncodedSegment(self.path(index), segment.begins.time, segment.lasts)
            for index, segment in enumerate(self.whole())
            if segment.frames and segment.begins is not None
        ]

    def note_result(self) -> None:
        """Note that the joined film is complete; if the run is stopped right after renaming it, `is_finished` knows.

        Raises:
            OSError: The manifest cannot be written.
        """
        self._result = _mark_of(self.joined)
        self._write()

    def remove(self) -> None:
        """Remove the folder, once the film is complete; what cannot be removed stays."""
        release, self._release = self._release, lambda: None
        _remove(self.folder, release)

    def close(self) -> None:
        """Release the lock, so that other runs may use the folder."""
        release, self._release = self._release, lambda: None
        release()

    def _refuse_if_others(self) -> None:
        others = [path.name for path in self.folder.iterdir() if not _OWN.fullmatch(path.name)]
        if others:
            raise UsageError(
                f"{quoted(self.folder)} holds {quoted(others[0])}, which is no segment of a film; move it away, "
                "or name another output"
            )

    def _take_up(self) -> None:
        try:
            text = (self.folder / _NAME).read_text("utf-8")
        except FileNotFoundError:
            return
        try:
            values = json.loads(text)
            found = [None if entry is None else Segment.from_json(entry) for entry in values["segments"]]
            what = dict(values["what"]) | {"layout of segments": str(values["format"])}
        except _UNREADABLE as error:
            raise UsageError(f"{quoted(self.folder / _NAME)} cannot be read; use --no-resume to start again") from error
        wanted = self._what | {"layout of segments": str(_FORMAT)}
        different = [name for name in wanted if what.get(name) != wanted[name]]
        if different or len(found) != len(self.segments):
            done = sum(segment is not None for segment in found)
            raise UsageError(
                f"{quoted(self.folder)} holds {done} of {len(found)} segments made with another "
                f"{' and another '.join(different) or 'length'}; give the same again, or --no-resume to start again"
            )
        for index, segment in enumerate(found):
            whole = segment is not None and self._is_whole(index, segment)
            self.segments[index] = segment if whole else None
            self.again += segment is not None and not whole

    def _is_whole(self, index: int, segment: Segment) -> bool:
        path = self.path(index)
        try:
            return not segment.frames or (path.stat().st_size == segment.size and checksums.of(path) == segment.checksum)
        except OSError:
            return False

    def _clear(self, keep: set[str]) -> None:
        for path in self.folder.iterdir():
            if _OWN.fullmatch(path.name) and path.name not in keep | {_LOCK}:
                path.unlink()

    def _write(self) -> None:
        segments = [None if segment is None else segment.as_json() for segment in self.segments]
        values = {"format": _FORMAT, "what": self._what, "result": self._result, "segments": segments}
        text = json.dumps(values, indent=1)
        new = self.folder / f"{_NAME}.new"
        new.write_text(text, "utf-8")
        to_disk(new)
        new.replace(self.folder / _NAME)
        to_disk(self.folder)
