"""A model that paints otherwise cannot ship unseen; `python -m tests.golden` stores what it paints now."""

from itertools import combinations

import pytest

from streamstyle.paint.stylizer import Stylizer
from tests.golden.pictures import STYLES, paint, photo, stored
from tests.pictures import psnr


@pytest.mark.parametrize(("device", "precision", "least"), [("cpu", "fp32", 30), ("auto", "auto", 23)])
def test_the_shipped_weights_paint_as_when_they_were_accepted(device, precision, least):
    painted, accepted = paint(Stylizer("fast", device, precision=precision)), stored()
    assert painted.keys() == accepted.keys(), "other styles are built in: python -m tests.golden"
    near = {name: psnr(picture, accepted[name]) for name, picture in painted.items()}
    assert min(near.values()) >= least, near


def test_what_was_accepted_are_paintings_that_differ():
    pictures = {"photo": photo()} | stored()
    assert len(pictures) == 1 + STYLES + 1
    near = {(one, other): psnr(pictures[one], pictures[other]) for one, other in combinations(pictures, 2)}
    assert max(near.values()) < 25, near
    assert min(picture.std() for picture in pictures.values()) > 10
