"""What every sink of frames promises."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from streamstyle.frame import Frame


class Sink(ABC):
    """Takes frames, in order.

    A sink is opened by its constructor, which raises SinkError when it cannot be. Used as a context manager it is closed
    at the end, and aborted when the block raised.

    Attributes:
        destination: Where the result lies once `close()` has returned, or None where it leaves none.
        warnings: One line for each thing that the user should know (an audio track re-encoded, say).
        idle_seconds: How often a live pipeline calls `idle` while no frame comes.
    """

    destination: str | None
    warnings: list[str]
    idle_seconds: float = 0.1

    def idle(self) -> None:  # noqa: B027 - most sinks have nothing to do
        """Do what cannot wait for the next frame: a live pipeline calls this on the sink's thread between frames."""

    @abstractmethod
    def write(self, frame: Frame) -> None:
        """Take one frame.

        Raises:
            SinkError: It could not be written (disk full, wrong size, not after the frame before).
        """

    @abstractmethod
    def close(self) -> None:
        """Finish: the result is whole and lies under its final name. May be called again, with no effect.

        Raises:
            SinkError: The result could not be finished.
        """

    @abstractmethod
    def abort(self) -> str | None:
        """Stop early: what was written so far is left playable, never under the final name.

        Returns:
            Where the unfinished result lies, or None where nothing is worth keeping.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()
