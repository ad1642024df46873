"""The sinks of a live run: recordings, snapshots and others, which may start and end at any time."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

from streamstyle.errors import SinkError, reason_of
from streamstyle.frame import Frame
from streamstyle.live.controls import Controls
from streamstyle.live.state import SinkState
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sinks.place import partial_of
from streamstyle.media.sinks.video import VideoSink
from streamstyle.media.sources.base import SourceInfo
from streamstyle.media.sources.sound import SoundFrom
from streamstyle.pipeline.live import LivePipeline
from streamstyle.pipeline.outputs import OpenSink, Output, SinkEnded, SinkOpened
from streamstyle.pipeline.threads import sent

RECORDING = "record"
"""Name of the sink of a recording."""

_SNAPSHOT = "snapshot"


class Sinks:
    """The sinks of a run. Public methods are for any thread; a sink that fails is reported, and the run goes on.

    Attributes:
        owner: The thread that owns their state; that of the controls.
        failures: Of the sinks that were given at the start.
    """

    def __init__(
        self,
        pipeline: LivePipeline,
        controls: Controls,
        info: SourceInfo,
        *,
        needed: bool,
        sound: SoundFrom | None = None,
    ) -> None:
        """None yet.

        Args:
            pipeline: Feeds them.
            controls: Their state lists the sinks.
            info: Of the frames that come.
            needed: There is no window: the run ends when the last sink fails.
            sound: The sound of recordings that are started later.
        """
        self.failures: list[Exception] = []
        self.owner = controls.owner
        self._pipeline, self._controls, self._info, self._needed = pipeline, controls, info, needed
        self._sound = sound
        self._first: list[Output | None] = []

    def begin_with(self, sinks: dict[str, Sink]) -> None:
        """Feed these open sinks from the start; call it before the run."""
        self._first = [self._attach(name, partial(_given, sink)) for name, sink in sinks.items()]

    @sent
    def attach(self, name: str, open_sink: OpenSink) -> None:
        """Give a sink every newest frame from now on.

        Args:
            name: Its name; an earlier sink of this name is finished.
            open_sink: Opens it, on a thread of its own.
        """
        self.detach(name)
        self._attach(name, open_sink)

    @sent
    def detach(self, name: str) -> None:
        """Finish the sink of this name, if there is one."""
        if (output := self._output(name)) is not None:
            self._pipeline.detach(output)
            self._publish()

    @property
    def recording(self) -> bool:
        """Whether a recording runs, or is being opened."""
        return self._output(RECORDING) is not None

    def start_recording(self, path: Callable[[], Path], *, sound: SoundFrom | None = None) -> None:
        """Record from now on, in real time.

        Args:
            path: Gives the name of the file.
            sound: That of the recording; by default that of the source.
        """
        held = sound or self._sound
        self.attach(RECORDING, lambda: open_recording(self._info, path(), sound=held))

    def stop_recording(self) -> None:
        """Finish the recording, if there is one."""
        self.detach(RECORDING)

    @sent
    def toggle_recording(self, path: Callable[[], Path]) -> None:
        """Start or stop a recording."""
        if self.recording:
            self.stop_recording()
        else:
            self.start_recording(path)

    @sent
    def snapshot(self, frame: Frame, path: Path) -> None:
        """Write a picture."""
        self._attach(_SNAPSHOT, lambda: ImageSink(path), frame)

    def hear(self, event: SinkOpened | SinkEnded) -> None:
        """Note that a sink was opened or has ended; for the owner."""
        if isinstance(event, SinkOpened):
            self._opened(event.output)
        else:
            self._ended(event)
        self._publish()

    def _attach(self, name: str, open_sink: OpenSink, only: Frame | None = None) -> Output | None:
        output = self._pipeline.attach(name, open_sink, only)
        self._publish()
        return output

    def _output(self, name: str) -> Output | None:
        return next((output for output in self._pipeline.outputs if output.name == name), None)

    def _publish(self) -> None:
        sinks = tuple(
            SinkState(output.name, "opening", None)
            if output.sink is None
            else SinkState(output.name, "open", output.sink.destination)
            for output in self._pipeline.outputs
        )
        self._controls.state = replace(self._controls.state, sinks=sinks)

    def _opened(self, output: Output) -> None:
        if output in self._first or output not in self._pipeline.outputs or output.sink is None:
            return
        for warning in output.sink.warnings:
            self._controls.complain(warning)
        self._controls.say("recording" if output.name == RECORDING else f"{output.name}: {output.sink.destination}")

    def _ended(self, event: SinkEnded) -> None:
        output, failure = event.output, event.failure
        sink, state = output.sink, self._controls.state
        warnings = state.warnings + (() if sink is None else tuple(sink.warnings))
        if failure is not None:
            text = reason_of(failure)
            if event.unfinished is not None:
                text += f"; what was recorded so far plays: {event.unfinished}"
            self._controls.state = replace(state, warnings=(*warnings, text))
            self._controls.complain(text)
            if output in self._first:
                self.failures.append(failure)
            if self._needed and not self._pipeline.outputs and self._pipeline.ended_at is None:
                self._pipeline.stop(failure)
        elif sink is None or sink.destination is None:
            self._controls.state = replace(state, warnings=warnings)
        else:
            self._controls.state = replace(state, warnings=warnings, outputs=(*state.outputs, sink.destination))
            self._controls.say(f"{'recorded' if output.lasting else 'saved'} {Path(sink.destination).name}")


def open_recording(info: SourceInfo, path: Path, *, overwrite: bool = False, sound: SoundFrom | None = None) -> VideoSink:
    """Open a file for the recording of a camera.

    Raises:
        SinkError: The file cannot be written, or there is a recording of that name that was cut off.
    """
    partial_file = partial_of(path)
    if partial_file.exists() and partial_file.stat().st_size and not overwrite:
        # A video could be painted again; what a camera saw does not come back.
        raise SinkError(
            f"'{partial_file}' is a recording that goes on or was cut off; rename it, use --overwrite, or name another file"
        )
    info = replace(info, frame_rate=info.frame_rate or Fraction(30))
    return VideoSink(path, info=info, width=info.width, height=info.height, sound=sound, overwrite=overwrite)


def _given(sink: Sink) -> Sink:
    return sink
