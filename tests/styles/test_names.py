"""Names of styles as people type them, and the user's own styles by name."""

import numpy as np
import pytest
from PIL import Image

from streamstyle.errors import StyleError
from streamstyle.look.recipe import Recipe
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles.code import StyleCode
from streamstyle.styles.names import did_you_mean, spelled
from streamstyle.styles.own import own_folder, own_styles
from streamstyle.styles.store import CodeCache, save_style

KNOWN = ("starry-night", "kiss", "great-wave")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return Stylizer("fast", "cpu", CodeCache(tmp_path_factory.mktemp("codes"))).encoder


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    own_folder().mkdir(parents=True)
    stripes = np.tile(np.arange(64, dtype=np.uint8)[None, :, None] * 4, (48, 1, 3))
    Image.fromarray(stripes).save(own_folder() / "My Cat.png")
    return own_folder()


@pytest.mark.parametrize("name", ["starry-night", "Starry-Night", "STARRY NIGHT", "starry_night"])
def test_case_spaces_and_underscores_do_not_matter(name):
    assert spelled(name, KNOWN) == "starry-night"


def test_a_name_that_is_exactly_there_wins():
    assert spelled("Kiss", ("kiss", "Kiss")) == "Kiss"
    assert spelled("kissing", KNOWN) is None


@pytest.mark.parametrize(("slip", "meant"), [("stary-nihgt", "starry-night"), ("Kis", "kiss"), ("wave", "great-wave")])
def test_a_slip_is_understood(slip, meant):
    assert did_you_mean(slip, KNOWN) == f"did you mean '{meant}'?"


def test_what_is_near_nothing_is_not_guessed():
    assert did_you_mean("mosaic-of-glass", KNOWN) == ""


def test_a_built_in_style_is_found_in_any_spelling(encoder):
    assert encoder.find("Starry Night").name == "starry-night"
    assert encoder.resolved(Recipe(("KISS", "Great_Wave"))).style == ("kiss", "great-wave")
    with pytest.raises(StyleError, match="did you mean 'scream'"):
        encoder.find("screem")


def test_the_users_own_styles_are_known_by_their_names(encoder, own):
    assert list(own_styles()) == ["My Cat"]
    assert encoder.named("my-cat") == "My Cat"
    assert encoder.find("my-cat").name == "My Cat"
    with pytest.raises(StyleError, match="did you mean 'My Cat'"):
        encoder.find("my-cats")


def test_a_file_of_the_folder_comes_before_the_users_own_style(encoder, own, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my cat").write_bytes((own / "My Cat.png").read_bytes())
    assert encoder.named("my cat") == "my cat"


def test_own_styles_are_pictures_and_style_files_of_which_the_style_file_wins(own):
    (own / "notes.txt").write_text("left alone")
    (own / ".hidden.png").write_bytes(b"")
    (own / "thumbnails").mkdir()
    save_style(own / "My Cat.style.npz", StyleCode("cat", "1", {"entry_mean": np.zeros((1, 1, 1, 1), np.float32)}))
    assert own_styles() == {"My Cat": own / "My Cat.style.npz"}


def test_without_a_folder_there_are_no_own_styles(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path / "none"))
    assert own_styles() == {}
