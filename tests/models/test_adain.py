import pytest

torch = pytest.importorskip("torch")

from models.adain import adain, channel_stats  # noqa: E402
from models.losses import feature_stats  # noqa: E402


@pytest.fixture
def features():
    return torch.randn(2, 5, 13, 9, generator=torch.Generator().manual_seed(3)) * 4 + 7


def test_adain_of_features_with_their_own_statistics_is_the_identity(features):
    mean, std = channel_stats(features)
    torch.testing.assert_close(adain(features, mean, std), features)


def test_the_output_has_the_styles_statistics(features):
    style = torch.rand(2, 5, 8, 31, generator=torch.Generator().manual_seed(4)) * 3 - 20
    mean, std = channel_stats(style)
    got_mean, got_std = channel_stats(adain(features, mean, std))
    torch.testing.assert_close(got_mean, mean, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(got_std, std, rtol=1e-4, atol=1e-4)


def test_the_variance_is_the_populations():
    features = torch.tensor([0.0, 2.0]).reshape(1, 1, 1, 2)
    mean, std = channel_stats(features, eps=0.0)
    assert mean.item() == 1.0
    assert std.item() == 1.0  # n - 1 would give the root of 2


def test_flat_features_become_the_styles_mean_without_nan():
    flat = torch.full((1, 3, 6, 6), 0.25)
    mean, std = torch.full((1, 3, 1, 1), 0.7), torch.full((1, 3, 1, 1), 0.4)
    torch.testing.assert_close(adain(flat, mean, std), torch.full((1, 3, 6, 6), 0.7))


def test_the_gain_is_bounded(features):
    weak = features * 1e-3
    mean, std = torch.zeros(1, 5, 1, 1), torch.full((1, 5, 1, 1), 50.0)
    _, got = channel_stats(adain(weak, mean, std, max_gain=2.5), eps=0.0)
    _, before = channel_stats(weak, eps=0.0)
    torch.testing.assert_close(got, before * 2.5, rtol=1e-3, atol=1e-6)


def test_codes_of_several_regions_broadcast(features):
    mean, std = torch.randn(2, 5, 1, 1), torch.rand(2, 5, 1, 1)
    whole = adain(features, mean, std)
    by_region = adain(features, mean.expand(2, 5, 13, 9), std.expand(2, 5, 13, 9))
    torch.testing.assert_close(whole, by_region)


def test_feature_stats_agree_with_channel_stats_in_value_and_gradient(features):
    weights = torch.randn(2, 2, 5, 1, 1, generator=torch.Generator().manual_seed(5))
    gradients = []
    for stats in (channel_stats, feature_stats):
        leaf = features.clone().requires_grad_()
        mean, std = stats(leaf)
        ((mean * weights[0]).sum() + (std * weights[1]).sum()).backward()
        gradients.append((mean.detach(), std.detach(), leaf.grad))
    for got, wanted in zip(*gradients, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)
