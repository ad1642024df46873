"""Cuts between two frames that nobody paints: the stream's own observer, asked only where much has changed."""

import cv2
import numpy as np

from streamstyle.frame import Image
from streamstyle.paint.steady.changes import Observer

_SIDE = 180
"""Short side at which is looked, in pixels, about, as the observer does."""
_ALIKE = 6.0
"""Mean change in levels up to which it is surely the same shot: the observer trusts what changes by 5 levels anywhere."""


class CutFinder:
    """Sees frames of one stream and says which begin another shot; each answer depends on two frames only."""

    def __init__(self) -> None:
        self._before: Image | None = None

    def is_cut(self, content: Image) -> bool:
        """Whether a frame begins another shot than the one before; the first one does not.

        Args:
            content: (H, W, 3) uint8 RGB, all of one size.
        """
        height, width = content.shape[:2]
        divisor = max(1, round(min(height, width) / _SIDE))
        size = (max(8, width // divisor), max(8, height // divisor))
        now = cv2.resize(content, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        before, self._before = self._before, now
        if before is None or cv2.norm(before, now, cv2.NORM_L1) < _ALIKE * now.size:
            return False
        observer = Observer()
        observer.observe(before)
        return observer.observe(now).cut
