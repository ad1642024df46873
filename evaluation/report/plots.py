"""Plots as SVG text: no script, no library, readable in light and dark."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from evaluation.measures.bootstrap import Interval
from evaluation.measures.metrics import Metric
from evaluation.report.summary import Point

COLORS = (
    ("#2a78d6", "#5598e7"),
    ("#d95926", "#eb6834"),
    ("#178f64", "#2fb886"),
    ("#4a3aa7", "#9085e9"),
    ("#a36a00", "#d9a12b"),
    ("#c23b3b", "#e66767"),
)
"""Colors of the systems in the order of the tables, for light and dark pages; markers differ in shape as well."""
REFERENCE = ("#7c7a74", "#a09e97")

INK = (("ink", "#1a1a18", "#f2f1ec"), ("soft", "#5f5d57", "#b3b1aa"), ("line", "#dcdad3", "#3a3936"))


def style(prefix: str) -> str:
    """The rules that color all plots.

    Args:
        prefix: Selector of what they hold for: `svg` alone, or `:root` of a page.
    """
    light = [f"--{name}:{day}" for name, day, _ in INK] + [f"--s{i}:{day}" for i, (day, _) in enumerate(COLORS)]
    dark = [f"--{name}:{night}" for name, _, night in INK] + [f"--s{i}:{night}" for i, (_, night) in enumerate(COLORS)]
    light.append(f"--ref:{REFERENCE[0]}")
    dark.append(f"--ref:{REFERENCE[1]}")
    rules = f"{prefix}{{{';'.join(light)}}}@media (prefers-color-scheme:dark){{{prefix}{{{';'.join(dark)}}}}}"
    text = "svg text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:var(--ink)}svg .soft{fill:var(--soft)}"
    return f"{rules}{text}svg .small{{font-size:11.5px}}svg .grid{{stroke:var(--line);stroke-width:1}}"


@dataclass(frozen=True, slots=True)
class _Scale:
    """From figures to pixels."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(cls, values: Sequence[float], start: float, end: float) -> "_Scale":
        low, high = min(values), max(values)
        margin = 0.06 * (high - low) or max(abs(high), 1e-3) * 0.1
        return cls(low - margin, high + margin, start, end)

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers inside."""
        raw = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
        first = int(self.low / step) - 1
        found = [(first + index) * step for index in range(about * 3 + 4)]
        return [value for value in found if self.low <= value <= self.high]


def color(index: int | None) -> str:
    """Of a system by its place, or of a reference (None)."""
    return "var(--ref)" if index is None else f"var(--s{index % len(COLORS)})"


def mark(index: int | None, x: float, y: float, size: float = 5.0, *, hollow: bool = False) -> str:
    """The shape of a system at a place."""
    paint = f'fill="none" stroke="{color(index)}" stroke-width="2"' if hollow else f'fill="{color(index)}"'
    kind = 4 if index is None else index % 4
    if kind == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" {paint}/>'
    if kind == 1:
        side = 1.8 * size
        return f'<rect x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side}" height="{side}" {paint}/>'
    corners = {
        2: ((0, -1.25), (1.15, 0.85), (-1.15, 0.85)),
        3: ((0, -1.35), (1.35, 0), (0, 1.35), (-1.35, 0)),
        4: ((-1, -0.35), (1, -0.35), (1, 0.35), (-1, 0.35)),
    }[kind]
    points = " ".join(f"{x + size * a:.1f},{y + size * b:.1f}" for a, b in corners)
    return f'<polygon points="{points}" {paint}/>'


def effect_against_coherence(
    curves: Mapping[str, Sequence[Point]], places: Mapping[str, int], references: Mapping[str, Point]
) -> str:
    """Every system's way from the photo (right) to the full style (left, up): E against C.

    Args:
        curves: Name -> points, rising strength.
        places: Name -> place among the systems, which sets color and shape.
        references: Name -> where it is, as a single mark.
    """
    width, height, left, right, top, bottom = 760.0, 440.0, 62.0, 78.0, 18.0, 52.0
    ends = [point.effect.mean for points in curves.values() for point in points]
    ends += [value for points in curves.values() for value in (points[-1].effect.low, points[-1].effect.high)]
    ends += [point.effect.mean for point in references.values()]
    across = [point.coherence.mean for points in curves.values() for point in points]
    across += [value for points in curves.values() for value in (points[-1].coherence.low, points[-1].coherence.high)]
    across += [point.coherence.mean for point in references.values()]
    x, y = _Scale.around(across, left, width - right), _Scale.around(ends, height - bottom, top)
    parts = [_grid(x, y, left, width - right, top, height - bottom)]
    parts.append(_text((left + width - right) / 2, height - 12, "C (SSIM): more of the photo is left →", "middle", "soft"))
    parts.append(_turned(16, (top + height - bottom) / 2, "E: more of the painting's style →"))
    most = max(points[-1].effect.count for points in curves.values())
    labels: list[tuple[float, float, str, int | None]] = []
    for name, points in curves.items():
        place = places[name]
        path = " ".join(f"{x(point.coherence.mean):.1f},{y(point.effect.mean):.1f}" for point in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color(place)}" stroke-width="2" opacity=".8"/>')
        full = points[-1]
        fx, fy = x(full.coherence.mean), y(full.effect.mean)
        parts.append(_whisker(x(full.coherence.low), fy, x(full.coherence.high), fy, place))
        parts.append(_whisker(fx, y(full.effect.low), fx, y(full.effect.high), place))
        for point in points[1:]:
            caption = f"{name} at {point.label}: E {point.effect.mean:.3f}, C {point.coherence.mean:.3f}"
            px, py = x(point.coherence.mean), y(point.effect.mean)
            shape = mark(place, px, py, 6 if point is full else 4, hollow=point is not full)
            parts.append(f"<g>{shape}<title>{escape(caption)}</title></g>")
        fewer = full.effect.count < most
        labels.append((fx, fy, f"{name} (fewer pairs)" if fewer else name, place))
    start = next(iter(curves.values()))[0]
    parts.append(mark(None, x(start.coherence.mean), y(start.effect.mean), 6))
    parts.append(_text(x(start.coherence.mean) + 10, y(start.effect.mean) + 4, "photo", "start", "soft"))
    for name, point in references.items():
        caption = f"{name}: E {point.effect.mean:.3f}, C {point.coherence.mean:.3f}"
        px, py = x(point.coherence.mean), y(point.effect.mean)
        parts.append(f"<g>{mark(None, px, py, 6)}<title>{escape(caption)}</title></g>")
        labels.append((px, py, name, None))
    parts += _labels(labels)
    return _svg(width, height, "Effectiveness against coherence", parts)


def _labels(wanted: list[tuple[float, float, str, int | None]]) -> list[str]:
    """Names up and right of their marks, pushed apart where they would overlap."""
    placed: list[tuple[float, float]] = []
    parts = []
    for x, y, name, place in sorted(wanted, key=lambda entry: entry[1]):
        top = y - 10
        while any(abs(top - other) < 15 and abs(x - beside) < 90 for beside, other in placed):
            top += 4
        placed.append((x, top))
        fill = f' style="fill:{color(place)};font-weight:600"'
        parts.append(f'<text x="{x + 10:.1f}" y="{top + 4:.1f}"{fill}>{escape(name)}</text>')
    return parts


def intervals(metric: Metric, rows: Sequence[tuple[str, int | None, Interval]]) -> str:
    """One figure of all systems: means with their intervals, one below the other."""
    width, left, right, line, top = 372.0, 96.0, 16.0, 24.0, 30.0
    height = top + line * len(rows) + 26
    values = [value for _, _, interval in rows for value in (interval.low, interval.high)]
    x = _Scale.around(values, left, width - right)
    arrow = {"more": " →", "less": " ←", "neither": ""}[metric.better]
    parts = [f'<text x="{left:.0f}" y="14" style="font-weight:600">{escape(metric.label)}{arrow}</text>']
    bottom = top + line * len(rows)
    for value in x.ticks(4):
        parts.append(f'<line class="grid" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{top - 6:.1f}" y2="{bottom:.1f}"/>')
        parts.append(_text(x(value), bottom + 16, _number(value), "middle", "soft small"))
    for row, (name, place, interval) in enumerate(rows):
        y = top + line * row + line / 2 - 4
        parts.append(_text(left - 10, y + 4, name, "end", "" if place is not None else "soft"))
        parts.append(_whisker(x(interval.low), y, x(interval.high), y, place))
        caption = f"{name}: {interval.mean:.4g}, {interval.low:.4g} to {interval.high:.4g}, {interval.count} values"
        parts.append(f"<g>{mark(place, x(interval.mean), y)}<title>{escape(caption)}</title></g>")
    return _svg(width, height, metric.label, parts)


def _grid(x: _Scale, y: _Scale, left: float, right: float, top: float, bottom: float) -> str:
    parts = []
    for value in x.ticks():
        parts.append(f'<line class="grid" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{top}" y2="{bottom}"/>')
        parts.append(_text(x(value), bottom + 18, _number(value), "middle", "soft small"))
    for value in y.ticks():
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(_text(left - 8, y(value) + 4, _number(value), "end", "soft small"))
    return "".join(parts)


def _whisker(x1: float, y1: float, x2: float, y2: float, place: int | None) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color(place)}" stroke-width="3" '
        'stroke-linecap="round" opacity=".45"/>'
    )


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def _turned(x: float, y: float, text: str) -> str:
    turn = f'transform="rotate(-90 {x:.1f} {y:.1f})"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" class="soft" {turn}>{escape(text)}</text>'


def _number(value: float) -> str:
    return f"{0.0 if abs(value) < 1e-12 else value:.4g}"


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" aria-label="{escape(title)}">'
    return head + "".join(parts) + "</svg>"
