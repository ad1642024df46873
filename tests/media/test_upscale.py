import cv2
import numpy as np
import pytest

from streamstyle.media.enlarge import enlarge
from streamstyle.media.resize import resize, resize_short_side, within


def sharp_scene(height, width):
    image = np.full((height, width, 3), 60, np.uint8)
    cv2.rectangle(image, (width // 3, height // 4), (width // 2, height - 9), (220, 180, 90), -1)
    return image


def test_resize_keeps_the_shape():
    assert resize_short_side(np.zeros((90, 160, 3), np.uint8), 45).shape == (45, 80, 3)


def test_resize_to_the_same_size_is_no_work():
    image = sharp_scene(20, 30)
    assert resize(image, 30, 20) is image


def test_a_content_that_went_down_comes_back_as_it_was():
    """With the identity for a style, what the way down lost is added again; only luminance, so gray comes back whole."""
    content = np.repeat(sharp_scene(120, 160)[:, :, :1], 3, axis=2)
    small = resize_short_side(content, 40)
    assert np.abs(enlarge(small, small, content).astype(int) - content).mean() < 2
    assert np.abs(resize(small, 160, 120).astype(int) - content).mean() > 2


def test_edges_of_the_content_are_sharper_than_without():
    content = sharp_scene(120, 160)
    small = resize_short_side(content, 40)

    def steepest(image):
        return np.abs(np.diff(image.mean(axis=2), axis=1)).max()

    stylized = small // 2 + 40
    assert steepest(enlarge(stylized, small, content)) > 1.5 * steepest(resize(stylized, 160, 120))


@pytest.mark.parametrize(("height", "width"), [(120, 160), (240, 320), (480, 640), (900, 1200)])
def test_a_picture_that_follows_the_content_gets_its_outlines_without_a_halo(height, width):
    content = sharp_scene(height, width)
    small = resize_short_side(content, 60)
    result = enlarge(small // 2 + 40, small, content).astype(int).mean(axis=2)
    wanted = (content // 2 + 40).mean(axis=2)
    assert np.abs(result - wanted).mean() < 2
    assert wanted.min() - 8 <= result.min()
    assert result.max() <= wanted.max() + 8


def test_what_was_painted_over_does_not_come_back():
    content = sharp_scene(360, 480)
    small = resize_short_side(content, 60)
    assert np.ptp(enlarge(np.full_like(small, 120), small, content)) == 0


def test_noise_of_the_camera_stays_away_from_strokes():
    rng = np.random.default_rng(0)
    content = np.clip(128 + rng.normal(0, 10, (720, 960, 3)), 0, 255).astype(np.uint8)
    small = resize_short_side(content, 90)
    stylized = np.ascontiguousarray(np.broadcast_to(np.linspace(0, 255, 120, dtype=np.uint8)[:, None], (90, 120, 3)))
    without = enlarge(stylized, np.full_like(small, 128), np.full_like(content, 128))
    assert np.abs(enlarge(stylized, small, content).astype(int) - without).mean() < 1


def test_strokes_are_crisper_than_by_interpolation_and_within_their_range():
    content, small = np.full((720, 960, 3), 77, np.uint8), np.full((90, 120, 3), 77, np.uint8)
    stylized = np.full_like(small, 60)
    stylized[:, 60:] = 180
    crisp, soft = enlarge(stylized, small, content), resize(stylized, 960, 720)
    steepest = [np.abs(np.diff(image[360, :, 0].astype(int))).max() for image in (crisp, soft)]
    assert steepest[0] > 1.5 * steepest[1]
    assert soft.min() <= crisp.min()
    assert crisp.max() <= soft.max()


def test_flat_content_adds_nothing_to_soft_strokes():
    content, small = np.full((60, 46, 3), 77, np.uint8), np.full((30, 23, 3), 77, np.uint8)
    stylized = np.ascontiguousarray(np.broadcast_to(np.arange(0, 180, 6, dtype=np.uint8)[:, None, None], small.shape))
    soft = cv2.resize(stylized, (46, 60), interpolation=cv2.INTER_LINEAR)
    assert np.abs(enlarge(stylized, small, content).astype(int) - soft)[4:-4].max() <= 1


def test_values_stay_in_range():
    content = np.zeros((64, 64, 3), np.uint8)
    content[::2] = 255
    content[:, 32:] = 255 - content[:, 32:]
    small = resize_short_side(content, 60)
    stylized = np.clip(small.astype(int) * 2 - 100, 0, 255).astype(np.uint8)
    result = enlarge(stylized, small, content)
    assert result.dtype == np.uint8
    assert (result.min(), result.max()) == (0, 255)


@pytest.mark.parametrize(
    ("width", "height", "short"), [(640, 480, 300), (641, 481, 300), (960, 720, 300), (1280, 960, 300)]
)
def test_a_frame_gets_smaller_as_by_means_of_areas(width, height, short):
    """Edges and noise come out alike; what is flat stays so to the level."""
    noise = np.random.default_rng(0).normal(128, 20, (height, width, 3)).clip(0, 255).astype(np.uint8)
    for picture, apart in ((sharp_scene(height, width), 0.5), (noise, 4.0), (np.full((height, width, 3), 77, np.uint8), 0)):
        small = within(picture, short)
        areas = resize(picture, small.shape[1], small.shape[0])
        assert small.shape == areas.shape == (short, round(width * short / height), 3)
        assert np.abs(small.astype(int) - areas).mean() <= apart
        assert small.std() == pytest.approx(areas.std(), rel=0.15)
