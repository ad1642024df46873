"""Looks for tests."""

from typing import Any

from streamstyle.look.look import Look
from streamstyle.styles.code import StyleCode


def plain(code: StyleCode, alpha: float = 1.0, **fields: Any) -> Look:
    """What the network alone makes of a frame by itself: nothing is added, no frame leans on the one before."""
    return Look(code, alpha, **{"temporal": "off", "grain": 0.0, "faces": 0.0} | fields)
