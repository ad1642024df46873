"""Every family, through the same tests: a new one is one more line in FAMILIES."""

import pytest

torch = pytest.importorskip("torch")

from models.fast import Fast, FastConfig  # noqa: E402
from models.vgg_adain import VggAdain  # noqa: E402

FAMILIES = {
    "fast": lambda: Fast(FastConfig(half=8, quarter=12, eighth=16, blocks=2, style=32)),
    "vgg19": VggAdain,
}
IDENTITY_AT_ALPHA_0 = ("fast",)
"""The others blend features, and show their reconstruction of the content."""


@pytest.fixture(params=FAMILIES)
def network(request):
    torch.manual_seed(0)
    return FAMILIES[request.param]().eval()


def pictures(number, height, width, seed=0):
    return torch.rand(number, 3, height, width, generator=torch.Generator().manual_seed(seed))


def full(number=1):
    return torch.ones(number, 1, 1, 1)


@torch.no_grad()
def test_alpha_0_does_not_see_the_style(network):
    content = pictures(2, 24, 40)
    results = [network(content, pictures(2, 32, 32, seed=seed), 0 * full(2)) for seed in (1, 2)]
    assert torch.equal(*results)
    if network.family in IDENTITY_AT_ALPHA_0:
        assert torch.equal(results[0], content)


@torch.no_grad()
def test_alpha_moves_the_result_monotonically_away_from_the_content(network):
    if network.family not in IDENTITY_AT_ALPHA_0:
        pytest.skip("an untrained decoder does not show the content; see test_vgg_adain.py for a trained one")
    content, style = pictures(1, 32, 32), pictures(1, 32, 32, seed=1) * 0.5
    distances = [float((network(content, style, a * full()) - content).abs().mean()) for a in (0, 0.25, 0.5, 0.75, 1)]
    assert distances == sorted(distances)
    assert distances[-1] > 0.01


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (7, 3), (8, 8), (33, 50), (64, 41)])
@torch.no_grad()
def test_any_size_keeps_its_size_and_is_finite(network, height, width):
    result = network(pictures(1, height, width), pictures(1, 32, 32, seed=1), full())
    assert result.shape == (1, 3, height, width)
    assert bool(result.isfinite().all())


@torch.no_grad()
def test_samples_of_a_batch_do_not_see_each_other(network):
    contents, styles = pictures(3, 24, 24), pictures(3, 32, 32, seed=1)
    together = network(contents, styles, full(3))
    for index in range(3):
        alone = network(contents[index : index + 1], styles[index : index + 1], full())
        torch.testing.assert_close(together[index : index + 1], alone, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_flat_contents_and_flat_styles_are_finite(network):
    for content in (torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)):
        for style in (torch.zeros(1, 3, 16, 16), pictures(1, 16, 16)):
            assert bool(network(content, style, full()).isfinite().all())


@torch.no_grad()
def test_the_style_code_is_one_mean_and_one_deviation_per_layer(network):
    code = network.style_encoder(pictures(1, 40, 32))
    assert list(network.code_names) == list(network.sample_code())
    assert set(code) == set(network.code_names)
    for name in network.code_names:
        layer, kind = name.rsplit("_", 1)
        assert kind in {"mean", "std"}
        assert code[name].shape == code[f"{layer}_mean"].shape
        assert code[name].shape[2:] == (1, 1)
        assert kind == "mean" or bool((code[name] >= 0).all())


@torch.no_grad()
def test_a_flat_frame_has_no_border(network):
    """Zero padding would show as a frame of another colour; replication cannot."""
    result = network(torch.full((1, 3, 40, 56), 0.4), pictures(1, 32, 32), full())
    # Pixel shuffle may give the pixels of a block different values, the same in every block.
    blocks = torch.nn.functional.pixel_unshuffle(result, 8)
    assert float((blocks - blocks[:, :, 2:3, 3:4]).abs().max()) < 1e-3


def test_the_shipped_widths_stay_within_3_gmac_at_640x360():
    from export.count import count_macs

    assert count_macs(Fast().eval(), 360, 640) <= 3_000_000_000
