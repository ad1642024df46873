import numpy as np

from streamstyle.paint.steady.cuts import CutFinder
from tests.files.segments.films import shots


def cuts(pictures):
    finder = CutFinder()
    return [index for index, picture in enumerate(pictures) if finder.is_cut(picture)]


def test_cuts_are_found_and_motion_is_none():
    assert cuts(shots([20, 15, 30])) == [20, 35]


def test_the_first_frame_is_no_cut_whatever_was_before():
    pictures = shots([10, 10])
    assert cuts(pictures[10:]) == []


def test_a_fade_is_no_cut():
    picture = shots([1])[0].astype(float)
    assert cuts([(picture * share).astype(np.uint8) for share in np.linspace(1, 0.5, 20)]) == []
