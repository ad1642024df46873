"""One opened camera: cv2's object with modes that are asked for and read back, waits that end, and errors in words."""

import os
import re

import cv2
import numpy as np

from streamstyle.errors import SourceError
from streamstyle.frame import Image
from streamstyle.media.sources.cameras import listing as cameras
from streamstyle.media.sources.cameras.info import CameraInfo, CameraMode
from streamstyle.media.sources.cameras.listing import asked_mode, quiet_cv2
from streamstyle.media.sources.live import LostError, exact_rate

# One that the driver fills, one that waits, one that is being decoded: more of them only make pictures older.
_BUFFERS = 3
_MOST_BUFFERS = 10
_FAILURES_IN_A_ROW = 5
_NANOSECONDS, _SHORTEST_WAIT = 1_000_000_000, 0.001
_REFUSED = {
    "Darwin": "allow it for your terminal in System Settings > Privacy & Security > Camera, then restart the terminal",
    "Windows": "let desktop apps use it in Settings > Privacy & security > Camera, and close other programs that use it",
}


class Capture:
    """A camera that is open. Not for two threads at once.

    Attributes:
        granted: The mode that the camera says it is in.
    """

    def __init__(self, camera: CameraInfo, size: tuple[int, int] | None, fps: float | None) -> None:
        """Open the camera and ask it for a mode.

        Args:
            camera: Which one.
            size: Width and height to ask for, in pixels; None for a mode that suits.
            fps: Frames per second to ask for.

        Raises:
            SourceError: It may not be opened, is in use, or is no camera.
        """
        quiet_cv2()
        self._waits_by_poll = camera.backend == cv2.CAP_V4L2
        if self._waits_by_poll:
            # Read once, by cv2's first wait: the seconds that only a camera's first picture may block.
            os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
            _raise_obstacle(camera)
        self._camera, self._failures, self._is_streaming = camera, 0, False
        self._cv2 = cv2.VideoCapture(_address(camera), camera.backend)
        try:
            if not self._cv2.isOpened():
                raise SourceError(_why_closed(camera))
            self._ask(asked_mode(camera, size, fps))
            self.granted = self._read_back()
        except BaseException:
            self._cv2.release()
            raise

    def wait(self, seconds: float) -> bool:
        """Take the next picture off the camera; False when none came in time.

        On Linux the time holds. Elsewhere cv2 has limits of its own: a second with DirectShow and AVFoundation, ten with
        Media Foundation.

        Raises:
            LostError: The camera is gone.
        """
        if self._waits_by_poll and self._is_streaming:
            try:
                # It grabs by itself, so that grab() below has nothing left to do; to it, zero is for ever.
                is_ready, _ = cv2.VideoCapture.waitAny([self._cv2], int(max(seconds, _SHORTEST_WAIT) * _NANOSECONDS))
            except cv2.error as error:
                raise LostError(self._gone()) from error
            if not is_ready:
                return False
        self._is_streaming = True
        if self._cv2.grab():
            self._failures = 0
            return True
        self._failures += 1
        if self._failures >= _FAILURES_IN_A_ROW:
            raise LostError(self._gone())
        return False

    def picture(self) -> Image | None:
        """The picture that was taken last: (H, W, 3) uint8 RGB; None where it came damaged."""
        is_whole, bgr = self._cv2.retrieve()
        if not is_whole or bgr is None or bgr.size == 0:
            return None
        code = cv2.COLOR_GRAY2RGB if bgr.ndim == 2 or bgr.shape[2] == 1 else cv2.COLOR_BGR2RGB
        return np.asarray(cv2.cvtColor(bgr, code), np.uint8)

    def skip_old(self) -> None:
        """Pass over what has waited in the driver's buffers.

        Raises:
            LostError: The camera is gone.
        """
        for _ in range(_MOST_BUFFERS if self._waits_by_poll else 0):
            if not self.wait(0):
                return
            self._cv2.retrieve()  # only then does cv2 take the next one

    def release(self) -> None:
        """Let go of the camera, so that others can have it."""
        self._cv2.release()

    def _gone(self) -> str:
        return f"{self._camera.name} was unplugged or does not answer"

    def _ask(self, mode: CameraMode) -> None:
        if mode.fourcc:  # first, since a size may exist in one format only
            self._cv2.set(cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*mode.fourcc.ljust(4))))
        self._cv2.set(cv2.CAP_PROP_FRAME_WIDTH, mode.width)
        self._cv2.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.height)
        if mode.rates:
            self._cv2.set(cv2.CAP_PROP_FPS, round(float(mode.rates[0])))
        self._cv2.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)

    def _read_back(self) -> CameraMode:
        rate = exact_rate(self._cv2.get(cv2.CAP_PROP_FPS))
        code = int(self._cv2.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
        fourcc = code.to_bytes(4, "little").decode("latin-1").strip()
        return CameraMode(
            int(self._cv2.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(self._cv2.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            fourcc if fourcc.isprintable() else "",
            () if rate is None else (rate,),
        )


def is_blank(image: Image) -> bool:
    """Whether a picture is one flat tone, as cameras send before their sensor has woken up (black, or green)."""
    sample = image[::8, ::8].reshape(-1, 3)
    return bool((sample.max(axis=0).astype(int) - sample.min(axis=0) <= 8).all())


def _raise_obstacle(camera: CameraInfo) -> None:
    problem = _obstacle(camera)
    if problem:
        raise SourceError(f"the camera {camera.name} ({camera.uri}) cannot be opened: {problem}")


def _obstacle(camera: CameraInfo) -> str:
    from streamstyle.media.sources.cameras import v4l2  # noqa: PLC0415 - fcntl exists on Unix only

    return v4l2.obstacle(camera.uri)


def _why_closed(camera: CameraInfo) -> str:
    advice = _REFUSED.get(cameras.SYSTEM, "unplug it and plug it in again, or choose another one with --list-cameras")
    return f"the camera {camera.name} cannot be opened: it is missing, in use or not allowed; {advice}"


def _address(camera: CameraInfo) -> int | str:
    """On Linux cv2 knows numbers of /dev/videoN; a node of another name is opened by its path."""
    if camera.uri.startswith("/dev/") and not re.fullmatch(r"/dev/video\d+", camera.uri):
        return camera.uri
    return camera.index
