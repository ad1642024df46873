"""A sink on a thread of its own, and what it tells of itself."""

import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field

from streamstyle.frame import Frame
from streamstyle.media.sinks.base import Sink
from streamstyle.pipeline.threads import Slot
from streamstyle.pipeline.times import StageTimes

OpenSink = Callable[[], Sink]


@dataclass(eq=False)
class Output:
    """A sink, which its own thread opens, feeds and finishes.

    Attributes:
        name: What to call it.
        open_sink: Opens it.
        lasting: Whether it takes what comes, and so is a stage of the times and may miss frames; else it gets one frame.
        sink: Once it is open.
        slot: Holds the frame that it takes next.
        thread: Its own.
    """

    name: str
    open_sink: OpenSink
    lasting: bool = True
    sink: Sink | None = None
    slot: Slot[Frame] = field(default_factory=Slot)
    thread: threading.Thread = field(default_factory=threading.Thread)

    def feed(self, times: StageTimes, tell: Callable[["Event"], None], failing: Callable[[], bool]) -> None:
        """Do all of it, until the slot is closed and empty; whatever is wrong with the sink, it ends alone.

        Args:
            times: Takes the stage.
            tell: Takes what became of it.
            failing: Whether the run fails: then the sink is aborted in the end.
        """
        failure: Exception | None = None
        unfinished: str | None = None
        try:
            self.sink = sink = self.open_sink()
            tell(SinkOpened(self))
            while not self.slot.finished:
                frame = self.slot.take(sink.idle_seconds)
                if frame is None:
                    sink.idle()
                    continue
                with times.measure(self.name) if self.lasting else nullcontext():
                    sink.write(frame)
            if failing():
                sink.abort()
            else:
                sink.close()
        except Exception as error:  # noqa: BLE001 - the show goes on
            failure = error
            if self.sink is not None:
                with suppress(Exception):  # the first failure is the one to tell
                    unfinished = self.sink.abort()
        tell(SinkEnded(self, failure, unfinished))


@dataclass(frozen=True, slots=True)
class SinkOpened:
    """An output has opened its sink."""

    output: Output


@dataclass(frozen=True, slots=True)
class SinkEnded:
    """An output has come to its end.

    Attributes:
        output: Which.
        failure: Why it ended early or left nothing; None where it was finished.
        unfinished: Where what it took before the failure can be seen; None where nothing can.
    """

    output: Output
    failure: Exception | None = None
    unfinished: str | None = None


Event = SinkOpened | SinkEnded
