"""Films in segments: what a segment costs beside its painting, what joining costs, and how far many machines help.

The figures of this machine feed a simulation of a film on 1 to 1000 nodes with one painter each. It is no measurement of
so many: it says where, by these figures, more nodes stop helping, and why.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from bench.clock import SystemClock
from bench.report import Table
from bench.setting import RATE, Setting, named, pictures, write_clip
from streamstyle.files.frame_painter import FramePainter
from streamstyle.files.segments.grid import LEAD_FRAMES, WINDOW_SECONDS, Grid
from streamstyle.files.segments.manifest import Manifest, Segment
from streamstyle.files.segments.painting import Film, paint_segment
from streamstyle.files.segments.reading import Part, SegmentSource
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.media.sinks.codecs import choose_codec
from streamstyle.media.sinks.segments import EncodedSegment
from streamstyle.media.sinks.video import VideoSink
from streamstyle.media.sources import open_source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.times import StageTimes

_FILM_SECONDS = 7200
_SEGMENT_SECONDS = 34
"""840 frames at 25 a second."""
_NODES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
_COPIES = 20
"""Copies of a segment that are joined."""
_SPREAD = 0.15
"""Relative deviation of the time per segment, in the simulation."""
_NETWORK_BYTES = 1e9 / 8
"""A second, between a node and the disk of the run: a gigabit."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of a core, measured here or taken on.

    Attributes:
        frame: To paint a frame.
        watch: To read and watch a frame of the window.
        segment: To begin and end a segment: file, encoder, checksum, disk.
        note: To write down that a segment is done, in a film of two hours.
        join: To join a segment.
        load: Before a painter paints.
        schedule: Of the driver, per segment.
        size: Bytes of a segment.
    """

    frame: float
    watch: float
    segment: float
    note: float
    join: float
    load: float
    schedule: float
    size: float


def measure(setting: Setting) -> list[Table]:
    """The tables of this part."""
    size = setting.sizes_or("360p")[0]
    setting.say(f"scale: {named(size)}")
    costs = _costs(setting, size)
    frames = _SEGMENT_SECONDS * RATE
    table = Table(
        f"A segment of {_SEGMENT_SECONDS} s, {named(size)}",
        ["what", "ms of a core", "share"],
        notes=["Watching and the lead-in are left out where the window before a mark holds a cut."],
    )
    whole = frames * costs.frame
    window = WINDOW_SECONDS * RATE - LEAD_FRAMES
    for what, seconds in (
        (f"painting {frames} frames", whole),
        (f"reading and watching {window} frames before the mark", window * costs.watch),
        (f"painting {LEAD_FRAMES} frames of the lead-in", LEAD_FRAMES * costs.frame),
        ("opening, encoder, checksum, disk", costs.segment),
        ("writing down that it is done, of 240", costs.note),
        ("joining it", costs.join),
        ("scheduling it on a cluster", costs.schedule),
    ):
        table.add(what, 1000 * seconds, seconds / whole)
    return [table, _simulated(costs)]


def _took(action: Callable[[], object], times: int = 1) -> float:
    """Seconds of a core."""
    clock = SystemClock()
    started = clock.processor()
    for _ in range(times):
        action()
    return (clock.processor() - started) / times


def _costs(setting: Setting, size: tuple[int, int]) -> Costs:
    clip = write_clip(setting.folder / "scale.mp4", pictures(setting.clip, size, 24), max(2 * setting.frames, 48))
    ready: list[Stylizer] = []
    load = _took(lambda: ready.append(Stylizer("fast", setting.device)))
    stylizer = ready[0]
    player = Player(Recipe((setting.style,)), stylizer.encoder.find)
    load += _took(lambda: stylizer.prepare(*size, player.recipe.stroke_size))
    with open_source(str(clip)) as source:
        info = source.info
    length = Fraction(setting.frames, RATE)
    film = Film(
        uri=str(clip),
        info=info,
        grid=Grid(Fraction(0), length, length / 2, Fraction(0), 2),
        shape=size,
        size=None,
        start=None,
        end=None,
        hwaccel="off",
        codec=choose_codec(Path("film.mp4"), None),
        crf=None,
        skip_duplicates=False,
    )
    path = setting.folder / "00000.nut"
    painted: list[Segment] = []
    first = _took(lambda: painted.append(paint_segment(film, 0, path, stylizer, player)))
    few = replace(film, grid=replace(film.grid, length=Fraction(2, RATE), window=Fraction(0)))
    least: list[Segment] = []
    base = _took(lambda: least.append(paint_segment(few, 0, setting.folder / "few.nut", stylizer, player)), 2)
    frame = (first - base) / max(1, painted[0].frames - least[0].frames)
    watched = [0]

    def watch_window() -> None:
        painter = FramePainter(stylizer, player, size, size=None, skip_duplicates=False, times=StageTimes())
        with SegmentSource(film.uri, film.grid, 1, start=None, end=None, hwaccel="off", remembers=True) as source:
            for read in source:
                if read.part != Part.WATCHED:
                    break
                painter.watch(read)
                watched[0] += 1

    watch = _took(watch_window) / max(1, watched[0])
    parts = [EncodedSegment(path, Fraction(0) + index * length) for index in range(_COPIES)]

    def join() -> None:
        sink = VideoSink(
            setting.folder / "joined.mp4", info=info, width=size[0], height=size[1], overwrite=True, survives=False
        )
        with sink:
            sink.copy(parts)

    joining = _took(join) / _COPIES * (_SEGMENT_SECONDS * RATE / setting.frames)
    manifest = Manifest(setting.folder / "film.mp4", {}, _FILM_SECONDS // 30, resume=False)
    for index in range(len(manifest.segments)):
        manifest.segments[index] = painted[0]
    note = _took(lambda: manifest.add(0, painted[0]), 5)
    manifest.remove()
    scale = _SEGMENT_SECONDS * RATE / setting.frames
    return Costs(frame, watch, base, note, joining, load, _scheduling(setting), painted[0].size * scale)


def _scheduling(setting: Setting) -> float:
    """Seconds of the driver per segment: a call to an actor that does nothing, awaited as segments are."""
    try:
        import ray  # noqa: PLC0415 - need not be there
    except ImportError:
        setting.say("scale: without Ray, 10 ms of the driver per segment are taken on")
        return 0.01
    try:
        ray.init(
            "local",
            num_cpus=1,
            object_store_memory=100_000_000,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=50,
        )
        actor = ray.remote(_Idle).remote()
        ray.get(actor.paint.remote())
        return _took(lambda: ray.get(ray.wait([actor.paint.remote()], timeout=1)[0]), 100)
    except Exception as error:  # noqa: BLE001 - whatever keeps Ray from starting here
        setting.say(f"scale: Ray does not start ({type(error).__name__}); 10 ms of the driver per segment are taken on")
        return 0.01
    finally:
        ray.shutdown()


class _Idle:
    def paint(self) -> int:
        return 0


def _simulated(costs: Costs) -> Table:
    table = Table(
        "A film of two hours, simulated",
        ["nodes", "minutes", "films an hour", "share of what the nodes could", "bound by"],
        notes=[
            "One painter per node, of one core; segments take 15 % more or less; a gigabit to the disk of the run.",
            "Films an hour: as many films at once as keep all nodes busy.",
        ],
    )
    count = _FILM_SECONDS // _SEGMENT_SECONDS
    work = segment_seconds(costs)
    for nodes in _NODES:
        alone = simulate(count, nodes, costs)
        rates = {
            "painting": nodes / (count * work),
            "the driver's core": 1 / (count * (costs.schedule + costs.note + costs.join)),
            "the network of the disk": _NETWORK_BYTES / (count * 2 * costs.size),
        }
        bound = min(rates, key=lambda name: rates[name])
        at_once = 3600 * rates[bound]
        if bound == "painting" and nodes > count:
            bound = "segments: one film has fewer than nodes"
        table.add(nodes, alone / 60, at_once, at_once / (3600 * rates["painting"]), bound)
    return table


def segment_seconds(costs: Costs) -> float:
    """What a painter is at a segment, a shot divided at its beginning."""
    window = WINDOW_SECONDS * RATE - LEAD_FRAMES
    return (_SEGMENT_SECONDS * RATE + LEAD_FRAMES) * costs.frame + window * costs.watch + costs.segment


def simulate(count: int, painters: int, costs: Costs) -> float:
    """Seconds from the command to the film.

    Args:
        count: Of segments.
        painters: Who take the next segment when they are free; the driver gives out and notes down one at a time.
        costs: Of each step.
    """
    chance = random.Random(1)
    free = [costs.load] * painters
    driver = end = 0.0
    for _ in range(count):
        ready = heapq.heappop(free)
        driver = max(driver, ready) + costs.schedule + costs.note
        done = driver + segment_seconds(costs) * chance.uniform(1 - _SPREAD, 1 + _SPREAD)
        heapq.heappush(free, done)
        end = max(end, done)
    return end + count * costs.join
