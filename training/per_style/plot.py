"""Curves of per-style training, and the picture of the comparison of norms."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LOOKS = {
    "batch": ("tab:red", "-", "batch norm, evaluation mode (running statistics)"),
    "batch (training mode)": ("tab:red", ":", "batch norm, training mode (statistics of the held-out batch)"),
    "instance": ("tab:blue", "-", "instance norm"),
    "conditional": ("tab:green", "-", "conditional instance norm"),
}
"""Name of a score -> colour, line style, what to call it."""


def _figure(panels: int) -> tuple[Any, Any]:
    import matplotlib  # noqa: PLC0415 - slow to import, and only wanted here

    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(1, panels, figsize=(6.5 * panels, 4.2), layout="constrained", squeeze=False)
    return figure, axes[0]


def _write(figure: Any, path: Path) -> None:  # noqa: ANN401 - matplotlib has no types
    from matplotlib import pyplot  # noqa: PLC0415

    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    figure.savefig(partial, dpi=100)
    pyplot.close(figure)
    partial.replace(path)


def _loss_panel(axis: Any, log: Path, style_weight: float) -> None:  # noqa: ANN401
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    for name in rows[-1]["scores"]:
        colour, line, label = LOOKS[name]
        losses = [row["scores"][name]["loss"] for row in rows]
        axis.plot([row["step"] for row in rows], losses, line, color=colour, label=label)
    axis.set(xlabel="step", ylabel=f"Lc + {style_weight:g} Ls", title="Loss on held-out photos")
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    axis.legend(fontsize="small")


def draw_losses(log: Path, path: Path, style_weight: float) -> None:
    """Draw the held-out losses of a run's log over steps into a PNG."""
    figure, axes = _figure(1)
    _loss_panel(axes[0], log, style_weight)
    _write(figure, path)


def draw_norms(log: Path, contrast: Mapping[str, Sequence[Mapping[str, float]]], path: Path, style_weight: float) -> None:
    """Draw the comparison into one PNG: losses over steps, and what a change of the photo's contrast does.

    Args:
        log: Of the run.
        contrast: Name of a score -> rows with `factor` and `change` (levels of 255).
        path: The PNG.
        style_weight: Lambda.
    """
    figure, axes = _figure(2)
    _loss_panel(axes[0], log, style_weight)
    for name, rows in contrast.items():
        colour, line, label = LOOKS[name]
        axes[1].plot(
            [row["factor"] for row in rows], [row["change"] for row in rows], line, color=colour, marker=".", label=label
        )
    axes[1].set(
        xlabel="contrast of the photo (1: as it is; clipped to 8 bits)",
        ylabel="mean absolute change, levels of 255",
        title="Change of the result against the one at full contrast",
    )
    axes[1].set_ylim(bottom=0)
    axes[1].grid(alpha=0.3)
    axes[1].legend(fontsize="small")
    _write(figure, path)
