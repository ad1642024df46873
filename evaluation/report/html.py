"""The report as one page: no script, nothing fetched, light and dark."""

import base64
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2

from evaluation.judging import FIGURES
from evaluation.measures.bootstrap import Interval
from evaluation.measures.metrics import BY_KEY, CLIP_METRICS, Metric
from evaluation.measures.temporal import strip
from evaluation.report import plots
from evaluation.report.summary import ClipRow, Summary
from evaluation.report.tables import Cell, Table, glossary
from evaluation.run import Evaluation
from evaluation.systems.catalog import REFERENCES
from streamstyle.frame import Image
from streamstyle.media.resize import resize

_TILE = (240, 180)
_STRIP_WIDTH, _STRIP_LINE = 480, 4
_PLOTTED = ("E", "E_by_layer", "C", "edges", "Lc", "Ls")
_CSS = Path(__file__).with_name("report.css")


def page(evaluation: Evaluation, summary: Summary, tables: dict[str, Table], environment: dict[str, str]) -> str:
    """The whole document."""
    names = ", ".join(summary.compared) or "references only"
    sections = [
        _head(evaluation, summary, names),
        _section("The sheet", _SHEET_TOLD, sheet(evaluation.plan.output)),
        _section("Style and content", "", _table(tables, "means") + _dots(summary, _PLOTTED)),
        _section("Effectiveness against coherence", _CURVES_TOLD, _curves(summary) + _details(tables, "curves")),
        _section("Side by side, in figures", "", _table(tables, "comparisons") + _table(tables, "equal")),
        _section("Side by side, in pictures", "", _pictures(evaluation, summary)),
        _section("Colors and sharpness", "", _table(tables, "picture") + _details(tables, "layers")),
        _section("Stillness", _STRIPS_TOLD, _table(tables, "clips") + _clip_dots(summary) + _strips(evaluation, summary)),
        _section("What it takes", "", _table(tables, "systems")),
        _section("What the figures mean", "", _glossary()),
        _section("Settings", "", _settings(evaluation, environment)),
    ]
    title = f"Evaluation: {names}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{plots.style(':root')}{_CSS.read_text(encoding='utf-8')}</style></head>"
        f"<body><main>{''.join(sections)}</main></body></html>\n"
    )


_CURVES_TOLD = (
    "Each curve leads from the photo to a system's full style through the content:style ratios; the bars at its end are 95 "
    "% intervals. Of two curves the upper one keeps more of the photo at an equal effect. The ends alone do not compare: a "
    "system that paints more keeps less."
)
_SHEET_TOLD = (
    "Always the same photos and paintings, with what judges say that nothing is trained on (python -m evaluation.judge)."
)
_STRIPS_TOLD = (
    "Strips show one row of pixels over time, a line per frame: what flickers shows as grain, what stays as straight lines."
)


def _head(evaluation: Evaluation, summary: Summary, names: str) -> str:
    plan = evaluation.plan
    photos, paintings = len({photo for photo, _ in evaluation.pairs}), len({style for _, style in evaluation.pairs})
    chips = [
        f"{len(evaluation.pairs)} pairs of {photos} photos and {paintings} paintings",
        f"{plan.size[0]}x{plan.size[1]} pixels",
        f"VGG-19 at {', '.join(evaluation.layers)}",
        f"{plan.draws} draws, seed {plan.seed}",
        *([f"{len(evaluation.clip_paths)} clips"] if evaluation.clip_paths else []),
        *(["pictures that training keeps aside"] if plan.held_out else []),
    ]
    warnings = "".join(f"<p>{escape(text)}</p>" for text in summary.warnings)
    return (
        f'<h1>How well do they paint?</h1><p class="soft">{escape(names)}: style, content, stillness and cost, measured by '
        "<code>python -m evaluation</code>.</p>"
        f'<ul class="chips">{"".join(f"<li>{escape(chip)}</li>" for chip in chips)}</ul>'
        + (f'<div class="warn">{warnings}</div>' if warnings else "")
    )


def sheet(folder: Path) -> str:
    """What `python -m evaluation.judge` has left in the report's folder; nothing where it has not."""
    sheets = "".join(
        f'<img alt="{path.stem}" src="data:image/jpeg;base64,{base64.b64encode(path.read_bytes()).decode()}">'
        for path in sorted(folder.glob("sheet-*.jpg"))
    )
    try:
        systems = json.loads((folder / "judged.json").read_text(encoding="utf-8"))["systems"]
    except (OSError, ValueError, KeyError):
        return ""
    heads = "".join(f"<th>{figure.label}<small>{figure.better}</small></th>" for figure in FIGURES)
    rows = "".join(f"<tr><td>{escape(name)}</td>{_cells(paragraph['figures'])}</tr>" for name, paragraph in systems.items())
    table = f'<div class="card scroll"><table><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    return f'<div class="card sheet">{sheets}</div>{table}' if sheets else table


def _cells(figures: dict[str, float]) -> str:
    return "".join(f"<td>{figure.text(figures)}</td>" for figure in FIGURES)


def _section(title: str, text: str, body: str) -> str:
    if not body:
        return ""
    paragraph = f'<p class="soft">{escape(text)}</p>' if text else ""
    return f"<h2>{escape(title)}</h2>{paragraph}{body}"


def _table(tables: dict[str, Table], name: str) -> str:
    if name not in tables:
        return ""
    table = tables[name]
    heads = "".join(
        f"<th>{escape(column)}{f'<small>{escape(hint)}</small>' if hint else ''}</th>"
        for column, hint in zip(table.columns, table.hints, strict=True)
    )
    rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<h3>{escape(table.title)}</h3><div class="card scroll"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{note}"
    )


def _cell(cell: Cell) -> str:
    text = f"<b>{escape(cell.text)}</b>" if cell.best else escape(cell.text)
    spread = f"<small>{escape(cell.spread)}</small>" if cell.spread else ""
    return f'<td class="best">{text}{spread}</td>' if cell.best else f"<td>{text}{spread}</td>"


def _details(tables: dict[str, Table], name: str) -> str:
    if name not in tables:
        return ""
    return f"<details><summary>{escape(tables[name].title)}, as a table</summary>{_table(tables, name)}</details>"


def places(summary: Summary) -> dict[str, int | None]:
    """Name -> place among the systems; None for references."""
    return dict.fromkeys(summary.systems) | {name: index for index, name in enumerate(summary.compared)}


def _dots(summary: Summary, keys: Sequence[str]) -> str:
    order = places(summary)
    cards = []
    for key in keys:
        rows = [(name, order[name], summary.means[name][key]) for name in summary.systems if key in summary.means[name]]
        if rows:
            cards.append(_plot_card(BY_KEY[key], rows))
    return f'<div class="plots">{"".join(cards)}</div>' if cards else ""


def _plot_card(metric: Metric, rows: list[tuple[str, int | None, Interval]]) -> str:
    return f'<div class="card">{plots.intervals(metric, rows)}</div>'


def _clip_dots(summary: Summary) -> str:
    order = places(summary)
    cards = []
    for metric in CLIP_METRICS:
        if metric.key not in {"Ew", "jump"}:
            continue
        rows = [
            (_clip_row(row), order[row.system], row.figures[metric.key])
            for row in summary.clips
            if metric.key in row.figures
        ]
        if rows:
            cards.append(_plot_card(metric, rows))
    return f'<div class="plots">{"".join(cards)}</div>' if cards else ""


def _clip_row(row: ClipRow) -> str:
    return "input" if row.system == "identity" else f"{row.system}, on" if row.mode == "on" else row.system


def curve_plot(summary: Summary) -> str:
    """E against C; nothing where no strengths were painted."""
    if not summary.curves:
        return ""
    order = {name: index for index, name in enumerate(summary.compared)}
    return plots.effect_against_coherence(summary.curves, order, summary.anchors)


def _curves(summary: Summary) -> str:
    plot = curve_plot(summary)
    return f'<div class="card wide">{plot}</div>' if plot else ""


def _picture_tag(image: Image, alt: str, quality: int = 88) -> str:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    text = base64.b64encode(data.tobytes()).decode()
    return (
        f'<img alt="{escape(alt)}" src="data:image/jpeg;base64,{text}" width="{image.shape[1]}" height="{image.shape[0]}">'
    )


def _tile(image: Image, alt: str) -> str:
    """Scaled down, and cut to the tile's shape in the middle."""
    width, height = _TILE
    scale = max(width / image.shape[1], height / image.shape[0])
    scaled = resize(image, max(width, round(image.shape[1] * scale)), max(height, round(image.shape[0] * scale)))
    top, left = (scaled.shape[0] - height) // 2, (scaled.shape[1] - width) // 2
    return _picture_tag(scaled[top : top + height, left : left + width], alt)


def _pictures(evaluation: Evaluation, summary: Summary) -> str:
    pairs = evaluation.pairs[: evaluation.plan.shown]
    shown = [*summary.compared, *(name for name in ("rgb",) if name in summary.systems)]
    found = {
        name: {pair: path for pair in pairs if (path := evaluation.picture_path(name, pair)).is_file()} for name in shown
    }
    shown = [name for name in shown if found[name]]
    if not pairs or not shown:
        return ""
    heads = "".join(f'<div class="head">{escape(name)}</div>' for name in ("photo", "painting", *shown))
    tiles = []
    for pair in pairs:
        tiles.append(_tile(evaluation.content(pair), f"photo {pair[0]}"))
        tiles.append(_tile(evaluation.painting(pair[1]).image, f"painting {pair[1]}"))
        for name in shown:
            kept = found[name].get(pair)
            tiles.append(_tile(evaluation.picture(kept), f"{name}: {pair[0]} as {pair[1]}") if kept else "<div></div>")
    columns = f"grid-template-columns:repeat({len(shown) + 2},1fr)"
    return f'<div class="card scroll"><div class="grid" style="{columns}">{heads}{"".join(tiles)}</div></div>'


def _strips(evaluation: Evaluation, summary: Summary) -> str:
    figures = []
    for path in evaluation.clip_paths:
        rows = [_strip_tag(strip(evaluation.footage(path).frames), "input")]
        for name in summary.compared:
            for _, case in evaluation.clip_cases(("off", "on")):
                kept = evaluation.strip_path(name, case)
                if case.clip == path.stem and case.painting == evaluation.first_painting and kept.is_file():
                    label = f"{name}, --temporal on" if case.mode == "on" else name
                    rows.append(_strip_tag(evaluation.picture(kept), label))
        figures.append(f"<figure><h3>{escape(path.stem)}</h3>{''.join(rows)}</figure>")
    return f'<div class="card"><div class="strips">{"".join(figures)}</div></div>' if figures else ""


def _strip_tag(image: Image, label: str) -> str:
    narrow = resize(image, min(image.shape[1], _STRIP_WIDTH), image.shape[0])
    tall = narrow.repeat(_STRIP_LINE, axis=0)
    return f"<p>{escape(label)}</p>{_picture_tag(tall, label, 92)}"


def _glossary() -> str:
    entries = "".join(f"<dt>{escape(label)}</dt><dd>{escape(meaning)}</dd>" for label, meaning in glossary())
    return f'<div class="card"><dl>{entries}</dl></div>'


def _settings(evaluation: Evaluation, environment: dict[str, str]) -> str:
    strengths = {
        f"strength of {name}": facts["strength"] for name, facts in evaluation.facts.items() if name not in REFERENCES
    }
    entries = {str(key): str(value) for key, value in evaluation.settings.items()} | strengths | environment
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in entries.items())
    return f'<div class="card"><dl>{rows}</dl></div>'
