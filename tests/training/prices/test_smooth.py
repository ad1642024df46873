import pytest

torch = pytest.importorskip("torch")

from training.prices.smooth import draw_smoothed, smoothed  # noqa: E402


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def roughness(images):
    return float((images[..., 1:] - images[..., :-1]).abs().mean())


@pytest.fixture
def content():
    return torch.rand(2, 3, 64, 48, generator=draw(5))


def test_smoothing_keeps_a_share_of_the_detail(content):
    photo, half, smooth = (smoothed(content, torch.full((2, 1, 1, 1), share)) for share in (1.0, 0.5, 0.0))
    assert torch.allclose(photo, content)
    assert torch.allclose(half, (photo + smooth) / 2, atol=1e-6)

    assert roughness(smooth) < 0.1 * roughness(photo)
    assert torch.allclose(smooth.mean((2, 3)), photo.mean((2, 3)), atol=0.02)


def test_most_of_what_is_drawn_is_smooth_and_some_is_the_photo(content):
    photo = content[:1]
    drawn = [roughness(draw_smoothed(photo, draw(seed))) / roughness(photo) for seed in range(200)]
    assert sum(share < 0.2 for share in drawn) > 100
    assert max(drawn) > 0.9
    assert draw_smoothed(content, draw(1)).equal(draw_smoothed(content, draw(1)))
    both = draw_smoothed(photo.repeat(2, 1, 1, 1), draw(3))
    assert not both[0].equal(both[1])  # every picture has a share of its own
