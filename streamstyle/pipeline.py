"""Threads and queues, and nothing else.

Offline, three threads overlap: the source decodes, the caller's thread stylizes, the sink encodes. Every frame counts: a
full queue makes the stage before it wait, so that memory does not grow with the length of a video. The first failure
stops all, joins all, and is raised where `run` was called.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streamstyle.frame import Frame, Image
from streamstyle.sinks.base import Sink
from streamstyle.sources.base import Source
from streamstyle.timing import StageTimes

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
    stylize: Callable[[Frame], Image],
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
        stylize: Frame -> (H, W, 3) uint8 RGB.
        sink: Written on a thread of its own.
        times: Takes the stages `decode` and `encode`; the caller measures its own.
        progress: Called with the number of frames stylized so far.

    Returns:
        How many frames reached the sink.

    Raises:
        StreamstyleError, or whatever else the first failing stage raised.
    """
    times = times or StageTimes()
    frame_bytes = max(1, source.info.width * source.info.height * 3)
    capacity = max(1, min(8, QUEUE_BYTES // frame_bytes))
    stopped = threading.Event()
    decoded, stylized = _Channel(capacity, stopped), _Channel(capacity, stopped)
    written = 0
    write_failure: list[BaseException] = []

    def read() -> None:
        failure: BaseException | None = None
        try:
            frames = iter(source)
            while True:
                with times.measure("decode"):
                    frame = next(frames, None)
                if frame is None or not decoded.put(frame):
                    break
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failure = error
        decoded.put(_End(failure))

    def write() -> None:
        nonlocal written
        try:
            for frame in stylized.frames():
                with times.measure("encode"):
                    sink.write(frame)
                written += 1
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            write_failure.append(error)
            stopped.set()

    threads = [threading.Thread(target=read, name="source"), threading.Thread(target=write, name="sink")]
    try:
        for thread in threads:
            thread.start()
        for count, frame in enumerate(decoded.frames(), start=1):
            stylized.put(frame.with_image(stylize(frame)))
            if progress is not None:
                progress(count)
        stylized.put(_End())
        threads[1].join()
    finally:
        stopped.set()
        for thread in threads:
            if thread.ident is not None:  # a signal may have come before it was started
                thread.join()
    if write_failure:
        raise write_failure[0]
    return written
