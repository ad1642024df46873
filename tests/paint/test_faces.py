"""Faces are brought out where they are, and nothing else changes."""

import cv2
import numpy as np
import pytest

from streamstyle.look.look import Region
from streamstyle.look.people.faces import Face
from streamstyle.paint.faces import legible
from streamstyle.paint.steady.faces import SeenFace
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles.store import CodeCache
from tests.looks import plain

HEIGHT, WIDTH = 120, 160
SIDE = 48


def seen(x=80.0, y=60.0, side=SIDE, share=1.0, turn=0.0):
    """A face by its middle, turned by so many radians."""
    offsets = side * np.array(
        [[-0.5, -0.5], [0.5, 0.5], [-0.2, -0.15], [0.2, -0.15], [0, 0.05], [0, 0.25], [-0.5, 0], [0.5, 0]]
    )
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    offsets[2:] = offsets[2:] @ rotation.T
    return SeenFace(np.array([x, y]) + offsets, share)


def found(**where):
    points = seen(**where).points
    return Face(points[:2].reshape(-1), points[2:], 0.9)


def photo(faces=None, skin=170, eye=140):
    """Faint eyes and mouths on plain skin."""
    picture = np.full((HEIGHT, WIDTH, 3), skin, np.uint8)
    for face in faces or [seen()]:
        for point in face.points[[2, 3, 5]]:
            size = max(2, round(face.width * 0.08))
            cv2.circle(picture, tuple(int(value) for value in point.round()), size, (eye,) * 3, -1)
    return picture


def contrast(picture, face):
    """Between the skin of the cheek and the left eye."""
    x, y = face.points[2].round().astype(int)
    nose = (face.points[4] + face.points[2]) / 2
    return float(picture[int(nose[1]), int(nose[0])].mean()) - float(picture[y, x].mean())


class Finds:
    """Finds what the test says."""

    def __init__(self, *faces):
        self.faces, self.asked = list(faces), 0

    def find(self, _image, least=0.5):
        self.asked += 1
        return [face for face in self.faces if face.score >= least]


@pytest.mark.parametrize("side", [20, 48, 90])
@pytest.mark.parametrize("turn", [0.0, 0.6])
def test_eyes_get_more_contrast_at_every_size_and_angle(side, turn):
    face = seen(side=side, turn=turn)
    picture = photo([face])
    before = picture.copy()
    gentle, firm = (contrast(legible(picture, [face], strength), face) for strength in (0.5, 1.0))
    np.testing.assert_array_equal(picture, before)
    assert contrast(picture, face) * 1.2 < gentle < firm


@pytest.mark.parametrize(("skin", "eye"), [(40, 25), (230, 205), (120, 150)])
def test_dark_and_light_skin_and_eyes_lighter_than_it(skin, eye):
    picture = photo(skin=skin, eye=eye)
    assert abs(contrast(legible(picture, [seen()], 1.0), seen())) > 1.2 * abs(contrast(picture, seen()))


def test_outside_of_a_face_nothing_changes():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    changed = (legible(picture, [seen(side=30)], 1.0) != picture).any(axis=2)
    assert changed[45:75, 65:95].mean() > 0.5
    changed[60 - 27 : 60 + 28, 80 - 27 : 80 + 28] = False
    assert not changed.any()


def test_colors_stay():
    picture = photo()
    picture[..., 2] -= 60
    after = legible(picture, [seen()], 1.0).astype(int)
    np.testing.assert_array_equal(after[..., 0] - after[..., 2], picture[..., 0].astype(int) - picture[..., 2])


def test_a_face_that_fades_in_is_brought_out_less():
    picture = photo()
    half = contrast(legible(picture, [seen(share=0.3)], 1.0), seen())
    assert contrast(picture, seen()) < half < contrast(legible(picture, [seen()], 1.0), seen())


def test_strength_0_and_no_faces_return_the_frame_itself():
    picture = photo()
    assert legible(picture, [seen()], 0.0) is picture
    assert legible(picture, [], 1.0) is picture


@pytest.mark.parametrize(
    "face", [seen(x=0, y=0), seen(x=159, y=119), seen(x=-200), seen(side=3), seen(side=400), seen(side=0)]
)
def test_faces_at_and_over_the_edge_and_of_odd_sizes(face):
    assert legible(photo(), [face], 1.0).shape == (HEIGHT, WIDTH, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("codes")


def stylizer_with(folder, finder):
    stylizer = Stylizer("fast", "cpu", CodeCache(folder), face_finder=finder)
    return stylizer, stylizer.encoder.find(stylizer.encoder.builtin.names()[0])


class TestStylizer:
    def test_a_face_is_painted_otherwise_and_the_rest_alike(self, folder):
        stylizer, code = stylizer_with(folder, Finds(found(x=50.0, side=40)))
        picture = photo([seen(x=50.0, side=40)])
        bare = stylizer.stylize(picture, plain(code)).astype(int)
        change = np.abs(stylizer.stylize(picture, plain(code, faces=1.0)) - bare)
        there, elsewhere = change[45:75, 35:65].mean(), change[:, 120:].mean()
        assert there > 4
        assert elsewhere < there / 3  # some, since the network takes means over the whole frame

    @pytest.mark.parametrize("temporal", ["off", "on"])
    def test_faces_0_asks_nobody(self, folder, temporal):
        finder = Finds(found())
        stylizer, code = stylizer_with(folder, finder)
        stylizer.stylize(photo(), plain(code, faces=0.0, temporal=temporal))
        assert finder.asked == 0

    def test_alpha_0_is_the_content_and_little_alpha_brings_out_little(self, folder):
        finder = Finds(found())
        stylizer, code = stylizer_with(folder, finder)
        np.testing.assert_array_equal(stylizer.stylize(photo(), plain(code, alpha=0.0, faces=1.0)), photo())
        assert finder.asked == 0
        bare, brought = (stylizer.stylize(photo(), plain(code, alpha=0.02, faces=f)).astype(int) for f in (0.0, 1.0))
        assert np.abs(brought - bare).max() <= 6

    def test_a_face_in_a_place_that_is_kept_stays_untouched(self, folder):
        stylizer, code = stylizer_with(folder, Finds(found()))
        kept = np.zeros((HEIGHT, WIDTH), np.float32)
        kept[:, 40:120] = 1
        look = plain(code, faces=1.0, regions=(Region(kept, code, 0.0),))
        np.testing.assert_array_equal(stylizer.stylize(photo(), look)[:, 40:120], photo()[:, 40:120])

    def test_regions_ask_once_for_all(self, folder):
        finder = Finds(found())
        stylizer, code = stylizer_with(folder, finder)
        half = np.zeros((HEIGHT, WIDTH), np.float32)
        half[:, 80:] = 1
        stylizer.stylize(photo(), plain(code, faces=1.0, regions=(Region(half, code),)))
        assert finder.asked == 1

    def test_larger_frames_are_looked_at_in_the_size_in_which_they_are_painted(self, folder):
        shapes = []

        class Sees(Finds):
            def find(self, image, least=0.5):
                shapes.append(image.shape)
                return []

        stylizer, code = stylizer_with(folder, Sees())
        stylizer.stylize(photo(), plain(code, faces=1.0, size=60))
        assert shapes == [(60, 80, 3)]
