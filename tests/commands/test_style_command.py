import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import streamstyle as st
from streamstyle.commands import style as command
from streamstyle.commands.main import main
from streamstyle.errors import Interrupted
from streamstyle.styles.code import StyleCode
from streamstyle.styles.own import own_folder
from streamstyle.styles.store import read_style, save_style
from streamstyle.tuning.child import Progress

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def painting(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    rng = np.random.default_rng(3)
    small = rng.integers(0, 256, (9, 12, 3), np.uint8)
    cv2.imwrite("painting.png", cv2.resize(small, (160, 120), interpolation=cv2.INTER_NEAREST))
    return "painting.png"


class StandIn:
    """A child that tells what it is given to tell, and has a style from the second time on."""

    story = (Progress(0, 0.7), Progress(5, 0.6), Progress(9, None), Progress(12, 0.5))
    failure: BaseException | None = None
    photos = 0

    def __init__(self, _vgg, painting, photos, seconds):
        type(self).photos = len(photos)
        assert painting.shape == (120, 160, 3)
        assert seconds > 0
        self.code, self.told = st.load().encode(painting), 0

    def progress(self):
        for number, told in enumerate(self.story):
            self.told = number
            yield told
        if self.failure is not None:
            raise self.failure

    def style(self, version):
        assert version == self.code.model_version
        if self.told == 0:
            return None
        return StyleCode("so far", version, {name: tensor + self.told for name, tensor in self.code.tensors.items()})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def child(monkeypatch):
    monkeypatch.setattr(command, "requirements", lambda: Path("vgg.pth"))
    own = type("Own", (StandIn,), {})
    monkeypatch.setattr(command, "Child", own)
    return own


def make(*words):
    """The exit code."""
    try:
        return main(["style", "make", *map(str, words)])
    except SystemExit as stop:
        return stop.code


@pytest.mark.usefixtures("child")
def test_a_style_is_made_and_its_preview_beside_it(painting, capsys):
    assert make(painting, "-o", "my", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["output"], report["preview"]) == ("my.style.npz", "my.preview.jpg")
    assert (report["distance_before"], report["distance"], report["steps"]) == (0.7, 0.5, 12)
    encoded = st.load().encode(painting)
    made = st.load().encode("my.style.npz")
    np.testing.assert_allclose(made.tensors["rgb_mean"], encoded.tensors["rgb_mean"] + 3, rtol=1e-4)
    assert cv2.imread("my.preview.jpg").shape[0] == 720
    assert sorted(path.name for path in Path().iterdir()) == ["my.preview.jpg", "my.style.npz", "painting.png"]


@pytest.mark.usefixtures("child")
def test_without_a_place_the_style_is_one_of_the_users_own_by_name(painting, capsys):
    assert make(painting) == 0
    assert "--style painting" in capsys.readouterr().out.splitlines()[-1]
    assert st.load().encode("painting").name == "painting"
    assert sorted(path.name for path in Path().iterdir()) == ["painting.png", "painting.preview.jpg"]


@pytest.mark.usefixtures("child")
def test_a_painting_among_the_users_own_styles_is_known_by_its_name(painting, capsys):
    own_folder().mkdir(parents=True)
    Path(painting).rename(own_folder() / "wheat-field-at-home.png")
    assert make("wheat-feld-at-home", "-o", "my") == 1
    assert "did you mean 'wheat-field-at-home'?" in capsys.readouterr().err
    assert make("wheat-field-at-home", "-o", "my", "--quiet") == 0


@pytest.mark.usefixtures("child")
def test_the_preview_is_replaced_whenever_there_is_more_to_see(painting, monkeypatch):
    seen = []
    show = command._Board.show

    def watched(board, style):
        show(board, style)
        seen.append(Path("watch.png").read_bytes())

    monkeypatch.setattr(command._Board, "show", watched)
    assert make(painting, "--preview", "watch.png", "--quiet") == 0
    assert len(seen) == 2
    assert seen[0] != seen[1]


@pytest.mark.parametrize("name", ["my", "my.style", "my.style.npz"])
@pytest.mark.usefixtures("child")
def test_the_ending_of_the_output_may_be_left_out(painting, name):
    assert make(painting, "-o", name, "--quiet") == 0
    assert Path("my.style.npz").is_file()


def test_photos_of_the_users_are_learnt_from(painting, child):
    cv2.imwrite("photo.png", np.full((90, 120, 3), 99, np.uint8))
    assert make(painting, "--photos", "photo.png", "--quiet") == 0
    assert child.photos == 1


def test_what_is_there_when_the_user_stops_is_kept_under_a_name_of_its_own(painting, child, capsys):
    child.failure = Interrupted(2)
    Path("my.partial.style.npz").write_bytes(b"of an earlier run")
    assert make(painting, "-o", "my") == 130
    assert "my.partial-2.style.npz" in capsys.readouterr().err
    assert not Path("my.style.npz").exists()
    st.load().encode("my.partial-2.style.npz")
    assert Path("my.partial.style.npz").read_bytes() == b"of an earlier run"


def test_nothing_is_kept_where_nothing_was_learnt(painting, child, capsys):
    child.story, child.failure = (Progress(0, 0.7),), Interrupted(2)
    assert make(painting, "-o", "my") == 130
    assert capsys.readouterr().err == "streamstyle: stopped\n"
    child.failure = None
    assert make(painting, "-o", "my", "--overwrite") == 1
    assert "--minutes" in capsys.readouterr().err
    assert not list(Path().glob("*.npz"))


@pytest.mark.usefixtures("child")
@pytest.mark.parametrize(
    ("words", "code", "wanted"),
    [
        (("words.txt",), 1, "words.txt"),
        (("nothing.jpg",), 1, "does not exist"),
        (("kiss",), 1, "is no file"),
        (("folder/",), 1, "is a folder"),
        (("there.style.npz", "-o", "new"), 2, "is a style file already"),
        (("painting.png", "-o", "there"), 1, "exists; use --overwrite"),
        (("painting.png", "-o", "painting.png"), 2, "end it in .style.npz"),
        (("painting.png", "--preview", "painting.png", "--overwrite"), 2, "is the input itself"),
        (("painting.png", "--preview", "there.jpg"), 1, "exists; use --overwrite"),
        (("painting.png", "--preview", "there.txt"), 2, "no ending of a photo"),
        (("painting.png", "--photos", "folder"), 1, "holds no videos or photos"),
        (
            ("painting.png", "--photos", "here", "--preview", "here/photo.png", "--overwrite"),
            2,
            "another file that this run",
        ),
        (("painting.png", "--minutes", "0"), 2, "wanted minutes"),
        (("painting.png", "-o", "nowhere/my"), 1, "does not exist; make it first"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(painting, capsys, words, code, wanted):
    Path("words.txt").write_text("not a picture")
    Path("folder").mkdir()
    Path("here").mkdir()
    cv2.imwrite("here/photo.png", np.zeros((80, 80, 3), np.uint8))
    save_style(Path("there.style.npz"), StyleCode("there", "1", {}))
    Path("there.jpg").write_bytes(b"")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert make(*words) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert wanted in lines[0]
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_the_whole_way_with_a_network_and_a_critic(painting, tmp_path):
    pytest.importorskip("torch")
    from tests.vgg import save_random_vgg

    save_random_vgg(tmp_path / "vgg.pth")
    environment = os.environ | {"STREAMSTYLE_VGG": str(tmp_path / "vgg.pth"), "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "streamstyle", "style", "make", painting, "-o", "my", "--minutes", "0.05", "--json"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["steps"] >= 1
    after, encoded = read_style(Path("my.style.npz"), None), st.load().encode(painting)
    assert not np.array_equal(after.tensors["entry_mean"], encoded.tensors["entry_mean"])
    np.testing.assert_allclose(after.tensors["rgb_mean"], encoded.tensors["rgb_mean"], atol=0.02)
    assert st.load().paint(st.read(painting), st.load().look("my.style.npz")).shape == (120, 160, 3)
