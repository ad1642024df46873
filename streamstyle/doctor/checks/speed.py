"""How fast the shipped model is here: a rough figure, of about a second."""

import os
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

from streamstyle.doctor.finding import Finding
from streamstyle.errors import ModelError
from streamstyle.look.look import Look
from streamstyle.look.recipe import Recipe
from streamstyle.paint.stylizer import Stylizer

AREA = "speed"
SIZES = ((640, 360), (1280, 720))
_SECONDS = 1.0
_LEAST, _ENOUGH_SECONDS = 3, 5.0


def findings() -> Iterator[Finding]:
    """The frame rate at each size."""
    try:
        stylizer = Stylizer("fast", "auto")
        look = Look(stylizer.encoder.find(stylizer.encoder.builtin.names()[0]), size=Recipe().stroke_size)
    except (ModelError, IndexError) as error:
        yield _not_measured("fast", error)
        return
    for width, height in SIZES:
        before = time.perf_counter()
        yield speed(stylizer, look, width, height)
        if time.perf_counter() - before > 2 * _ENOUGH_SECONDS:
            return  # a larger frame would take too long to wait for


def speed(stylizer: Stylizer, look: Look, width: int, height: int) -> Finding:
    """The median of several frames of noise, after a warm-up."""
    name = f"{width}x{height}"
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    try:
        seconds = median_seconds(lambda: stylizer.stylize(picture, look))
    except ModelError as error:
        return _not_measured(name, error)
    detail = f"about {1 / seconds:.1f} fps ({seconds * 1000:.0f} ms a frame) on {stylizer.provider}; a rough figure{busy()}"
    return Finding(AREA, name, "ok", detail)


def median_seconds(action: Callable[[], object]) -> float:
    """How long an action takes once it is warm: a second of repeats, at least three where that does not take long."""
    started = time.perf_counter()
    action()
    first = time.perf_counter() - started
    if first > _ENOUGH_SECONDS:
        return first
    started = time.perf_counter()
    durations: list[float] = []
    while (elapsed := time.perf_counter() - started) < _ENOUGH_SECONDS:
        if elapsed >= _SECONDS and len(durations) >= _LEAST:
            break
        before = time.perf_counter()
        action()
        durations.append(time.perf_counter() - before)
    return statistics.median(durations)


def busy() -> str:
    """A note when other programs keep this machine's processors busy; empty where the system does not say."""
    try:
        load = os.getloadavg()[0]
    except (AttributeError, OSError):
        return ""
    return ", taken while other programs kept the processor busy" if load > 0.5 * (os.cpu_count() or 1) else ""


def _not_measured(name: str, error: Exception) -> Finding:
    """Other checks say what is wrong with the model; here it is only not measured."""
    return Finding(AREA, name, "missing", f"not measured: {error}")
