"""Threads for files: every frame counts.

Three threads overlap: the source decodes, the caller's thread stylizes, the sink encodes. A full queue makes the stage
before it wait, so that memory does not grow with the length of a video. The first failure stops all, joins all, and is
raised where the caller waits. For cameras there is streamstyle.pipeline.live.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streamstyle.frame import Frame, Picture
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sources.base import Source
from streamstyle.pipeline.threads import join, undisturbed
from streamstyle.pipeline.times import StageTimes

QUEUE_BYTES = 64 * 1024 * 1024
"""Upper bound of the pixels that wait in one queue; a queue always holds at least one frame."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class _End:
    """After the last frame; carries the failure that ended the frames early, if any."""

    failure: BaseException | None = None


class _Channel:
    """A bounded queue that gives up as soon as the run is stopped."""

    def __init__(self, capacity: int, stopped: threading.Event) -> None:
        self._queue: queue.Queue[Frame | _End] = queue.Queue(capacity)
        self._stopped = stopped

    def put(self, item: Frame | _End) -> bool:
        """Wait for room; False when the run was stopped meanwhile."""
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def frames(self) -> Iterator[Frame]:
        """Frames until the end, or until the run is stopped; raises the failure that the end carries."""
        while not self._stopped.is_set():
            try:
                item = self._queue.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                if item.failure is not None:
                    raise item.failure
                return
            yield item


def run(
    source: Source,
    stylize: Callable[[Frame], Picture],
    sink: Sink,
    *,
    times: StageTimes | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Take every frame of a source through a function into a sink, in order.

    The source and the sink stay the caller's to close. `stylize` and `progress` run on the calling thread, so that
    Ctrl-C, which Python raises there, ends the run at once.

    Args:
        source: Read on a thread of its own.
        stylize: Gives the painted picture of a frame.
        sink: Written on a thread of its own.
        times: Takes the stages `decode`, `stylize` and `encode`; the caller measures its own within `stylize`.
        progress: Called with the number of frames stylized so far.

    Returns:
        How many frames reached the sink.

    Raises:
        StreamstyleError, or whatever else the first failing stage raised.
    """
    return _Run(source, sink, times or StageTimes()).through(stylize, progress)


class _Run:
    """One run of `run`."""

    def __init__(self, source: Source, sink: Sink, times: StageTimes) -> None:
        frame_bytes = max(1, source.info.width * source.info.height * 3)
        capacity = max(1, min(8, QUEUE_BYTES // frame_bytes))
        self.source, self.sink, self.times = source, sink, times
        self.stopped, self.all_written = threading.Event(), threading.Event()
        self.decoded = _Channel(capacity, self.stopped)
        self.stylized = _Channel(capacity, self.stopped)
        self.written = 0
        self.write_failure: list[BaseException] = []

    def through(self, stylize: Callable[[Frame], Picture], progress: Callable[[int], None] | None) -> int:
        """Everything, until all threads have ended."""
        threads = [self._thread("decode", self._read), self._thread("encode", self._write)]
        try:
            for thread in threads:
                thread.start()
            with self.times.lane("stylize"):
                self._stylize(stylize, progress)
                self.all_written.wait()
        finally:
            self.stopped.set()
            undisturbed(lambda: join(threads))
        if self.write_failure:
            raise self.write_failure[0]
        return self.written

    def _thread(self, lane: str, work: Callable[[], None]) -> threading.Thread:
        def body() -> None:
            with self.times.lane(lane):
                work()

        return threading.Thread(target=body, name=lane)

    def _stylize(self, stylize: Callable[[Frame], Picture], progress: Callable[[int], None] | None) -> None:
        for count, frame in enumerate(self.decoded.frames(), start=1):
            with self.times.measure("stylize"):
                image = stylize(frame)
            self.stylized.put(frame.with_image(image))
            if progress is not None:
                progress(count)
        self.stylized.put(_End())

    def _read(self) -> None:
        failure: BaseException | None = None
        try:
            frames = iter(self.source)
            while True:
                with self.times.measure("decode"):
                    frame = next(frames, None)
                if frame is None or not self.decoded.put(frame):
                    break
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failure = error
        self.decoded.put(_End(failure))

    def _write(self) -> None:
        try:
            for frame in self.stylized.frames():
                with self.times.measure("encode"):
                    self.sink.write(frame)
                self.written += 1
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self.write_failure.append(error)
            self.stopped.set()
        finally:
            self.all_written.set()
