"""Threads for cameras: the newest frame wins, and nobody waits for anybody.

    source --slot--> stylize --slot--> present (the caller's thread)
                             --slot--> each sink (a thread of its own, which opens, feeds and finishes it)
    worker: what takes time, in the background

The stylizing thread owns the state of the run (streamstyle.pipeline.threads.Owner): the others send it what they want and
what came of it. Before the run and after it the thread that calls `run` is the owner.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from streamstyle.errors import Interrupted, StreamstyleError
from streamstyle.frame import Frame
from streamstyle.media.places import stop_fetching
from streamstyle.media.sources.base import Source
from streamstyle.pipeline.outputs import OpenSink, Output, SinkEnded, SinkOpened
from streamstyle.pipeline.threads import Owner, Slot, join, undisturbed
from streamstyle.pipeline.times import StageTimes

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Pair:
    """A frame before and after."""

    content: Frame
    stylized: Frame


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """What was to be done in the background could not be done.

    Attributes:
        failure: Why.
    """

    failure: StreamstyleError


Event = SinkOpened | SinkEnded | WorkFailed


class LivePipeline:
    """Takes the newest frames of a source to the screen and to sinks.

    A slow sink misses frames; it never slows the picture. A sink that fails ends alone, and so does work in the background.
    Any other failure stops all, joins all, and is raised where `run` was called.

    Attributes:
        times: Stages `capture` and `stylize`, and one per sink; whoever stylizes measures its own within `stylize`.
        captured: Frames that the source gave.
        stylized: Frames that were stylized; the rest was skipped.
        outputs: Those that get frames; replaced whole by the owner.
        ended_at: When frames ended, on `time.monotonic()`; sinks may be finished after that. None before.
    """

    def __init__(
        self,
        source: Source,
        stylize: Callable[[Frame], Pair],
        *,
        owner: Owner | None = None,
        hear: Callable[[Event], None] = lambda _event: None,
        times: StageTimes | None = None,
    ) -> None:
        """Set up.

        Args:
            source: Read on a thread of its own. The pipeline closes it at the end, to wake a read that waits.
            stylize: Called on the stylizing thread with the newest frame. Sinks get the stylized half of the pair.
            owner: Of the state of the run: the stylizing thread, while it runs.
            hear: Called by the owner.
            times: Takes the stages' times.
        """
        self.times = times or StageTimes()
        self.captured = 0
        self.stylized = 0
        self.outputs: tuple[Output, ...] = ()
        self.ended_at: float | None = None
        self._source, self._stylize, self._hear = source, stylize, hear
        self._owner = owner or Owner()
        self._in: Slot[Frame] = Slot()
        self._shown: Slot[Pair] = Slot()
        self._closing: tuple[Output, ...] = ()
        self._missed: dict[str, int] = {}
        self._phase: Literal["set up", "running", "over"] = "set up"
        self._stopped = threading.Event()
        self._failures: list[BaseException] = []
        self._works: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    @property
    def skipped(self) -> int:
        """Frames that were captured but never stylized, a newer one being there."""
        return self._in.dropped

    def run(self, present: Callable[[Pair | None], bool], *, poll_seconds: float = 0.02) -> None:
        """Run until the source ends, `present` returns False, or something fails; then finish all sinks.

        After a failure sinks are aborted, but not when the program was told to stop: that is how most live runs end.

        Args:
            present: Called on this thread with each newest pair, and with None when none came for
                `poll_seconds`, so that it can look after keys and windows.
            poll_seconds: See there.

        Raises:
            StreamstyleError, or whatever else the first failing part raised.
            Interrupted: The program was told to stop.
        """
        capture, stylize = self._thread("capture", self._capture), self._thread("stylize", self._infer)
        worker = self._thread("worker", self._work)
        try:
            self._phase = "running"
            self._owner.hand_over()
            for thread in [*(output.thread for output in self.outputs), capture, stylize, worker]:
                thread.start()
            while not self._stopped.is_set():
                pair = self._shown.take(poll_seconds)
                if not present(pair) or (pair is None and self._shown.finished):
                    break
        except (Interrupted, KeyboardInterrupt):
            raise
        except BaseException as error:
            self.stop(error)
            raise
        finally:
            try:
                undisturbed(lambda: self._end([capture, stylize], worker))
            finally:
                self._owner.take_over()
        if self._failures:
            raise self._failures[0]

    def attach(self, name: str, open_sink: OpenSink, only: Frame | None = None) -> Output | None:
        """Give a sink every newest frame, from the start of the run or from now on; by the owner.

        Args:
            name: What to call it.
            open_sink: Called on the sink's own thread.
            only: All that it gets, in place of what comes; then it is finished.

        Returns:
            The output; None when the run is over, and nothing is opened.
        """
        if self._phase == "over":
            return None
        output = Output(name, open_sink, lasting=only is None)
        output.thread = self._thread(name, lambda: output.feed(self.times, self._tell, lambda: bool(self._failures)))
        self.outputs = (*self.outputs, output)
        if only is not None:
            output.slot.put(only)
            self.detach(output)
        if self._phase == "running":
            output.thread.start()
        return output

    def detach(self, output: Output) -> None:
        """Stop giving frames to a sink, which then is finished on its own thread; by the owner."""
        output.slot.close()
        self.outputs = tuple(other for other in self.outputs if other is not output)
        self._closing = (*self._closing, output)

    def missed(self) -> dict[str, int]:
        """Sink -> how many stylized frames it did not take in time."""
        missed = dict(self._missed)
        for output in self.outputs:
            missed[output.name] = missed.get(output.name, 0) + output.slot.dropped
        return missed

    def in_background(self, work: Callable[[], None]) -> None:
        """Do something on the worker (encode a style), one after the other; what has not begun at the end is left out."""
        self._works.put(work)

    def quit(self) -> None:
        """End the run; for any thread."""
        self._stopped.set()
        self._shown.close()

    def stop(self, failure: BaseException) -> None:
        """End the run with a failure; the first one counts."""
        self._failures.append(failure)
        self.quit()

    def _end(self, streaming: list[threading.Thread], worker: threading.Thread) -> None:
        """Wait for all threads, whether they have begun or not; what they have sent meanwhile is done here."""
        self.ended_at = time.monotonic()
        self._stopped.set()
        self._source.close()
        self._in.close()
        self._shown.close()
        join(streaming)
        self._owner.take_over()
        try:
            self._owner.attend()
        finally:
            self._phase = "over"
            self._works.put(None)
            for output in self.outputs:
                self.detach(output)
            stop_fetching()
            join([worker, *(output.thread for output in self._closing)])
        self._owner.attend()

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                self.stop(error)

        return threading.Thread(target=guarded, name=name)

    def _capture(self) -> None:
        frames = iter(self._source)
        while not self._stopped.is_set():
            with self.times.measure("capture"):
                frame = next(frames, None)
            if frame is None:
                break
            self.captured += 1
            self._in.put(frame)
        self._in.close()

    def _infer(self) -> None:
        self._owner.take_over()
        try:
            while not self._stopped.is_set() and not self._in.finished:
                frame = self._in.take(_POLL_SECONDS)
                self._owner.attend()
                if frame is None:
                    continue
                with self.times.measure("stylize"):
                    pair = self._stylize(frame)
                self.stylized += 1
                self._shown.put(pair)
                for output in self.outputs:
                    output.slot.put(pair.stylized)
        finally:
            self._owner.hand_over()
        self._shown.close()

    def _work(self) -> None:
        while (work := self._works.get()) is not None and not self._stopped.is_set():
            try:
                work()
            except StreamstyleError as error:
                self._tell(WorkFailed(error))

    def _tell(self, event: Event) -> None:
        def act() -> None:
            if isinstance(event, SinkEnded):
                self._let_go(event.output)
            self._hear(event)

        self._owner.send(act)

    def _let_go(self, output: Output) -> None:
        if output in self.outputs:
            self.detach(output)
        output.thread.join()
        self._closing = tuple(other for other in self._closing if other is not output)
        if output.lasting:
            self._missed[output.name] = self._missed.get(output.name, 0) + output.slot.dropped
