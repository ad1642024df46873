"""`streamstyle camera`: paints a camera live."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from streamstyle.commands.camera_outputs import USUAL_RATE, open_microphone, open_sinks, viewers
from streamstyle.commands.install import need, offer
from streamstyle.commands.parser import named_files
from streamstyle.commands.progress import LOG_SECONDS, complain, teller
from streamstyle.errors import Interrupted, StreamstyleError, UsageError
from streamstyle.live.autosize import AutoSize, ladder
from streamstyle.live.controls import Controls
from streamstyle.live.names import FreshNames
from streamstyle.live.report import LiveReport
from streamstyle.live.show import Live
from streamstyle.live.state import Settings
from streamstyle.look.look_file import check_look_place, read_recipe, save_recipe
from streamstyle.look.options import recipe_of
from streamstyle.look.people import weights
from streamstyle.look.player import check_names
from streamstyle.look.recipe import KEEP, Recipe
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.codecs import choose_codec
from streamstyle.media.sinks.place import refuse_unless_writable
from streamstyle.media.sources import open_live_source
from streamstyle.media.sources.cameras.listing import list_cameras
from streamstyle.media.sources.live import LiveSource
from streamstyle.media.sources.microphone import ComputerMicrophone
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.live import Pair
from streamstyle.pipeline.threads import reached
from streamstyle.runtime.catalog import find_model
from streamstyle.styles.own import own_styles
from streamstyle.styles.store import builtin_names
from streamstyle.window.viewer import Headless, Viewer
from streamstyle.window.window import Window

log = logging.getLogger(__name__)

_NOBODY_READS = (OSError, SystemExit)
"""What printing raises when the terminal or the reader of a pipe is gone; rich would end the program."""


def camera_command(options: argparse.Namespace, console: Console) -> int:
    """Run live; returns the exit code."""
    if options.list_cameras:
        return show_cameras(as_json=options.json)
    headless = options.no_window
    wanted = options.virtual_camera is not None or options.record or options.mjpeg or options.seconds
    if headless and not wanted:
        raise UsageError("--no-window leaves nothing to see; add --virtual-camera, --record, --mjpeg or --seconds")

    started = time.monotonic()
    recipe = recipe_of(options)
    log.debug("look: %s", recipe)
    reads = (options.camera or "", *recipe.files)
    _check_places(options, reads)
    return _run(options, recipe, started, console)


def _run(options: argparse.Namespace, recipe: Recipe, started: float, console: Console) -> int:
    """Run with checked options."""
    check_names(recipe, builtin_names(find_model(options.model).styles), options.model)
    headless = options.no_window
    if recipe.knows_people:
        need(weights.PEOPLE)
    if options.virtual_camera is not None:
        offer("virtual-camera")
    warn = _Warnings()
    live: Live | None = None
    controls: Controls | None = None
    window = None if headless else Window()
    sinks: dict[str, Sink] = {}
    source: LiveSource | None = None
    microphone: ComputerMicrophone | None = None
    try:
        # First, so that a missing or busy camera is reported at once: a model takes seconds to load.
        source = reached(
            options.camera or "",
            lambda: open_live_source(options.camera, size=options.camera_size, fps=options.fps, loop=options.loop),
            undo=lambda source: source.close(),
        )
        microphone = open_microphone(options, source, warn)
        stylizer = Stylizer(options.model, options.device, precision=options.precision, tell=teller(console))
        teller(console)(stylizer.description)
        controls = _controls(options, recipe, stylizer, warn)
        _tell_source(source, console)
        warn(source.warnings)
        sinks = open_sinks(options, source, microphone, console, warn)
        live = _live(options, source, microphone, controls, sinks, started)
        live.tell = lambda line: warn([line], again=True)
        report = live.run(_presenter(options, live, window, sinks, console))
        _save_look(options, live, report)
    except BaseException as failure:
        # After a run this does nothing, since the run ends its sinks itself.
        for sink in sinks.values():
            sink.abort()
        if isinstance(failure, Interrupted) and live is not None and live.shown:
            report = live.report()
            _save_look(options, live, report)
            with suppress(*_NOBODY_READS):
                _tell(report, console, warn, as_json=options.json)
        raise
    finally:
        if controls is not None:
            controls.close()
        if source is not None:
            source.close()
        if microphone is not None:
            microphone.close()
        if window is not None:
            window.close()
    _tell(report, console, warn, as_json=options.json)
    return 1 if live.sinks.failures else 0


def _check_places(options: argparse.Namespace, reads: tuple[str, ...]) -> None:
    """Refuse before any work what cannot be written."""
    if options.save_look is not None:
        more = named_files(options, but=("look", "save_look"))
        check_look_place(options.save_look, overwrite=options.overwrite, reads=(*reads, *more))
    if options.record is None:
        return
    if options.save_look is not None and options.save_look.absolute() == options.record.absolute():
        raise UsageError("--record and --save-look name the same file; name two")
    more = named_files(options, but=("record",))
    refuse_unless_writable(options.record, overwrite=options.overwrite, reads=(*reads, *more))
    choose_codec(options.record, None)


class _Warnings:
    """Prints warnings as soon as they are known, each once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, lines: Iterable[str], *, again: bool = False) -> None:
        """Print those that were not printed yet, or all."""
        for line in lines:
            if again or line not in self._said:
                self._said.add(line)
                complain(f"warning: {line}")


def show_cameras(*, as_json: bool) -> int:
    """Print the cameras with their modes."""
    cameras = list_cameras()
    if as_json:
        rows = [
            {"index": c.index, "name": c.name, "uri": c.uri, "modes": [str(mode) for mode in c.modes], "note": c.note}
            for c in cameras
        ]
        print(json.dumps(rows))
        return 0
    if not cameras:
        print("no camera found; plug one in, or play a file as one: --camera clip.mp4", file=sys.stderr)
        return 0
    table = Table("index", "name", "path", "modes", "", box=None, pad_edge=False)
    for camera in cameras:
        table.add_row(str(camera.index), camera.name, camera.uri, ", ".join(map(str, camera.modes)), camera.note)
    Console().print(table)
    return 0


def _controls(options: argparse.Namespace, recipe: Recipe, stylizer: Stylizer, warn: _Warnings) -> Controls:
    """The live look, with its first style encoded."""
    recipe = stylizer.encoder.resolved(recipe)
    own = [name for name in recipe.style if name != KEEP]
    styles = tuple(dict.fromkeys([*own, *own_styles(), *stylizer.encoder.builtin.names()]))
    if not styles:
        raise UsageError(f"wanted --style: an image file; the model '{stylizer.name}' has no styles of its own")
    if recipe.mask is None and not recipe.weights:
        # Several styles are choices; with weights they are one blend.
        recipe = replace(recipe, style=styles[:1])
    elif not own:
        recipe = replace(recipe, style=styles[:1])
    controls = Controls(stylizer, Settings(styles, mirror=options.mirror, recipe=recipe))
    controls.tell = lambda line: warn([line])
    controls.start()
    return controls


def _live(
    options: argparse.Namespace,
    source: LiveSource,
    microphone: ComputerMicrophone | None,
    controls: Controls,
    sinks: dict[str, Sink],
    started: float,
) -> Live:
    info = source.info
    rate = float(info.frame_rate or USUAL_RATE)
    moves = options.size is None and not controls.stylizer.sizes_are_dear
    auto = AutoSize(ladder(min(info.width, info.height), controls.settings.recipe.stroke_size), 1 / rate) if moves else None
    live = Live(
        source,
        controls.stylizer,
        controls,
        size=options.size,
        auto=auto,
        sinks=sinks,
        needs_sink=options.no_window,
        with_sound=options.audio is not None,
        microphone=microphone,
        started=started,
    )
    if options.styles_folder is not None:
        live.files.watch_styles(options.styles_folder)
    if options.look is not None:
        live.files.watch_look(options.look, lambda: read_recipe(options.look))
    live.measure_size()
    live.warm_up()
    return live


def _save_look(options: argparse.Namespace, live: Live, report: LiveReport) -> None:
    """Write the look as it was at the end, with all changes by key; a failure is added to the report."""
    if options.save_look is None:
        return
    try:
        save_recipe(live.controls.settings.recipe, options.save_look, overwrite=options.overwrite)
    except StreamstyleError as error:
        report.warnings.append(f"the look was not saved: {error}")
        live.sinks.failures.append(error)
    else:
        report.outputs.append(str(options.save_look))


class _Logged:
    """Wraps another presenter for runs without a window: logs a line now and then."""

    def __init__(self, present: Headless, live: Live, tell: Callable[[str], None]) -> None:
        self._present, self._live, self._tell = present, live, tell
        self._told = time.monotonic()

    def __call__(self, pair: Pair | None) -> bool:
        """Whether to go on."""
        now = time.monotonic()
        if now - self._told >= LOG_SECONDS:
            self._told = now
            with suppress(*_NOBODY_READS):
                self._tell(f"{self._live.shown} frames, {self._live.rate.per_second(now):.1f} fps")
        return self._present(pair)


def _presenter(
    options: argparse.Namespace, live: Live, window: Window | None, sinks: dict[str, Sink], console: Console
) -> _Logged | Viewer:
    if window is None:
        return _Logged(Headless(options.seconds), live, teller(console))
    names = FreshNames()
    return Viewer(
        window,
        live,
        recording_path=lambda: names.next(".mp4"),
        snapshot_path=lambda: names.next(".png"),
        seconds=options.seconds,
        viewers=lambda: viewers(sinks),
    )


def _tell_source(source: LiveSource, console: Console) -> None:
    info = source.info
    rate = "" if info.frame_rate is None else f" at {float(info.frame_rate):.4g} fps"
    teller(console)(f"camera {info.name}: {info.width}x{info.height}{rate}")


def _tell(report: LiveReport, console: Console, warn: _Warnings, *, as_json: bool) -> None:
    warn(report.warnings)
    latency = report.latency_ms
    tell = teller(console)
    pace = "1 frame" if report.shown == 1 else f"{report.shown} frames in {report.seconds:.1f} s, {report.fps:.1f} fps"
    tell(f"{pace} on {report.provider}, latency {latency['p50']} ms (p95 {latency['p95']} ms), {report.skipped} skipped")
    for output in report.outputs:
        tell(f"saved: {output}")
    if as_json:
        print(json.dumps(report.as_json()), flush=True)
