"""Films of a few seconds that are divided as long ones are, and a painter that remembers; for tests and their processes."""

import os
import signal
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamstyle.files.job import Job
from streamstyle.files.run import stylize_source
from streamstyle.files.segments import grid
from streamstyle.files.segments.manifest import is_finished
from streamstyle.frame import rgb_of
from streamstyle.look.people.faces import InstalledFaceFinder
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.media.sources import open_source
from streamstyle.paint.steady.cuts import CutFinder
from streamstyle.paint.stream import StreamMemory
from tests.clips import Audio, Subtitles, make_clip
from tests.fakes import FakeStylizer

MARKS = {"LEAST_SECONDS": 2, "SECONDS": 2, "WINDOW_SECONDS": 1, "LEAD_FRAMES": 4, "LEAST_FRAMES": 40}
FREQUENT_MARKS = MARKS | {"LEAST_SECONDS": 1, "SECONDS": 1, "WINDOW_SECONDS": Fraction(2, 5), "LEAST_FRAMES": 20}
"""For films of four seconds, in as many segments."""
RATE = 25
# x264 (165) makes now and then other packets of the same pictures where those are smaller.
WIDTH, HEIGHT = 128, 96


class _Leaning(StreamMemory):
    def __init__(self):
        super().__init__(InstalledFaceFinder())
        self.mean = None
        self.cuts = CutFinder()


class LeaningStylizer(FakeStylizer):
    """Mixes each frame with the ones before it in its shot, so that where a memory began can be seen.

    Attributes:
        pictures: What it has painted.
    """

    def __init__(self, kill_at: int | None = None) -> None:
        super().__init__()
        self.pictures = []
        self._kill_at = kill_at

    def memory(self):
        return _Leaning()

    @property
    def painted(self):
        return len(self.pictures)

    def watch(self, *_arguments, **_named):
        pass

    def stylize(self, content, look, memory, *_more, **_named):
        if len(self.pictures) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        content = rgb_of(content)
        is_cut = memory.cuts.is_cut(content)
        before = content if is_cut or memory.mean is None else memory.mean
        memory.mean = 0.5 * before + 0.5 * content
        self.pictures.append((255 - memory.mean).astype(np.uint8))
        return self.pictures[-1]


def shots(lengths, seed=7):
    """Pictures of several shots: each a texture of its own that drifts."""
    rng = np.random.default_rng(seed)
    pictures = []
    for length in lengths:
        coarse = rng.integers(0, 255, (6, 16, 3), np.uint8)
        texture = cv2.resize(coarse, (WIDTH + 40, HEIGHT), interpolation=cv2.INTER_CUBIC)
        pictures += [np.roll(texture, index // 2, axis=1)[:, :WIDTH].copy() for index in range(length)]
    return pictures


def make_film(path: Path, lengths=(80, 80, 90), **options) -> Path:
    """Ten seconds: a cut in the window before the second mark, and one in none; B-frames, sound and subtitles."""
    pictures = shots(lengths)
    seconds = len(pictures) / RATE
    given = {
        "options": {"bf": "2", "preset": "fast", "crf": "10"},
        "group": 40,
        "audio": [Audio(seconds=seconds)],
        "subtitles": [Subtitles(((100, 1500, "one"), (2000, 3500, "two")), codec="mov_text")],
    }
    return make_clip(path, images=pictures, rate=RATE, **(given | options))


def divide_short_films(patch=None, marks=MARKS) -> None:
    """Let films of a few seconds be divided: in a test through its monkeypatch, in a process of its own without."""
    for name, value in marks.items():
        (patch.setattr if patch else setattr)(grid, name, value)


def paint(clip, output, stylizer=None, *, tell=lambda _line: None, progress=None, style="x", recipe=None, **job):
    """Paint a film with a painter that remembers."""
    stylizer = stylizer or LeaningStylizer()
    start, end = job.get("start"), job.get("end")
    with open_source(str(clip), start=start, end=end) as source:
        player = Player(recipe or Recipe(style=(style,)), stylizer.encoder.find)
        return stylize_source(source, Job(Path(output), **job), stylizer, player, tell=tell, progress=progress)


class DiesOnce(LeaningStylizer):
    """Of all processes that load it, the first one kills itself at a frame."""

    def __init__(self, mark: Path, kill_at: int) -> None:
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            super().__init__()
        else:
            super().__init__(kill_at)


class DiesAlways(LeaningStylizer):
    """Every process that loads it kills itself at its first frame."""

    def __init__(self) -> None:
        super().__init__(0)


class Reloaded(LeaningStylizer):
    """Other processes load something else in its place."""

    def __init__(self, load) -> None:
        super().__init__()
        self._load = load

    @property
    def load_again(self):
        return self._load


def paint_in_a_process(clip: str, output: str, kill_at: int | None) -> None:
    """What a process of its own does: it may be killed at any moment, or kills itself at a frame."""
    divide_short_films(marks=FREQUENT_MARKS)
    # As the command line asks before it begins; what has its name is whole.
    if not is_finished(Path(output)) and not Path(output).exists():
        paint(clip, output, LeaningStylizer(kill_at))


def paint_on_a_cluster(clip: str, output: str, address: str) -> None:
    """What the process of a driver does."""
    divide_short_films()
    paint(clip, output, cluster=address)


def frames_of(path):
    """Times and pictures."""
    with open_source(str(path)) as source:
        return [(frame.time, frame.image) for frame in source]


def worst_mean_difference(one, other):
    """Between two films, frame by frame, in levels; their times must be the same."""
    pairs = list(zip(frames_of(one), frames_of(other), strict=True))
    assert [mine[0] for mine, _ in pairs] == [theirs[0] for _, theirs in pairs]
    return [float(np.abs(mine[1].astype(int) - theirs[1]).mean()) for mine, theirs in pairs]
