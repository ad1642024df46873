"""Frames that belong together: a camera's, a video's, or those that a program makes."""

import time
from collections import deque
from collections.abc import Callable
from typing import Self

import numpy as np

from streamstyle.api.look import Look, check_look
from streamstyle.api.values import checked_image
from streamstyle.api.words import speaks_python
from streamstyle.frame import Frame, Image
from streamstyle.live.crossfade import CrossFade, Painted, painted_by
from streamstyle.look.player import Player
from streamstyle.media.resize import resize
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sources.base import Source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline import pipeline
from streamstyle.pipeline.live import Event, LivePipeline, Pair
from streamstyle.pipeline.outputs import SinkEnded

MakePlayer = Callable[[Look, Player | None], Player]
Progress = Callable[[int, int | None], object]
"""Takes the number of frames done, and of those expected where that is known."""


class Stream:
    """Paints frame after frame and remembers what came before, so that still pictures stay still.

    Made by `Painter.stream`; used as a context manager, it is closed at the end. `paint` is for one thread at a time, and
    `look` may be set from one other.

    Attributes:
        size: Short side in pixels at which frames are painted; None for that of the look's strokes. May change at any time.
    """

    def __init__(self, stylizer: Stylizer, look: Look, make_player: MakePlayer, size: int | None) -> None:
        self.size = size
        self._stylizer, self._make_player = stylizer, make_player
        self._memory = stylizer.memory()
        self._player = make_player(look, None)
        self._wanted = look, self._player
        self._coming: deque[tuple[Look, Player]] = deque()  # its methods are atomic
        self._seen: Painted = ()
        self._fade = CrossFade()

    @property
    def look(self) -> Look:
        """How frames are to look.

        Another one may be set at any time: styles, strengths and regions cross-fade in 0.6 s, while a look that differs in
        numbers only is taken up at once. Its time lines begin with the next frame.

        Raises:
            StyleError: When set: the look is of another model.
            UsageError: When set: its mask cannot be opened. The look before goes on.
        """
        return self._wanted[0]

    @look.setter
    def look(self, look: Look) -> None:
        before, player = self._wanted
        if not (player.fits(check_look(look).recipe) and _same_styles(look, before)):
            player = self._make_player(look, player)
        self._wanted = look, player
        self._coming.append(self._wanted)

    @speaks_python
    def paint(self, image: Image, seconds: float | None = None) -> Image:
        """Paint the next frame.

        Args:
            image: (H, W, 3) uint8 RGB, any size; stays the caller's.
            seconds: When it is shown, on any clock that does not go back; the machine's by default. Key frames and fades
                go by it; key frames count from the first frame of their look.

        Returns:
            (H, W, 3) uint8 RGB, of the image's size; the caller's to write to.

        Raises:
            UsageError: The image is no such array.
            ModelError: It is too large for this machine's memory, or the runtime failed.
        """
        content = checked_image(image)
        now = time.monotonic() if seconds is None else float(seconds)
        while self._coming:
            self._take_up(*self._coming.popleft(), now)
        look = self._fade.towards(self._player.look(now, content, self.size), now)
        self._seen = painted_by(look)
        # The memory keeps what was painted.
        return np.array(self._stylizer.stylize(content, look, self._memory, seconds=now))

    @speaks_python
    def run(self, source: Source, sink: Sink, *, progress: Progress | None = None) -> int:
        """Take frames from a source through the look into a sink; then both are closed.

        Every frame of a file counts. Of a live source the newest frame counts, and those that come too fast are skipped.
        Closing the source, from any thread and from `progress` too, ends the run as if the source had ended.

        Args:
            source: Where frames come from; all are brought to the size that it states.
            sink: Where they go. When something fails it is aborted: a video stays playable under a partial name.
            progress: Called on this thread after each frame with the number of frames done, and of those expected or
                None; of a live source numbers may be left out.

        Returns:
            How many frames were painted.

        Raises:
            StreamstyleError: The source cannot be read, the sink not written, or the model failed.
        """
        info = source.info

        def paint(frame: Frame) -> Image:
            return self.paint(resize(frame.image, info.width, info.height), float(frame.time))

        def count(frames: int) -> None:
            if progress is not None:
                progress(frames, info.frame_count)

        with source:
            if info.is_live:
                return _run_live(source, paint, sink, count)
            try:
                done = pipeline.run(source, paint, sink, progress=count)
            except BaseException:
                sink.abort()
                raise
        sink.close()
        return done

    def close(self) -> None:
        """Release masks and what finds people."""
        while self._coming:
            self._take_up(*self._coming.popleft(), 0.0)
        self._player.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def _take_up(self, look: Look, player: Player, now: float) -> None:
        player.recipe = look.recipe
        if player is not self._player:
            # From what is shown now, even in the middle of a fade.
            self._fade = CrossFade(self._seen, now)
            self._player.close(player)
            self._player = player


def _same_styles(look: Look, other: Look) -> bool:
    """Whether two looks whose recipes name the same styles mean the same by those names."""
    return all(
        code is theirs or all(np.array_equal(tensor, theirs.tensors[name]) for name, tensor in code.tensors.items())
        for code, theirs in ((code, other.codes[style]) for style, code in look.codes.items())
    )


def _run_live(source: Source, paint: Callable[[Frame], Image], sink: Sink, count: Callable[[int], None]) -> int:
    """The newest frame wins. An interrupted run finishes the sink too, since a camera cannot be read again."""
    failures: list[Exception] = []

    def hear(event: Event) -> None:
        if isinstance(event, SinkEnded) and event.failure is not None:
            failures.append(event.failure)

    def present(pair: Pair | None) -> bool:
        if pair is not None:
            count(live.stylized)
        return not failures

    live = LivePipeline(source, lambda frame: Pair(frame, frame.with_image(paint(frame))), hear=hear)
    live.attach("sink", lambda: sink)
    live.run(present)
    if failures:
        raise failures[0]
    return live.stylized
