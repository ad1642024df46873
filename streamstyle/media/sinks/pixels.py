"""RGB pictures in the colours of encoders: 4:2:0, BT.709, limited range."""

import av
import cv2
import numpy as np

from streamstyle.frame import Image, Picture, Planes, rgb_of
from streamstyle.media.libav import planes_of, tag_bt709
from streamstyle.media.yuv import OF_ENCODED, TO_ENCODED


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
        self._latest: tuple[Picture, av.VideoFrame] | None = None

    def of(self, given: Picture, *, again: bool) -> av.VideoFrame:
        """A picture for the encoder; an odd row or column that it has in addition is repeated.

        Args:
            given: (H, W, 3) uint8 RGB, or planes.
            again: Give the frame of the call before where the picture is the same object, as repeated frames of files are.
        """
        if again and self._latest is not None and self._latest[0] is given:
            return self._latest[1]
        picture = av.VideoFrame(*self._size, "yuv420p")
        tag_bt709(picture)
        planes = planes_of(picture)
        own = (given.light, *given.colors) if isinstance(given, Planes) and given.to_rgb is OF_ENCODED else ()
        if [plane.shape for plane in own] == [plane.shape for plane in planes]:
            for plane, place in zip(own, planes, strict=True):
                place[:] = plane
        else:
            self._convert(rgb_of(given), planes)
        self._latest = given, picture
        return picture

    def _convert(self, image: Image, planes: list[Image]) -> None:
        """By OpenCV, in a quarter of the time that swscale takes; chroma is the mean of four whole pixels."""
        below, beside = (even - own for even, own in zip(self._yuv.shape[:2], image.shape[:2], strict=True))
        even = cv2.copyMakeBorder(image, 0, below, 0, beside, cv2.BORDER_REPLICATE) if below or beside else image
        yuv = cv2.transform(even, TO_ENCODED, dst=self._yuv)
        light, *chroma = cv2.split(yuv, self._planes)
        places, *halves = planes
        places[:] = light[: places.shape[0], : places.shape[1]]
        for plane, half in zip(chroma, halves, strict=True):
            cv2.resize(plane, half.shape[::-1], dst=half, interpolation=cv2.INTER_AREA)
