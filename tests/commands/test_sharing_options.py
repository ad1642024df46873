"""Options of `streamstyle video` for results to be shown: names of outputs, and what goes together."""

import numpy as np
import pytest
from PIL import Image

from streamstyle.commands.main import main
from tests.clips import make_clip


@pytest.fixture
def clip(tmp_path):
    return make_clip(tmp_path / "clip.mp4", images=[np.full((48, 64, 3), 90, np.uint8)] * 4, rate=10)


def run(*words):
    return main(["video", *map(str, words), "--style", "kiss", "--device", "cpu"])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_results_are_named_after_what_they_are(clip, tmp_path):
    assert run(clip, "--compare", "side") == 0
    assert run(clip, "--preview") == 0
    assert names(tmp_path) == ["clip.mp4", "clip_kiss-compare.mp4", "clip_kiss-preview.jpg"]
    with Image.open(tmp_path / "clip_kiss-preview.jpg") as picture:
        assert picture.size == (64, 48)


def test_such_results_in_a_folder_are_not_painted_again(clip, tmp_path, capsys):
    assert run(clip, "--compare", "line") == 0
    assert run(tmp_path, "-o", f"{tmp_path}/out/") == 0
    assert "left out, as results of earlier runs: 'clip_kiss-compare.mp4'" in capsys.readouterr().err
    assert names(tmp_path / "out") == ["clip_kiss.mp4"]


def test_a_photo_that_is_compared_is_opaque(tmp_path):
    Image.new("RGBA", (64, 48), (200, 10, 10, 0)).save(tmp_path / "emote.png")
    assert run(tmp_path / "emote.png", "--compare", "side", "-o", tmp_path / "both.png") == 0
    with Image.open(tmp_path / "both.png") as both:
        assert (both.mode, both.size) == ("RGB", (128, 48))
    assert run(tmp_path / "emote.png", "-o", tmp_path / "painted.png") == 0
    with Image.open(tmp_path / "painted.png") as painted:
        assert painted.getchannel("A").getextrema() == (0, 0)


def test_the_result_of_a_gif_is_a_gif(tmp_path):
    frames = [Image.fromarray(np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)) for seed in range(2)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    assert run(tmp_path / "moving.gif") == 0
    with Image.open(tmp_path / "moving_kiss.gif") as result:
        assert result.n_frames == 2


def test_no_time_between_previews_is_refused(clip, capsys):
    assert run(clip, "--preview-every", "0") == 2
    assert "--preview-every" in capsys.readouterr().err
