import functools

import pytest

from streamstyle.errors import ModelError, StreamstyleError
from streamstyle.files.segments import worker_pool
from streamstyle.files.segments.manifest import folder_for
from tests.files.segments.films import DiesAlways, DiesOnce, LeaningStylizer, Reloaded, paint
from tests.files.segments.test_film import same, stopped_after

pytestmark = pytest.mark.usefixtures("short_films")


def test_workers_give_the_same_film_though_one_is_killed(film, tmp_path):
    counts = []
    paint(film, tmp_path / "one.mp4")
    stylizer = Reloaded(functools.partial(DiesOnce, tmp_path / "died", 20))
    report = paint(film, tmp_path / "two.mp4", stylizer, workers=2, progress=counts.append)
    assert (tmp_path / "died").exists()
    assert stylizer.painted == 0
    assert report.frames == 250
    assert same(tmp_path / "one.mp4", tmp_path / "two.mp4")
    assert counts[-1] == 250 >= max(counts)


def test_what_one_process_began_two_end(film, tmp_path):
    lines = []
    stopped_after(130, film, tmp_path / "out.mp4")
    paint(film, tmp_path / "out.mp4", crf=1, workers=2, tell=lines.append)
    assert lines == ["resuming: 2 of 5 segments done"]


@pytest.mark.slow
def test_a_segment_that_kills_every_worker_ends_the_run(film, tmp_path):
    with pytest.raises(StreamstyleError, match="died 3 times at segment"):
        paint(film, tmp_path / "out.mp4", Reloaded(DiesAlways), workers=2)
    assert folder_for(tmp_path / "out.mp4").exists()


def other_model():
    stylizer = LeaningStylizer()
    stylizer.version = "2"
    return stylizer


@pytest.mark.slow
def test_workers_must_have_the_model_of_the_run(film, tmp_path):
    with pytest.raises(ModelError, match="fake 2 here and fake 1"):
        paint(film, tmp_path / "out.mp4", Reloaded(other_model), workers=2)


@pytest.mark.parametrize(
    ("provider", "cores", "memory", "count"),
    [
        ("cuda (fp16)", 64, 1 << 40, 1),
        ("cpu", 2, 1 << 40, 1),
        ("openvino (int8)", 16, 1 << 40, 4),
        ("cpu", 64, 3 << 30, 3),
        ("cpu", 64, 1 << 20, 1),
        ("cpu", 16, None, 4),
    ],
)
def test_as_many_workers_as_pay(monkeypatch, provider, cores, memory, count):
    monkeypatch.setattr(worker_pool, "usable_cores", lambda: cores)
    monkeypatch.setattr(worker_pool, "available_memory", lambda: memory)
    assert worker_pool.automatic_workers(provider) == count
