"""Cameras: frames as they come, also after the camera was away for a while."""

from collections.abc import Iterator
from dataclasses import replace

from streamstyle.errors import SourceError
from streamstyle.frame import Frame, Image
from streamstyle.media.resize import letterboxed
from streamstyle.media.sources.base import SourceInfo
from streamstyle.media.sources.cameras.capture import Capture, is_blank
from streamstyle.media.sources.cameras.info import CameraInfo
from streamstyle.media.sources.cameras.listing import choose_camera, find_again, list_cameras, shortfall
from streamstyle.media.sources.live import (
    TICK,
    Clock,
    GrowingTime,
    LiveSource,
    LiveState,
    LostError,
    WallClock,
    pauses,
    sleep_until,
)

_WAIT_SECONDS = 0.1
"""The longest that close() goes unnoticed, where the system's waits can be bounded."""

_FIRST_PICTURE_SECONDS = 5.0
_STALL_SECONDS, _STALL_FRAMES = 2.0, 5
_BLANK_SECONDS, _BLANK_FRAMES = 0.6, 15
_AFTER_FAILURE_SECONDS = 0.01


class CameraSource(LiveSource):
    """A camera. When it is unplugged or stalls it is lost, and comes back by itself, under whatever number.

    Blank pictures, as cameras send while they wake up, are left out at the start, for half a second at most.

    Attributes:
        camera: Which one it is, as last found.
        granted: The mode that it works in, as the camera says.
    """

    def __init__(
        self,
        camera: str | None = None,
        *,
        size: tuple[int, int] | None = None,
        fps: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Open a camera and wait for its first picture.

        Args:
            camera: An index, a path, a name or a part of one in any case; None for the first real camera.
            size: Width and height to ask for, in pixels; None for the largest up to 1280x720 that keeps the frame rate.
            fps: Frames per second to ask for; None for 30.
            clock: The machine's own, unless it is a test.

        Raises:
            SourceError: There is no such camera, several match, it may not be opened, is in use, or gives no picture.
        """
        self._clock: Clock = clock or WallClock()
        self._asked = size, fps
        self._closed = self._reading = self._begun = False
        self._captures: list[Capture] = []  # at most one; list.pop() is atomic: two threads cannot release it twice
        self._others: list[CameraInfo] = []
        self._pauses = pauses()
        self._retry_at = 0.0
        self._time, self._index = GrowingTime(), 0
        self.camera = choose_camera(camera)
        self.warnings = []
        if not camera and self.camera.is_virtual:
            self.warnings.append(f"no real camera was found; this is the virtual camera {self.camera.name}")
        first = self._open(self.camera)
        height, width = first.shape[:2]
        rate = self.granted.rates[0] if self.granted.rates else None
        self._stall_seconds = max(_STALL_SECONDS, float(_STALL_FRAMES / rate) if rate else 0.0)
        self.info = SourceInfo(self.camera.name, width, height, is_live=True, frame_rate=rate, time_base=TICK)
        self.state = LiveState("live", self._clock.now())
        missed = shortfall(size, fps, self.granted)
        if missed:
            self.warnings.append(f"{self.camera.name} was asked for {missed}, and gives {self.granted}")

    def __iter__(self) -> Iterator[Frame]:
        """Frames until the source is closed, with a gap where the camera was lost."""
        if self._begun:
            return
        self._begun = True
        try:
            self._reading, self._is_stale = True, True
            while (frame := self._next_frame()) is not None:
                self._reading = False
                yield frame
                self._reading = True
        finally:
            self._reading = False
            self._release()

    def close(self) -> None:
        """Stop. A thread that waits for a frame releases the camera within a tenth of a second; else this call does."""
        self._closed = True
        if not self._reading:
            self._release()

    def _next_frame(self) -> Frame | None:
        while not self._closed:
            try:
                if self.state.name == "lost":
                    self._try_again()
                    continue
                taken = self._take()
            except LostError as error:
                self._lose(str(error))
                continue
            if taken is not None:
                image, moment = taken
                frame = Frame(
                    letterboxed(image, self.info.width, self.info.height),
                    self._index,
                    self._time.at(moment),
                    captured_at=moment,
                )
                self._index += 1
                return frame
        return None

    def _take(self) -> tuple[Image, float] | None:
        """The next picture and when it came; None where there is none yet."""
        capture = self._captures[0]
        if self._is_stale:
            capture.skip_old()
            self._last_seen, self._is_stale = self._clock.now(), False
        if capture.wait(_WAIT_SECONDS):
            moment = self._clock.now()
            image = capture.picture()
            if image is not None:
                self._last_seen = moment
                return image, moment
        if self._clock.now() - self._last_seen > self._stall_seconds:
            raise LostError(f"{self.camera.name} gives no pictures any more")
        self._clock.sleep(_AFTER_FAILURE_SECONDS)
        return None

    # Losing it and finding it again.

    def _lose(self, reason: str) -> None:
        self._release()
        self._others = [
            camera for camera in list_cameras() if camera.name == self.camera.name and camera.port != self.camera.port
        ]
        self.state = LiveState("lost", self._clock.now(), reason)
        self._pauses = pauses()
        self._retry_at = self._clock.now() + next(self._pauses)

    def _try_again(self) -> None:
        if not sleep_until(self._retry_at, self._clock, lambda: self._closed):
            return
        try:
            found = find_again(self.camera, self._others)
            if found is not None:
                self._open(found)
                self._note_other_mode()
                self.state = LiveState("live", self._clock.now())
        except SourceError as error:
            self.state = replace(self.state, reason=str(error))
        self._retry_at = self._clock.now() + next(self._pauses)

    def _note_other_mode(self) -> None:
        line = f"{self.camera.name} came back in another mode; its pictures are scaled into the earlier size, with bars"
        if (self.granted.width, self.granted.height) != (self.info.width, self.info.height) and line not in self.warnings:
            self.warnings.append(line)

    def _open(self, camera: CameraInfo) -> Image:
        """Open it and wait for its first picture.

        Raises:
            SourceError: It cannot be opened, or gives no picture.
        """
        capture = Capture(camera, *self._asked)
        try:
            image = self._first_picture(capture, camera)
        except BaseException:
            capture.release()
            raise
        self._captures.append(capture)
        self.camera, self.granted, self._is_stale = camera, capture.granted, True
        return image

    def _first_picture(self, capture: Capture, camera: CameraInfo) -> Image:
        """The first that is not blank, or the last of several blank ones: the lens may be covered."""
        deadline = self._clock.now() + _FIRST_PICTURE_SECONDS
        blank_since: float | None = None
        blanks = 0
        while not self._closed and self._clock.now() < deadline:
            image = capture.picture() if capture.wait(_WAIT_SECONDS) else None
            if image is None:
                self._clock.sleep(_AFTER_FAILURE_SECONDS)
                continue
            if not is_blank(image):
                return image
            blanks += 1
            blank_since = self._clock.now() if blank_since is None else blank_since
            if blanks >= _BLANK_FRAMES or self._clock.now() - blank_since >= _BLANK_SECONDS:
                return image
        raise SourceError(
            f"the camera {camera.name} was opened, but gives no picture; unplug it and plug it in again, on a USB port of "
            "its own, or ask for a smaller size"
        )

    def _release(self) -> None:
        try:
            capture = self._captures.pop()
        except IndexError:
            return
        capture.release()
