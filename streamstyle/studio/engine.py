"""The live show of the studio, in one file since one thread owns all of its state.

One model and one look, and cameras that come and go. The thread also presents the frames of a run, as a window would.
What other threads want is sent to it (streamstyle.pipeline.threads.Owner) and done within a few hundredths of a second,
while the picture goes on.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from streamstyle.errors import SinkError, StreamstyleError, UsageError, reason_of
from streamstyle.frame import Frame
from streamstyle.live.autosize import AutoSize, ladder
from streamstyle.live.controls import Controls
from streamstyle.live.names import FreshNames
from streamstyle.live.show import Live
from streamstyle.live.state import Settings, State
from streamstyle.look.recipe import Recipe
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.virtual_camera import VirtualCameraSink
from streamstyle.media.sources.live import LiveSource
from streamstyle.media.sources.microphone import Microphone
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.live import Pair
from streamstyle.pipeline.threads import Background, Owner, reached, sent
from streamstyle.studio.browser_camera import BrowserPictures
from streamstyle.studio.camera import Camera
from streamstyle.studio.status import ModelChoice, Status

VIRTUAL_CAMERA = "virtual camera"
_IDLE_SECONDS = 0.03
_TRY_AGAIN_SECONDS = 3.0
_USUAL_RATE = 30.0


class Engine:
    """All methods are for any thread but where they say so, and none of them waits but `close`.

    Attributes:
        owner: The thread of the show.
        status: Replaced whole by the show.
        controls: Of the look; None until the model is loaded.
        live: The run; None while there is none.
        stylizer: The model; None until it is loaded.
        settings: Which model runs, and where.
        recording: The file of the newest recording; the state tells whether it is still written.
        remedy: Why there is no virtual camera, and what to do; None where that is not known to be so.
        newest: The newest frame before it was painted, also of a run that is over; None before the first.
        browser: Where the pictures of a browser's camera lie.
        microphone: Of a browser; recordings hold what it hears, where it is on when they begin.
    """

    def __init__(
        self,
        settings: ModelChoice,
        load: Callable[[ModelChoice], Stylizer],
        show: Callable[[Pair | None], None],
        pictures: Path,
        *,
        recipe: Recipe | None = None,
        mirror: bool = False,
        camera: Camera | None = None,
        size: int | None = None,
    ) -> None:
        """Begin on a thread of its own: load the model, and start the camera where one is named.

        Args:
            settings: Of the model.
            load: Loads it.
            show: Takes each newest frame before and after, or None when there is no picture; on the show's thread.
            pictures: Folder for snapshots and recordings.
            recipe: The look to begin with.
            mirror: Whether frames are mirrored.
            camera: To start with; None for none.
            size: Short side at which frames are painted; None for what the machine can do.
        """
        self.owner = Owner()
        self.status = Status() if camera is None else Status("starting", camera)
        self.controls: Controls | None = None
        self.live: Live | None = None
        self.stylizer: Stylizer | None = None
        self.remedy: str | None = None
        self.recording: Path | None = None
        self.browser, self.microphone = BrowserPictures(), Microphone()
        self.settings, self._load_model, self._show, self._names = settings, load, show, FreshNames(pictures)
        self._first = Settings((), mirror=mirror, recipe=recipe or Recipe())
        self._next, self._size = camera, size
        self._retry_at = float("inf")
        self._sent = self._done = 0
        self._wanted = self._first.recipe
        self._virtual_camera = self._ended = False
        self.newest: Frame | None = None
        self.owner.hand_over()
        self._thread = Background("show", self._work)

    @property
    def running(self) -> bool:
        """Whether the show's thread is there; without it, `close` says why."""
        return self._thread.running

    @property
    def state(self) -> State:
        """Of the look and the outputs."""
        return State(self._first) if self.controls is None else self.controls.state

    @property
    def wanted(self) -> Recipe:
        """The look that was asked for last, also before the show has heard of it; for the thread that asks."""
        return self._wanted if self._done < self._sent else self.state.settings.recipe

    def change(self, change: Callable[[Recipe], Recipe]) -> Recipe:
        """Change anything of the look; by one thread.

        Args:
            change: Makes the wanted look of the one before, here and once more in the show.

        Returns:
            The look that is wanted now.

        Raises:
            UsageError: As `change` does; nothing has changed.
        """
        self._wanted = change(self.wanted)
        self._sent += 1
        number = self._sent
        self.owner.send(lambda: self._change(change, number))
        return self._wanted

    def load(self, recipe: Recipe) -> Recipe:
        """Go to another look, all of it; one without styles goes with those that are shown."""
        return self.change(lambda before: recipe if recipe.style else replace(recipe, style=before.style))

    def start(self, camera: Camera) -> None:
        """Paint what a camera gives, in place of what runs."""
        self._turn_to(camera, Status("starting", camera))

    def stop(self) -> None:
        """Stop painting; recordings are finished."""
        self._turn_to(None, Status("off"))

    @sent
    def forget(self, style: str) -> None:
        """The file of a style is gone; another one of its name will be another style."""
        if self.controls is not None:
            self.controls.requests.forget({style})

    @sent
    def mirror(self, on: bool) -> None:
        """Swap left and right, or not."""
        if self.controls is None:
            self._first = replace(self._first, mirror=on)
        else:
            self.controls.mirror(on)

    @sent
    def pause(self, on: bool) -> None:
        """Stop a film that is painted, or let it go on; a camera goes on."""
        if self.live is not None:
            self.status = replace(self.status, paused=self.live.source.pause(on))

    @sent
    def record(self, on: bool) -> None:
        """Begin or finish a recording."""
        if self.live is None:
            return
        if not on:
            self.live.sinks.stop_recording()
        elif not self.live.sinks.recording:
            self.recording = path = self._names.next(".mp4")
            sound = self.microphone.sound_from if self.microphone.is_on else None
            self.live.sinks.start_recording(lambda: path, sound=sound)

    @sent
    def virtual_camera(self, on: bool) -> None:
        """Start or stop the virtual camera; it stays on when another camera is painted."""
        self._virtual_camera = on
        if self.live is not None:
            if on:
                self._attach_virtual_camera(self.live)
            else:
                self.live.sinks.detach(VIRTUAL_CAMERA)

    def snapshot(self) -> Path:
        """Write the newest painted frame as a photo; the state's outputs name it when it is there.

        Raises:
            UsageError: Nothing is painted.
        """
        live = self.live
        if live is None or live.last is None:
            raise UsageError("there is no picture yet; start a camera first")
        path = self._names.next(".png")
        live.snapshot(path)
        return path

    def close(self) -> None:
        """End the show: recordings are whole afterwards. Raises what the show's thread raised."""
        self._ended = True
        self._thread.join()

    def _turn_to(self, camera: Camera | None, status: Status) -> None:
        def act() -> None:
            self._next, self._retry_at, self.status = camera, float("inf"), status

        self.status = status  # whoever asks next hears of it; what the show says meanwhile is of the run before
        self.owner.send(act)

    def _work(self) -> None:
        self.owner.take_over()
        try:
            self._load()
            while not self._ended:
                self._attend()
                camera, self._next = self._next, None
                if camera is not None:
                    self.status = Status("starting", camera)
                    self._play(camera)
                elif self.status.camera is not None and time.monotonic() >= self._retry_at:
                    self._play(self.status.camera)
                else:
                    time.sleep(_IDLE_SECONDS)
        except BaseException as fault:
            self.status = Status("failed", self.status.camera, problem=f"the studio must be restarted ({fault})")
            raise
        finally:
            if self.controls is not None:
                self.controls.close()

    def _attend(self) -> None:
        self.owner.attend()
        if self.controls is not None and self.live is None:
            self.controls.owner.attend()

    def _load(self) -> bool:
        """Have the model and the first look; whether they are there."""
        try:
            self.stylizer = stylizer = self.stylizer or self._load_model(self.settings)
            names = tuple(stylizer.encoder.builtin.names())
            recipe = self._first.recipe
            styles = (*recipe.style, *(name for name in names if name not in recipe.style))
            if not styles:
                raise UsageError(f"wanted --style: an image file; the model '{stylizer.name}' has no styles of its own")
            recipe = replace(recipe, style=recipe.style or styles[:1])
            controls = Controls(stylizer, replace(self._first, styles=styles, recipe=recipe))
            controls.start()
        except StreamstyleError as error:
            self.status = Status("failed", self.status.camera, problem=str(error))
            return False
        self.controls = controls
        return True

    def _play(self, camera: Camera) -> None:
        """Run until something else is wanted or the camera ends; whatever is wrong, the studio goes on."""
        self._retry_at = float("inf")
        if self.controls is None and not self._load():
            return
        assert self.controls is not None
        try:
            with reached(
                camera.place,
                lambda: camera.open(self.browser, self._goes_on),
                undo=lambda source: source.close(),
                wanted=self._goes_on,
            ) as source:
                live = self._live(source)
                if self._goes_on():
                    self.live = live
                    self.status = Status("running", camera, (source.info.width, source.info.height))
                    live.run(self._present)
        except Exception as error:
            if not isinstance(error, StreamstyleError):
                logging.getLogger("streamstyle").exception("the live picture ended")
            if self._goes_on():
                self.status = Status("failed", camera, problem=camera.without_password(reason_of(error)))
                if camera.comes_back:
                    self._retry_at = time.monotonic() + _TRY_AGAIN_SECONDS
        else:
            if self._goes_on():
                self._next = camera if camera.kind == "browser" else None  # a phone was turned
                self.status = Status("off") if self._next is None else Status("starting", camera)
        finally:
            self.live = None
            self.controls.rest()
            self._show(None)

    def _live(self, source: LiveSource) -> Live:
        assert self.controls is not None  # they are loaded
        assert self.stylizer is not None
        self.controls.start()
        info, strokes = source.info, self.controls.settings.recipe.stroke_size
        moves = self._size is None and not self.stylizer.sizes_are_dear
        rate = float(info.frame_rate or _USUAL_RATE)
        auto = AutoSize(ladder(min(info.width, info.height), strokes), 1 / rate) if moves else None
        live = Live(source, self.stylizer, self.controls, size=self._size, auto=auto, keeps_controls=True, with_sound=True)
        live.tell = logging.getLogger("streamstyle").info
        live.measure_size()
        live.warm_up()
        if self._virtual_camera:
            self._attach_virtual_camera(live)
        return live

    def _present(self, pair: Pair | None) -> bool:
        """As a window: show, and do what is asked for."""
        if pair is not None:
            self.newest = pair.content
            self._show(pair)
        self._attend()
        live = self.live
        if live is not None and self.status.phase == "running":
            state = live.source.state
            problem = f"the camera is gone: {state.reason}" if state.name == "lost" else None
            if problem != self.status.problem:
                self.status = replace(self.status, problem=problem)
        return self._goes_on()

    def _goes_on(self) -> bool:
        if self.live is None:
            self._attend()  # while a camera opens
        return not self._ended and self._next is None and self.status.phase != "off"

    def _change(self, change: Callable[[Recipe], Recipe], number: int) -> None:
        def done() -> None:
            self._done = number

        if self.controls is None:
            with suppress(UsageError):  # it was told to whoever asked
                self._first = replace(self._first, recipe=change(self._first.recipe))
            done()
        else:
            self.controls.change(change)
            self.controls.owner.send(done)

    def _attach_virtual_camera(self, live: Live) -> None:
        info = live.source.info

        def open_sink() -> Sink:
            try:
                sink = VirtualCameraSink(None, info.width, info.height, float(info.frame_rate or _USUAL_RATE))
            except SinkError as error:
                self.remedy, self._virtual_camera = str(error), False
                raise
            self.remedy = None
            return sink

        live.sinks.attach(VIRTUAL_CAMERA, open_sink)
