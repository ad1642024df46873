"""Tables for people, JSON for programs, a block of Markdown for the docs: all from the same rows."""

import json
import os
import platform
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from streamstyle.errors import UsageError

Cell = str | float | int | None
_BEGIN, _END = "<!-- bench: begin -->", "<!-- bench: end -->"


@dataclass(slots=True)
class Table:
    """One table of a part.

    Attributes:
        title: What it shows.
        columns: Headings, with units.
        rows: One value per column; None where there is none.
        notes: What to know when reading it.
    """

    title: str
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *values: Cell) -> None:
        """One row."""
        assert len(values) == len(self.columns), (values, self.columns)
        self.rows.append(list(values))

    def column(self, name: str) -> list[Cell]:
        """All values of a column."""
        index = self.columns.index(name)
        return [row[index] for row in self.rows]


def shown(value: Cell, column: str) -> str:
    """A value in as many digits as it deserves."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if column.startswith("share"):
        return f"{value:.0%}"
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def print_table(table: Table, console: Console) -> None:
    """For people."""
    printed = RichTable(title=table.title, title_justify="left", box=None, pad_edge=False)
    for index, column in enumerate(table.columns):
        numbers = any(isinstance(row[index], int | float) for row in table.rows)
        printed.add_column(column, justify="right" if numbers else "left")
    for row in table.rows:
        printed.add_row(*(shown(value, column) for value, column in zip(row, table.columns, strict=True)))
    console.print(printed)
    for note in table.notes:
        console.print(f"  {note}", highlight=False, style="dim")
    console.print()


def markdown(table: Table) -> str:
    """For the docs."""
    lines = [
        f"**{table.title}**",
        "",
        f"| {' | '.join(table.columns)} |",
        f"| {' | '.join('---' for _ in table.columns)} |",
    ]
    for row in table.rows:
        cells = (shown(value, column) for value, column in zip(row, table.columns, strict=True))
        lines.append(f"| {' | '.join(cells)} |")
    if table.notes:
        lines += ["", *(f"{note}  " for note in table.notes)]
    return "\n".join(lines) + "\n"


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": _processor_name(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": load,
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


@dataclass(slots=True)
class Results:
    """What was measured, part by part; several runs may fill one file.

    Attributes:
        parts: Part -> its machine, command and tables.
    """

    parts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Those of a file.

        Raises:
            UsageError: It holds none.
        """
        try:
            parts = json.loads(path.read_text(encoding="utf-8"))["parts"]
            return cls(
                {part: data | {"tables": [Table(**table) for table in data["tables"]]} for part, data in parts.items()}
            )
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"'{path}' holds no figures of the benchmark ({error}); name another file") from error

    def put(self, part: str, tables: list[Table], command: str) -> None:
        """The newest figures of a part, in place of older ones."""
        self.parts[part] = {"machine": machine(), "command": command, "tables": tables}

    def tables(self, part: str) -> list[Table]:
        """Of a part; none where it was not measured."""
        return list(self.parts[part]["tables"]) if part in self.parts else []

    def find(self, part: str, column: str) -> Table | None:
        """The first table of a part that has a column."""
        return next((table for table in self.tables(part) if column in table.columns), None)

    def write(self, path: Path) -> None:
        """As JSON, under a partial name until it is whole."""
        plain = {part: data | {"tables": [asdict(table) for table in data["tables"]]} for part, data in self.parts.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.stem}.partial{path.suffix}")
        partial.write_text(json.dumps({"parts": plain}, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)


def block(results: Results, order: Iterable[str], picture: str | None) -> str:
    """The generated part of the docs."""
    lines = [_BEGIN, "<!-- written by `python -m bench report --docs`; edit bench/, not this -->", ""]
    if picture:
        lines += [f"![Milliseconds per frame, and what the machine allows]({picture})", ""]
    for part in order:
        if part not in results.parts:
            continue
        data = results.parts[part]
        of = data["machine"]
        load = "" if of["load"] is None else f", load {of['load']:.1f} at its end"
        lines += [f"### {part.capitalize()}", "", f"`{data['command']}` on {of['processor']}, {of['when']}{load}.", ""]
        lines += [markdown(table) for table in data["tables"]]
    return "\n".join([*lines, _END])


def write_block(path: Path, text: str) -> None:
    """Put it between its marks, which the file must have.

    Raises:
        UsageError: The file has no marks.
    """
    before = path.read_text(encoding="utf-8")
    marks = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    if not marks.search(before):
        raise UsageError(f"'{path}' has no place for the figures; put '{_BEGIN}' and '{_END}' where they belong")
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    partial.write_text(marks.sub(lambda _: text, before), encoding="utf-8")
    partial.replace(path)
