"""The curve of a per-style training."""

import json
from pathlib import Path


def draw_losses(log: Path, path: Path, style_weight: float) -> None:
    """Draw the held-out losses of a run's log over steps into a PNG."""
    import matplotlib  # noqa: PLC0415 - slow to import, and only wanted here

    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    rows = [json.loads(line) for line in log.read_text().splitlines()]
    figure, axis = pyplot.subplots(figsize=(6.5, 4.2), layout="constrained")
    axis.plot([row["step"] for row in rows], [row["score"]["loss"] for row in rows])
    axis.set(xlabel="step", ylabel=f"Lc + {style_weight:g} Ls", title="Loss on held-out photos")
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    figure.savefig(partial, dpi=100)
    pyplot.close(figure)
    partial.replace(path)
