import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import streamstyle as st
from evaluation.report import builtin_sheet
from evaluation.report.builtin_sheet import main
from evaluation.systems.multistyle import STYLES
from training.builtin import PAINTINGS

COLUMNS = 6


class Darker:
    """In place of the other network: the number of a style is how dark it is."""

    def __init__(self, *_arguments):
        pass

    def in_style(self, photo, number):
        return np.full_like(photo, 10 + 5 * number)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8))
    return path


def lines(count):
    """Rows of tiles that so many pictures and the photo take."""
    return -(-(count + 1) // COLUMNS)


def test_each_photo_gets_a_sheet_of_its_own_with_all_styles_of_both(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(builtin_sheet, "MultiStyle", Darker)
    painting = np.zeros((40, 90, 3), np.uint8)
    painting[:] = (0, 0, 255)
    (tmp_path / "paintings").mkdir()
    cv2.imwrite(str(tmp_path / "paintings" / PAINTINGS[0][1]), painting)
    assert (
        main([str(photo), "--styles", str(tmp_path / "paintings"), "--other", "x.onnx", "-o", str(tmp_path / "out")]) == 0
    )
    assert main([str(photo), "-o", str(tmp_path / "ours")]) == 0
    sheets = [cv2.imread(str(tmp_path / name / "photo.jpg")) for name in ("out", "ours")]
    ours = lines(len(st.load().styles))
    line = sheets[1].shape[0] / ours  # with its share of a title
    assert sheets[0].shape[0] == pytest.approx(line * (lines(1) + ours + lines(STYLES)), rel=0.1)
    red = (sheets[0][..., 2] > 200) & (sheets[0][..., :2] < 60).all(2)
    assert red.sum() > 100 * 200  # the painting, in a tile of 267 x 200
    first_of_the_last_line = COLUMNS * (lines(STYLES) - 1) - 1
    assert sheets[0][-100, 50].mean() == pytest.approx(10 + 5 * first_of_the_last_line, abs=3)


def test_a_photo_that_is_not_there_is_a_line_and_an_exit_code(tmp_path, capsys):
    assert main([str(tmp_path / "none.png"), "-o", str(tmp_path / "out")]) == 1
    assert "none.png" in capsys.readouterr().err
