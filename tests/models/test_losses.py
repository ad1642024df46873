import pytest

torch = pytest.importorskip("torch")

from models.losses import Stats, content_loss, content_target, style_loss  # noqa: E402
from models.vgg import LAYERS, Vgg19  # noqa: E402


@pytest.fixture(scope="module")
def vgg():
    torch.manual_seed(0)
    return Vgg19().eval()


@pytest.fixture(scope="module")
def features(vgg):
    with torch.no_grad():
        return vgg(torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(1)))


def test_vgg_layers_have_the_papers_shapes(features):
    assert [tuple(features[layer].shape) for layer in LAYERS] == [
        (2, 64, 48, 64),
        (2, 128, 24, 32),
        (2, 256, 12, 16),
        (2, 512, 6, 8),
    ]


def test_a_picture_that_is_its_own_style_and_content_has_no_loss(features):
    stats = Stats.of(features)
    target = content_target(features["relu4_1"], stats)
    assert float(content_loss(features, target).max()) < 1e-6
    assert float(style_loss(stats, stats).max()) == 0.0


def test_the_style_loss_is_the_sum_of_mean_squared_differences():
    def stats(value):
        shapes = [(1, channels, 1, 1) for channels in (64, 128, 256, 512)]
        return Stats(tuple(torch.full(s, value) for s in shapes), tuple(torch.full(s, 2 * value) for s in shapes))

    # Four layers, means off by 3 and deviations off by 6: 4 * (9 + 36).
    assert float(style_loss(stats(0.0), stats(3.0))) == pytest.approx(180.0)


def test_the_target_at_alpha_0_is_the_content(features):
    other = Stats.of({layer: tensor * 3 + 1 for layer, tensor in features.items()})
    torch.testing.assert_close(content_target(features["relu4_1"], other, 0.0), features["relu4_1"])


def test_gradients_reach_the_picture_and_not_the_judge(vgg):
    picture = torch.rand(1, 3, 32, 32, requires_grad=True)
    Stats.of(vgg(picture)).stds[-1].sum().backward()
    assert picture.grad is not None
    assert float(picture.grad.abs().sum()) > 0
    assert all(parameter.grad is None for parameter in vgg.parameters())


def test_bad_weights_are_named(tmp_path):
    path = tmp_path / "bad.pth"
    torch.save({"0.weight": torch.zeros(3, 3, 1, 1), "0.bias": torch.zeros(3), "2.weight": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match=r"wanted '2\.weight' of shape \(64, 3, 3, 3\), got \(1,\)"):
        Vgg19.load(path)
