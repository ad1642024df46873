"""The loss curve of a run."""

import json
from pathlib import Path


def plot_curve(log: Path, path: Path) -> None:
    """Draw held-out Lc and Ls over steps from a run's `log.jsonl` into a PNG."""
    import matplotlib  # noqa: PLC0415 - slow to import, and only wanted here

    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    rows = [json.loads(line) for line in log.read_text().splitlines()]
    figure, axis = pyplot.subplots(figsize=(7, 4), layout="constrained")
    steps = [row["step"] for row in rows]
    axis.plot(steps, [row["lc"] for row in rows], label="Lc (content), held out")
    axis.plot(steps, [row["ls"] for row in rows], label="Ls (style), held out")
    axis.set(xlabel="step", ylabel="loss", title="Held-out pairs, 256 x 256, clamped 8-bit output")
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
