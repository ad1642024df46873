"""Many inputs: what will be made of each, decided and said before the first frame."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

from streamstyle.errors import SinkError, SinkNameError, SourceError, UsageError
from streamstyle.files.job import default_output, may_become_png, style_label
from streamstyle.files.segments.manifest import is_finished
from streamstyle.media.pictures import kind_of
from streamstyle.media.places import is_url, kind, plain, quoted, read_start
from streamstyle.media.sinks import ANIMATION_SUFFIXES, IMAGE_SUFFIXES, VIDEO_SUFFIXES
from streamstyle.media.sinks.place import refuse_unless_writable
from streamstyle.media.sources import expand_inputs, open_source
from streamstyle.media.sources.base import SourceInfo

_ENDINGS = tuple(dict.fromkeys([*VIDEO_SUFFIXES, *IMAGE_SUFFIXES, *ANIMATION_SUFFIXES]))


@dataclass(frozen=True, slots=True)
class Task:
    """One input, and what is to become of it.

    Attributes:
        name: A path or an address.
        output: Where its result goes; its ending may change when the input is open.
        problem: Why nothing can be made of it; empty where something can.
        is_there: Whether the result is there already and is left as it is.
        is_photo: Whether it is a single picture.
        is_pipe: Whether it is a pipe, which is opened once.
    """

    name: str
    output: Path = Path()
    problem: str = ""
    is_there: bool = False
    is_photo: bool = False
    is_pipe: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All inputs of a run.

    Attributes:
        tasks: One per input, in order.
        notes: What the user should know about inputs that are left out, a line each.
        is_single: Whether the user named one input, and that is no folder.
    """

    tasks: list[Task]
    notes: list[str] = field(default_factory=list)
    is_single: bool = False

    @property
    def to_do(self) -> list[Task]:
        """Those that something can be made of."""
        return [task for task in self.tasks if not task.problem and not task.is_there]


def plan_inputs(
    inputs: Sequence[str],
    output: str | None,
    style_name: str,
    known_styles: Collection[str],
    *,
    start: Fraction | None = None,
    end: Fraction | None = None,
    overwrite: bool = False,
    skip_existing: bool = False,
    ending: str | None = None,
    reads: tuple[str, ...] = (),
) -> Plan:
    """Decide what to make.

    Of several inputs, those that look like results of this program beside what they were made of are left out, as is what
    comes twice. Two inputs whose results would have one name get names with numbers. Each of several is tried, so that what
    cannot be read is known before any work.

    Args:
        inputs: Files, folders, addresses, and patterns that no shell has expanded.
        output: As the user gave it: a file for one input, else a folder; None for results beside their inputs.
        style_name: Of the look, for names of results.
        known_styles: Names of styles by which results of earlier runs are known.
        start: Of videos, in seconds; one that ends before it cannot be used.
        end: Where to end, in seconds, or None.
        overwrite: Results that exist may be replaced.
        skip_existing: Results that exist are left, and their inputs with them.
        ending: Of all results that the user has not named; None for what suits each input.
        reads: Other files of the run, which are never replaced.

    Raises:
        UsageError: There are several inputs, and the output is a file or is named like one; or an input is empty.
    """
    if "" in inputs:
        raise UsageError("an INPUT is empty; name a video, a photo, a folder or a URL (is a variable of the shell unset?)")
    tasks, notes = _expanded(inputs, {style_label(name) for name in (style_name, *known_styles)})
    names = [task.name for task in tasks if not task.problem]
    is_single = len(inputs) == 1 and [plain(inputs[0])] == [task.name for task in tasks]
    folder = Path(output) if output is not None and _means_folder(output, many=len(tasks) > 1, single=is_single) else None
    single = Path(output) if output is not None and folder is None else None
    taken: set[str] = set()
    planned: list[Task] = []
    for task in tasks:
        if task.problem:
            planned.append(task)
            continue
        try:
            ready = _with_output(task, single, style_name, folder, taken, start, end, ending, try_it=len(tasks) > 1)
            places = [ready.output] if single else _places(ready)
            there = [place for place in places if is_finished(place) or (skip_existing and place.exists())]
            if not there:
                refuse_unless_writable(ready.output, overwrite=overwrite, reads=(*names, *reads), new_folder=folder)
            planned.append(replace(ready, is_there=True, output=there[0]) if there else ready)
        except (SourceError, SinkError, UsageError) as error:
            if is_single and isinstance(error, UsageError):
                raise
            planned.append(replace(task, problem=str(error)))
    return Plan(planned, notes, is_single)


def _means_folder(output: str, *, many: bool, single: bool) -> bool:
    path = Path(output)
    if many and path.is_file():
        raise UsageError(f"several inputs need a folder for -o, but {quoted(output)} is a file")
    if output.endswith(("/", "\\")) or path.is_dir():
        return True
    names_file = path.suffix.lower() in _ENDINGS
    if many and names_file:
        raise UsageError(
            f"several inputs need a folder for -o; if {quoted(output)} is to be one, write {quoted(output + '/')}"
        )
    return many or not (single or names_file)


def _expanded(inputs: Sequence[str], labels: set[str]) -> tuple[list[Task], list[str]]:
    found: list[Task] = []
    for given in inputs:
        try:
            found += map(Task, expand_inputs([given]))
        except SourceError as error:
            found.append(Task(given, problem=str(error)))
    own = dict.fromkeys(_results([task.name for task in found if not task.problem], labels))
    tasks: dict[str, Task] = {}
    twice = 0
    for task in found:
        if task.name in own:
            continue
        identity = task.name if task.problem or is_url(task.name) else str(_resolved(task.name))
        twice += identity in tasks
        tasks.setdefault(identity, task)
    notes = []
    if own:
        more = f" and {len(own) - 3} more" if len(own) > 3 else ""
        listed = ", ".join(quoted(Path(name).name) for name in list(own)[:3])
        notes.append(f"left out, as results of earlier runs: {listed}{more}; name such a file alone to paint it again")
    if twice:
        notes.append(f"{twice} of the inputs were named twice and are painted once")
    return list(tasks.values()), notes


def _resolved(name: str) -> Path:
    try:
        return Path(name).resolve()
    except (OSError, RuntimeError, ValueError):
        return Path(name)  # opening it reports what is wrong


def _results(names: Sequence[str], labels: set[str]) -> list[str]:
    """Those that are results of earlier runs, or unfinished ones; none where all are: then they are meant."""
    originals = cache(_stems)
    results = [name for name in names if not is_url(name) and _is_result(Path(name), labels, originals)]
    return [] if len(results) == len(names) else results


def _is_result(path: Path, labels: set[str], originals: Callable[[Path], set[str]]) -> bool:
    """Whether a name is that of a file beside it with names of styles after it."""
    if re.search(r"\.partial(-\d+)?$", path.stem):
        return True
    for place in re.finditer("_", path.stem):
        ending = re.sub(r"(-compare|-preview)?(-\d+)?$", "", path.stem[place.end() :])
        is_label = ending in labels or all(part in labels for part in ending.split("+"))
        if is_label and path.stem[: place.start()] in originals(path.parent):
            return True
    return False


def _stems(folder: Path) -> set[str]:
    """The names in a folder, without their endings."""
    try:
        return {path.stem for path in folder.iterdir()}
    except OSError:
        return set()


def _with_output(
    task: Task,
    single: Path | None,
    style_name: str,
    folder: Path | None,
    taken: set[str],
    start: Fraction | None,
    end: Fraction | None,
    ending: str | None,
    *,
    try_it: bool,
) -> Task:
    is_still = False
    is_pipe = not is_url(task.name) and kind(task.name) == "pipe"
    if not is_url(task.name) and not is_pipe:
        head = read_start(task.name)
        if not head:
            raise SourceError(f"{quoted(task.name)} is empty; wanted a video or a photo")
        is_still = kind_of(head, task.name) == "photo"
        if not is_still and try_it:
            with open_source(task.name, start=start, end=end) as source:
                is_still = source.info.is_still
    if single is not None:
        if single.suffix.lower() not in _ENDINGS:
            raise SinkNameError(
                f"{quoted(single)} has no ending of a video or a photo; choose one of {', '.join(_ENDINGS)}"
            )
        return replace(task, output=single, is_photo=is_still, is_pipe=is_pipe)
    wanted = default_output(SourceInfo(task.name, 0, 0, is_still=is_still), style_name, folder)
    wanted = wanted if ending is None else wanted.with_suffix(ending)
    ready, number = replace(task, output=wanted, is_photo=is_still, is_pipe=is_pipe), 1
    while not taken.isdisjoint(places := {str(place.absolute()) for place in _places(ready)}):
        number += 1
        ready = replace(ready, output=wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}"))
    taken |= places
    return ready


def _places(task: Task) -> list[Path]:
    """Where the result of a task may lie: whether a photo is transparent, and becomes a PNG, is known once it is read."""
    may_be_png = task.is_photo and may_become_png(task.name)
    return [task.output, *([task.output.with_suffix(".png")] if may_be_png else [])]
