"""`python -m training.per_style.norms`: batch against instance normalisation, as in the paper on the latter.

Two networks that differ in their norm only start from the same weights and see the same batches. Then held-out photos are
given to both with their contrast lowered and raised.

Source: Ulyanov et al. 2016, "Instance Normalization: The Missing Ingredient for Fast Stylization", arXiv:1607.08022.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from models.feedforward import FeedForwardConfig
from training.per_style.command import exit_code, start
from training.per_style.options import add_options, check_options
from training.per_style.plot import draw_norms
from training.per_style.trainer import TRAINING_MODE, PerStyleTrainer, write_picture

COMPARED = ("batch", "instance")
FACTORS = (0.25, 0.4, 0.55, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5)
SHOWN_FACTORS = (0.25, 0.55, 1.0, 1.5)
SHOWN = 3


def with_contrast(photos: Tensor, factor: float) -> Tensor:
    """Scale contrast about each photo's mean, clip, and round to 8 bits as a camera would.

    Args:
        photos: (N, 3, H, W) float in [0, 1].
        factor: 1 leaves them as they are.

    Returns:
        (N, 3, H, W) float in [0, 1].
    """
    mean = photos.mean(dim=(1, 2, 3), keepdim=True)
    return ((photos - mean) * factor + mean).clamp(0, 1).mul(255).round().div(255)


def measure_contrast(trainer: PerStyleTrainer) -> dict[str, list[dict[str, float]]]:
    """What each network makes of the held-out photos at every factor.

    Returns:
        Name -> rows of `factor`, `change` (mean absolute difference from the result at full contrast, in levels of 255),
        and `lc`, `ls`, `loss` (with the photo at full contrast as the content).
    """
    held_out = trainer.held_out
    modes = {name: (name, False) for name in trainer.learners} | {f"batch{TRAINING_MODE}": ("batch", True)}
    rows: dict[str, list[dict[str, float]]] = {}
    for name, (learner, training_mode) in modes.items():
        network = trainer.learners[learner].network
        usual = held_out.run(network, with_contrast(held_out.photos, 1), training_mode=training_mode)
        rows[name] = []
        for factor in FACTORS:
            results = held_out.run(network, with_contrast(held_out.photos, factor), training_mode=training_mode)
            change = float((results - usual).abs().mean()) * 255
            rows[name].append({"factor": factor, "change": change} | asdict(held_out.score(results)))
    return rows


def contrast_sheet(trainer: PerStyleTrainer, *, photos_too: bool) -> Tensor:
    """Some held-out photos at SHOWN_FACTORS, left to right: for each the photo itself (if wanted), batch, instance."""
    held_out = trainer.held_out
    lines: list[list[Tensor]] = [[] for _ in range(SHOWN * 3)]
    for factor in SHOWN_FACTORS:
        photos = with_contrast(held_out.photos, factor)
        columns = [photos, *(held_out.run(trainer.learners[name].network, photos) for name in COMPARED)]
        for photo in range(min(SHOWN, len(photos))):
            for place, pictures in enumerate(columns):
                lines[3 * photo + place].append(pictures[photo])
    kept = [line for place, line in enumerate(lines) if line and (photos_too or place % 3)]
    return torch.cat([torch.cat(line, dim=2) for line in kept], dim=1)


def print_table(contrast: dict[str, list[dict[str, float]]]) -> None:
    """The measured figures, for people."""
    table = Table(title="Held-out photos at changed contrast: change in levels of 255 (loss)")
    table.add_column("contrast")
    for name in contrast:
        table.add_column(name, justify="right")
    for index, factor in enumerate(FACTORS):
        cells = [f"{rows[index]['change']:.1f} ({rows[index]['loss']:.2f})" for rows in contrast.values()]
        table.add_row(f"{factor:g}", *cells)
    Console().print(table)


def _experiment(options: argparse.Namespace) -> None:
    configs = {norm: FeedForwardConfig(norm, 1, options.width, options.blocks) for norm in COMPARED}
    trainer = start(options, configs)
    trainer.run()
    run: Path = options.run
    contrast = measure_contrast(trainer)
    lines = [json.dumps({"norm": name} | row) + "\n" for name, rows in contrast.items() for row in rows]
    (run / "contrast.jsonl").write_text("".join(lines))
    draw_norms(trainer.log_path, contrast, run / "norms.png", options.style_weight)
    write_picture(contrast_sheet(trainer, photos_too=True), run / "contrast.png")
    write_picture(contrast_sheet(trainer, photos_too=False), run / "contrast_results.png")
    print_table(contrast)
    print(f"plot: {run / 'norms.png'}; pictures: {run / 'contrast.png'}")


def main(arguments: list[str] | None = None) -> int:
    """Run the experiment; exit code 1 with one line when an input cannot be used, 2 for bad options."""
    parser = argparse.ArgumentParser(
        prog="python -m training.per_style.norms",
        description="Train one network with batch and one with instance normalisation on the same batches, "
        "then test both on photos of other contrast. The same command goes on from the run's checkpoint.",
    )
    parser.add_argument("--style", type=Path, required=True, help="picture file of a painting")
    add_options(parser, run="runs/norms", steps=400)
    options = parser.parse_args(arguments)
    check_options(parser, options)
    options.styles = [options.style]
    return exit_code("norms", lambda: _experiment(options))


if __name__ == "__main__":
    sys.exit(main())
