"""`python -m bench.soak`: hours of live running in one command, and whether anything grew.

A looped clip plays as a camera; styles, strength, colors and whole looks (blends, masks) change at random; a recording, an
MJPEG server with a viewer and a null sink are attached, recordings are started and stopped. Each minute memory, latency,
threads and open files are taken; growth is judged by the medians of the first and the last third of them. The first
minutes are warm-up (caches fill, styles are encoded), so of a short run the growth of memory says little.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from streamstyle.errors import StreamstyleError
from streamstyle.frame import Frame
from streamstyle.live.autosize import AutoSize, ladder
from streamstyle.live.controls import Controls
from streamstyle.live.show import Live
from streamstyle.live.state import Settings
from streamstyle.look.recipe import COLOR_MODES, KEEP, Recipe
from streamstyle.look.timeline import Timeline
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sinks.null import NullSink
from streamstyle.media.sources import open_live_source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.live import Pair
from streamstyle.studio.mjpeg import MjpegSink

MAX_GROWTH = 0.05
_RECORDINGS = 2  # on the disk at a time
# At 0 the stylizer has nothing to do and gives the frame back within a millisecond: latencies would tell of luck.
_LEAST_ALPHA = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """The state at one moment.

    Attributes:
        minute: Since the first frame.
        memory_mb: Resident.
        latency_ms: Median of the last frames, capture to shown.
        fps: Shown.
        threads: Of this process.
        files: Open file descriptors.
        size: Short side at which frames are stylized.
        switches: Of styles so far.
    """

    minute: float
    memory_mb: float
    latency_ms: float
    fps: float
    threads: int
    files: int
    size: int
    switches: int


def resident_mb() -> float:
    """Memory of this process that is in RAM."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files() -> int:
    """Open file descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


class Driver:
    """Plays the user: presents frames, changes things, takes samples."""

    def __init__(self, live: Live, minutes: float, every: float, folder: Path, seed: int, console: Console) -> None:
        self.live, self.minutes, self.every, self.folder, self.console = live, minutes, every, folder, console
        self.random = random.Random(seed)
        self.samples: list[Sample] = []
        self.switches = 0
        self.recordings = self.recipes = 0
        self._begun: float | None = None
        self._next_change = self._next_sample = 0.0

    def __call__(self, pair: Pair | None) -> bool:
        """A presenter for Live.run."""
        now = time.monotonic()
        if self._begun is None:
            if pair is None:
                return True
            self._begun, self._next_change, self._next_sample = now, now, now + self.every
        if now >= self._next_change:
            self._change()
            self._next_change = now + self.random.uniform(0.5, 6)
        if now >= self._next_sample:
            self._sample(now)
            self._next_sample += self.every
        return now - self._begun < 60 * self.minutes

    def _change(self) -> None:
        controls = self.live.controls
        choice = self.random.random()
        if self.recipes == 0:
            # The one that takes most memory comes first, so that it does not count as growth.
            self._apply(masked=True)
        elif choice < 0.5:
            controls.pick(self.random.randrange(len(controls.settings.styles)))
            self.switches += 1
        elif choice < 0.6:
            self._apply(masked=self.random.random() < 0.3)
        elif choice < 0.75:
            weakest = min(timeline.at(0) for timeline in controls.settings.recipe.alpha)
            controls.change_alpha(self.random.choice((-3, 3)) if weakest - 0.3 >= _LEAST_ALPHA else 3)
        elif choice < 0.85:
            controls.next_value("color")
        elif choice < 0.9:
            controls.toggle_blend()
        elif choice < 0.95:
            controls.mirror()
        else:
            self.live.sinks.toggle_recording(self._recording)

    def _apply(self, *, masked: bool) -> None:
        """Go to a whole look made up at random."""
        styles = tuple(self.random.sample(self.live.controls.settings.styles, self.random.choice((1, 2, 3))))
        weights: tuple[Timeline, ...] = ()
        mask = None
        if masked:
            # Two regions; in one of them the picture may stay as it is.
            styles, mask = (styles[0], self.random.choice((KEEP, styles[-1]))), str(self._mask())
        elif len(styles) > 1:
            weights = tuple(Timeline.constant(round(self.random.uniform(0.1, 1), 2)) for _ in styles)
        self.recipes += 1
        self.live.controls.apply(
            Recipe(
                style=styles,
                weights=weights,
                alpha=(Timeline.constant(round(self.random.uniform(_LEAST_ALPHA, 1), 2)),),
                color=self.random.choice(COLOR_MODES),
                mask=mask,
            )
        )

    def _mask(self) -> Path:
        """A white disc on black, somewhere."""
        y, x = np.mgrid[0:180, 0:320]
        row, column, radius = self.random.uniform(40, 140), self.random.uniform(60, 260), self.random.uniform(30, 90)
        disc = np.where(np.hypot(y - row, x - column) < radius, 255, 0).astype(np.uint8)
        path = self.folder / "mask.png"
        with ImageSink(path, overwrite=True) as sink:
            sink.write(Frame(np.repeat(disc[..., None], 3, axis=2), 0, Fraction(0)))
        return path

    def _recording(self) -> Path:
        self.recordings += 1
        for old in sorted(self.folder.glob("*.mp4"), key=lambda path: path.stat().st_mtime)[:-_RECORDINGS]:
            old.unlink()
        return self.folder / f"soak{self.recordings:05}.mp4"

    def _sample(self, now: float) -> None:
        live = self.live
        assert self._begun is not None
        sample = Sample(
            minute=round((now - self._begun) / 60, 2),
            memory_mb=round(resident_mb(), 1),
            latency_ms=live.latency.milliseconds(50) or 0.0,
            fps=round(live.rate.per_second(now), 1),
            threads=threading.active_count(),
            files=open_files(),
            size=live.size or 0,
            switches=self.switches,
        )
        self.samples.append(sample)
        self.console.print(
            f"minute {sample.minute:.2f}: {sample.memory_mb:.0f} MB, {sample.latency_ms:.0f} ms, {sample.fps:.1f} fps, "
            f"{sample.threads} threads, {sample.files} files, {sample.size}p, {sample.switches} switches",
            highlight=False,
        )


def watch(url: str, stop: threading.Event) -> None:
    """A viewer that reads the stream, as a browser would."""
    with urllib.request.urlopen(url, timeout=30) as stream:
        while not stop.is_set() and stream.read(65536):
            pass


def verdict(samples: list[Sample]) -> dict[str, float]:
    """Growth from the first to the last third of the samples, by medians: shares of memory and latency, else numbers."""
    third = max(1, len(samples) // 3)
    early, late = samples[:third], samples[-third:]

    def middle(group: list[Sample], name: str) -> float:
        return statistics.median(float(getattr(sample, name)) for sample in group)

    growth = {name: middle(late, name) / max(1e-9, middle(early, name)) - 1 for name in ("memory_mb", "latency_ms")}
    return growth | {name: middle(late, name) - middle(early, name) for name in ("threads", "files")}


def main() -> int:
    """Run it; exit code 1 when memory grew by more than 5 % or something was left."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("clip", help="a video that is looped as a camera")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two samples")
    parser.add_argument("--size", type=int, help="fixed processing size (default: auto)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write samples and verdict here")
    options = parser.parse_args()
    console = Console()
    stop = threading.Event()
    try:
        stylizer = Stylizer("fast", "auto")
        # Counted when a model is loaded: what the libraries open once is no leak.
        threads, files = threading.active_count(), open_files()
        with tempfile.TemporaryDirectory() as folder:
            driver = _drive(options, stylizer, Path(folder), stop, console)
    except StreamstyleError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    growth = verdict(driver.samples)
    left = {"threads": threading.active_count() - threads, "files": open_files() - files}
    table = Table("", "growth", title="first to last third of the samples")
    for name, value in growth.items():
        table.add_row(name, f"{value:+.1%}" if name in {"memory_mb", "latency_ms"} else f"{value:+.2f}")
    console.print(table)
    console.print(
        f"left behind: {left['threads']} threads, {left['files']} files; "
        f"recordings: {driver.recordings}, looks: {driver.recipes}"
    )
    if options.json:
        options.json.write_text(
            json.dumps({"samples": [asdict(s) for s in driver.samples], "growth": growth, "left": left})
        )
    return int(growth["memory_mb"] > MAX_GROWTH or left["threads"] > 0 or left["files"] > 0)


def _drive(
    options: argparse.Namespace, stylizer: Stylizer, folder: Path, stop: threading.Event, console: Console
) -> Driver:
    controls = Controls(stylizer, Settings(tuple(stylizer.encoder.builtin.names())))
    controls.start()
    mjpeg = MjpegSink("127.0.0.1:0")
    with open_live_source(options.clip, loop=True) as source:
        info = source.info
        rate = float(info.frame_rate or 30)
        auto = None if options.size else AutoSize(ladder(min(info.width, info.height), Recipe().stroke_size), 1 / rate)
        live = Live(source, stylizer, controls, size=options.size, auto=auto, sinks={"mjpeg": mjpeg, "null": NullSink()})
        live.measure_size()
        live.sinks.start_recording(lambda: folder / "soak00000.mp4")
        driver = Driver(live, options.minutes, options.every, folder, options.seed, console)
        viewer = threading.Thread(target=watch, args=(f"{mjpeg.url}/stream.mjpg", stop), daemon=True)
        viewer.start()
        try:
            report = live.run(driver)
        finally:
            stop.set()
            viewer.join(10)
            controls.close()
    console.print_json(json.dumps(report.as_json()))
    return driver


if __name__ == "__main__":
    sys.exit(main())
