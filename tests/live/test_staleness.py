"""How old is what is seen? A clock is drawn into the source's frames, and read from what comes out.

Limits are taken from the same run (its frame interval, its inference times), so that a busy machine does not fail them.
"""

import itertools
import statistics
import time
from fractions import Fraction

import pytest

from streamstyle.frame import Frame
from streamstyle.live.controls import Controls
from streamstyle.live.show import Live
from streamstyle.live.state import Settings
from streamstyle.look.recipe import Recipe
from streamstyle.look.timeline import Timeline
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sources.base import Source, SourceInfo
from streamstyle.media.sources.paced import PacedSource
from streamstyle.paint.stylizer import Stylizer
from tests.clock import clock_face, read_clock

RATE = 10
WIDTH, HEIGHT = 160, 120


class Clock(Source):
    """A clip of a clock; notes when each frame was taken from it as from a camera."""

    def __init__(self, count):
        rate = Fraction(RATE)
        self.info = SourceInfo("clock", WIDTH, HEIGHT, frame_rate=rate, time_base=1 / rate, frame_count=count)
        self.warnings = []
        self.count = count

    def __iter__(self):
        for index in range(self.count):
            yield Frame(clock_face(index, WIDTH, HEIGHT), index, Fraction(index, RATE), Fraction(1, RATE))

    def close(self):
        pass


class Camera(PacedSource):
    def __init__(self, count):
        super().__init__(lambda: Clock(count), loop=False)
        self.taken = {}

    def __iter__(self):
        for frame in super().__iter__():
            self.taken[frame.index] = frame.captured_at
            yield frame


class Timed:
    """The model, with a stop-watch, and slower if one likes."""

    name, version, provider = "fast", "1", "cpu"

    def __init__(self, model, pause):
        self.model, self.pause, self.took = model, pause, {}
        self.encoder = model.encoder

    def memory(self):
        return self.model.memory()

    def stylize(self, image, look, memory=None, measure=None, seconds=None):
        began = time.monotonic()
        time.sleep(self.pause)
        stylized = self.model.stylize(image, look, memory, seconds=seconds)
        self.took[read_clock(image)] = time.monotonic() - began
        return stylized


class SlowSink(Sink):
    """A disk that takes a second per frame."""

    def __init__(self):
        self.destination, self.warnings = None, []
        self.seen = []

    def write(self, frame):
        self.seen.append((time.monotonic(), read_clock(frame.image)))
        time.sleep(1)

    def close(self):
        pass

    def abort(self):
        return None


@pytest.fixture(scope="module")
def model():
    return Stylizer("fast", "cpu")


@pytest.mark.parametrize(
    ("alpha", "pause", "slow_sink"),
    [(0.0, 0.0, False), (1.0, 0.0, False), (1.0, 0.35, False), (1.0, 0.0, True)],
    ids=["original", "painted", "slower than the camera", "slow sink"],
)
def test_what_is_seen_is_two_frames_and_the_inference_old_at_most(model, alpha, pause, slow_sink):
    camera, stylizer, sink = Camera(30), Timed(model, pause), SlowSink()
    controls = Controls(stylizer, Settings(("starry-night",), recipe=Recipe(alpha=(Timeline.constant(alpha),))))
    controls.start()
    live = Live(camera, stylizer, controls, size=HEIGHT, sinks={"slow": sink} if slow_sink else {})
    seen = []

    def present(pair):
        if pair is not None:
            seen.append((time.monotonic(), read_clock(pair.stylized.image)))
        return True

    report = live.run(present)
    numbers = [number for _, number in seen]
    assert numbers == sorted(set(numbers)), "never back in time"
    moments = [camera.taken[number] for number in sorted(camera.taken)]
    interval = max(1 / RATE, statistics.median(after - before for before, after in itertools.pairwise(moments)))

    def excess(moment, number):
        return moment - camera.taken[number] - (2 * interval + stylizer.took[number])

    assert statistics.median(excess(moment, number) for moment, number in seen) <= 0
    assert len(seen) == report.shown
    # The newest wins: where a busy machine held up the window, a frame may be replaced before it is shown, but no more.
    assert report.shown >= 0.9 * report.stylized
    if slow_sink:
        # It got the newest each time, missed the others, and the picture did not wait for it.
        assert statistics.median(excess(moment, number) for moment, number in sink.seen[:-1]) <= 0
        assert report.missed["slow"] == report.stylized - len(sink.seen)
        assert len(seen) > 2 * len(sink.seen)
    else:
        assert report.captured == 30
    print(f"age {1000 * statistics.median(m - camera.taken[n] for m, n in seen):.0f} ms")
