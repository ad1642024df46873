"""One live run, in one file since one thread owns all of its state.

A source that does not wait, a look that changes, sinks that come and go.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from streamstyle.errors import ModelError, SinkError, reason_of
from streamstyle.frame import Frame, Image, Picture, Planes
from streamstyle.live.autosize import AutoSize, SizeInUse, ladder
from streamstyle.live.controls import Controls
from streamstyle.live.report import LiveReport, Losses
from streamstyle.live.sinks import Sinks
from streamstyle.live.thumbnails import Thumbnails
from streamstyle.live.watch import StyleFolder, WatchedFile
from streamstyle.look.recipe import Recipe
from streamstyle.media.resize import letterboxed
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sources.live import LiveSource
from streamstyle.media.sources.microphone import ComputerMicrophone
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.live import Event, LivePipeline, Pair, WorkFailed
from streamstyle.pipeline.times import Rate, Recent, StageTimes

_TRIAL_SIZE = 480
_WATCH_SECONDS = 0.5


class Live:
    """A source under the user's controls.

    What changes it, in `controls` and `sinks`, and `snapshot` are for any thread, and so are the figures: `latency`,
    `rate`, `times`, `pipeline.missed()`.

    Attributes:
        source: Live; closed by the run.
        stylizer: The model.
        controls: What the user changes.
        pipeline: Its threads.
        sinks: Where frames go beside the screen.
        size: Short side at which frames are stylized, or None for that of the recipe's strokes; `auto` moves it.
        latency: From capture to shown.
        rate: Of shown frames.
        last: The newest pair that was presented.
        tell: Takes a line for the user at once, on the presenting thread: what went wrong, the camera is lost, or back.
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
            needs_sink: Nobody watches here: when the last sink fails, that ends the run.
            keeps_controls: Leave the controls for another run: whoever has made them lets them rest, and closes them.
            with_sound: Recordings that are started later on hold the source's sound, where it has some.
            microphone: Open; recordings that are started later on hold what it hears instead. Not closed by the run.
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
        self._folder: StyleFolder | None = None
        self._look_file: WatchedFile | None = None
        self._read_look: Callable[[], Recipe] = Recipe
        self._looked = 0.0
        self._in_use: SizeInUse | None = None
        self._strokes = controls.settings.recipe.stroke_size
        self._untold: deque[str] = deque()  # for the presenting thread
        self._losses = Losses(self._untold.append)
        controls.wishes.in_background, controls.tell = self.pipeline.in_background, self._untold.append

    def watch(self, folder: Path) -> None:
        """Offer pictures that lie in a folder, or are dropped into it, as styles.

        Raises:
            SinkError: The folder cannot be read.
        """
        try:
            self._folder = StyleFolder(folder)
        except OSError as error:
            raise SinkError(f"the styles folder '{folder}' cannot be read: {(error.strerror or '').lower()}") from error
        self._folder.scan()
        self.controls.add([str(path) for path in self._folder.scan()])

    def watch_look(self, path: Path, read: Callable[[], Recipe]) -> None:
        """Take up a look file whenever it changes.

        Args:
            path: The file, as it was read before the run.
            read: Reads it again.
        """
        self._look_file, self._read_look = WatchedFile(path), read

    def measure_size(self) -> None:
        """Let `auto` choose its first size by a short trial on a made-up frame; half a second at most on slow machines."""
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
        """Let the model prepare for the size that comes, so that the first frame takes no longer than the others.

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
            StreamstyleError: The first failure but those of sinks. What was recorded stays playable under a partial name.
            Interrupted: The program was told to stop, as most live runs are: recordings are finished all the same.
        """

        def count_and_present(pair: Pair | None) -> bool:
            if pair is not None:
                self.last = pair
            going = present(pair)
            now = time.monotonic()
            if pair is not None:
                self._count(pair, now)
            if now - self._looked >= _WATCH_SECONDS and (self._folder or self._look_file):
                self._looked = now
                self.pipeline.in_background(lambda: self._look_after_files(now))
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
        """Write the newest stylized frame that was presented as a PNG; what goes wrong is said."""
        if self.last is not None:
            self.sinks.snapshot(self.last.stylized, path)

    def take_thumbnails(self) -> None:
        """Paint the styles on the newest frame, small; they are published as they are made."""
        if self.last is not None:
            content = self.last.content.image
            self.controls.owner.send(lambda: self._thumbnails.take(content))

    def _hear(self, event: Event) -> None:
        """What happened on other threads."""
        if isinstance(event, WorkFailed):
            self.controls.complain(str(event.failure))
        else:
            self.sinks.hear(event)

    def _stylize(self, frame: Frame) -> Pair:
        began = time.perf_counter()
        info = self.source.info
        # A camera that came back may give another size; recordings and virtual cameras cannot change theirs.
        picture = letterboxed(frame.picture, info.width, info.height)
        if self.controls.settings.mirror:
            picture = picture.each(_mirrored) if isinstance(picture, Planes) else _mirrored(picture)
        # Its duration counted on the next frame, which may be skipped.
        content = replace(frame, picture=picture, duration=None)
        size = self.size if self.auto is None else self._auto_size(self.auto)
        stylized = self._painted(picture, size, float(frame.time))
        if self.auto is not None:
            self.size = size
            if size == self.auto.size:
                self.auto.update(time.perf_counter() - began, time.monotonic())
        self._thumbnails.paint_one()
        return Pair(content, content.with_image(stylized))

    def _painted(self, content: Picture, size: int | None, seconds: float) -> Picture:
        """In the present look, at a time of the source; where that cannot be painted, in the one before."""
        while True:
            try:
                with self.times.measure("look"):
                    look = self.controls.look(content, size)
                return self.stylizer.stylize(content, look, self._memory, self.times.measure, seconds)
            except Exception as error:
                if not self.controls.go_back(error):
                    raise

    def _auto_size(self, auto: AutoSize) -> int:
        """The size that `auto` wants, or for a moment more the one before, while the model prepares for it."""
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

    def _look_after_files(self, asked_at: float) -> None:
        """See what has changed; in the background, since files may be slow."""
        if asked_at != self._looked:
            return  # it was asked again meanwhile
        if self._folder is not None and (found := [str(path) for path in self._folder.scan()]):
            offered = self.controls.settings.styles
            self.controls.renew([style for style in found if style in offered])
            self.controls.add([style for style in found if style not in offered], show=True)
        if self._look_file is not None and self._look_file.changed():
            try:
                self.controls.apply(self._read_look())
            except Exception as error:  # noqa: BLE001 - whatever was written into it, the show goes on
                self.controls.complain(reason_of(error))

    def _tell(self) -> None:
        while self._untold:
            self.tell(self._untold.popleft())


def _mirrored(picture: Image) -> Image:
    return cv2.flip(picture, 1).astype(np.uint8, copy=False)
