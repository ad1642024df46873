"""What every sink promises, asked of every sink."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from streamstyle.errors import SinkError
from streamstyle.frame import Frame
from streamstyle.media.sinks import open_sink
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sinks.null import NullSink
from streamstyle.media.sources.base import SourceInfo
from tests.clips import pattern

WIDTH, HEIGHT = 64, 48


def _file(name: str) -> Callable[[Path], Sink]:
    def make(folder: Path) -> Sink:
        still = name.startswith("photo")
        rate = None if still else Fraction(25)
        info = SourceInfo("test", WIDTH, HEIGHT, is_still=still, frame_rate=rate, time_base=Fraction(1, 25))
        return open_sink(folder / name, info=info, width=WIDTH, height=HEIGHT)

    return make


def _null(folder: Path) -> Sink:
    return NullSink()


NAMES = (
    *("clip.mp4", "clip.m4v", "clip.mov", "clip.mkv", "clip.webm", "clip.gif", "clip.webp"),
    *("photo.png", "photo.jpg", "photo.webp", "photo.tif"),
)
SINKS: dict[str, Callable[[Path], Sink]] = {name: _file(name) for name in NAMES} | {"null": _null}


@pytest.fixture(params=SINKS.values(), ids=list(SINKS))
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Sink:
    opened: Sink = request.param(tmp_path)
    return opened


def frame(index: int) -> Frame:
    return Frame(pattern(index, WIDTH, HEIGHT), index, Fraction(index, 25), Fraction(1, 25))


def contents(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_result_lies_under_its_name_once_closed(sink: Sink, tmp_path: Path) -> None:
    sink.write(frame(0))
    assert not any((tmp_path / name).exists() for name in NAMES)
    sink.close()
    if sink.destination is not None:
        assert contents(tmp_path) == [Path(sink.destination).name]
        assert Path(sink.destination).stat().st_size > 0


def test_closing_again_and_aborting_late_change_nothing(sink: Sink, tmp_path: Path) -> None:
    sink.write(frame(0))
    sink.close()
    before = contents(tmp_path)
    sink.close()
    sink.abort()
    assert contents(tmp_path) == before


def test_the_block_closes(sink: Sink) -> None:
    with sink:
        sink.write(frame(0))
    assert isinstance(sink, NullSink) or Path(str(sink.destination)).exists()


def test_a_failing_block_leaves_nothing_under_the_final_name(sink: Sink, tmp_path: Path) -> None:
    def run() -> None:
        with sink:
            sink.write(frame(0))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        run()
    assert all(".partial." in name for name in contents(tmp_path))
    assert sink.destination is None


def test_aborting_before_the_first_frame_leaves_nothing(sink: Sink, tmp_path: Path) -> None:
    assert sink.abort() is None
    assert sink.abort() is None
    assert contents(tmp_path) == []


def test_no_frames_are_an_error_and_leave_nothing(sink: Sink, tmp_path: Path) -> None:
    if isinstance(sink, NullSink):
        sink.close()
        return
    with pytest.raises(SinkError, match=r"nothing to write .* no \w+ came"):
        sink.close()
    sink.close()
    assert contents(tmp_path) == []


def test_an_existing_file_is_not_touched(sink: Sink, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    make = request.node.callspec.params["sink"]
    sink.abort()
    if isinstance(sink, NullSink):
        return
    name = request.node.callspec.id
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(SinkError, match="--overwrite"):
        make(tmp_path)
    assert contents(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"precious"


def test_a_file_that_appears_meanwhile_is_not_touched(sink: Sink, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    sink.write(frame(0))
    if isinstance(sink, NullSink):
        return
    name = request.node.callspec.id
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(SinkError, match="--overwrite"):
        sink.close()
    assert (tmp_path / name).read_bytes() == b"precious"


def test_a_partial_file_that_is_there_stays(tmp_path: Path) -> None:
    for name in NAMES:
        there = tmp_path / f"{Path(name).stem}.partial{Path(name).suffix}"
        there.write_bytes(b"half" * 100_000)
        with SINKS[name](tmp_path) as sink:
            sink.write(frame(0))
        assert there.read_bytes() == b"half" * 100_000
        assert (tmp_path / name).stat().st_size < 100_000


@pytest.mark.parametrize("name", NAMES)
def test_impossible_places_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match="does not exist"):
        SINKS[name](tmp_path / "missing")
    (tmp_path / name).mkdir()
    with pytest.raises(SinkError, match="is a folder"):
        SINKS[name](tmp_path)


@pytest.mark.parametrize("name", ["clip.xyz", "clip"])
def test_unknown_endings_are_refused_with_the_choices(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match=r"\.mp4"):
        _file(name)(tmp_path)
    assert contents(tmp_path) == []
