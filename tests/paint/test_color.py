import numpy as np
import pytest

from streamstyle.paint.color import ColorStats, Followed, match_matrix, recolor


def picture(seed, mean, mix):
    rng = np.random.default_rng(seed)
    pixels = rng.normal(0, 1, (60, 80, 3)) @ np.array(mix).T + mean
    return pixels.clip(0, 255).astype(np.uint8)


CONTENT = picture(0, (90, 140, 170), [[20, 5, 0], [8, 25, 3], [0, 2, 15]])
STYLIZED = picture(1, (160, 90, 60), [[30, 0, 0], [-10, 20, 0], [4, -6, 12]])


def test_matching_gives_mean_and_full_covariance():
    matched = recolor(STYLIZED, match_matrix(ColorStats.of(STYLIZED), ColorStats.of(CONTENT)))
    got, wanted = ColorStats.of(matched), ColorStats.of(CONTENT)
    np.testing.assert_allclose(got.mean, wanted.mean, atol=1)
    np.testing.assert_allclose(got.covariance, wanted.covariance, atol=0.08 * wanted.covariance.max())


def test_matching_a_picture_to_itself_changes_nothing():
    stats = ColorStats.of(CONTENT)
    assert np.abs(recolor(CONTENT, match_matrix(stats, stats)).astype(int) - CONTENT).max() <= 1


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_and_gray_pictures_neither_explode_nor_become_nan(level):
    flat = np.full((20, 30, 3), level, np.uint8)
    gray = np.repeat(CONTENT[:, :, :1], 3, axis=2)
    for source, target in ((flat, CONTENT), (CONTENT, flat), (gray, CONTENT), (CONTENT, gray), (flat, flat)):
        matrix = match_matrix(ColorStats.of(source), ColorStats.of(target))
        assert np.isfinite(matrix).all()
        assert np.abs(np.linalg.eigvals(matrix[:, :3])).max() <= 3 + 1e-9
        got = ColorStats.of(recolor(source, matrix)).mean
        np.testing.assert_allclose(got, ColorStats.of(target).mean, atol=4)


def test_colours_are_followed_slowly_and_start_anew_at_a_cut():
    followed = Followed()
    followed.update(ColorStats.of(CONTENT), seconds=1 / 30, afresh=False)
    slightly = ColorStats.of((CONTENT.astype(int) + 10).clip(0, 255).astype(np.uint8))
    slow = followed.update(slightly, seconds=1 / 30, afresh=False)
    assert 3 < np.abs(slow.mean - ColorStats.of(CONTENT).mean).max() < 5  # two fifths of the way
    other = ColorStats.of(255 - CONTENT)
    assert followed.update(other, seconds=1 / 30, afresh=True) == other
