"""Motion between pictures, and pictures moved along: OpenCV's dense inverse search and its remapping, typed."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Picture = TypeVar("Picture", NDArray[np.uint8], NDArray[np.float32])


class FlowFinder:
    """Dense inverse search.

    Source: Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search", arXiv:1603.03590.
    """

    def __init__(self, *, careful: bool = False) -> None:
        """Fast, or careful at some eight times the cost."""
        preset = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM if careful else cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST
        self._search = cv2.DISOpticalFlow.create(preset)

    def find(self, here: NDArray[np.uint8], there: NDArray[np.uint8]) -> Plane:
        """Where what is here lies there.

        Args:
            here: (H, W) uint8, at least 16 pixels each way.
            there: The picture that it moved to, of the same form.

        Returns:
            (H, W, 2) float32: pixels to the right and down.
        """
        found: Plane = self._search.calc(here, there, None)  # type: ignore[call-overload]
        return found


def grid(height: int, width: int) -> Plane:
    """(height, width, 2) float32: every pixel's own x and y."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.dstack([x, y])


def inside(places: Plane, margin: float = 0.0) -> Plane:
    """1 where (H, W, 2) places lie within the picture (or so many pixels beyond its border), else 0; (H, W) float32."""
    height, width = places.shape[:2]
    within = cv2.inRange(places, (-margin, -margin), (width - 1 + margin, height - 1 + margin))
    found: Plane = (within.view(np.uint8) > 0).astype(np.float32)
    return found


def moved(image: Picture, places: Plane) -> Picture:
    """The picture whose pixels come from these places of another; beyond its border, the border is repeated.

    Args:
        image: (H, W, C) uint8 or float32.
        places: (H, W, 2) float32: x and y in `image`.
    """
    taken = cv2.remap(image, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    result: Picture = taken
    return result
