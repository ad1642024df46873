"""`streamstyle styles`: the list, and the page with thumbnails."""

import json
import re
import webbrowser

import numpy as np
import pytest
from PIL import Image

from streamstyle.commands.main import main
from streamstyle.styles.own import own_folder
from streamstyle.styles.paintings import PAINTINGS


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    own_folder().mkdir(parents=True)


@pytest.fixture
def photo(tmp_path):
    ramp = np.tile(np.arange(96, dtype=np.uint8)[None, :, None] * 2, (64, 1, 3))
    Image.fromarray(ramp).save(tmp_path / "me.png")
    return tmp_path / "me.png"


def test_the_list_has_painter_year_and_what_each_is_good_for(capsys):
    assert main(["styles"]) == 0
    told = capsys.readouterr().out
    assert all(painting.name in told and painting.good_for in told for painting in PAINTINGS)
    assert "Edvard Munch, The Scream, 1893" in told


def test_own_styles_come_first(capsys, photo):
    (own_folder() / "Granny.png").write_bytes(photo.read_bytes())
    assert main(["styles", "--json"]) == 0
    styles = json.loads(capsys.readouterr().out)
    assert [(style["name"], style["kind"]) for style in styles[:2]] == [("Granny", "own"), ("starry-night", "builtin")]
    assert styles[1]["painter"] == "Vincent van Gogh"


def test_the_page_shows_the_photo_in_every_style_and_is_kept(capsys, photo, tmp_path):
    (own_folder() / "<b>.png").write_bytes(photo.read_bytes())
    page = tmp_path / "styles.html"
    assert main(["styles", str(photo), "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert len(re.findall("data:image/jpeg;base64,", text)) == len(PAINTINGS) + 2
    assert "<strong>&lt;b&gt;</strong>" in text
    assert main(["styles", str(photo), "-o", str(page)]) == 1
    assert "--overwrite" in capsys.readouterr().err


def test_open_shows_the_page_in_a_browser(capsys, tmp_path, photo, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    assert main(["styles", "--open", str(photo)]) == 0
    assert opened[0].startswith("file://")
    assert opened[0].endswith("/styles.html")


def test_an_own_style_that_cannot_be_used_is_said_and_left_out(capsys, photo, tmp_path):
    (own_folder() / "torn.png").write_bytes(b"no picture")
    assert main(["styles", str(photo), "-o", str(tmp_path / "page.html")]) == 0
    assert "torn" in capsys.readouterr().err
    assert "torn" not in (tmp_path / "page.html").read_text(encoding="utf-8")
