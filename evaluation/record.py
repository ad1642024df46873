"""What was measured, line by line as it was measured, so that a stopped evaluation goes on where it was.

`records.jsonl` begins with the settings; every other line is one figure: {"system": ..., "case": ..., "metric": ...,
"value": ...}. The lines of one case are written at once. Figures of other settings are never mixed in: they are named.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from streamstyle.errors import SinkError, UsageError

if sys.platform != "win32":
    import fcntl

FORM = 1
"""Version of the file format and of how figures are computed; raised when either changes."""
_DONE = "done"


class Records:
    """The figures of a report's folder.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], *, fresh: bool = False) -> None:
        """Open, or begin.

        Args:
            path: The file.
            settings: What figures depend on, JSON values; must be those of the file.
            fresh: Throw away what is there.

        Raises:
            UsageError: The file is of other settings; names them.
            SinkError: The file cannot be used, or another run writes it.
        """
        self.path = path
        self._figures: dict[tuple[str, str], dict[str, float]] = {}
        self._done: set[tuple[str, str]] = set()
        self._systems: dict[str, dict[str, Any]] = {}
        self._file: BinaryIO | None = None
        header = {"form": FORM, "settings": dict(settings)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
            self._claim(self._file)
            if fresh:
                self._file.truncate(0)
            lines = _whole_lines(self._file)
            if lines:
                self._check(lines[0], header)
                for line in lines[1:]:
                    self._take(json.loads(line))
            else:
                self._write([header])
        except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
            self.close()
            raise SinkError(f"'{path}' cannot be used ({error}); name another folder with -o, or use --fresh") from error
        except BaseException:
            self.close()
            raise

    def _claim(self, file: BinaryIO) -> None:
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SinkError(f"'{self.path}' is being written by another run; name another folder with -o") from error

    def _check(self, line: bytes, wanted: Mapping[str, Any]) -> None:
        found = json.loads(line)
        if found["form"] != wanted["form"]:
            raise UsageError(
                f"'{self.path}' was written by another version of the evaluation; use --fresh, or another folder with -o"
            )
        # Through JSON, which turns tuples into lists.
        now = json.loads(json.dumps(wanted["settings"]))
        changed = [
            f"{name} was {_short(found['settings'].get(name))}, is {_short(value)}"
            for name, value in now.items()
            if found["settings"].get(name) != value
        ]
        if changed:
            raise UsageError(
                f"'{self.path}' holds figures of other settings ({'; '.join(changed)}); they cannot be mixed: "
                "use --fresh to start again, or another folder with -o"
            )

    def _take(self, line: Mapping[str, Any]) -> None:
        if "facts" in line:
            self._systems[line["system"]] = line["facts"]
        elif "forget" in line:
            self._drop(line["forget"])
        elif line["metric"] == _DONE:
            self._done.add((line["system"], line["case"]))
        else:
            self._figures.setdefault((line["system"], line["case"]), {})[line["metric"]] = line["value"]

    def _drop(self, system: str) -> None:
        self._done = {key for key in self._done if key[0] != system}
        self._figures = {key: value for key, value in self._figures.items() if key[0] != system}
        self._systems.pop(system, None)

    def _write(self, lines: list[dict[str, Any]]) -> None:
        assert self._file is not None  # open until close()
        text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
        self._file.write(text.encode())
        self._file.flush()

    def system(self, name: str, facts: Mapping[str, Any]) -> None:
        """Say what a system is before its figures are added.

        Raises:
            UsageError: There are figures of another system under this name.
        """
        known = self._systems.get(name)
        if known is None:
            self._write([{"system": name, "facts": dict(facts)}])
            self._systems[name] = dict(facts)
        elif changed := [key for key, value in facts.items() if known.get(key) != value]:
            differences = ", ".join(f"{key} was {known.get(key)}, is {facts[key]}" for key in changed)
            raise UsageError(
                f"the model '{name}' is not the one that '{self.path}' has figures of ({differences}); use --redo {name} "
                "to measure it again, or another folder with -o"
            )

    def forget(self, system: str) -> None:
        """Throw away the figures of one system."""
        if any(key[0] == system for key in self._done) or system in self._systems:
            self._write([{"forget": system}])
            self._drop(system)

    def done(self, system: str, case: str) -> bool:
        """Whether all figures of this case are there."""
        return (system, case) in self._done

    def add(self, system: str, case: str, figures: Mapping[str, float]) -> None:
        """Write all figures of one case, with ten digits."""
        # The last digits depend on where in memory arrays happen to lie; a rerun should not.
        rounded = {metric: float(f"{value:.10g}") for metric, value in figures.items()}
        lines: list[dict[str, Any]] = [
            {"system": system, "case": case, "metric": metric, "value": value} for metric, value in rounded.items()
        ]
        self._write([*lines, {"system": system, "case": case, "metric": _DONE, "value": 1}])
        self._figures[system, case] = rounded
        self._done.add((system, case))

    def figures(self, system: str, case: str) -> dict[str, float]:
        """Metric -> value of a case that is done; nothing for another."""
        return dict(self._figures.get((system, case), {})) if self.done(system, case) else {}

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _whole_lines(file: BinaryIO) -> list[bytes]:
    """All lines; one that was cut short, because the program was killed, is taken off the file."""
    file.seek(0)
    data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        file.truncate(len(whole))
    return whole.splitlines()


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
