import numpy as np
import pytest

torch = pytest.importorskip("torch")

from streamstyle.look.recipe import GRAIN  # noqa: E402
from streamstyle.paint.grain import grained  # noqa: E402
from training.prices.grained import draw_grained, with_grain  # noqa: E402


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def photos():
    """Half sky, half detail; in whole levels."""
    pixels = np.full((2, 128, 128, 3), (150, 180, 210), np.uint8)
    pixels[:, 64:] = np.random.default_rng(0).integers(0, 256, (2, 64, 128, 3))
    return torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255


def alpha(*values):
    return torch.tensor(values).reshape(-1, 1, 1, 1)


def test_skies_get_grain_as_at_run_time_and_detail_does_not(photos):
    pixels = np.ascontiguousarray((photos[0] * 255).round().byte().permute(1, 2, 0).numpy())
    turned = [pixels[::down, ::right] for down in (1, -1) for right in (1, -1)]
    wanted = [grained(np.ascontiguousarray(one), GRAIN) for one in turned]
    back = [one[::down, ::right] for one, (down, right) in zip(wanted, ((1, 1), (1, -1), (-1, 1), (-1, -1)), strict=True)]
    seen = set()
    for seed in range(12):
        result = draw_grained(photos, alpha(1.0, 1.0), 1.0, draw(seed))[0].mul(255).round().byte().permute(1, 2, 0).numpy()
        (turn,) = [index for index, one in enumerate(back) if np.array_equal(one, result)]
        seen.add(turn)
        assert result[:40].std(axis=(0, 1)).min() > 1
        assert np.array_equal(result[100:], pixels[100:])
    assert seen == {0, 1, 2, 3}


def test_a_share_of_the_photos_gets_grain_the_less_the_less_is_painted(photos):
    assert draw_grained(photos, alpha(1.0, 1.0), 0.0, draw()).equal(photos)
    assert draw_grained(photos, alpha(0.0, 0.0), 1.0, draw()).allclose(photos)

    results = [draw_grained(photos, alpha(1.0, 0.3), 0.75, draw(seed)) for seed in range(60)]
    changes = [(result - photos).abs().mean((1, 2, 3)) for result in results]
    full, faint = torch.stack(changes).T
    assert 0.6 < (full > 0).float().mean() < 0.9
    assert faint.max() < 0.5 * full.max()
    assert ((full > 0) != (faint > 0)).any()  # every photo is drawn for itself


def test_a_photo_gets_the_grain_of_the_runtime(photos):
    pixels = np.ascontiguousarray((photos[0] * 255).round().byte().permute(1, 2, 0).numpy())
    assert with_grain(photos, 0.0) is photos
    result = with_grain(photos[:1], 0.8).mul(255).round().byte()[0].permute(1, 2, 0).numpy()
    assert np.array_equal(result, grained(pixels, 0.8))
