"""Threads and queues, and nothing else.

`run` is for files: three threads overlap: the source decodes, the caller's thread stylizes, the sink encodes. Every frame
counts: a full queue makes the stage before it wait, so that memory does not grow with the length of a video.
`LivePipeline` is for cameras: the newest frame wins, and nobody waits for anybody. In both the first failure stops all,
joins all, and is raised where the caller waits.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from streamstyle.frame import Frame, Image
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sources.base import Source
from streamstyle.pipeline.times import StageTimes

QUEUE_BYTES = 64 * 1024 * 1024
"""Upper bound of the pixels that wait in one queue; a queue always holds at least one frame."""

_POLL_SECONDS = 0.1

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _End:
    """After the last frame; carries the failure that ended the frames early, if any."""

    failure: BaseException | None = None


class _Channel:
    """A bounded queue that gives up as soon as the run is stopped."""

    def __init__(self, name: str, capacity: int, stopped: threading.Event, times: StageTimes) -> None:
        self._queue: queue.Queue[Frame | _End] = queue.Queue(capacity)
        self._stopped = stopped
        self._name, self._times = name, times

    def put(self, item: Frame | _End) -> bool:
        """Wait for room; False when the run was stopped meanwhile."""
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            self._times.waiting(self._name, self._queue.qsize())
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
            self._times.waiting(self._name, self._queue.qsize())
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
        self.decoded = _Channel("decoded, waiting", capacity, self.stopped, times)
        self.stylized = _Channel("stylized, waiting", capacity, self.stopped, times)
        self.written = 0
        self.write_failure: list[BaseException] = []

    def through(self, stylize: Callable[[Frame], Image], progress: Callable[[int], None] | None) -> int:
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
            undisturbed(lambda: _join(threads))
        if self.write_failure:
            raise self.write_failure[0]
        return self.written

    def _thread(self, lane: str, work: Callable[[], None]) -> threading.Thread:
        def body() -> None:
            with self.times.lane(lane):
                work()

        return threading.Thread(target=body, name=lane)

    def _stylize(self, stylize: Callable[[Frame], Image], progress: Callable[[int], None] | None) -> None:
        for count, frame in enumerate(self.decoded.frames(), start=1):
            self.times.frame(frame.index)
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
                    if frame is not None:
                        self.times.frame(frame.index)
                if frame is None or not self.decoded.put(frame):
                    break
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failure = error
        self.decoded.put(_End(failure))

    def _write(self) -> None:
        try:
            for frame in self.stylized.frames():
                self.times.frame(frame.index)
                with self.times.measure("encode"):
                    self.sink.write(frame)
                self.written += 1
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self.write_failure.append(error)
            self.stopped.set()
        finally:
            self.all_written.set()


def undisturbed(work: Callable[[], None]) -> None:
    """Do something to its end, even when a signal raises here meanwhile: that is raised afterwards.

    Python's signal handlers raise on the main thread, so the work goes to another one. This thread waits for it, by an
    event: a `join` that is interrupted takes a thread that still runs for ended (in CPython 3.11).
    """
    failures: list[BaseException] = []
    finished = threading.Event()
    turn = threading.Lock()  # whoever takes it does the work, once

    def guarded() -> None:
        if not turn.acquire(blocking=False):
            return
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failures.append(error)
        finally:
            finished.set()

    thread = threading.Thread(target=guarded, name="finish")
    try:
        thread.start()
        finished.wait()
    finally:
        guarded()  # where the thread could not be started
        finished.wait()
        if thread.ident is not None:
            thread.join()
    if failures:
        raise failures[0]


def _join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        if thread.ident is not None:  # a signal may have come before it was started
            thread.join()


class Slot(Generic[Item]):
    """One place, where the newest replaces what was not taken in time."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: Item | None = None
        self._closed = False
        self.dropped = 0

    def put(self, item: Item) -> None:
        """Never waits."""
        with self._condition:
            self.dropped += self._item is not None
            self._item = item
            self._condition.notify()

    def take(self, timeout: float) -> Item | None:
        """The item, or None when none came in time or the slot is closed and empty."""
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None or self._closed, timeout)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Nothing more will be put; what lies in it can still be taken."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def finished(self) -> bool:
        """Closed and empty."""
        with self._condition:
            return self._closed and self._item is None


@dataclass(frozen=True, slots=True)
class Pair:
    """A frame before and after."""

    content: Frame
    stylized: Frame


class LivePipeline:
    """Newest frame wins: nobody waits for anybody, and what comes too late is skipped.

        source --slot--> stylize --slot--> present (the caller's thread)
                                 --slot--> each sink (a thread of its own)

    A slow sink misses frames; it never slows the picture. The first failure stops all, joins all, and is raised where `run`
    was called.

    Attributes:
        times: Stages `capture` and `stylize`, and one per sink; whoever stylizes measures its own within `stylize`.
        captured: Frames that the source gave.
        stylized: Frames that were stylized; the rest was skipped.
    """

    def __init__(self, source: Source, stylize: Callable[[Frame], Pair], times: StageTimes | None = None) -> None:
        """Set up.

        Args:
            source: Read on a thread of its own. The pipeline closes it at the end, to wake a read that waits.
            stylize: Called on a thread of its own with the newest frame. Sinks get the stylized half of the pair.
            times: Takes the stages' times.
        """
        self.times = times or StageTimes()
        self.captured = 0
        self.stylized = 0
        self._source, self._stylize = source, stylize
        self._in: Slot[Frame] = Slot()
        self._shown: Slot[Pair] = Slot()
        self._outputs: dict[str, tuple[Sink, Slot[Frame], threading.Thread]] = {}
        self._lock = threading.Lock()
        self._missed: dict[str, int] = {}
        self._running = False
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        self._errands: queue.Queue[Callable[[], None]] = queue.Queue()

    @property
    def skipped(self) -> int:
        """Frames that were captured but never stylized, a newer one being there."""
        return self._in.dropped

    def run(self, present: Callable[[Pair | None], bool], *, poll_seconds: float = 0.02) -> None:
        """Run until the source ends, `present` returns False, or something fails.

        Args:
            present: Called on this thread with each newest pair, and with None when none came for
                `poll_seconds`, so that it can look after keys and windows.
            poll_seconds: See there.

        Raises:
            StreamstyleError, or whatever else the first failing part raised.
        """
        threads = [
            threading.Thread(target=self._guard, args=("capture", self._capture), name="capture"),
            threading.Thread(target=self._guard, args=("stylize", self._infer), name="stylize"),
            threading.Thread(target=self._guard, args=("errands", self._run_errands), name="errands"),
        ]
        try:
            with self._lock:
                self._running = True
                outputs = [thread for _, _, thread in self._outputs.values()]
            for thread in [*outputs, *threads]:
                thread.start()
            with self.times.lane("present"):
                while not self._stopped.is_set():
                    pair = self._shown.take(poll_seconds)
                    if pair is not None:
                        self.times.frame(pair.content.index)
                    if not present(pair) or (pair is None and self._shown.finished):
                        break
        finally:
            undisturbed(lambda: self._end(threads))
        if self._failure is not None:
            raise self._failure

    def attach(self, name: str, sink: Sink) -> None:
        """Give a sink every newest frame, from the start of the run or from now on; closing it stays the caller's."""
        slot: Slot[Frame] = Slot()
        thread = threading.Thread(target=self._guard, args=(name, lambda: self._feed(name, sink, slot)), name=name)
        with self._lock:
            self._outputs[name] = (sink, slot, thread)
            running = self._running
        if running:
            thread.start()

    def detach(self, name: str) -> Sink | None:
        """Stop giving frames to a sink and wait for its last one; None where there is none of this name."""
        return self._join_output(name)

    def missed(self) -> dict[str, int]:
        """Sink -> how many stylized frames it did not take in time."""
        with self._lock:
            return self._missed | {name: slot.dropped for name, (_, slot, _) in self._outputs.items()}

    def errand(self, work: Callable[[], None]) -> None:
        """Do something beside the stream (encode a style, write a picture), one after the other."""
        self._errands.put(work)

    def _end(self, threads: list[threading.Thread]) -> None:
        self._stopped.set()
        self._source.close()
        for slot in (self._in, self._shown):
            slot.close()
        for name in list(self._outputs):
            self._join_output(name)
        _join(threads)

    def _guard(self, lane: str, work: Callable[[], None]) -> None:
        try:
            with self.times.lane(lane):
                work()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            if self._failure is None:
                self._failure = error
            self._stopped.set()
            self._shown.close()

    def _capture(self) -> None:
        frames = iter(self._source)
        while not self._stopped.is_set():
            with self.times.measure("capture"):
                frame = next(frames, None)
                if frame is not None:
                    self.times.frame(frame.index)
            if frame is None:
                break
            self.captured += 1
            self._in.put(frame)
        self._in.close()

    def _infer(self) -> None:
        while not self._stopped.is_set() and not self._in.finished:
            frame = self._in.take(_POLL_SECONDS)
            if frame is None:
                continue
            self.times.frame(frame.index)
            with self.times.measure("stylize"):
                pair = self._stylize(frame)
            self.stylized += 1
            self._shown.put(pair)
            with self._lock:
                slots = [slot for _, slot, _ in self._outputs.values()]
            for slot in slots:
                slot.put(pair.stylized)
        self._shown.close()

    def _feed(self, name: str, sink: Sink, slot: Slot[Frame]) -> None:
        while not slot.finished:
            frame = slot.take(sink.idle_seconds)
            if frame is None:
                sink.idle()
                continue
            self.times.frame(frame.index)
            with self.times.measure(name):
                sink.write(frame)

    def _run_errands(self) -> None:
        while not self._stopped.is_set():
            try:
                work = self._errands.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            with self.times.span("errand"):
                work()

    def _join_output(self, name: str) -> Sink | None:
        with self._lock:
            output = self._outputs.pop(name, None)
        if output is None:
            return None
        sink, slot, thread = output
        slot.close()
        if thread.ident is not None:
            thread.join()
        with self._lock:
            self._missed[name] = slot.dropped
        return sink
