from fractions import Fraction

import numpy as np
import pytest

from streamstyle.api.painter import Painter
from streamstyle.errors import SinkError, StyleError, UsageError
from streamstyle.media.sinks.null import NullSink
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles.store import CodeCache
from tests.clips import make_clip


@pytest.fixture(scope="module")
def painter(tmp_path_factory):
    return Painter(Stylizer("fast", "cpu", CodeCache(tmp_path_factory.mktemp("codes"))))


@pytest.fixture(scope="module")
def images():
    return [frame.image for frame in SyntheticSource(96, 64, 5)]


class LiveSource(SyntheticSource):
    """Frames come at once, and are lost where nobody takes them."""

    def __init__(self, frames):
        super().__init__(96, 64, frames)
        object.__setattr__(self.info, "is_live", True)


def paint_all(stream, images):
    return [stream.paint(image, number / 24).copy() for number, image in enumerate(images)]


def test_arrays_stay_the_callers(painter, images):
    with painter.stream(painter.look("kiss", color="content")) as stream:
        wanted = paint_all(stream, images)
    buffer = np.empty_like(images[0])
    with painter.stream(painter.look("kiss", color="content")) as stream:
        for number, image in enumerate(images):
            buffer[:] = image
            painted = stream.paint(buffer, number / 24)
            assert np.array_equal(painted, wanted[number])
            buffer[:], painted[:] = 255, 0  # both belong to the caller
    with painter.stream(painter.look("kiss", alpha=0)) as stream:
        painted = stream.paint(images[0])
        assert np.array_equal(painted, images[0])
        assert not np.shares_memory(painted, images[0])


def test_frames_lean_on_those_before(painter, images):
    look = painter.look("kiss")
    with painter.stream(look) as stream:
        painted = paint_all(stream, images)
    assert np.array_equal(painted[0], painter.paint(images[0], look))
    assert not np.array_equal(painted[1], painter.paint(images[1], look))


def test_a_look_that_cannot_be_had_leaves_the_one_before(painter, images, tmp_path):
    make_clip(tmp_path / "mask.mp4", frames=2)
    good, bad = painter.look("kiss", temporal="off"), painter.look("kiss", mask=str(tmp_path / "mask.mp4"))
    (tmp_path / "mask.mp4").unlink()
    with painter.stream(good) as stream:
        with pytest.raises(UsageError, match="does not exist"):
            stream.look = bad
        assert stream.look is good
        assert np.array_equal(stream.paint(images[0]), painter.paint(images[0], good))


def test_looks_that_follow_each_other_share_what_finds_people(painter, images, monkeypatch):
    opened = []

    class People:
        def __init__(self):
            opened.append(self)

        def follow(self, image):
            return np.ones(image.shape[:2], np.float32)

    monkeypatch.setattr("streamstyle.look.player.find_people", People)
    looks = [painter.look(name, background="keep") for name in ("kiss", "scream", "great-wave")]
    plain = painter.look("kiss")
    checked = len(opened)
    with painter.stream(looks[0]) as stream:
        stream.paint(images[0], 0)
        for look in (*looks[1:], plain, looks[1], looks[2]):
            stream.look = look
        stream.paint(images[1], 0.1)
        stream.look = plain
    assert len(opened) == checked + 2


def test_other_sizes(painter, images):
    look = painter.look("kiss", temporal="off")
    with painter.stream(look, size=32) as stream:
        small = stream.paint(images[0])
        stream.size = None
        full = stream.paint(images[0])
    assert small.shape == full.shape == images[0].shape
    assert np.array_equal(small, painter.paint(images[0], look, size=32))
    assert np.array_equal(full, painter.paint(images[0], look))
    with pytest.raises(UsageError, match="size: wanted a number of pixels"):
        painter.stream(look, size=2)


def test_a_look_of_another_model_is_refused(painter, images):
    look = painter.look("kiss")
    code = look.codes["kiss"]
    other = type(code)(code.name, "another", code.tensors)
    with pytest.raises(StyleError, match="made for model version another"):
        painter.look(other)
    with pytest.raises(StyleError, match="made for model version another"):
        painter.stream(type(look)(look.recipe, {"kiss": other}))


class Counting(NullSink):
    def __init__(self, fail_at=None):
        super().__init__()
        self.written, self.ends, self.fail_at = [], [], fail_at

    def write(self, frame):
        if len(self.written) == self.fail_at:
            raise SinkError("full")
        self.written.append(frame.index)

    def close(self):
        self.ends.append("closed")

    def abort(self):
        self.ends.append("aborted")


def test_of_a_live_source_the_newest_frame_is_painted(painter):
    source, sink, told = LiveSource(200), Counting(), []
    with painter.stream(painter.look("kiss")) as stream:
        painted = stream.run(source, sink, progress=lambda done, expected: told.append((done, expected)))
    assert 1 <= painted < 200
    assert sink.written == sorted(set(sink.written))
    assert len(sink.written) <= painted
    assert sink.written[-1] == 199
    assert sink.ends[-1] == "closed"
    assert told[-1] == (painted, 200)


@pytest.mark.parametrize("make_source", [LiveSource, lambda frames: SyntheticSource(96, 64, frames)])
def test_a_failing_sink_ends_the_run_and_is_aborted(painter, make_source):
    sink = Counting(fail_at=1)
    with pytest.raises(SinkError, match="full"):
        painter.run(make_source(500), sink, painter.look("kiss"))
    assert "aborted" in sink.ends
    assert "closed" not in sink.ends


def test_closing_the_source_ends_the_run(painter):
    source, sink = SyntheticSource(96, 64, 10_000), Counting()

    def stop(done, _expected):
        if done == 3:
            source.close()

    assert 3 <= painter.run(source, sink, painter.look("kiss"), progress=stop) < 100
    assert sink.ends == ["closed"]


def test_what_a_camera_saw_is_kept_when_the_user_stops_and_a_part_of_a_file_is_not(painter):
    def stop(_done, _expected):
        raise KeyboardInterrupt

    for source, end in ((LiveSource(500), "closed"), (SyntheticSource(96, 64, 500), "aborted")):
        sink = Counting()
        with pytest.raises(KeyboardInterrupt):
            painter.run(source, sink, painter.look("kiss"), progress=stop)
        assert sink.ends[-1] == end


def test_frames_of_another_size_are_brought_to_the_one_that_was_said(painter):
    class Growing(SyntheticSource):
        def __iter__(self):
            for frame in super().__iter__():
                yield frame.with_image(np.zeros((80 + frame.index, 120, 3), np.uint8))

    class Shapes(Counting):
        def write(self, frame):
            assert frame.image.shape == (64, 96, 3)
            assert frame.time == Fraction(frame.index, 24)
            super().write(frame)

    assert painter.run(Growing(96, 64, 3), sink := Shapes(), painter.look("kiss")) == 3
    assert sink.written == [0, 1, 2]
