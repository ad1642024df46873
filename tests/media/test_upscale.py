import cv2
import numpy as np

from streamstyle.media.resize import enlarge, resize, resize_short_side


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


def test_flat_content_adds_nothing():
    content, small = np.full((90, 70, 3), 77, np.uint8), np.full((30, 23, 3), 77, np.uint8)
    stylized = np.random.default_rng(0).integers(0, 256, (30, 23, 3), dtype=np.uint8)
    assert np.array_equal(enlarge(stylized, small, content), cv2.resize(stylized, (70, 90), interpolation=cv2.INTER_CUBIC))


def test_values_stay_in_range():
    content = np.zeros((64, 64, 3), np.uint8)
    content[::2] = 255
    small = resize_short_side(content, 16)
    result = enlarge(np.full((16, 16, 3), 250, np.uint8), small, content)
    assert result.dtype == np.uint8
    assert result.max() == 255
