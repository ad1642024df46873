"""The tables that the benchmark prints, and the same figures as JSON."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

Cell = str | float | int | None


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


def written(tables: list[Table], command: str) -> dict[str, Any]:
    """A part as JSON holds it: what was typed, on which machine, and what came out."""
    return {"machine": machine(), "command": command, "tables": [asdict(table) for table in tables]}


def write_json(parts: dict[str, Any], path: Path) -> None:
    """What was measured, part by part, under a partial name until it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    partial.write_text(json.dumps({"parts": parts}, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
