"""RGB pictures in the colours of encoders: 4:2:0, BT.709, limited range."""

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from streamstyle.frame import Image
from streamstyle.media.libav import ACCURATE, tag_bt709


class Pictures:
    """Converts the pictures of one stream."""

    def __init__(self, width: int, height: int) -> None:
        """Take the memory that is needed.

        Args:
            width: Of the encoder's pictures, in pixels.
            height: Of the encoder's pictures, in pixels.
        """
        self._reformatter = VideoReformatter()
        # libav's own memory, taken once: its conversion reads a little beyond the last row, where NumPy's may end.
        self._rgb = av.VideoFrame(width, height, "rgb24")
        self._latest: tuple[Image, av.VideoFrame] | None = None

    def of(self, image: Image, *, again: bool) -> av.VideoFrame:
        """A picture for the encoder; an odd row or column that it has in addition is repeated.

        Args:
            image: (H, W, 3) uint8 RGB.
            again: Give the frame of the call before where the picture is the same object, as repeated frames of files are.
        """
        if again and self._latest is not None and self._latest[0] is image:
            return self._latest[1]
        picture = self._converted(image)
        self._latest = image, picture
        return picture

    def _converted(self, image: Image) -> av.VideoFrame:
        height, width, _ = image.shape
        plane = self._rgb.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(self._rgb.height, plane.line_size)  # type: ignore[call-overload]
        inside = rows[:, : self._rgb.width * 3].reshape(self._rgb.height, self._rgb.width, 3)
        inside[:height, :width] = image
        inside[height:, :width] = image[-1:]
        inside[:, width:] = inside[:, width - 1 : width]
        picture = self._reformatter.reformat(
            self._rgb,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=ACCURATE,
        )
        tag_bt709(picture)
        return picture
