"""Writes what was found: results.json, results.csv and report.html."""

import csv
import io
import json
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from evaluation.plan import pair_case
from evaluation.report import html as report_html
from evaluation.report.summary import Summary, summarize
from evaluation.report.tables import Table, all_tables
from evaluation.run import Evaluation
from evaluation.sweep import FULL, Ratio
from streamstyle.errors import SinkError


def write_report(evaluation: Evaluation, console: Console) -> list[Path]:
    """Everything, each file whole or not at all.

    Args:
        evaluation: All that was measured.
        console: For the first table.

    Returns:
        The files.

    Raises:
        SinkError: A file cannot be written.
    """
    summary = summarize(evaluation)
    tables = all_tables(evaluation, summary)
    environment = _environment()
    folder = evaluation.plan.output
    written = [
        _write(folder / "results.json", _json(evaluation, summary, environment)),
        _write(folder / "results.csv", _csv(evaluation, summary)),
        _write(folder / "report.html", report_html.page(evaluation, summary, tables, environment)),
    ]
    if "means" in tables:
        console.print(_rich(tables["means"]))
    for warning in summary.warnings[len(evaluation.warnings) :]:
        console.print(f"[yellow]![/] {warning}", highlight=False, soft_wrap=True)
    return written


def _write(path: Path, text: str) -> Path:
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SinkError(f"'{path}' cannot be written: {reason}; name another place") from error
    return path


def _environment() -> dict[str, str]:
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in ("torch", "onnxruntime", "onnxruntime-gpu", "opencv-python", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _json(evaluation: Evaluation, summary: Summary, environment: dict[str, str]) -> str:
    document = {
        "settings": evaluation.settings,
        "environment": environment,
        "systems": evaluation.facts,
        "warnings": summary.warnings,
        "means": {name: {key: asdict(value) for key, value in row.items()} for name, row in summary.means.items()},
        "comparisons": [asdict(entry) for entry in summary.comparisons],
        "curves": {name: [asdict(point) for point in points] for name, points in summary.curves.items()},
        "clips": [asdict(row) for row in summary.clips],
        "cost": summary.costs,
        "figures": [
            {"system": system, "content": content, "style": style, "ratio": ratio.label, "alpha": ratio.alpha, **figures}
            for system, (content, style), ratio, figures in _figures(evaluation, summary)
        ],
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _figures(evaluation: Evaluation, summary: Summary) -> list[tuple[str, tuple[str, str], Ratio, dict[str, float]]]:
    ratios = (*evaluation.plan.ratios, Ratio(FULL, 1.0))
    return [
        (name, pair, ratio, figures)
        for name in summary.systems
        for pair in evaluation.pairs_of(name)
        for ratio in ratios
        if (figures := evaluation.records.figures(name, pair_case(pair, ratio.label)))
    ]


def _csv(evaluation: Evaluation, summary: Summary) -> str:
    """One line per figure: system, photo or clip, painting, strength or mode, figure, value."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("kind", "system", "content", "style", "at", "figure", "value"))
    for system, (content, style), ratio, figures in _figures(evaluation, summary):
        lines.writerows(("picture", system, content, style, ratio.label, key, value) for key, value in figures.items())
    for system in summary.systems:
        for _, case in evaluation.clip_cases(("off", "on")):
            figures = evaluation.records.figures(system, case.key)
            where = (case.clip, case.painting, case.mode)
            lines.writerows(("clip", system, *where, key, value) for key, value in figures.items())
        spent: dict[str, Any] = summary.costs.get(system, {})
        lines.writerows(("cost", system, "", "", "", key, value) for key, value in spent.items())
    return text.getvalue()


def _rich(table: Table) -> RichTable:
    shown = RichTable(*table.columns, title=table.title, box=None, pad_edge=False)
    for row in table.rows:
        shown.add_row(*(f"[bold]{cell.text}[/]" if cell.best else cell.text for cell in row))
    return shown
