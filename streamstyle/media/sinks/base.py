"""What every sink of frames promises."""

from abc import ABC, abstractmethod
from fractions import Fraction
from types import TracebackType
from typing import Self

import numpy as np

from streamstyle.errors import SinkError
from streamstyle.frame import Frame, Planes


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


def check_frame(frame: Frame, shape: tuple[int, int, int], last: Fraction | None) -> None:
    """See that a frame goes into a file of moving pictures.

    Args:
        frame: That is to be written.
        shape: Height, width and 3: that of the file.
        last: Time of the frame before, in seconds; None for the first one.

    Raises:
        SinkError: It has another size or type, or does not come after the frame before.
    """
    picture = frame.picture
    dtype = np.dtype(np.uint8) if isinstance(picture, Planes) else picture.dtype
    if picture.shape != shape or dtype != np.uint8:
        raise SinkError(
            f"unexpected frame shape: {picture.shape} {dtype} != {shape} uint8; open the output at the size of the frames"
        )
    if last is not None and frame.time <= last:
        raise SinkError(f"frame times must increase, got {float(frame.time):g} s after {float(last):g} s")
