"""`python -m bench.model`: what runs the model fastest here, interleaved, beside what the machine could do at most.

Two times per frame: on the clock, with all cores, and of the processor on one thread. The second is what to compare on a
machine that others use too: waiting does not count.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from export.count import count_macs
from models.fast import Fast
from streamstyle import engine
from streamstyle.errors import ModelError
from streamstyle.look import Look
from streamstyle.stylizer import Stylizer

CHOICES = (("cpu", "fp32"), ("cpu", "int8"), ("openvino", "fp32"), ("openvino", "bf16"), ("openvino", "int8"))


_PRODUCT = """
import time, numpy
a, best = numpy.random.default_rng(0).random((1024, 1024), numpy.float32), 1e9
for _ in range(20):
    started = time.process_time()
    a @ a
    best = min(best, time.process_time() - started)
print(1024**3 / best / 1e9)
"""


def peak_gmacs() -> float:
    """Multiply-accumulates per second of one core in float32, in 1e9: a matrix product of 1024x1024, the best of 20.

    In a process of its own, where the library can be told to use one thread: waiting threads would count as work.
    """
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    told = subprocess.run([sys.executable, "-c", _PRODUCT], env=environment, check=True, capture_output=True, text=True)
    return float(told.stdout)


def _processor_seconds(action: Callable[[], object]) -> float:
    started = time.process_time()
    action()
    return time.process_time() - started


def _clock_seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _runs(size: tuple[int, int], style: str, console: Console) -> dict[str, Callable[[], object]]:
    """Name -> what stylizes one frame of noise; what cannot run here is said."""
    width, height = size
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    found: dict[str, Callable[[], object]] = {}
    for device, precision in CHOICES:
        try:
            stylizer = Stylizer("fast", device, precision=precision)
            look = Look(stylizer.find_style(style))
            found[f"{device} {precision}"] = lambda stylizer=stylizer, look=look: stylizer.stylize(picture, look)  # type: ignore[misc]
            first = _clock_seconds(found[f"{device} {precision}"])
            console.print(f"{width}x{height} {device} {precision}: first frame {first * 1000:.0f} ms")
        except ModelError as error:
            console.print(f"{device} {precision}: {error}", highlight=False)
    return found


def measure(
    runs: dict[str, Callable[[], object]], rounds: int, seconds: Callable[[Callable[[], object]], float]
) -> list[float]:
    """The median milliseconds of each, taken in turns."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for kept, action in zip(times, runs.values(), strict=True):
            action()
            kept.append(seconds(action) * 1000)
    return [statistics.median(values) for values in times]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.model", description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["640x360", "1280x720"], metavar="WxH")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--style", default="starry-night")
    options = parser.parse_args()
    console = Console(soft_wrap=True)
    cores, peak = engine.usable_cores(), peak_gmacs()
    console.print(f"{cores} core(s); one does {peak:.0f} GMAC/s in float32 (matrix product)")
    for text in options.sizes:
        width, height = (int(side) for side in text.split("x"))
        gmac = count_macs(Fast().eval(), height, width) / 1e9
        clock = measure(runs := _runs((width, height), options.style, console), options.rounds, _clock_seconds)
        counted, engine.usable_cores = engine.usable_cores, lambda: 1
        try:
            processor = measure(
                _runs((width, height), options.style, Console(quiet=True)), options.rounds, _processor_seconds
            )
        finally:
            engine.usable_cores = counted
        table = Table(title=f"{text}: {gmac:.2f} GMAC per frame")
        for column in ("runs on", f"ms, {cores} threads", "processor ms, 1 thread", "share of the float32 peak"):
            table.add_column(column)
        for name, first, second in zip(runs, clock, processor, strict=True):
            table.add_row(name, f"{first:.1f}", f"{second:.1f}", f"{gmac / second * 1000 / peak:.0%}")
        console.print(table)


if __name__ == "__main__":
    main()
