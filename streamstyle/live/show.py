"""One live run: a source that does not wait, a look that changes, sinks that start and end at any time."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from streamstyle.errors import ModelError
from streamstyle.frame import Frame, Image
from streamstyle.live.autosize import AutoSize, SizeInUse, ladder
from streamstyle.live.controls import Controls
from streamstyle.live.report import LiveReport, Losses
from streamstyle.live.sinks import Sinks
from streamstyle.live.thumbnails import Thumbnails
from streamstyle.live.watch import Files
from streamstyle.media.resize import letterboxed
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sources.live import LiveSource
from streamstyle.media.sources.microphone import ComputerMicrophone
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.live import Event, LivePipeline, Pair, WorkFailed
from streamstyle.pipeline.times import Rate, Recent, StageTimes

_TRIAL_SIZE = 480


class Live:
    """Paints a live source.

    For any thread: `controls`, `sinks`, `snapshot`, and the figures `latency`, `rate`, `times` and `pipeline.missed()`.

    Attributes:
        source: Live; closed by the run.
        stylizer: The model.
        controls: What the user changes.
        pipeline: Its threads.
        sinks: Where frames go besides the screen.
        files: Styles and a look file that are taken up when they change.
        size: Short side at which frames are stylized, or None for that of the recipe's strokes; `auto` changes it.
        latency: From capture to shown.
        rate: Of shown frames.
        last: The newest pair that was presented.
        tell: Shows the user a line, on the presenting thread: a problem, or that the camera is lost or back.
    """

    def __init__(
        self,
        source: LiveSource,
        stylizer: Stylizer,
        controls: Controls,
        *,
        size: int | None = None,
        auto: AutoSize | None = None,
        sinks: dict[str, Sink] | None = None,
        needs_sink: bool = False,
        with_sound: bool = False,
        microphone: ComputerMicrophone | None = None,
        keeps_controls: bool = False,
        started: float | None = None,
    ) -> None:
        """Set up; nothing runs yet.

        Args:
            source: Where frames come from.
            stylizer: The model.
            controls: Started.
            size: A fixed processing size, or None.
            auto: Picks the size instead.
            sinks: Name -> sink, fed from the start; they are closed at the end of the run.
            needs_sink: There is no window: the run ends when the last sink fails.
            keeps_controls: Do not close the controls at the end: the caller uses them for another run.
            with_sound: Recordings that are started later have the source's sound, if any.
            microphone: Open; recordings that are started later have its sound instead. Not closed by the run.
            started: When the work for this run began, on `time.monotonic()`; now by default.
        """
        self.source, self.stylizer, self.controls = source, stylizer, controls
        self.size, self.auto = size, auto
        self.times = StageTimes()
        self.pipeline = LivePipeline(source, self._stylize, owner=controls.owner, hear=self._hear, times=self.times)
        self.latency, self.rate = Recent(), Rate()
        self.last: Pair | None = None
        self.shown = 0
        self.tell: Callable[[str], None] = lambda _line: None
        self._microphone = microphone
        sound = microphone.sound_from if microphone is not None else source.sound if with_sound else None
        self.sinks = Sinks(self.pipeline, controls, source.info, needed=needs_sink, sound=sound)
        self.sinks.begin_with(sinks or {})
        self._memory, self._thumbnails = stylizer.memory(), Thumbnails(controls)
        self._keeps_controls = keeps_controls
        self._started = time.monotonic() if started is None else started
        self._first: float | None = None
        self.files = Files(controls, self.pipeline.in_background)
        self._in_use: SizeInUse | None = None
        self._strokes = controls.settings.recipe.stroke_size
        self._untold: deque[str] = deque()  # for the presenting thread
        self._losses = Losses(self._untold.append)
        controls.requests.in_background, controls.tell = self.pipeline.in_background, self._untold.append

    def measure_size(self) -> None:
        """Let `auto` choose its first size by painting a generated frame; half a second at most on slow machines."""
        if self.auto is None:
            return
        height, width = self.source.info.height, self.source.info.width
        ramp = np.linspace(0, 255, width, dtype=np.uint8)
        image = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (height, width, 3)))
        size = min(_TRIAL_SIZE, self.auto.sizes[-1])
        look = self.controls.look(image, size)
        spent = []
        for _ in range(3):  # the first one warms up
            began = time.perf_counter()
            self.stylizer.stylize(image, look)
            spent.append(time.perf_counter() - began)
        self.auto.start({size: min(spent[1:])})

    @property
    def size_in_use(self) -> int:
        """Short side in pixels at which frames are stylized."""
        info = self.source.info
        return min(self.size or self.controls.settings.recipe.stroke_size, info.width, info.height)

    def warm_up(self) -> None:
        """Prepare the model for the first size, so that the first frame takes no longer than the others.

        Raises:
            ModelError: Frames of that size are too large for this machine's memory, or the runtime failed.
        """
        info = self.source.info
        self.stylizer.prepare(info.width, info.height, self.size_in_use if self.auto is None else self.auto.size)

    def run(self, present: Callable[[Pair | None], bool]) -> LiveReport:
        """Run until the source ends, `present` returns False or something fails; then finish all sinks.

        Args:
            present: Called on this thread with each newest pair, and with None now and then; returns whether to go on.

        Raises:
            StreamstyleError: The first failure, except those of sinks. Recordings stay playable under a partial name.
            Interrupted: The program was told to stop, as most live runs are; recordings are finished.
        """

        def count_and_present(pair: Pair | None) -> bool:
            if pair is not None:
                self.last = pair
            going = present(pair)
            now = time.monotonic()
            if pair is not None:
                self._count(pair, now)
            self.files.check(now)
            self._losses.follow(self.source.state)
            if self._microphone is not None and self._microphone.is_silent:
                self.controls.complain(f"nothing is heard from {self._microphone.info.name} any more; the picture goes on")
                self._microphone = None
            self._tell()
            return going

        try:
            self.pipeline.run(count_and_present)
        finally:
            if not self._keeps_controls:
                self.controls.close()
            self._tell()
        return self.report()

    def report(self) -> LiveReport:
        """The figures so far."""
        info, state = self.source.info, self.controls.state
        now = self.pipeline.ended_at or time.monotonic()
        seconds = now - (self._first or now)
        losses = self._losses.seconds(now)
        return LiveReport(
            input=info.name,
            seconds=round(seconds, 3),
            first_frame_seconds=round((self._first or now) - self._started, 3),
            captured=self.pipeline.captured,
            stylized=self.pipeline.stylized,
            skipped=self.pipeline.skipped,
            shown=self.shown,
            fps=round(self.shown / seconds, 2) if self.shown > 1 and seconds > 0 else 0.0,
            latency_ms={"p50": self.latency.milliseconds(50), "p95": self.latency.milliseconds(95)},
            provider=self.stylizer.provider,
            model=f"{self.stylizer.name} {self.stylizer.version}",
            style=state.style,
            frame_size=(info.width, info.height),
            size=self.size_in_use,
            milliseconds=self.times.milliseconds(),
            missed=self.pipeline.missed(),
            lost=len(losses),
            lost_seconds=round(sum(losses), 3),
            outputs=list(state.outputs),
            warnings=[*self.source.warnings, *state.warnings, *self._losses.summary(now)],
        )

    def snapshot(self, path: Path) -> None:
        """Write the newest presented frame as a PNG; problems are reported."""
        if self.last is not None:
            self.sinks.snapshot(self.last.stylized, path)

    def take_thumbnails(self) -> None:
        """Paint the newest frame small in all styles; the state gets each one when it is made."""
        if self.last is not None:
            content = self.last.content.image
            self.controls.owner.send(lambda: self._thumbnails.take(content))

    def _hear(self, event: Event) -> None:
        """Handle what happened on other threads."""
        if isinstance(event, WorkFailed):
            self.controls.complain(str(event.failure))
        else:
            self.sinks.hear(event)

    def _stylize(self, frame: Frame) -> Pair:
        began = time.perf_counter()
        info = self.source.info
        # A camera that came back may give another size; recordings and virtual cameras cannot change theirs.
        image = letterboxed(frame.image, info.width, info.height)
        if self.controls.settings.mirror:
            image = cv2.flip(image, 1).astype(np.uint8, copy=False)
        # Its duration assumed that the next frame follows, which may be skipped.
        content = replace(frame, image=image, duration=None)
        size = self.size if self.auto is None else self._auto_size(self.auto)
        stylized = self._painted(image, size, float(frame.time))
        if self.auto is not None:
            self.size = size
            if size == self.auto.size:
                self.auto.update(time.perf_counter() - began, time.monotonic())
        self._thumbnails.paint_one()
        return Pair(content, content.with_image(stylized))

    def _painted(self, image: Image, size: int | None, seconds: float) -> Image:
        """The frame in the present look; if that cannot be painted, in the one before."""
        while True:
            try:
                with self.times.measure("look"):
                    look = self.controls.look(image, size)
                return self.stylizer.stylize(image, look, self._memory, self.times.measure, seconds)
            except Exception as error:
                if not self.controls.go_back(error):
                    raise

    def _auto_size(self, auto: AutoSize) -> int:
        """The size that `auto` wants, or the one before while the model prepares for it."""
        info, strokes = self.source.info, self.controls.settings.recipe.stroke_size
        if strokes != self._strokes:
            self._strokes = strokes
            auto.change(ladder(min(info.width, info.height), strokes))
        if self._in_use is None:
            self._in_use = SizeInUse(auto.size, self._prepare)
        return self._in_use.follow(auto.size)

    def _prepare(self, size: int) -> None:
        info, owner = self.source.info, self.controls.owner

        def work() -> None:
            try:
                self.stylizer.prepare(info.width, info.height, size, while_running=True)
            except ModelError as error:
                reason = str(error)
                owner.send(lambda: self._prepared(size, reason))
            else:
                owner.send(lambda: self._prepared(size))

        self.pipeline.in_background(work)

    def _prepared(self, size: int, failure: str = "") -> None:
        if self.auto is None or self._in_use is None:
            return
        if failure:
            self.auto.limit(size)
            self.controls.complain(f"frames stay smaller than {size}p: {failure}")
        else:
            self._in_use.make_ready(size)

    def _count(self, pair: Pair, now: float) -> None:
        if self._first is None:
            self._first = now
        self.shown += 1
        self.rate.count(now)
        self.latency.add(now - pair.content.captured_at)

    def _tell(self) -> None:
        while self._untold:
            self.tell(self._untold.popleft())
