import cv2
import numpy as np
import pytest

from evaluation.measures.coherence import K1, K2, edge_agreement, edges, luma, ssim


def textured(seed=0, height=48, width=64):
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.uniform(40, 160, (height, width)), (0, 0), 1.5)


def test_a_picture_is_wholly_similar_to_itself():
    same = ssim(textured(), textured())
    assert (same.value, same.luminance, same.contrast, same.structure) == pytest.approx((1, 1, 1, 1), abs=1e-12)


@pytest.mark.parametrize("gain", [0.3, 0.7, 1.5])
def test_a_scaled_copy_has_the_value_of_the_formula(gain):
    """Without the constants every window has l = c = 2 a / (1 + a^2) and s = 1, whatever is in it."""
    factor = 2 * gain / (1 + gain * gain)
    got = ssim(textured(), gain * textured(), k1=0, k2=0)
    assert got.luminance == pytest.approx(factor, rel=1e-9)
    assert got.contrast == pytest.approx(factor, rel=1e-7)
    assert got.structure == pytest.approx(1, rel=1e-7)
    assert got.value == pytest.approx(factor**2, rel=1e-7)


def test_the_constants_are_those_of_the_definition():
    """Two flat pictures: contrast and structure are 1 by C2 and C3 alone, luminance has C1 = (0.01 * 255)^2."""
    got = ssim(np.full((20, 20), 50.0), np.full((20, 20), 80.0))
    c1 = (0.01 * 255) ** 2
    assert got.luminance == pytest.approx((2 * 50 * 80 + c1) / (50**2 + 80**2 + c1), rel=1e-12)
    assert (got.contrast, got.structure) == pytest.approx((1, 1), abs=1e-9)
    assert (K1, K2) == (0.01, 0.03)


def test_every_window_is_computed_as_the_definition_says():
    """One window by hand: 11 x 11, Gaussian of 1.5, population moments, C2 = (0.03 * 255)^2, C3 = C2 / 2."""
    first, second = textured(1, 11, 11), textured(2, 11, 11)
    line = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    weights = np.outer(line, line) / line.sum() ** 2
    mean1, mean2 = (weights * first).sum(), (weights * second).sum()
    deviation1 = ((weights * (first - mean1) ** 2).sum()) ** 0.5
    deviation2 = ((weights * (second - mean2) ** 2).sum()) ** 0.5
    covariance = (weights * (first - mean1) * (second - mean2)).sum()
    c1, c2 = 2.55**2, 7.65**2
    luminance = (2 * mean1 * mean2 + c1) / (mean1**2 + mean2**2 + c1)
    contrast = (2 * deviation1 * deviation2 + c2) / (deviation1**2 + deviation2**2 + c2)
    structure = (covariance + c2 / 2) / (deviation1 * deviation2 + c2 / 2)
    got = ssim(first, second)
    assert (got.luminance, got.contrast, got.structure) == pytest.approx((luminance, contrast, structure), rel=1e-9)
    assert got.value == pytest.approx(luminance * contrast * structure, rel=1e-9)


def test_an_inverted_picture_has_the_opposite_structure():
    assert ssim(textured(), 200 - textured(), k2=0).structure == pytest.approx(-1)


def test_ssim_is_that_of_torchmetrics():
    """An independent implementation. It averages over the border, too, so its map is cut to the windows that lie inside."""
    torch = pytest.importorskip("torch")
    independent = pytest.importorskip(
        "torchmetrics.functional.image", reason="torchmetrics is of the extra 'dev': pip install -e '.[cpu,train,dev]'"
    )
    for seed in range(3):
        first = textured(seed, 60, 80)
        second = first * (0.6 + 0.2 * seed) + np.random.default_rng(seed).normal(0, 12, first.shape)
        tensors = (torch.from_numpy(plane)[None, None] for plane in (second, first))
        _, full = independent.structural_similarity_index_measure(*tensors, data_range=255.0, return_full_image=True)
        assert ssim(first, second).value == pytest.approx(float(full[0, 0, 5:-5, 5:-5].mean()), abs=1e-6)


def test_pictures_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="one size"):
        ssim(textured(), textured(0, 40, 64))
    with pytest.raises(ValueError, match="11x11"):
        ssim(np.zeros((10, 30)), np.zeros((10, 30)))


def test_luma_is_that_of_bt601_in_rgb_order():
    picture = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert luma(picture)[0] == pytest.approx([76.245, 149.685, 29.07, 255.0])


def shapes(*centers):
    picture = np.full((96, 128, 3), 60, np.uint8)
    for x, y in centers:
        cv2.rectangle(picture, (x - 10, y - 10), (x + 10, y + 10), (220, 200, 90), -1)
    return picture


def test_the_same_edges_agree_wholly_whatever_the_colors_and_the_contrast():
    picture = shapes((30, 30), (90, 60))
    assert edge_agreement(picture, picture) == 1.0
    recolored = 100 + picture[..., ::-1] // 4
    assert edge_agreement(picture, recolored) > 0.98


def test_edges_elsewhere_agree_no_better_than_chance():
    assert edge_agreement(shapes((25, 25)), shapes((95, 65))) < 0.05


def test_edges_are_found_within_the_tolerance_only():
    """The diagonal is 160 pixels, so the tolerance is 1.2."""
    near = edge_agreement(shapes((40, 40)), shapes((41, 40)))
    far = edge_agreement(shapes((40, 40)), shapes((46, 46)))
    assert near > 0.95
    assert far < 0.5


def test_pictures_without_edges():
    plain = np.full((96, 128, 3), 90, np.uint8)
    assert not edges(plain).any()
    assert edge_agreement(plain, plain) == 1.0
    assert edge_agreement(plain, shapes((40, 40))) == 0.0
