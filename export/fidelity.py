"""How near an 8-bit stylize graph comes to the float32 one."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from export.calibration import Feeds, Picture

LIMIT_DB = 33.0
"""The least PSNR of a picture with which an 8-bit graph is accepted."""


class FidelityError(Exception):
    """The 8-bit graph is too far from the float32 one."""


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How near the int8 graph's 8-bit results are to the float32 graph's.

    Attributes:
        mean: Mean PSNR in dB over the pairs.
        worst: The lowest.
        bias: Largest mean difference of a color channel over a picture, in levels: a color cast.
    """

    mean: float
    worst: float
    bias: float

    def __str__(self) -> str:
        return f"PSNR {self.mean:.1f} dB in the mean, {self.worst:.1f} at worst; color cast at most {self.bias:.2f} levels"


def psnr(got: Picture, wanted: Picture) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures in dB; 99 where they are equal."""
    error = float(((got.astype(np.float64) - wanted) ** 2).mean())
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def compare(source: Path, target: Path, feeds: list[Feeds], sheet: Path | None = None) -> Fidelity:
    """Fidelity of the int8 graph; `sheet`: PNG to write with photo, both results and their difference x8 side by side."""
    sessions = [onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in (source, target)]
    ratios, bias, rows = [], 0.0, []
    for feed in feeds:
        wanted, got = (session.run(None, feed)[0][0] for session in sessions)
        ratios.append(psnr(got, wanted))
        away = got.astype(np.float64) - wanted
        bias = max(bias, float(np.abs(away.mean((0, 1))).max()))
        rows.append(np.hstack([feed["content"][0], wanted, got, (128 + 8 * away).clip(0, 255).astype(np.uint8)]))
    if sheet is not None:
        sheet.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(sheet), np.vstack(rows)[:, :, ::-1])
    return Fidelity(float(np.mean(ratios)), min(ratios), bias)
