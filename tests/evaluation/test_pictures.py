import io
import tarfile

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from evaluation.report.pictures import Pictures, choose_pairs
from evaluation.sizes import as_painting, crop_to
from streamstyle.errors import SourceError
from training.data import is_held_out


def png(height=40, width=60, seed=0):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.imencode(".png", picture)[1].tobytes()


def folder(path, names):
    for seed, name in enumerate(names):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(png(seed=seed))
    return path


def test_a_folder_and_a_tar_of_the_same_pictures_are_the_same(tmp_path):
    names = ["a.png", "b.png"]
    folder(tmp_path / "photos", names)
    with tarfile.open(tmp_path / "photos.tar", "w") as archive:
        for seed, name in enumerate(names):
            entry = tarfile.TarInfo(f"inside/{name}")
            entry.size = len(png(seed=seed))
            archive.addfile(entry, io.BytesIO(png(seed=seed)))
    first, second = Pictures(str(tmp_path / "photos")), Pictures(str(tmp_path / "photos.tar"))
    assert first.names == second.names == names
    assert first.checksum == second.checksum
    assert np.array_equal(first.image("b.png"), second.image("b.png"))


def test_a_pattern_takes_some(tmp_path):
    path = folder(tmp_path, ["sea_1.png", "sea_2.png", "land.png"])
    assert Pictures(f"{path}:sea_*").names == ["sea_1.png", "sea_2.png"]
    with pytest.raises(SourceError, match="holds no pictures"):
        Pictures(f"{path}:sky_*")


def test_two_pictures_of_one_name_are_both_there(tmp_path):
    path = folder(tmp_path, ["one/a.png", "two/a.png"])
    assert Pictures(str(path)).names == ["a.png", "a~2.png"]


def test_only_what_training_keeps_aside(tmp_path):
    names = [f"{number}.png" for number in range(60)]
    kept = Pictures(str(folder(tmp_path, names)), held_out=True).names
    assert sorted(kept) == sorted(name for name in names if is_held_out(name))
    assert kept


def test_a_change_of_any_picture_changes_the_checksum(tmp_path):
    path = folder(tmp_path, ["a.png", "b.png"])
    before = Pictures(str(path)).checksum
    (path / "b.png").write_bytes(png(seed=9))
    assert Pictures(str(path)).checksum != before


def test_pictures_that_cannot_be_used_are_named(tmp_path):
    with pytest.raises(SourceError, match="there is no"):
        Pictures(str(tmp_path / "absent"))
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "small.png").write_bytes(png(10, 60))
    pictures = Pictures(str(tmp_path))
    with pytest.raises(SourceError, match=r"'text\.png' of .* is not a picture"):
        pictures.image("text.png")
    with pytest.raises(SourceError, match=r"'small\.png' of .* is 60x10"):
        pictures.image("small.png")
    (tmp_path / "broken.tar").write_bytes(b"no tar")
    with pytest.raises(SourceError, match="cannot be read as a folder or tar"):
        Pictures(str(tmp_path / "broken.tar"))


def test_every_photo_and_painting_comes_once_before_any_comes_again():
    photos, paintings = [f"p{i}" for i in range(6)], [f"s{i}" for i in range(9)]
    pairs = choose_pairs(photos, paintings, 12, seed=0)
    assert len(set(pairs)) == 12
    assert {photo for photo, _ in pairs[:6]} == set(photos)
    assert len({style for _, style in pairs[:9]}) == 9


def test_fewer_pairs_are_the_first_of_more_and_the_seed_decides():
    photos, paintings = [f"p{i}" for i in range(7)], [f"s{i}" for i in range(5)]
    assert choose_pairs(photos, paintings, 20, seed=1)[:8] == choose_pairs(photos, paintings, 8, seed=1)
    assert choose_pairs(photos, paintings, 8, seed=1) != choose_pairs(photos, paintings, 8, seed=2)


@pytest.mark.parametrize(("photos", "paintings"), [(1, 1), (3, 3), (4, 2)])
def test_there_are_no_more_pairs_than_combinations(photos, paintings):
    pairs = choose_pairs([f"p{i}" for i in range(photos)], [f"s{i}" for i in range(paintings)], 50, seed=0)
    assert len(pairs) == len(set(pairs)) == photos * paintings


def test_pairs_that_cannot_be_used_are_passed_over():
    names = ["good", "bad"]
    assert choose_pairs(names, ["s"], 5, 0, lambda pair: pair[0] == "good") == [("good", "s")]
    assert choose_pairs(names, ["s"], 5, 0, lambda _pair: False) == []


def test_a_long_scroll_is_judged_by_its_middle():
    scroll = np.zeros((100, 1000, 3), np.uint8)
    scroll[:, 400:600] = 200
    painting = as_painting("river.webp", scroll)
    assert painting.image.shape == (256, 512, 3)
    assert painting.image.min() > 190
    assert painting.name == "river"


def test_photos_are_cut_to_size_from_their_middle():
    assert crop_to(np.zeros((50, 200, 3), np.uint8), 80, 60).shape == (60, 80, 3)
