import pytest

from tests.files.segments.films import divide_short_films, make_film


@pytest.fixture
def short_films(monkeypatch):
    """Films of a few seconds are painted in segments."""
    divide_short_films(monkeypatch)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_film(tmp_path_factory.mktemp("film") / "film.mp4")
