"""Paintings -> style files: the command, with a judge of random weights and a few small steps."""

import signal
import sys
import tarfile

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from export import better, refine  # noqa: E402
from models.vgg import Vgg19  # noqa: E402
from streamstyle.errors import SourceError, UsageError  # noqa: E402
from streamstyle.sources import open_source  # noqa: E402
from streamstyle.sources.pictures import read_image  # noqa: E402
from streamstyle.styles import CodeCache  # noqa: E402
from streamstyle.stylizer import Stylizer  # noqa: E402
from tests.media import brightness, flat, make_clip  # noqa: E402
from training import headroom  # noqa: E402


def paint(path, seed, size=64):
    rng = np.random.default_rng(seed)
    image = cv2.resize(rng.integers(0, 256, (9, 12, 3), np.uint8), (size * 4 // 3, size), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), image)
    return path


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    torch.manual_seed(0)
    scale = 6**0.5  # so that random features grow no smaller from layer to layer
    state = {
        name: tensor * scale if tensor.shape[2:] == (3, 3) else tensor for name, tensor in Vgg19().public_state().items()
    }
    path = tmp_path_factory.mktemp("judge") / "vgg_normalised.pth"
    torch.save(state, path)
    return path


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    for index in range(9):
        paint(tmp_path / "photos" / f"{index}.png", 10 + index)
    return tmp_path / "photos"


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(headroom, "_CROP", 32)
    monkeypatch.setattr(better, "JUDGED_SIDE", 32)
    monkeypatch.setattr(refine, "default_folder", lambda: tmp_path / "downloads")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["refine", *map(str, words)])
        code = refine.main()
        return code, capsys.readouterr().err

    yield run
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_paintings_become_style_files_of_less_loss(call, judge, photos, tmp_path):
    paintings = [paint(tmp_path / "oil one.png", 1), paint(tmp_path / "ink.png", 2)]
    code, told = call(*paintings, "--contents", photos, "--vgg", judge, "--steps", 6, "--style-size", 64)
    assert code == 0
    assert "losses on 3 pictures, not painted on meanwhile:" in told
    stylizer = Stylizer("fast", "cpu", CodeCache(tmp_path / "codes"))
    for painting in paintings:
        path = painting.with_suffix(".style.npz")
        found = stylizer.find_style(str(path))
        own = stylizer.encode_style(read_image(painting), size=64)
        assert found.name == painting.stem
        assert np.array_equal(found.tensors["rgb_mean"], own.tensors["rgb_mean"])
        assert not np.array_equal(found.tensors["entry_mean"], own.tensors["entry_mean"])
        (line,) = [line for line in told.splitlines() if line.startswith(f"{path}: ")]
        lc, found_lc, ls, found_ls = [float(word.strip(",")) for word in line.split(": ")[1].split() if word[0].isdigit()]
        assert found_lc + better.STYLE_WEIGHT * found_ls < lc + better.STYLE_WEIGHT * ls


def test_what_is_there_is_kept_unless_it_may_go(call, judge, photos, tmp_path):
    painting, path = paint(tmp_path / "oil.png", 1), tmp_path / "mine.style.npz"
    path.write_bytes(b"precious")
    words = [painting, "--contents", photos, "--vgg", judge, "--steps", 1, "-o", path]
    code, told = call(*words)
    assert (code, told) == (1, f"refine: '{path}' exists; use --overwrite, or name another file with -o\n")
    assert path.read_bytes() == b"precious"
    assert call(*words, "--overwrite")[0] == 0
    assert path.read_bytes()[:2] == b"PK"
    assert sorted(file.name for file in tmp_path.glob("*.npz*")) == ["mine.style.npz"]


def test_what_cannot_be_is_one_line(call, judge, photos, tmp_path):
    oil = paint(tmp_path / "oil.png", 1)
    (tmp_path / "other").mkdir()
    twin = paint(tmp_path / "other" / "oil.png", 2)
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.tar").write_bytes(b"no tar")
    (tmp_path / "text.png").write_text("no picture")
    usual = ["--contents", photos, "--vgg", judge]
    for words, wanted, part in [
        ([oil, "--contents", photos], 2, "wanted --vgg FILE, weights of VGG-19 (vgg_normalised.pth), or --download"),
        ([oil, twin, *usual, "-o", tmp_path / "x.style.npz"], 2, "wanted a folder for 2 paintings"),
        ([oil, twin, *usual, "-o", tmp_path / "empty"], 2, "two paintings of one name"),
        ([oil, *usual, "-o", tmp_path / "x.npz"], 2, "wanted a folder that is there, or a file ending in .style.npz"),
        ([oil, *usual, "-o", tmp_path / "absent" / "x.style.npz"], 1, "there is no folder"),
        ([tmp_path / "absent.png", *usual], 1, "absent.png' does not exist"),
        ([tmp_path / "text.png", *usual], 1, "text.png' is not a picture"),
        ([oil, "--contents", tmp_path / "empty", "--vgg", judge], 1, "empty' holds no pictures"),
        ([oil, "--contents", tmp_path / "absent.mp4", "--vgg", judge], 1, "absent.mp4' does not exist"),
        ([oil, "--contents", tmp_path / "broken.tar", "--vgg", judge], 1, "broken.tar' cannot be read as a tar"),
        ([oil, "--contents", tmp_path / "absent.tar", "--vgg", judge], 1, "absent.tar' cannot be read: no such file"),
        ([oil, "--contents", photos, "--vgg", tmp_path / "absent.pth"], 1, "absent.pth"),
        ([oil, "--contents", photos, "--vgg", tmp_path / "text.png"], 1, "text.png"),
    ]:
        code, told = call(*words)
        assert code == wanted, told
        assert told.startswith("refine: ") or "losses on" not in told
        assert part in told
        assert told.count("\n") == 1
    assert not list(tmp_path.rglob("*.style.npz*"))


@pytest.mark.parametrize("words", [["--steps", "0"], ["--steps", "many"], ["--style-size", "3"], []])
def test_a_wrong_command_line_is_usage(call, words):
    with pytest.raises(SystemExit) as stopped:
        call("oil.png", *words, *(["--contents", "x"] if words else []))
    assert stopped.value.code == 2


def test_graphs_of_other_weights_are_refused(call, judge, photos, tmp_path, monkeypatch):
    (tmp_path / "fast.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(refine, "WEIGHTS", tmp_path / "fast.safetensors")
    code, told = call(paint(tmp_path / "oil.png", 1), "--contents", photos, "--vgg", judge)
    assert code == 1
    assert "of different trainings; run: python -m export" in told


@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt(), 130), (refine.Interrupted(signal.SIGTERM), 143)])
def test_a_stop_keeps_what_was_done(call, judge, photos, tmp_path, monkeypatch, stop, code):
    descended, done = better.descended, []

    def stop_at_the_second(*arguments, **options):
        if done:
            raise stop
        done.append(1)
        return descended(*arguments, **options)

    monkeypatch.setattr(better, "descended", stop_at_the_second)
    first, second = paint(tmp_path / "a.png", 1), paint(tmp_path / "b.png", 2)
    got, told = call(first, second, "--contents", photos, "--vgg", judge, "--steps", 1)
    assert got == code
    assert told.endswith("refine: stopped; style files that were done are kept\n")
    assert [path.name for path in tmp_path.glob("*.npz*")] == ["a.style.npz"]


def test_a_disk_that_is_full_is_one_line(call, judge, photos, tmp_path, monkeypatch):
    def fill(_path, _code):
        raise OSError(28, "No space left on device", "a temporary name")

    monkeypatch.setattr(refine, "save_style", fill)
    code, told = call(paint(tmp_path / "a.png", 1), "--contents", photos, "--vgg", judge, "--steps", 1)
    assert code == 1
    assert told.splitlines()[-1] == f"refine: '{tmp_path / 'a.style.npz'}' cannot be written: no space left on device"


def test_a_folder_that_may_not_be_written_is_said_before_the_work(call, judge, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(refine.os, "access", lambda path, mode: (path, mode) != (tmp_path, refine.os.W_OK))
    code, told = call(paint(tmp_path / "a.png", 1), "--contents", photos, "--vgg", judge)
    assert (code, told) == (1, f"refine: the folder '{tmp_path}' cannot be written; name another place with -o\n")


def test_frames_of_a_video_are_spread_over_it(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", images=[flat((20 + 2 * index,) * 3) for index in range(100)])
    levels = [float(image.mean()) for image in refine.pictures([str(clip)])]
    assert len(levels) == refine.FRAMES
    assert levels == sorted(levels)
    assert max(np.diff([20, *levels, 220])) < 2 * 100 / refine.FRAMES + 4


def test_a_video_that_was_cut_gives_what_it_has(tmp_path):
    whole = make_clip(tmp_path / "whole.mkv", images=[flat((20 + 2 * index,) * 3) for index in range(100)])
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with open_source(str(cut)) as source:
        assert source.info.duration == 4  # it promises more than it has
    assert 5 <= len(refine.pictures([str(cut)])) < 0.8 * refine.FRAMES


def test_frames_that_repeat_are_taken_once(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", images=[brightness(index // 10) for index in range(30)])
    assert 3 <= len(refine.pictures([str(clip)])) < refine.FRAMES
    one = make_clip(tmp_path / "one.mp4", frames=1)
    assert len(refine.pictures([str(one)])) == 1


def test_photos_folders_tars_and_videos_come_together(photos, tmp_path):
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        tar.add(photos, arcname="photos")
    large = paint(tmp_path / "large.png", 3, size=900)
    (photos / "notes.txt").write_text("no picture")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    found = refine.pictures([str(photos), str(tmp_path / "photos.tar"), str(large)])
    assert len(found) == 9 + 9 + 1
    assert min(found[-1].shape[:2]) == refine.MOST_SIDE
    assert np.array_equal(found[0], read_image(photos / "0.png"))  # RGB, and as it is
    with pytest.raises(SourceError, match="does not exist"):
        refine.pictures([str(photos), str(tmp_path / "absent.mp4")])


@pytest.mark.parametrize(("number", "apart"), [(1, False), (7, False), (8, True), (40, True)])
def test_codes_are_judged_on_other_pictures_where_there_are_enough(number, apart):
    images = [np.full((4, 5, 3), index, np.uint8) for index in range(number)]
    painted_on, judged, said = refine.divided(images)
    used, seen = ({int(tensor[0, 0, 0]) for tensor in tensors} for tensors in (painted_on.images, judged))
    assert said == apart
    assert painted_on.images[0].shape == (3, 4, 5)
    assert 1 <= len(judged) <= headroom.JUDGED
    if apart:
        assert not used & seen
        assert len(used) == number - -(-number // 4)
    else:
        assert seen <= used == set(range(number))


def test_a_judge_that_was_fetched_before_is_found(tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setattr(refine, "default_folder", lambda: tmp_path)
    monkeypatch.setattr(refine, "fetch", lambda download, folder: fetched.append(download.name) or folder / download.name)
    with pytest.raises(UsageError, match="--download"):
        refine.find_judge(None, download=False)
    assert refine.find_judge(tmp_path / "mine.pth", download=True) == tmp_path / "mine.pth"
    assert fetched == []
    assert refine.find_judge(None, download=True) == tmp_path / "vgg_normalised.pth"
    (tmp_path / "vgg_normalised.pth").write_bytes(b"")
    assert refine.find_judge(None, download=False) == tmp_path / "vgg_normalised.pth"
    assert fetched == ["vgg_normalised.pth"] * 2


def test_help_names_every_option():
    text = refine.parser().format_help()
    for option in ("--contents", "--vgg", "--download", "--steps", "--style-size", "--overwrite", "--output"):
        assert option in text
