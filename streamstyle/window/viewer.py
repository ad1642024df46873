"""What the person in front of the machine sees of a live run, and what the keys do."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamstyle.frame import Image
from streamstyle.live.autosize import AutoSize
from streamstyle.live.show import Live
from streamstyle.live.state import State
from streamstyle.media.comparison import side_by_side
from streamstyle.pipeline.live import Pair
from streamstyle.styles.store import style_name
from streamstyle.window.keys import Action, Command
from streamstyle.window.overlay import Overlay, style_at
from streamstyle.window.status import Status, title
from streamstyle.window.strip import StripItem
from streamstyle.window.window import Window

_MESSAGE_SECONDS = 2.5
_LETTERS_A_SECOND = 15
"""What people read; longer messages stay longer."""
_REDRAW_SECONDS = 0.1
_DETAIL_SECONDS = 0.5
"""How long each figure stays before it changes, so that it can be read."""
_STAGES = ("capture", "stylize", "show")


class Headless:
    """No window: runs until the time is over.

    Args:
        seconds: How long, from the first frame on; None for ever.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._end: float | None = None

    def __call__(self, pair: Pair | None) -> bool:
        """Present nothing; whether to go on."""
        now = time.monotonic()
        if self._end is None and pair is not None and self._seconds is not None:
            self._end = now + self._seconds
        return self._end is None or now < self._end


class Viewer:
    """The window of a run: picture, overlay and keys.

    Args:
        window: Open.
        live: The run.
        recording_path: Names the file of a recording that is started by key.
        snapshot_path: Names the file of a snapshot.
        seconds: Ends the run after so long; None for never.
        viewers: How many watch elsewhere.
    """

    def __init__(
        self,
        window: Window,
        live: Live,
        *,
        recording_path: Callable[[], Path],
        snapshot_path: Callable[[], Path],
        seconds: float | None = None,
        viewers: Callable[[], int] = lambda: 0,
    ) -> None:
        self._window, self._live = window, live
        self._viewers = viewers
        self._time_over = Headless(seconds)
        self._overlay = Overlay()
        self._pair: Pair | None = None
        self._show_original = self._show_both = self._help = False
        self._show_strip = False
        self._overlay_rows = 1
        self._paused = False
        self._strip: tuple[State, tuple[StripItem, ...]] | None = None
        self._shown: tuple[Image, Status] | None = None
        self._drawn = 0.0
        self._recording_since: float | None = None
        self._details: dict[str, Any] = {}  # the figures of the overlay's second row, as Status has them
        self._details_read = -math.inf
        controls = live.controls
        self._commands: dict[Command, Callable[[], None]] = {
            Command.NEXT_STYLE: lambda: controls.step(1),
            Command.PREVIOUS_STYLE: lambda: controls.step(-1),
            Command.ALPHA_UP: lambda: controls.change_alpha(1),
            Command.ALPHA_DOWN: lambda: controls.change_alpha(-1),
            Command.COLOR: lambda: controls.next_value("color"),
            Command.BLEND: controls.toggle_blend,
            Command.PEOPLE: lambda: controls.next_value("people"),
            Command.STROKES: lambda: controls.next_value("strokes"),
            Command.GRAIN: lambda: controls.next_value("grain"),
            Command.STILLNESS: lambda: controls.next_value("temporal"),
            Command.THUMBNAILS: self._toggle_strip,
            Command.MIRROR: controls.mirror,
            Command.PAUSE: self._pause,
            Command.RECORD: lambda: live.sinks.toggle_recording(recording_path),
            Command.SNAPSHOT: lambda: live.snapshot(snapshot_path()),
            Command.SIDE_BY_SIDE: self._toggle("_show_both"),
            Command.ORIGINAL: self._toggle("_show_original"),
            Command.OVERLAY: lambda: setattr(self, "_overlay_rows", (self._overlay_rows + 1) % 3),
            Command.HELP: self._toggle("_help"),
            Command.FULL_SCREEN: window.toggle_full_screen,
        }

    def __call__(self, pair: Pair | None) -> bool:
        """Show the newest frame, do what the keys ask for; whether to go on."""
        now = time.monotonic()
        self._pair = pair or self._pair
        # Notices, messages and the clock of a recording change without a new frame, too.
        if self._pair is not None and (pair is not None or now - self._drawn > _REDRAW_SECONDS):
            self._draw(self._pair, now)
        going = True
        for action in self._window.actions():
            going = self._apply(action) and going
        return self._time_over(pair) and going

    def status(self, now: float) -> Status:
        """What the overlay says."""
        live, state = self._live, self._live.controls.state
        text, since = state.message
        self._recording_since = (self._recording_since or now) if live.sinks.recording else None
        lost = live.source.state.name == "lost"
        return Status(
            style=state.style,
            alpha=live.controls.alpha,
            color=state.settings.color,
            fps=live.rate.per_second(now),
            latency_ms=live.latency.milliseconds(50),
            size=f"{live.size_in_use}p{_how_sized(live.auto)}",
            provider=live.stylizer.provider,
            recording_seconds=None if self._recording_since is None else now - self._recording_since,
            viewers=self._viewers(),
            message=text if now - since < max(_MESSAGE_SECONDS, len(text) / _LETTERS_A_SECOND) else "",
            notice=live.source.state.reason if lost else "",
            help=self._help,
            visible=self._overlay_rows > 0,
            details=self._overlay_rows > 1,
            paused=self._paused,
            strip=self._strip_items(state),
            chosen=state.settings.index,
            **self._read_details(now),
        )

    def _read_details(self, now: float) -> dict[str, Any]:
        if now - self._details_read >= _DETAIL_SECONDS:
            live, self._details_read = self._live, now
            times, missed = live.times.lately(), live.pipeline.missed()
            # The report names recordings that are over.
            sinks = [sink.name for sink in live.controls.state.sinks]
            stages = [stage for stage in (*_STAGES, *sinks) if stage in times]
            self._details = {
                "latency_p95_ms": live.latency.milliseconds(95),
                "skipped": live.pipeline.skipped,
                "missed": tuple((sink, missed[sink]) for sink in sinks if missed.get(sink)),
                "stages": tuple((stage, times[stage]) for stage in stages),
            }
        return self._details

    def _draw(self, pair: Pair, now: float) -> None:
        self._drawn = now
        with self._live.times.measure("show"):
            status = self.status(now)
            picture = self._window.scaled(self._picture(pair))
            self._shown = picture, status
            self._window.show(self._overlay.draw(picture, status), title(status))

    def _picture(self, pair: Pair) -> Image:
        if self._show_both:
            return side_by_side(pair.content.image, pair.stylized.image)
        return pair.content.image if self._show_original else pair.stylized.image

    def _apply(self, action: Action) -> bool:
        """Do it; False to quit."""
        if action.command is Command.QUIT:
            return False
        clicked = None if action.place is None or self._shown is None else style_at(*self._shown, action.place)
        if action.command is Command.PICK_STYLE or clicked is not None:
            self._live.controls.pick(action.style or 0 if clicked is None else clicked)
        else:
            self._commands[action.command]()
        return True

    def _toggle_strip(self) -> None:
        self._show_strip = not self._show_strip
        if self._show_strip:
            self._live.take_thumbnails()

    def _strip_items(self, state: State) -> tuple[StripItem, ...]:
        """The styles with their small pictures; the same object while nothing changes."""
        if not self._show_strip:
            return ()
        before = self._strip and self._strip[0]
        if not before or before.settings.styles != state.settings.styles or before.thumbnails is not state.thumbnails:
            items = (
                StripItem(index, style_name(style), state.thumbnails.get(style))
                for index, style in enumerate(state.settings.styles)
            )
            self._strip = state, tuple(items)
        return self._strip[1] if self._strip else ()

    def _pause(self) -> None:
        wanted = not self._paused
        self._paused = self._live.source.pause(wanted)
        if wanted and not self._paused:
            self._live.controls.say("a camera cannot be paused")

    def _toggle(self, name: str) -> Callable[[], None]:
        return lambda: setattr(self, name, not getattr(self, name))


def _how_sized(auto: AutoSize | None) -> str:
    """What there is to add to the size."""
    if auto is None:
        return ""
    return " auto" if auto.keeps_strokes else f" auto, too slow for strokes of {auto.sizes[-1]}p"
