"""The outputs of a live run besides the window: its sinks, and the sound that they record."""

import argparse
from collections.abc import Callable, Iterable, Mapping

from rich.console import Console

from streamstyle.commands.install import offer
from streamstyle.commands.progress import teller
from streamstyle.errors import ModelError, SourceError
from streamstyle.live.sinks import RECORDING, open_recording
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.virtual_camera import VirtualCameraSink
from streamstyle.media.sources.cameras.source import CameraSource
from streamstyle.media.sources.live import LiveSource
from streamstyle.media.sources.microphone import DEFAULT, ComputerMicrophone

USUAL_RATE = 30.0
"""Frames a second, if the source does not say."""

Warn = Callable[[Iterable[str]], None]
"""Prints lines that the user should see."""


def open_microphone(options: argparse.Namespace, source: LiveSource, warn: Warn) -> ComputerMicrophone | None:
    """Open the microphone that is recorded. None if none was asked for, or it cannot be opened: the run goes on without.

    Raises:
        SourceError: There is none of the name that was given.
    """
    if options.audio is None or (not options.audio and source.sound is not None):
        return None
    if not options.audio and not isinstance(source, CameraSource):
        warn([f"{source.info.name} has no sound that could be recorded; for a microphone's: --audio {DEFAULT}"])
        return None
    try:
        offer("microphone")
        return ComputerMicrophone(options.audio)
    except (ModelError, SourceError) as error:
        if options.audio not in {"", DEFAULT}:
            raise
        warn([f"there is no sound to record: {error}"])
        return None


def open_sinks(
    options: argparse.Namespace,
    source: LiveSource,
    microphone: ComputerMicrophone | None,
    console: Console,
    warn: Warn,
) -> dict[str, Sink]:
    """All outputs that were asked for apart from the window; all or none."""
    info = source.info
    sinks: dict[str, Sink] = {}
    try:
        if options.virtual_camera is not None:
            rate = float(info.frame_rate or USUAL_RATE)
            sinks["virtual camera"] = VirtualCameraSink(options.virtual_camera or None, info.width, info.height, rate)
        if options.mjpeg is not None:
            from streamstyle.studio.mjpeg import MjpegSink  # noqa: PLC0415 - a web server takes a quarter of a second to load

            sinks["mjpeg"] = MjpegSink(options.mjpeg)
        if options.record is not None:
            own = source.sound if options.audio is not None else None
            sound = own if microphone is None else microphone.sound_from
            sinks[RECORDING] = open_recording(info, options.record, overwrite=options.overwrite, sound=sound)
        for name, sink in sinks.items():
            if sink.destination is not None:
                teller(console)(f"{name}: {sink.destination}")
            warn(sink.warnings)
    except BaseException:
        for sink in sinks.values():
            sink.abort()
        raise
    return sinks


def viewers(sinks: Mapping[str, Sink]) -> int:
    """How many watch elsewhere."""
    return sum(getattr(sink, "viewers", 0) for sink in sinks.values())
