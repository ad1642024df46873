"""Interlaced frames made whole, through libav's bwdif."""

from collections.abc import Iterator
from fractions import Fraction

import av
import av.error
from av.filter import Graph

from streamstyle.media.libav import quietly


class Deinterlacer:
    """Takes decoded frames and gives as many, all progressive; those that are so already pass through as they are.

    The filter, which holds a frame back, is made when the first interlaced frame comes, and again when the size changes.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._layout: tuple[int, int, str] | None = None

    def progressive(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """What can be given out when a frame comes."""
        layout = frame.width, frame.height, frame.format.name
        if self._graph is not None and layout != self._layout:
            yield from self.flush()
            self._graph = None
        if self._graph is None and frame.interlaced_frame:
            self._graph, self._layout = _bwdif(frame), layout
        if self._graph is None:
            yield frame
            return
        self._graph.push(frame)
        yield from _pull(self._graph)

    def flush(self) -> Iterator[av.VideoFrame]:
        """What is left at the end."""
        graph = self._graph
        if graph is not None:
            quietly(lambda: graph.push(None))
            yield from _pull(graph)


def _bwdif(frame: av.VideoFrame) -> Graph:
    """One frame out per frame in; frames that are progressive pass through."""
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 90_000)
    )
    graph.link_nodes(
        source, graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced"), graph.add("buffersink")
    ).configure()
    return graph


def _pull(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, av.VideoFrame)  # a video graph
        yield frame
