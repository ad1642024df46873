"""The tables of a report, once for all forms of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.measures.bootstrap import Interval
from evaluation.measures.metrics import BY_KEY, CLIP_METRICS, METRICS, Metric
from evaluation.plan import clips_told
from evaluation.report.summary import EQUAL_EFFECT, Comparison, Summary, metric_labels
from evaluation.run import Evaluation
from evaluation.sweep import FULL
from evaluation.systems.catalog import REFERENCES

ARROWS = {"more": "more is better", "less": "less is better", "neither": ""}
_AT_A_GLANCE = ("E", "E_by_layer", "E_yeh", "C", "edges", "Lc", "Ls")
_PICTURE = ("C_luminance", "C_contrast", "C_structure", "color_to_style", "color_to_content", "sharpness")


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell.

    Attributes:
        text: The figure.
        spread: Its interval, or what else is shown smaller next to it.
        best: Whether no other system does better, by the mean.
    """

    text: str
    spread: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        title: Above it.
        note: Below it.
        columns: Heads; the first is of the row's name.
        hints: A hint for each column: which way is better.
        rows: Cells; the first is the row's name.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    hints: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def all_tables(evaluation: Evaluation, summary: Summary) -> dict[str, Table]:
    """Name -> table; those that have no rows are left out."""
    built = {
        "means": means(summary, _AT_A_GLANCE, "At full strength", _counts(summary)),
        "picture": means(summary, _PICTURE, "Parts of coherence, colors and sharpness", ""),
        "layers": _layers(summary),
        "comparisons": _comparisons(summary, full=True),
        "equal": _comparisons(summary, full=False),
        "curves": _curves(summary),
        "clips": _clips(evaluation, summary),
        "systems": _systems(evaluation, summary),
    }
    return {name: table for name, table in built.items() if table.rows}


def _counts(summary: Summary) -> str:
    counts = {name: max((interval.count for interval in row.values()), default=0) for name, row in summary.means.items()}
    most = max(counts.values())
    fewer = [f"{name} {count}" for name, count in counts.items() if count != most]
    also = f" (fewer: {', '.join(fewer)}; not the same sample)" if fewer else ""
    bold = "bold: the best mean of the systems with most pairs"
    return f"Means over {counted(most, 'pair')}{also} with 95 % bootstrap intervals; {bold}."


def means(summary: Summary, keys: Sequence[str], title: str, note: str) -> Table:
    """One row per system, one column per figure."""
    shown = [BY_KEY[key] for key in keys if any(key in row for row in summary.means.values())]
    best = {metric.key: _best(summary, metric) for metric in shown}
    rows = []
    for name in summary.systems:
        figures = summary.means[name]
        if not figures:
            continue
        cells = [_interval(figures.get(m.key), m.digits, best=name in best[m.key]) for m in shown]
        rows.append((Cell(name, REFERENCES.get(name, "")), *cells))
    columns = ("", *(metric.label for metric in shown))
    return Table(title, note, columns, ("", *(ARROWS[metric.better] for metric in shown)), tuple(rows))


def _best(summary: Summary, metric: Metric) -> set[str]:
    found = {name: summary.means[name][metric.key] for name in summary.compared if metric.key in summary.means[name]}
    most = max((interval.count for interval in found.values()), default=0)
    rivals = {name: interval.mean for name, interval in found.items() if interval.count == most}
    if metric.better == "neither" or len(rivals) < 2:
        return set()
    top = max(rivals.values()) if metric.better == "more" else min(rivals.values())
    return {name for name, value in rivals.items() if value == top}


def _interval(interval: Interval | None, digits: int, *, best: bool = False) -> Cell:
    if interval is None:
        return Cell("-")
    if interval.count == 1:
        return Cell(f"{interval.mean:.{digits}f}", "one only", best)
    return Cell(f"{interval.mean:.{digits}f}", f"{interval.low:.{digits}f} to {interval.high:.{digits}f}", best)


def _layers(summary: Summary) -> Table:
    keys = sorted({key for row in summary.means.values() for key in row if key.startswith(("E_conv", "E_yeh_conv"))})
    rows = []
    for name in summary.systems:
        if figures := summary.means[name]:
            rows.append((Cell(name), *(_interval(figures.get(key), 2) for key in keys)))
    labels = [key.removeprefix("E_yeh_") + ", Yeh et al." if "yeh" in key else key.removeprefix("E_") for key in keys]
    return Table(
        "E of every layer", "", ("", *labels), ("", *("more is better" for _ in keys)), tuple(rows) if keys else ()
    )


def _comparisons(summary: Summary, *, full: bool) -> Table:
    """One row per figure and strength, one column per other system."""
    labels = metric_labels()
    entries = [entry for entry in summary.comparisons if (entry.ratio == FULL) == full]
    others = list(dict.fromkeys(entry.second for entry in entries))
    rows: list[tuple[Cell, ...]] = []
    for metric, ratio in dict.fromkeys((entry.metric, entry.ratio) for entry in entries):
        found = {entry.second: entry for entry in entries if (entry.metric, entry.ratio) == (metric, ratio)}
        strength = () if full else (Cell("-" if metric == EQUAL_EFFECT else ratio),)
        cells = [_comparison(found.get(other)) for other in others]
        rows.append((Cell(labels[metric]), *strength, *cells))
    first = summary.compared[0] if summary.compared else ""
    columns = ("", *(() if full else ("content:style",)), *(f"{first} - {other}" for other in others))
    note = (
        "Mean differences on the same pairs with 95 % bootstrap intervals; p of a two-sided sign-flip test, adjusted "
        "by Holm for the systems of one row; bold below 0.05."
    )
    if not full:
        note += f" {EQUAL_EFFECT}: coherence where both reach the same E, the largest that both reach on a pair."
    title = "Compared, pair by pair, at full strength" if full else "Compared at equal strength"
    return Table(title, note, columns, tuple("" for _ in columns), tuple(rows))


def _comparison(entry: Comparison | None) -> Cell:
    if entry is None:
        return Cell("-")
    digits = BY_KEY[entry.metric].digits if entry.metric in BY_KEY else 3
    p = "p < 0.001" if entry.p < 0.001 else f"p {entry.p:.3f}"
    pairs = counted(entry.difference.count, "pair") + (f", {entry.left_out} left out" if entry.left_out else "")
    cell = _interval(entry.difference, digits)
    return Cell(f"{entry.difference.mean:+.{digits}f}", f"{cell.spread}; {p}; {pairs}", entry.p < 0.05)


def counted(number: int, what: str) -> str:
    """`1 pair`, `2 pairs`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _curves(summary: Summary) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, points in summary.curves.items():
        for point in points:
            if point.alpha == 0 and rows:
                continue  # the photo itself, the same for all
            label = "photo" if point.alpha == 0 else name
            effect, coherence = _interval(point.effect, 3), _interval(point.coherence, 3)
            count = Cell(str(point.effect.count))
            rows.append((Cell(label), Cell(point.label), Cell(f"{point.alpha:.2f}"), effect, coherence, count))
    return Table(
        "Strengths",
        "All points of a curve are of the same pairs; the photo is that of the first curve.",
        ("", "content:style", "alpha", "E", "C (SSIM)", "pairs"),
        ("", "", "", "more is better", "more is better", ""),
        tuple(rows),
    )


def _clips(evaluation: Evaluation, summary: Summary) -> Table:
    own = ("Ew_input", "jump_input", "adjacent_input")
    shown = [m for m in CLIP_METRICS if m.key not in own and any(m.key in row.figures for row in summary.clips)]
    rows = []
    for row in summary.clips:
        name = row.system if row.system != "identity" else "the input itself"
        mode = "" if row.system in REFERENCES else row.mode
        rows.append((Cell(name), Cell(mode), *(_interval(row.figures.get(m.key), m.digits) for m in shown)))
    plan = evaluation.plan
    note = (
        f"Means over clips with 95 % bootstrap intervals; {clips_told(plan)} of each, "
        f"short side {plan.clip_size}, {counted(plan.clip_styles, 'painting')} each, averaged first. "
        "off: every frame by itself."
    )
    columns = ("", "--temporal", *(metric.label for metric in shown))
    return Table("On clips", note, columns, ("", "", *(ARROWS[metric.better] for metric in shown)), tuple(rows))


def _systems(evaluation: Evaluation, summary: Summary) -> Table:
    rows = []
    for name in summary.compared:
        facts, spent = evaluation.facts[name], summary.costs.get(name, {})
        parameters = facts["parameters"]
        rows.append(
            (
                Cell(name, facts["version"]),
                Cell("any" if facts["styles"] is None else f"{facts['styles']} of its own"),
                Cell(f"{parameters / 1e6:.2f} M" if parameters else "-"),
                Cell(f"{facts['megabytes']:.1f} MB" if facts["megabytes"] else "-"),
                Cell(facts["runs_on"]),
                Cell(_seconds(spent.get("first_s"))),
                Cell(_seconds(spent.get("later_s"))),
                Cell(f"{spent['peak_mb']:.0f} MB" if "peak_mb" in spent else "-"),
            )
        )
    note = (
        "Seconds per image of 400x300, the first with loading the model and encoding the painting, later ones by their "
        "median, and the most memory held, each measured once in a process of its own; the only figures that a rerun "
        f"changes. Memory includes {_before(summary)}Python and its libraries."
    )
    columns = ("", "styles", "parameters", "files", "runs on", "first image, s", "later images, s", "peak memory")
    return Table("Size, seconds and memory", note, columns, tuple("" for _ in columns), tuple(rows))


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if value < 1 else f"{value:.1f}"


def _before(summary: Summary) -> str:
    found = [spent["before_mb"] for spent in summary.costs.values() if "before_mb" in spent]
    return f"{min(found):.0f} MB of " if found else ""


def glossary() -> list[tuple[str, str]]:
    """What every figure means."""
    own = [(metric.label, metric.meaning) for metric in METRICS]
    return own + [(metric.label, metric.meaning) for metric in CLIP_METRICS if metric.key != "sharpness"]
