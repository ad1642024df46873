"""A sink that keeps nothing."""

from streamstyle.frame import Frame
from streamstyle.media.sinks.base import Sink


class NullSink(Sink):
    """Counts frames: for measuring everything but the output.

    Attributes:
        frames: How many came.
    """

    def __init__(self) -> None:
        self.destination = None
        self.warnings = []
        self.frames = 0

    def write(self, frame: Frame) -> None:
        """Count it."""
        self.frames += 1

    def close(self) -> None:
        """Nothing to finish."""

    def abort(self) -> None:
        """Nothing to leave."""
