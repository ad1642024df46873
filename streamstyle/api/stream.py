"""Frames that belong together: a camera's, a video's, or those that a program makes."""

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np

from streamstyle.api.look import Look
from streamstyle.api.values import checked_image
from streamstyle.frame import Frame, Image
from streamstyle.live.controls import _faded, _painted
from streamstyle.look.player import Scene
from streamstyle.media.resize import resize
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sources.base import Source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline import pipeline
from streamstyle.styles.code import StyleCode

MakeScene = Callable[[Look, Scene | None], Scene]
Progress = Callable[[int, int | None], object]
"""Takes the number of frames done, and of those expected where that is known."""


class Stream:
    """Paints frame after frame and remembers what came before, so that still pictures stay still.

    Made by `Painter.stream`; used as a context manager, it is closed at the end. `paint` is for one thread at a time, and
    `look` may be set from one other.

    Attributes:
        size: Short side in pixels at which frames are painted; None for their own. May be changed at any time.
    """

    def __init__(self, stylizer: Stylizer, look: Look, make_scene: MakeScene, size: int | None) -> None:
        self.size = size
        self._stylizer, self._make_scene = stylizer, make_scene
        self._memory = stylizer.memory()
        self._scene = make_scene(look, None)
        self._wanted = look, self._scene
        self._coming: deque[tuple[Look, Scene]] = deque()  # its methods are atomic
        self._seen: tuple[tuple[StyleCode, float], ...] = ()
        self._origin: tuple[tuple[StyleCode, float], ...] = ()
        self._faded_since = 0.0

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
        before, scene = self._wanted
        if not (scene.fits(look.recipe) and _same_styles(look, before)):
            scene = self._make_scene(look, scene)
        self._wanted = look, scene
        self._coming.append(self._wanted)

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
        look = _faded(self._scene.look(now, content, self.size), self._origin, now - self._faded_since)
        self._seen = _painted(look)
        # The memory keeps what was painted.
        return np.array(self._stylizer.stylize(content, look, self._memory))

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

        try:
            with source:
                done = (_run_live if info.is_live else _run_all)(source, paint, sink, count)
        except KeyboardInterrupt:
            # What a camera saw does not come again; of a file, a partial video is told from a whole one.
            (sink.close if info.is_live else sink.abort)()
            raise
        except BaseException:
            sink.abort()
            raise
        sink.close()
        return done

    def close(self) -> None:
        """Release masks and what finds people."""
        while self._coming:
            self._take_up(*self._coming.popleft(), 0.0)
        self._scene.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _take_up(self, look: Look, scene: Scene, now: float) -> None:
        scene.recipe = look.recipe
        if scene is not self._scene:
            # From what is seen at this moment, also in the middle of a fade.
            self._origin = self._seen
            self._faded_since = now
            self._scene.close(scene)
            self._scene = scene


def _same_styles(look: Look, other: Look) -> bool:
    """Whether two looks whose recipes name the same styles mean the same by those names."""
    return all(
        code is theirs or all(np.array_equal(tensor, theirs.tensors[name]) for name, tensor in code.tensors.items())
        for code, theirs in ((code, other.codes[style]) for style, code in look.codes.items())
    )


def _run_all(source: Source, paint: Callable[[Frame], Image], sink: Sink, count: Callable[[int], None]) -> int:
    """Every frame counts."""
    return pipeline.run(source, paint, sink, progress=count)


def _run_live(source: Source, paint: Callable[[Frame], Image], sink: Sink, count: Callable[[int], None]) -> int:
    """Newest frame wins."""
    live = pipeline.LivePipeline(source, lambda frame: pipeline.Pair(frame, frame.with_image(paint(frame))))
    live.attach("sink", sink)

    def present(pair: pipeline.Pair | None) -> bool:
        if pair is not None:
            count(live.stylized)
        return True

    live.run(present)
    return live.stylized
