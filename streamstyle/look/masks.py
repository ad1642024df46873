"""Regions of a frame: masks from files, and pictures joined along them."""

from collections.abc import Sequence
from fractions import Fraction

import cv2
import numpy as np

from streamstyle.errors import SourceError, UsageError
from streamstyle.frame import Image
from streamstyle.look.look import Mask
from streamstyle.media.resize import resize
from streamstyle.media.sources import open_source
from streamstyle.media.sources.base import Source

# Least share of an index mask that is of other than its first style.
_INDEX_SHARE = 0.002
FEATHER_SHARE = 0.01
"""Softness of edges by default: this share of the frame's short side, in pixels."""


def is_index_mask(levels: Image, count: int) -> bool:
    """Whether a mask picture numbers its styles (0 the first, 1 the second) instead of grading from white to black.

    All its values are below `count`, and there are whole places of other than 0: not noise in a picture that is black.

    Args:
        levels: (H, W, 3) uint8.
        count: How many styles, 2 or more.
    """
    gray = cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)
    if not 0 < int(gray.max()) < count:
        return False
    places = cv2.erode((gray > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    return cv2.countNonZero(places) >= _INDEX_SHARE * gray.size


def masks_of(levels: Image, count: int, *, index: bool) -> list[Mask]:
    """Split a mask picture into one mask per style.

    White is the first style and black the last, and evenly spaced grays are those between; a gray between two of them
    belongs to both.

    Args:
        levels: (H, W, 3) uint8; its luminance counts.
        count: How many styles, 2 or more.
        index: Take it for an index mask instead: 0 is the first style, 1 the second.

    Returns:
        `count` masks, (H, W) float32 in [0, 1], which sum to 1.
    """
    gray = cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)
    if index:
        last = count - 1  # takes what is beyond, so that every place has a style
        return [(np.minimum(gray, last) == number).astype(np.float32) for number in range(count)]
    place = (255 - gray.astype(np.float32)) * np.float32((count - 1) / 255)
    return [np.maximum(0, 1 - np.abs(place - np.float32(number))) for number in range(count)]


def soften(mask: Mask, pixels: float) -> Mask:
    """The mask with soft edges: a Gaussian of this deviation in pixels; 0 leaves it as it is."""
    if pixels <= 0:
        return mask
    return cv2.GaussianBlur(mask, (0, 0), pixels, borderType=cv2.BORDER_REPLICATE).astype(np.float32, copy=False)


class MaskTrack:
    """Masks over time: a picture, or a video that runs beside the frames.

    Attributes:
        warnings: What the user should know; grows while it plays.
    """

    def __init__(self, uri: str, count: int, *, feather: float | None = None, loop: bool = False) -> None:
        """Open a mask.

        Args:
            uri: A picture or a video.
            count: How many styles it divides the frame between.
            feather: Softness of the edges in pixels of the frame; None for a hundredth of its short side.
            loop: Play a video again from its beginning when it is over; else its last picture stays.

        Raises:
            UsageError: It cannot be opened, or shows nothing.
        """
        if count < 2:
            raise UsageError("a mask divides the frame between at least two styles; give --style two or more, or 'keep'")
        self.warnings: list[str] = []
        self._uri, self._count, self._feather, self._loop = uri, count, feather, loop
        self._source = self._open()
        self._frames = iter(self._source)
        try:
            self._now = next(self._frames)
        except (StopIteration, SourceError) as error:
            self._source.close()
            raise UsageError(f"the mask '{uri}' shows no picture; give an image or a video") from error
        # Decided once, and of photos only: a video that fades to black passes through small numbers.
        self._is_index = self._source.info.is_still and is_index_mask(self._now.image, count)
        self._first = self._now.time
        self._next = next(self._frames, None)
        self._offset = 0.0
        self._made: tuple[int, tuple[int, int], list[Mask]] | None = None

    @property
    def is_still(self) -> bool:
        """Whether it is a picture."""
        return self._source.info.is_still

    def at(self, seconds: float, height: int, width: int) -> list[Mask]:
        """The masks for a frame.

        Args:
            seconds: Since the first frame; must not go back.
            height: Of the frame, in pixels.
            width: Of the frame, in pixels.

        Returns:
            One (height, width) float32 mask per style, in [0, 1]; they sum to 1.
        """
        self._advance(seconds)
        made = self._made
        if made is None or made[:2] != (self._now.index, (height, width)):
            masks = self._masks(height, width)
            pixels = FEATHER_SHARE * min(height, width) if self._feather is None else self._feather
            made = (self._now.index, (height, width), [soften(mask, pixels) for mask in masks])
            self._made = made
        return made[2]

    def close(self) -> None:
        """Release the file."""
        self._source.close()

    def _masks(self, height: int, width: int) -> list[Mask]:
        if not self._is_index:
            return masks_of(resize(self._now.image, width, height), self._count, index=False)
        # Between numbers there is nothing in between: 0 and 2 do not make 1.
        levels = cv2.resize(self._now.image, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        return masks_of(levels.astype(np.uint8, copy=False), self._count, index=True)

    def _open(self) -> Source:
        try:
            return open_source(self._uri, may_be_pipe=False)
        except SourceError as error:
            raise UsageError(f"mask: {error}") from error

    def _advance(self, seconds: float) -> None:
        while self._next is not None and self._next.time - self._first <= Fraction(seconds - self._offset):
            self._now, self._next = self._next, next(self._frames, None)
            if self._next is None and self._loop:
                self._rewind(seconds)

    def _rewind(self, seconds: float) -> None:
        """Begin again; the last picture is shown for its own length first, as near as the file tells."""
        self._source.close()
        try:
            self._source = self._open()
            self._frames = iter(self._source)
            self._next = next(self._frames, None)
        except (UsageError, SourceError) as error:
            self.warnings.append(f"{error}; its last picture stays")
        self._offset = seconds + float(self._now.duration or 0)
        self._made = None


def join(pictures: Sequence[Image], weights: Sequence[Mask]) -> Image:
    """Mix pictures by their masks.

    Args:
        pictures: (H, W, 3) uint8 each, one or more.
        weights: (H, W) float32 each, 0 or more; normalized here.

    Returns:
        (H, W, 3) uint8; exactly a picture's own pixels where its weight alone is not 0.
    """
    joined, sum_of_weights = pictures[0], weights[0]
    for picture, weight in zip(pictures[1:], weights[1:], strict=True):
        total = sum_of_weights + weight
        share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        joined = cv2.blendLinear(joined, picture, 1 - share, share).astype(np.uint8, copy=False)
        sum_of_weights = total
    return joined
