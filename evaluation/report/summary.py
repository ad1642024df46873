"""From figures to findings: means with intervals, comparisons, curves; nothing here knows how they will be shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from evaluation.measures.bootstrap import ENOUGH, Interval, holm, mean_interval, paired_p
from evaluation.measures.metrics import CLIP_METRICS, METRICS
from evaluation.plan import IDENTITY, pair_case
from evaluation.run import Evaluation
from evaluation.sweep import FULL, Ratio, coherence_at, common_effect
from evaluation.systems.catalog import REFERENCES

COMPARED = ("E", "E_by_layer", "E_yeh", "C", "edges", "Lc", "Ls", "color_to_style")
"""Figures that systems are compared by."""
EQUAL_EFFECT = "C at equal E"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems on the same pairs.

    Attributes:
        metric: What is compared; EQUAL_EFFECT for coherence where both have the same E.
        ratio: At which strength.
        first: The one that is subtracted from.
        second: The one that is subtracted.
        difference: First minus second.
        p: Of the sign-flip test, adjusted by Holm for the number of comparisons of this metric and ratio.
        left_out: Pairs on which the comparison cannot be made.
    """

    metric: str
    ratio: str
    first: str
    second: str
    difference: Interval
    p: float
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """One strength of one system's curve."""

    label: str
    alpha: float
    effect: Interval
    coherence: Interval


@dataclass(frozen=True, slots=True)
class ClipRow:
    """A system on clips in one mode: every figure's mean over clips, each clip's paintings averaged first."""

    system: str
    mode: str
    figures: dict[str, Interval]


@dataclass
class Summary:
    """What a report says.

    Attributes:
        systems: Names, references last.
        means: Name -> metric -> interval, at full strength.
        curves: Name -> points, the photo itself first.
        anchors: References on the pairs of the curves, the photo left out.
        comparisons: Of the first system with each other one.
        clips: Rows.
        costs: Name -> what was measured.
        warnings: What should be known.
    """

    systems: list[str]
    means: dict[str, dict[str, Interval]]
    curves: dict[str, list[Point]] = field(default_factory=dict)
    anchors: dict[str, Point] = field(default_factory=dict)
    comparisons: list[Comparison] = field(default_factory=list)
    clips: list[ClipRow] = field(default_factory=list)
    costs: dict[str, dict[str, float]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def compared(self) -> list[str]:
        """The systems that are no references."""
        return [name for name in self.systems if name not in REFERENCES]


def summarize(evaluation: Evaluation) -> Summary:
    """Of everything that was measured."""
    names = list(evaluation.facts)
    systems = [name for name in names if name not in REFERENCES] + [name for name in names if name in REFERENCES]
    seed = evaluation.plan.seed
    means = {}
    for name in systems:
        found = [evaluation.records.figures(name, pair_case(pair, FULL)) for pair in evaluation.pairs_of(name)]
        done = [figures for figures in found if figures]
        means[name] = {key: mean_interval([figures[key] for figures in done], seed) for key in (done[0] if done else ())}
    summary = Summary(systems, means, warnings=list(evaluation.warnings))
    summary.curves = {name: curve for name in summary.compared if (curve := _curve(evaluation, name))}
    if summary.curves:
        references = [name for name in systems if name in REFERENCES and name != IDENTITY]
        summary.anchors = {name: point for name in references if (point := _anchor(evaluation, name))}
    summary.comparisons = _comparisons(evaluation, summary)
    summary.clips = _clips(evaluation, systems)
    summary.costs = {name: cost for name in systems if (cost := evaluation.records.figures(name, evaluation.cost_case))}
    summary.warnings += _small_samples(summary)
    return summary


def _sweep_pairs(evaluation: Evaluation, name: str) -> list[tuple[str, str]]:
    """The pairs that a system has painted at every ratio."""
    labels = [FULL, *(ratio.label for ratio in evaluation.plan.ratios)]
    pairs = evaluation.pairs_of(name)[: evaluation.plan.sweep_pairs]
    return [pair for pair in pairs if all(evaluation.records.done(name, pair_case(pair, label)) for label in labels)]


def _steps(evaluation: Evaluation) -> list[Ratio]:
    """All strengths that were painted, rising."""
    return sorted((*evaluation.plan.ratios, Ratio(FULL, 1.0)), key=lambda ratio: ratio.alpha)


def _pair_curve(evaluation: Evaluation, name: str, pair: tuple[str, str]) -> list[tuple[float, float]]:
    """(E, C) at rising strengths, the photo itself first."""
    figures = [evaluation.records.figures(IDENTITY, pair_case(pair, FULL))]
    figures += [evaluation.records.figures(name, pair_case(pair, ratio.label)) for ratio in _steps(evaluation)]
    return [(entry["E"], entry["C"]) for entry in figures]


def _curve(evaluation: Evaluation, name: str) -> list[Point]:
    pairs = _sweep_pairs(evaluation, name)
    if not pairs or not evaluation.plan.ratios:
        return []
    columns = list(zip(*(_pair_curve(evaluation, name, pair) for pair in pairs), strict=True))
    steps = [Ratio("1:0", 0.0), *_steps(evaluation)]
    seed = evaluation.plan.seed
    return [
        Point(
            step.label, step.alpha, mean_interval([e for e, _ in column], seed), mean_interval([c for _, c in column], seed)
        )
        for step, column in zip(steps, columns, strict=True)
    ]


def _anchor(evaluation: Evaluation, name: str) -> Point | None:
    """A reference at full strength on the pairs that curves are of."""
    pairs = evaluation.pairs_of(name)[: evaluation.plan.sweep_pairs]
    found = [figures for pair in pairs if (figures := evaluation.records.figures(name, pair_case(pair, FULL)))]
    if not found:
        return None
    effect, coherence = (mean_interval([figures[key] for figures in found], evaluation.plan.seed) for key in ("E", "C"))
    return Point(FULL, 1.0, effect, coherence)


def _comparisons(evaluation: Evaluation, summary: Summary) -> list[Comparison]:
    """Of the first system with each other one: at full strength, at every ratio, and at equal effect."""
    if len(summary.compared) < 2:
        return []
    first, *others = summary.compared
    found = [
        comparison
        for metric in COMPARED
        for comparison in _family(first, others, metric, FULL, lambda a, b, m=metric: _paired(evaluation, a, b, m, FULL))  # type: ignore[misc]
    ]
    for ratio in evaluation.plan.ratios:
        for metric in ("E", "C"):
            label = ratio.label
            found += _family(
                first,
                others,
                metric,
                label,
                lambda a, b, m=metric, r=label: _paired(evaluation, a, b, m, r),  # type: ignore[misc]
            )
    if evaluation.plan.ratios:
        found += _family(first, others, EQUAL_EFFECT, "any", lambda a, b: _at_equal_effect(evaluation, a, b))
    return found


Differences = tuple[list[float], int]


def _family(
    first: str, others: Sequence[str], metric: str, ratio: str, differences: Callable[[str, str], Differences]
) -> list[Comparison]:
    """One comparison per other system; their p-values adjusted together."""
    rows = [(other, *differences(first, other)) for other in others]
    rows = [row for row in rows if row[1]]
    adjusted = holm([paired_p(values) for _, values, _ in rows])
    return [
        Comparison(metric, ratio, first, other, mean_interval(values), p, left_out)
        for (other, values, left_out), p in zip(rows, adjusted, strict=True)
    ]


def _paired(evaluation: Evaluation, first: str, second: str, metric: str, ratio: str) -> Differences:
    """First minus second on the pairs that both have."""
    found = []
    for pair in evaluation.pairs:
        both = [evaluation.records.figures(name, pair_case(pair, ratio)) for name in (first, second)]
        if all(metric in figures for figures in both):
            found.append(both[0][metric] - both[1][metric])
    return found, 0


def _at_equal_effect(evaluation: Evaluation, first: str, second: str) -> Differences:
    """Coherence where both curves reach the same E: on each pair the largest that both reach.

    Pairs are left out where the photo itself has that E already: nothing is painted there.
    """
    shared = [pair for pair in _sweep_pairs(evaluation, first) if pair in _sweep_pairs(evaluation, second)]
    found: list[float] = []
    for pair in shared:
        curves = [_pair_curve(evaluation, name, pair) for name in (first, second)]
        effect = common_effect(curves)
        reached = [coherence_at(effect, curve) for curve in curves]
        if effect > curves[0][0][0] and reached[0] is not None and reached[1] is not None:
            found.append(reached[0] - reached[1])
    return found, len(shared) - len(found)


def _clips(evaluation: Evaluation, systems: Sequence[str]) -> list[ClipRow]:
    rows = []
    for name in systems:
        for mode in ("off", "on"):
            cases = [case for _, case in evaluation.clip_cases((mode,)) if evaluation.records.done(name, case.key)]
            by_clip = []
            for _, group in groupby(cases, key=lambda case: case.clip):
                found = [evaluation.records.figures(name, case.key) for case in group]
                by_clip.append({key: sum(entry[key] for entry in found) / len(found) for key in found[0]})
            keys = [metric.key for metric in CLIP_METRICS if any(metric.key in entry for entry in by_clip)]
            figures = {
                key: mean_interval([entry[key] for entry in by_clip if key in entry], evaluation.plan.seed) for key in keys
            }
            if figures:
                rows.append(ClipRow(name, mode, figures))
    return rows


def _small_samples(summary: Summary) -> list[str]:
    found = []
    few: dict[int, list[str]] = {}
    for name in summary.systems:
        intervals = list(summary.means[name].values())
        if not intervals:
            found.append(f"{name} has painted no pair")
        elif intervals[0].too_small:
            few.setdefault(intervals[0].count, []).append(name)
    found += [
        f"only {count} pair(s) of {', '.join(few[count])}: below {ENOUGH} the intervals are too narrow"
        for count in sorted(few)
    ]
    if summary.curves and min(point.effect.count for curve in summary.curves.values() for point in curve) < ENOUGH:
        counts = sorted({point.effect.count for curve in summary.curves.values() for point in curve})
        found.append(
            f"the curves are of {' or '.join(map(str, counts))} pair(s): below {ENOUGH}, look at large differences only"
        )
    if summary.clips:
        count = max(interval.count for row in summary.clips for interval in row.figures.values())
        if count < ENOUGH:
            found.append(f"there are {count} clips: their means say something about these clips, and little about others")
    return found


def metric_labels() -> dict[str, str]:
    """Metric -> how it is called in tables."""
    return {metric.key: metric.label for metric in METRICS} | {EQUAL_EFFECT: EQUAL_EFFECT}
