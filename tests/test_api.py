"""How to use streamstyle from a program: each test is a page of its manual, and runs."""

import json
import logging
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

import streamstyle as st
from tests.clips import Audio, make_clip, pattern, read_packets

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def painter(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return st.load("fast", device="cpu")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return make_clip(path, frames=12, width=96, height=64, rate=10, audio=[Audio(seconds=1.2)])


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    st.save(path, pattern(3, 96, 64))
    return path


def command(*arguments):
    """`streamstyle video`, in a process of its own."""
    words = [sys.executable, str(ROOT / "run_video.py"), *map(str, arguments), "--device", "cpu", "--json"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def frames_of(path):
    with st.open_source(path) as source:
        return [(frame.time, frame.image) for frame in source]


def same(one, other):
    """Of files in VP9: x264 does not always make the same of the same frames."""
    ours, theirs = frames_of(one), frames_of(other)
    assert [time for time, _ in ours] == [time for time, _ in theirs]
    return all(np.array_equal(mine, its) for (_, mine), (_, its) in zip(ours, theirs, strict=True))


def test_five_lines(tmp_path, photo, clip, painter):
    look = painter.look("kiss", alpha=0.8)
    st.save(tmp_path / "out.png", painter.paint(st.read(photo), look))
    report = painter.paint_file(clip, tmp_path / "out.mp4", look)
    assert st.read(tmp_path / "out.png").shape == (64, 96, 3)
    assert (report.frames, report.style, report.output) == (12, "kiss", str(tmp_path / "out.mp4"))


def test_a_photo_has_the_pixels_of_the_command(tmp_path, photo, painter):
    fields = {"alpha": 0.7, "color": "luma", "color_strength": 0.5, "grain": 0.2}
    options = [word for name, value in fields.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    command(photo, "--style", "kiss", "scream", *options, "--size", "48", "-o", tmp_path / "command.png")
    painted = painter.paint(st.read(photo), painter.look("kiss", "scream", **fields), size=48)
    assert np.array_equal(st.read(tmp_path / "command.png"), painted)


def test_a_transparent_photo_stays_so_from_file_to_file(tmp_path, painter):
    levels = np.dstack([pattern(0, 96, 64), np.full((64, 96), 128, np.uint8)])
    cv2.imwrite(str(tmp_path / "ghost.png"), levels)
    command(tmp_path / "ghost.png", "--style", "kiss", "-o", tmp_path / "command.png")
    painter.paint_file(tmp_path / "ghost.png", tmp_path / "file.png", painter.look("kiss"))
    ours, theirs = (cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED) for name in ("file.png", "command.png"))
    assert ours.shape == (64, 96, 4)
    assert np.array_equal(ours, theirs)


def test_a_video_has_the_pixels_of_the_command_in_whichever_way_it_is_painted(tmp_path, clip, painter):
    weights = ["1@0,0@1", "0@0,1@1"]
    command(clip, "--style", "kiss", "scream", "--weights", *weights, "--codec", "vp9", "-o", tmp_path / "command.mkv")
    look = painter.look("kiss", "scream", weights=weights)
    painter.paint_file(clip, tmp_path / "file.mkv", look, codec="vp9")
    assert same(tmp_path / "file.mkv", tmp_path / "command.mkv")

    # Any source into any sink.
    source = st.open_source(clip)
    sink = st.open_sink(tmp_path / "run.mkv", source.info, codec="vp9", sound_from=clip)
    assert painter.run(source, sink, look) == 12
    assert same(tmp_path / "run.mkv", tmp_path / "command.mkv")
    assert read_packets(tmp_path / "run.mkv", "audio") == read_packets(tmp_path / "command.mkv", "audio")

    # Frame by frame.
    with (
        st.open_source(clip) as source,
        st.open_sink(tmp_path / "stream.mkv", source.info, codec="vp9", sound_from=clip) as sink,
        painter.stream(look) as stream,
    ):
        for frame in source:
            sink.write(frame.with_image(stream.paint(frame.image, float(frame.time))))
    assert same(tmp_path / "stream.mkv", tmp_path / "command.mkv")


def test_part_of_a_video_at_another_size(tmp_path, clip, painter):
    told = []
    report = painter.paint_file(
        clip,
        tmp_path / "part.mkv",
        painter.look("kiss"),
        start=0.2,
        end="0:00.7",
        size=32,
        output_size=48,
        codec="h264",
        crf=30,
        progress=lambda done, expected: told.append((done, expected)),
    )
    assert (report.frames, report.size, report.output_size) == (5, (48, 32), (72, 48))
    assert [done for done, _ in told] == [1, 2, 3, 4, 5]
    assert len(frames_of(tmp_path / "part.mkv")) == 5


def test_styles_are_names_paths_pictures_and_codes(tmp_path, painter):
    names = [style.name for style in painter.styles]
    assert "kiss" in names
    assert all(style.description for style in painter.styles)
    content, painting = pattern(0, 96, 64), pattern(7, 80, 80)
    st.save(tmp_path / "painting.png", painting)
    style = painter.encode(painting, name="mine")
    assert style.name == "mine"
    style.save(tmp_path / "mine.style.npz")
    ways = [painting, tmp_path / "painting.png", str(tmp_path / "painting.png"), style, tmp_path / "mine.style.npz"]
    ways.append(st.Style.load(tmp_path / "mine.style.npz"))
    first, *others = [painter.paint(content, painter.look(way)) for way in ways]
    assert all(np.array_equal(first, other) for other in others)
    assert not np.array_equal(first, painter.paint(content, painter.look(painting, style_size=64)))


def test_blends(painter):
    content = pattern(0, 96, 64)
    kiss, scream = painter.encode("kiss"), painter.encode("scream")
    mixed = st.blend([kiss, scream], [3, 1])
    assert isinstance(mixed, st.Style)
    looks = [
        painter.look("kiss", "scream", weights=[3, 1]),
        painter.look(kiss, "scream", weights=(0.75, "0.25")),
        painter.look(mixed),
    ]
    first, *others = [painter.paint(content, look) for look in looks]
    assert all(np.array_equal(first, other) for other in others)
    with pytest.raises(st.UsageError, match="one weight per style"):
        st.blend([kiss], [1, 2])


def test_masks_people_and_backgrounds(tmp_path, painter, monkeypatch):
    content = pattern(0, 96, 64)
    left = np.zeros((64, 96, 3), np.uint8)
    left[:, :48] = 255
    st.save(tmp_path / "left.png", left)
    painted = painter.paint(content, painter.look("kiss", mask=tmp_path / "left.png", feather=0))
    assert np.array_equal(painted[:, 48:], content[:, 48:])
    assert not np.array_equal(painted[:, :48], content[:, :48])

    class People:
        def follow(self, image):
            return (left[..., 0] / 255).astype(np.float32)

        def close(self):
            pass

    monkeypatch.setattr("streamstyle.look.player.find_people", People)
    painted = painter.paint(content, painter.look("kiss", background="keep"))
    assert np.array_equal(painted[:, 48:], content[:, 48:])
    own = painter.paint(content, painter.look("kiss", person=painter.encode("scream")))
    assert np.array_equal(own[:, 48:], painter.paint(content, painter.look("kiss"))[:, 48:])
    assert not np.array_equal(own[:, :48], painted[:, :48])


def test_look_files(tmp_path, painter):
    look = painter.look("kiss", "scream", weights=["1@0,0@4", "0@0,1@4"], color="luma", grain=0)
    look.save(tmp_path / "evening.toml")
    assert painter.look(file=tmp_path / "evening.toml").recipe == look.recipe
    other = painter.look(file=tmp_path / "evening.toml", grain=0.3, alpha=st.Timeline(((0.0, 0.0), (2.0, 1.0))))
    assert other.recipe.grain == 0.3
    assert other.recipe.color == "luma"
    assert other.recipe.alpha[0].at(1) == 0.5
    with pytest.raises(st.UsageError, match=r"Style\.save"):
        painter.look(painter.encode("kiss")).save(tmp_path / "other.toml")


def test_a_stream_cross_fades_to_another_look(painter):
    content = pattern(0, 96, 64)
    plain = {"temporal": "off", "grain": 0}
    kiss, scream = painter.look("kiss", **plain), painter.look("scream", **plain)
    before, after = painter.paint(content, kiss), painter.paint(content, scream)
    with painter.stream(kiss) as stream:
        assert np.array_equal(stream.paint(content, 10.0), before)
        stream.look = scream
        assert stream.look is scream
        shown = [stream.paint(content, seconds) for seconds in (10.1, 10.4, 10.71)]
    assert np.array_equal(shown[0], before)
    assert not np.array_equal(shown[1], before)
    assert not np.array_equal(shown[1], after)
    assert np.array_equal(shown[2], after)


def test_numbers_change_at_once_and_may_follow_a_slider(painter):
    content, style = pattern(0, 96, 64), painter.encode("kiss")
    looks = [painter.look(style, alpha=alpha, temporal="off") for alpha in (0.2, 0.5, 0.9)]
    with painter.stream(looks[0]) as stream:
        for number, look in enumerate(looks):
            stream.look = look
            assert np.array_equal(stream.paint(content, number / 30), painter.paint(content, look))


def test_custom_sources_and_sinks(painter):
    class Three(st.Source):
        def __init__(self):
            self.info = st.SourceInfo("three", 96, 64, frame_rate=Fraction(10))
            self.warnings = []
            self.closed = False

        def __iter__(self):
            for index in range(3):
                yield st.Frame(pattern(index, 96, 64), index, Fraction(index, 10))

        def close(self):
            self.closed = True

    class Kept(st.Sink):
        def __init__(self):
            self.destination, self.warnings, self.frames, self.ended = None, [], [], ""

        def write(self, frame):
            self.frames.append(frame)

        def close(self):
            self.ended = "closed"

        def abort(self):
            self.ended = "aborted"

    source, sink, look = Three(), Kept(), painter.look("kiss")
    assert painter.run(source, sink, look) == 3
    assert source.closed
    assert sink.ended == "closed"
    assert [frame.index for frame in sink.frames] == [0, 1, 2]
    assert np.array_equal(sink.frames[0].image, painter.paint(pattern(0, 96, 64), look))

    def stop(done, _expected):
        raise RuntimeError("enough")

    source, sink = Three(), Kept()
    with pytest.raises(RuntimeError, match="enough"):
        painter.run(source, sink, look, progress=stop)
    assert source.closed
    assert sink.ended == "aborted"


def test_nothing_is_overwritten_unasked(tmp_path, photo, clip, painter):
    look, place = painter.look("kiss"), tmp_path / "taken.png"
    place.write_bytes(b"precious")
    with pytest.raises(st.SinkError, match="exists"):
        st.save(place, pattern(0, 96, 64))
    with pytest.raises(st.SinkError, match="exists"):
        painter.paint_file(photo, place, look)
    with pytest.raises(st.SinkError, match="exists"):
        painter.encode("kiss").save(_touched(tmp_path / "taken.style.npz"))
    assert place.read_bytes() == b"precious"
    st.save(place, pattern(0, 96, 64), overwrite=True)
    painter.paint_file(photo, place, look, overwrite=True)
    assert np.array_equal(st.read(place), painter.paint(st.read(photo), look))
    with pytest.raises(st.SinkError, match="exists"):
        look.save(_touched(tmp_path / "taken.toml"))
    look.save(tmp_path / "taken.toml", overwrite=True)
    # What is read is never replaced.
    with pytest.raises(st.UsageError, match="this run reads"):
        painter.paint_file(clip, clip, look, overwrite=True)
    with pytest.raises(st.UsageError, match="this run reads"):
        painter.paint_file(photo, place, painter.look("kiss", mask=place), overwrite=True)
    with st.open_source(clip) as source, pytest.raises(st.UsageError, match="this run reads"):
        st.open_sink(clip, source.info, overwrite=True)


def _touched(path):
    path.touch()
    return path


def test_errors_are_of_one_family(tmp_path, painter):
    with pytest.raises(st.StreamstyleError, match="does not exist"):
        st.read(tmp_path / "missing.png")
    with pytest.raises(st.StyleError, match="neither a file nor the name of a style"):
        painter.look("no-such-style")
    with pytest.raises(st.ModelError, match="unknown device 'quantum'"):
        st.load(device="quantum")
    with pytest.raises(st.ModelError, match="unknown model 'slow'"):
        st.load("slow")


def test_the_name_of_a_style_is_not_a_look(tmp_path, painter, clip):
    frame = pattern(0, 64, 48)
    with painter.stream(painter.look("kiss")) as stream, pytest.raises(st.UsageError, match="wanted a look, got 'scream'"):
        stream.look = "scream"
    for use in (lambda: painter.paint(frame, "kiss"), lambda: painter.paint_file(clip, tmp_path / "out.mp4", "kiss")):
        with pytest.raises(st.UsageError, match=r"wanted a look, got 'kiss'; make one with Painter\.look"):
            use()
    assert "array" not in repr(painter.look("kiss"))


def test_what_there_is_to_say_goes_to_the_log(tmp_path, painter, caplog):
    make_clip(tmp_path / "odd.mp4", frames=2, width=95, height=63, pix_fmt="yuv444p")
    with caplog.at_level(logging.INFO, logger="streamstyle"):
        st.load("fast", device="cpu")
        look = painter.look("kiss", style_size=300)
        report = painter.paint_file(tmp_path / "odd.mp4", tmp_path / "out.mp4", look)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert any("style-size needs image files" in line for line in warnings)
    assert any("95x63 became 96x64" in line for line in warnings)
    assert all(any(said in line for line in warnings) for said in report.warnings)
    assert any(record.getMessage().startswith("model fast ") for record in caplog.records)
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("streamstyle").handlers)
