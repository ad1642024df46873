"""Still pictures stay still: each stylized frame leans on the one before, moved along with the content.

Where the content is where its motion (streamstyle.paint.steady.changes) says, the stylized picture before, moved in
the same way, is as good as the new one, and mixing both takes away what differs for no reason: sensor noise that the style
has blown up, strokes that jump. Where the content is not there (uncovered, too fast, a cut), nothing is mixed in, so
nothing trails behind.

Source: Ruder et al. 2016, arXiv:1604.08610: a stylized frame should agree with the warped one before where the motion can
be trusted.
"""

import cv2
import numpy as np

from streamstyle.frame import Image
from streamstyle.paint.steady.changes import Motion
from streamstyle.paint.steady.flow import moved
from streamstyle.paint.steady.mixing import Mixer
from streamstyle.paint.steady.sharpen import Crispness

_FINE = (3, 3)
"""Pixels whose mean parts coarse from fine where it moves."""
_ALIKE = 2
"""Levels by which fine detail may differ and still be kept where it moves. The networks do not paint a moved scene as moved
strokes to the pixel, and fine detail that does not meet itself averages to a blur: beyond this it is the new picture's.
With 4 a pan is softer by 6 % and its change divided by 3.3, not 2.9; with 7 by 10 %, and by 3.6."""


def _with_detail(picture: Image, detailed: Image) -> Image:
    """A picture with the fine detail of another, but for what differs by little; (H, W, 3) uint8 each."""
    # NumPy widens and narrows several times faster than OpenCV's mixed types; bands of rows, as `_around` finds them, stay
    # in the cache.
    result = picture.astype(np.int16)
    fine = result - detailed.astype(np.int16)
    fine -= cv2.blur(fine, _FINE).astype(np.int16, copy=False)
    fine -= np.clip(fine, -_ALIKE, _ALIKE)
    result -= fine
    return np.clip(result, 0, 255, out=result).astype(np.uint8)


class Steadier:
    """Holds the stylized picture before, of one style in one stream."""

    def __init__(self) -> None:
        self._before: Image | None = None
        self._crispness = Crispness()
        self._mixer = Mixer()
        self._moved: Image = np.empty((0, 0, 3), np.uint8)  # nobody gets to see it, so it is used again

    def steady(self, stylized: Image, motion: Motion | None, share: float = 1.0) -> Image:
        """The stylized picture, leaning on the one before.

        Args:
            stylized: (H, W, 3) uint8 RGB.
            motion: Of the content since then; None to start anew.
            share: How far to lean at all, in [0, 1]: less where the look itself has changed.
        """
        before = self._before
        if motion is None or before is None or before.shape != stylized.shape:
            self._before = stylized
            self._crispness.forget()
            return stylized
        if motion.parts:
            if self._moved.shape != stylized.shape:
                self._moved = np.empty_like(stylized)
            still, before = before, self._moved
            np.copyto(before, still)
            for part in motion.parts:
                before[part.area] = _with_detail(moved(still, part.places), stylized[part.area])
        kept = cv2.convertScaleAbs(motion.share, alpha=255 * share).astype(np.uint8, copy=False)
        steady = self._before = self._mixer.add(stylized, before, stylized, kept)
        whole = (slice(0, stylized.shape[0]), slice(0, stylized.shape[1]))
        return self._crispness.restore(steady, stylized, [whole] if motion.fades else [part.area for part in motion.parts])
