"""One live run: a source that does not wait, a look that changes, sinks that come and go."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamstyle.errors import Interrupted, ModelError, SinkError, StreamstyleError
from streamstyle.frame import Frame, Image
from streamstyle.live.autosize import AutoSize, SizeInUse
from streamstyle.live.controls import Controls, StyleFolder, WatchedFile
from streamstyle.look.recipe import Recipe
from streamstyle.media.resize import resize
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sinks.place import partial_of
from streamstyle.media.sinks.video import VideoSink
from streamstyle.media.sources.live import LiveSource
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.pipeline import LivePipeline, Pair, undisturbed
from streamstyle.pipeline.times import Rate, Recent, StageTimes
from streamstyle.pipeline.trace import Trace

_TRIAL_SIZE = 216
_WATCH_SECONDS = 0.5
_RECORDING = "record"


@dataclass(frozen=True, slots=True)
class LiveReport:
    """What came of a live run; the fields of the line of JSON.

    Attributes:
        input: The camera or file.
        seconds: From the first frame to the end; finishing the recording not counted.
        first_frame_seconds: From the start of the program's work to the first stylized frame.
        captured: Frames that the camera gave.
        stylized: Frames that were stylized.
        skipped: Frames that were not, a newer one being there.
        shown: Frames that were presented.
        fps: shown / seconds.
        latency_ms: p50 and p95 from capture to shown.
        provider: What ran the model.
        model: Its name and version.
        style: The last one.
        frame_size: [width, height] of the frames.
        size: Short side at which they were stylized at last.
        milliseconds: Stage -> mean milliseconds.
        missed: Sink -> stylized frames that it did not take in time.
        lost: How often the camera was lost.
        lost_seconds: How long, all in all.
        outputs: What lies on the disk now.
        warnings: What the user should know.
    """

    input: str
    seconds: float
    first_frame_seconds: float
    captured: int
    stylized: int
    skipped: int
    shown: int
    fps: float
    latency_ms: dict[str, float | None]
    provider: str
    model: str
    style: str
    frame_size: tuple[int, int]
    size: int
    milliseconds: dict[str, float]
    missed: dict[str, int]
    lost: int
    lost_seconds: float
    outputs: list[str]
    warnings: list[str]

    def as_json(self) -> dict[str, object]:
        """Plain values for `json.dumps`."""
        return asdict(self)


class Live:
    """A source under the user's controls.

    Attributes:
        source: Live; closed by the run.
        stylizer: The model.
        controls: What the user changes.
        pipeline: Its threads.
        size: Short side at which frames are stylized, or None for their own; `auto` moves it.
        latency: From capture to shown.
        rate: Of shown frames.
        last: The newest pair that was presented.
        tell: Takes a line for the user at once: the camera is lost, and back again.
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
        started: float | None = None,
        trace: Trace | None = None,
    ) -> None:
        """Set up; nothing runs yet.

        Args:
            source: Where frames come from.
            stylizer: The model.
            controls: Started.
            size: A fixed processing size, or None.
            auto: Picks the size instead.
            sinks: Name -> sink, fed from the start; they are closed at the end of the run.
            started: When the work for this run began, on `time.monotonic()`; now by default.
            trace: Takes what happens when.
        """
        self.source, self.stylizer, self.controls = source, stylizer, controls
        self.size, self.auto = size, auto
        self.times = StageTimes(trace)
        self.pipeline = LivePipeline(source, self._stylize, self.times)
        self.latency, self.rate = Recent(), Rate()
        self.last: Pair | None = None
        self.shown = 0
        self.warnings: list[str] = []
        self.outputs: list[str] = []
        self.tell: Callable[[str], None] = lambda _line: None
        self._sinks = dict(sinks or {})
        for name, sink in self._sinks.items():
            self.pipeline.attach(name, sink)
        self._memory = stylizer.memory()
        self._started = time.monotonic() if started is None else started
        self._first: float | None = None
        self._folder: StyleFolder | None = None
        self._look_file: WatchedFile | None = None
        self._reread: Callable[[], None] = lambda: None
        self._looked = 0.0
        self._ended: float | None = None
        self._in_use: SizeInUse | None = None
        self._lost_since: float | None = None
        self._lost_reason = ""
        self._losses: list[tuple[float, str]] = []  # seconds, why
        controls.beside = self.pipeline.errand

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
        self._look_file = WatchedFile(path)

        def reread() -> None:
            try:
                self.controls.apply(read())
            except StreamstyleError as error:
                self.controls.say(str(error))

        self._reread = reread

    def measure_size(self) -> None:
        """Let `auto` choose its first size by a short trial on a made-up frame; half a second at most on slow machines."""
        if self.auto is None:
            return
        height, width = self.source.info.height, self.source.info.width
        ramp = np.linspace(0, 255, width, dtype=np.uint8)
        image = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (height, width, 3)))
        look = self.controls.look(image, _TRIAL_SIZE)
        spent = []
        for _ in range(3):  # the first one warms up
            began = time.perf_counter()
            self.stylizer.stylize(image, look)
            spent.append(time.perf_counter() - began)
        self.auto.start({min(_TRIAL_SIZE, height, width): min(spent[1:])})

    def warm_up(self) -> None:
        """Let the model prepare for the size that comes, so that the first frame takes no longer than the others.

        Raises:
            ModelError: Frames of that size are too large for this machine's memory, or the runtime failed.
        """
        info = self.source.info
        self.stylizer.prepare(info.width, info.height, self.size if self.auto is None else self.auto.size)

    def run(self, present: Callable[[Pair | None], bool]) -> LiveReport:
        """Run until the source ends, `present` returns False or something fails; then close all sinks.

        Args:
            present: Called on this thread with each newest pair, and with None now and then; returns whether to go on.

        Raises:
            StreamstyleError: The first failure. What was recorded until then stays playable under a partial name.
            Interrupted: The program was told to stop, as most live runs are: recordings are finished all the same.
        """

        def count_and_present(pair: Pair | None) -> bool:
            if pair is not None:
                self.last = pair
            going = present(pair)
            now = time.monotonic()
            if pair is not None:
                self._count(pair, now)
            self._look_after_files(now)
            self._look_after_camera(now)
            return going

        try:
            self.pipeline.run(count_and_present)
        except Interrupted:
            self._end()
            # A failure now is told with the report; the exit code tells of the signal.
            undisturbed(lambda: self.warnings.extend(map(str, self._close_sinks())))
            raise
        except BaseException:
            self.abort()
            raise
        finally:
            # The stylizing thread has ended.
            self.controls.close()
        self._end()
        failures: list[StreamstyleError] = []
        undisturbed(lambda: failures.extend(self._close_sinks()))
        if failures:
            raise failures[0]
        return self.report()

    def abort(self) -> None:
        """Give up: what was recorded stays under its partial name."""
        for sink in self._sinks.values():
            sink.abort()

    def report(self) -> LiveReport:
        """The figures so far."""
        info = self.source.info
        now = self._ended or time.monotonic()
        seconds = now - (self._first or now)
        losses = self._losses_until(now)
        return LiveReport(
            input=info.name,
            seconds=round(seconds, 3),
            first_frame_seconds=round((self._first or now) - self._started, 3),
            captured=self.pipeline.captured,
            stylized=self.pipeline.stylized,
            skipped=self.pipeline.skipped,
            shown=self.shown,
            fps=round(self.shown / seconds, 2) if seconds > 0 else 0.0,
            latency_ms={"p50": self.latency.milliseconds(50), "p95": self.latency.milliseconds(95)},
            provider=self.stylizer.provider,
            model=f"{self.stylizer.name} {self.stylizer.version}",
            style=self.controls.style_name,
            frame_size=(info.width, info.height),
            size=min(self.size or info.height, info.width, info.height),
            milliseconds=self.times.milliseconds(),
            missed=self.pipeline.missed(),
            lost=len(losses),
            lost_seconds=round(sum(seconds for seconds, _ in losses), 3),
            outputs=self.outputs,
            warnings=[*self.source.warnings, *self.warnings, *_summary(losses)],
        )

    @property
    def sinks(self) -> tuple[str, ...]:
        """Names of what frames go to now, beside the screen."""
        return tuple(self._sinks)

    @property
    def recording(self) -> bool:
        """Whether a recording runs."""
        return _RECORDING in self._sinks

    def start_recording(self, path: Path, *, overwrite: bool = False) -> None:
        """Record what comes from now on, with real times; beside the stream.

        Raises:
            SinkError: The file cannot be written, or there is a recording of that name that was cut off.
        """
        partial = partial_of(path)
        if partial.exists() and partial.stat().st_size and not overwrite:
            # Of a video there is another copy to be made; what a camera saw does not come again.
            raise SinkError(
                f"'{partial}' is a recording that goes on or was cut off; rename it, use --overwrite, or name another file"
            )
        info = replace(self.source.info, frame_rate=self.source.info.frame_rate or Fraction(30))
        sink = VideoSink(path, info=info, width=info.width, height=info.height, overwrite=overwrite)
        self._sinks[_RECORDING] = sink
        self.pipeline.attach(_RECORDING, sink)

    def stop_recording(self) -> None:
        """Finish the recording.

        Raises:
            SinkError: It could not be finished.
        """
        self.pipeline.detach(_RECORDING)
        sink = self._sinks.pop(_RECORDING)
        sink.close()
        self._note(sink)

    def toggle_recording(self, path: Callable[[], Path]) -> None:
        """Start or stop a recording beside the stream; what goes wrong is said, and the stream goes on."""

        def work() -> None:
            try:
                if self.recording:
                    self.stop_recording()
                    self.controls.say(f"recorded {Path(self.outputs[-1]).name}")
                else:
                    self.start_recording(path())
                    self.controls.say("recording")
            except StreamstyleError as error:
                self.controls.say(str(error))

        self.pipeline.errand(work)

    def snapshot(self, path: Path) -> None:
        """Write the newest stylized frame as a PNG beside the stream; what goes wrong is said."""
        pair = self.last
        if pair is None:
            return

        def work() -> None:
            try:
                with ImageSink(path) as sink:
                    sink.write(pair.stylized)
                self.outputs.append(str(path))
                self.controls.say(f"saved {path.name}")
            except StreamstyleError as error:
                self.controls.say(str(error))

        self.pipeline.errand(work)

    def _stylize(self, frame: Frame) -> Pair:
        began = time.perf_counter()
        info = self.source.info
        # A camera that came back may give another size; recordings and virtual cameras cannot change theirs.
        image = resize(frame.image, info.width, info.height)
        if self.controls.settings.mirror:
            image = _mirrored(image)
        # Its duration counted on the next frame, which may be skipped.
        content = replace(frame, image=image, duration=None)
        size = self.size if self.auto is None else self._auto_size(self.auto)
        with self.times.measure("look"):
            look = self.controls.look(image, size)
        stylized = self.stylizer.stylize(image, look, self._memory, self.times.measure, float(frame.time))
        if self.auto is not None:
            self.size = size
            if size == self.auto.size:
                self.auto.update(time.perf_counter() - began, time.monotonic())
        return Pair(content, content.with_image(stylized))

    def _auto_size(self, auto: AutoSize) -> int:
        """The size that `auto` wants, or for a moment more the one before, while the model prepares for it."""
        if self._in_use is None:
            self._in_use = SizeInUse(auto.size, self._prepare, self.pipeline.errand)
        return self._in_use.follow(auto.size)

    def _prepare(self, size: int) -> None:
        with contextlib.suppress(ModelError):  # told by the frame that needs it
            self.stylizer.prepare(self.source.info.width, self.source.info.height, size, while_running=True)

    def _count(self, pair: Pair, now: float) -> None:
        if self._first is None:
            self._first = now
        self.shown += 1
        self.rate.count(now)
        self.latency.add(now - pair.content.captured_at)

    def _look_after_files(self, now: float) -> None:
        folder, look_file = self._folder, self._look_file
        if now - self._looked < _WATCH_SECONDS:
            return
        self._looked = now
        if folder is not None:
            self.pipeline.errand(lambda: self.controls.add([str(path) for path in folder.scan()], show=True))
        if look_file is not None and look_file.changed():
            self.pipeline.errand(self._reread)

    def _look_after_camera(self, now: float) -> None:
        state = self.source.state
        if state.name == "lost" and self._lost_since is None:
            self._lost_since, self._lost_reason = state.since, state.reason
            self.tell(f"the camera is lost: {state.reason}; it is taken up again when it is back")
        elif state.name == "live" and self._lost_since is not None:
            seconds = state.since - self._lost_since
            self._losses.append((seconds, self._lost_reason))
            self._lost_since = None
            self.tell(f"the camera is back after {seconds:.1f} s")

    def _losses_until(self, now: float) -> list[tuple[float, str]]:
        if self._lost_since is None:
            return self._losses
        return [*self._losses, (now - self._lost_since, self._lost_reason)]

    def _end(self) -> None:
        self._ended = time.monotonic()

    def _close_sinks(self) -> list[StreamstyleError]:
        """Close all, also when some fail; returns the failures."""
        failures: list[StreamstyleError] = []
        for sink in self._sinks.values():
            try:
                sink.close()
                self._note(sink)
            except StreamstyleError as error:
                failures.append(error)
        return failures

    def _note(self, sink: Sink) -> None:
        self.warnings += sink.warnings
        if sink.destination is not None:
            self.outputs.append(sink.destination)


def _summary(losses: list[tuple[float, str]]) -> list[str]:
    if not losses:
        return []
    times = "once" if len(losses) == 1 else f"{len(losses)} times"
    return [f"the camera was lost {times}, {sum(seconds for seconds, _ in losses):.1f} s in all (last: {losses[-1][1]})"]


def _mirrored(image: Image) -> Image:
    flipped = cv2.flip(image, 1)
    assert flipped.dtype == np.uint8
    return flipped  # type: ignore[return-value]
