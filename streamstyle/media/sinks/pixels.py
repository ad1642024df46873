"""RGB pictures in the colours of encoders: 4:2:0, BT.709, limited range."""

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from streamstyle.frame import Image
from streamstyle.media.libav import planes_of, rgb_to_yuv, tag_bt709


class Pictures:
    """Converts the pictures of one stream."""

    def __init__(self, width: int, height: int) -> None:
        """Take the memory that is needed.

        Args:
            width: Of the encoder's pictures, in pixels.
            height: Of the encoder's pictures, in pixels.
        """
        self._size = width, height
        # New pages cost more than the arithmetic on them.
        self._yuv = np.empty((height + height % 2, width + width % 2, 3), np.uint8)
        self._planes = [np.empty(self._yuv.shape[:2], np.uint8) for _ in range(3)]
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
        """By OpenCV, in a quarter of the time that swscale takes; chroma is the mean of four whole pixels."""
        below, beside = (even - own for even, own in zip(self._yuv.shape[:2], image.shape[:2], strict=True))
        even = cv2.copyMakeBorder(image, 0, below, 0, beside, cv2.BORDER_REPLICATE) if below or beside else image
        yuv = cv2.transform(even, rgb_to_yuv(Colorspace.ITU709, ColorRange.MPEG), dst=self._yuv)
        light, *chroma = cv2.split(yuv, self._planes)
        picture = av.VideoFrame(*self._size, "yuv420p")
        places, *halves = planes_of(picture)
        places[:] = light[: places.shape[0], : places.shape[1]]
        for plane, half in zip(chroma, halves, strict=True):
            cv2.resize(plane, half.shape[::-1], dst=half, interpolation=cv2.INTER_AREA)
        tag_bt709(picture)
        return picture
