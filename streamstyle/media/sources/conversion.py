"""From a decoded frame of any format, size and orientation to upright RGB."""

from collections.abc import Callable

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from PIL import Image as Pillow

from streamstyle.frame import Image
from streamstyle.media.libav import HDR_TRANSFERS, ToneMap, brightest_of, states_peak, to_rgb
from streamstyle.media.profiles import WIDE_PRIMARIES, tone_mapped
from streamstyle.media.resize import letterboxed
from streamstyle.media.sources.orientation import Orientation


class Converter:
    """Converts the frames of one video; all get the size and the orientation of the first.

    Attributes:
        orientation: Of the first frame.
    """

    def __init__(self, uri: str, cropped: tuple[int, int, int, int], warn: Callable[[str], None]) -> None:
        """Nothing is converted yet.

        Args:
            uri: Of the video, for messages.
            cropped: Pixels that the container takes off: left, right, top, bottom.
            warn: Takes a line for the user; the same line may come with every frame.
        """
        self.orientation = Orientation()
        self._uri, self._cropped, self._warn = uri, cropped, warn
        self._size: tuple[int, int] | None = None
        self._reformatter, self._tone_map = VideoReformatter(), ToneMap()

    def convert(self, frame: av.VideoFrame) -> Image:
        """The frame as (H, W, 3) uint8 RGB."""
        if self._size is None:
            self.orientation, self._size = Orientation.of(frame), (frame.width, frame.height)
        width, height = self._size
        if (frame.width, frame.height) != self._size:
            self._warn(f"the picture size changes; all frames are fitted into {width}x{height}")
        transfer = HDR_TRANSFERS.get(int(frame.color_trc))
        if transfer:
            self._warn(f"'{self._uri}' is HDR ({transfer}); it is tone-mapped to the colors of ordinary screens")
        told = int(frame.color_primaries), int(frame.color_trc)
        by_table, peak = transfer == "PQ" and not states_peak(frame), brightest_of(frame)
        if not by_table and (transfer or told[0] in WIDE_PRIMARIES):
            frame = self._tone_map.apply(frame)
        if (frame.width, frame.height) != self._size:
            whole = to_rgb(frame, frame.width, frame.height, self._reformatter, self._warn_transparent)
            rgb = letterboxed(whole, width, height)
        else:
            rgb = to_rgb(frame, width, height, self._reformatter, self._warn_transparent)
        if by_table:
            rgb = np.array(tone_mapped(Pillow.fromarray(rgb), *told, peak, shown_as="bt709"))
        left, right, top, bottom = self._cropped
        return self.orientation.apply(rgb[top : height - bottom, left : width - right])

    def _warn_transparent(self) -> None:
        self._warn(f"'{self._uri}' is transparent in places; it is painted as it looks over white")
