"""Frames of a file in groups, for models that take several at once."""

from collections.abc import Callable, Iterator

from streamstyle.frame import Frame, Image
from streamstyle.sources.base import Source


class Grouped(Source):
    """A source that reads some frames ahead, so that whoever gets the first of a group can have all of it.

    Attributes are those of the source behind it, which stays its owner's to close.
    """

    def __init__(self, source: Source, size: int) -> None:
        """Wrap a source.

        Args:
            source: Not read yet.
            size: Frames in a group, the last one of which may be smaller.
        """
        self._source, self._size = source, size
        self.info, self.warnings = source.info, source.warnings
        self._groups: dict[int, list[Frame]] = {}

    def __iter__(self) -> Iterator[Frame]:
        """The frames, each group of them when it is whole."""
        group: list[Frame] = []
        for frame in self._source:
            group.append(frame)
            if len(group) == self._size:
                yield from self._offered(group)
                group = []
        yield from self._offered(group)

    def _offered(self, group: list[Frame]) -> Iterator[Frame]:
        if group:
            self._groups[group[0].index] = group
        yield from group

    def group_of(self, first: Frame) -> list[Frame]:
        """The group that begins with a frame; once."""
        return self._groups.pop(first.index)

    def close(self) -> None:
        """Close the source behind it."""
        self._source.close()


class Batches:
    """Makes of a function of several frames one of single frames, called for each in turn."""

    def __init__(self, source: Grouped, work: Callable[[list[Frame]], list[Image]]) -> None:
        self._source, self._work = source, work
        self._done: dict[int, Image] = {}

    def __call__(self, frame: Frame) -> Image:
        """What the work makes of a frame; for the first of a group it is done for all of them."""
        if frame.index not in self._done:
            frames = self._source.group_of(frame)
            self._done = dict(zip((one.index for one in frames), self._work(frames), strict=True))
        return self._done.pop(frame.index)
