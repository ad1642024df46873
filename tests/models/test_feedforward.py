from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import models.feedforward  # noqa: E402
from models.feedforward import FeedForward, FeedForwardConfig, mix  # noqa: E402

CONTRASTS = pytest.mark.parametrize(("factor", "offset"), [(0.25, 0.3), (0.6, 0.0), (1.5, -0.2)])
FULL = torch.ones(1, 1, 1, 1)


def make(styles=1, *, blocks=2):
    """A small network whose styles are already different, as after training."""
    torch.manual_seed(0)
    network = FeedForward(FeedForwardConfig(styles, width=6, blocks=blocks)).eval()
    with torch.no_grad():
        for layer in network.config.normalised():
            network.shifts[layer].normal_(0, 0.5)
            network.scales[layer].normal_(1, 0.3)
    return network


def pictures(number, height, width, seed=0):
    return torch.rand(number, 3, height, width, generator=torch.Generator().manual_seed(seed))


@CONTRASTS
@torch.no_grad()
def test_contrast_and_brightness_change_nothing(factor, offset):
    network, content = make(), pictures(1, 40, 56)
    code = network.style_code()
    change = network.stylizer(factor * content + offset, FULL, code) - network.stylizer(content, FULL, code)
    assert 255 * float(change.abs().max()) < 1


@CONTRASTS
@torch.no_grad()
def test_only_eps_keeps_instance_norm_from_ignoring_contrast_exactly(monkeypatch, factor, offset):
    monkeypatch.setattr(models.feedforward, "EPS", 1e-14)
    network, content = make().double(), pictures(1, 40, 56).double()
    code = network.style_code()
    got, wanted = (network.stylizer(image, FULL.double(), code) for image in (factor * content + offset, content))
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-9)


@torch.no_grad()
def test_instance_norm_never_sees_other_samples():
    network, contents = make().train(), pictures(3, 24, 24)
    together = network(contents, torch.zeros(3, dtype=torch.long), FULL)
    for index in range(3):
        alone = network(contents[index : index + 1], torch.zeros(1, dtype=torch.long), FULL)
        torch.testing.assert_close(together[index : index + 1], alone, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_every_style_of_a_conditional_network_is_a_network_of_its_own():
    many, content = make(styles=3), pictures(1, 20, 28)
    for index in range(3):
        single = make()
        single.stylizer.load_state_dict(many.stylizer.state_dict())
        for layer in single.config.normalised():
            single.shifts[layer].copy_(many.shifts[layer][index : index + 1])
            single.scales[layer].copy_(many.scales[layer][index : index + 1])
        wanted = single.stylizer(content, FULL, single.style_code())
        assert torch.equal(many.stylizer(content, FULL, many.style_code(index)), wanted)
        torch.testing.assert_close(many(content, torch.tensor([index]), FULL), wanted)


@torch.no_grad()
def test_styles_blend_and_the_middle_is_neither():
    network, content = make(styles=2), pictures(1, 20, 28)
    first, second = network.style_code(0), network.style_code(1)
    middle = mix([first, second], [0.5, 0.5])
    for name in network.code_names:
        torch.testing.assert_close(middle[name], (first[name] + second[name]) / 2)
        assert float((first[name] - second[name]).abs().max()) > 0.01
    results = [network.stylizer(content, FULL, code) for code in (first, middle, second)]
    distances = [float((a - b).abs().mean()) for a, b in pairwise(results)]
    assert min(distances) > 0.01
    for corner, weights in ((first, [1, 0]), (second, [0, 1])):
        mixed = mix([first, second], weights)
        assert all(torch.equal(mixed[name], corner[name]) for name in network.code_names)


@torch.no_grad()
def test_the_runtimes_blend_is_the_same_blend():
    from streamstyle.styles.code import StyleCode, blend

    network = make(styles=2)
    codes = [network.style_code(index) for index in range(2)]
    arrays = [StyleCode(str(i), "1", {name: code[name].numpy() for name in code}) for i, code in enumerate(codes)]
    blended, wanted = blend(arrays, [1, 3]).tensors, mix(codes, [0.25, 0.75])
    for name in network.code_names:
        np.testing.assert_allclose(blended[name], wanted[name].numpy(), rtol=1e-5, atol=1e-6)


def test_a_batch_of_one_style_leaves_the_others_alone():
    network = make(styles=3).train()
    network(pictures(2, 16, 16), torch.tensor([1, 1]), FULL).square().mean().backward()
    for table in (network.shifts, network.scales):
        for layer, parameter in table.items():
            touched = parameter.grad.abs().sum(dim=1)
            assert float(touched[0]) == float(touched[2]) == 0, layer
            assert float(touched[1]) > 0, layer


@torch.no_grad()
def test_samples_of_a_batch_may_have_different_styles():
    network, contents = make(styles=2), pictures(2, 16, 24)
    order = torch.tensor([1, 0])
    together = network(contents, order, FULL)
    for row, index in enumerate(order.tolist()):
        alone = network.stylizer(contents[row : row + 1], FULL, network.style_code(index))
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (7, 3), (8, 8), (33, 50), (64, 41)])
@torch.no_grad()
def test_any_size_keeps_its_size_and_is_finite(height, width):
    network = make()
    result = network.stylizer(pictures(1, height, width), FULL, network.style_code())
    assert result.shape == (1, 3, height, width)
    assert bool(result.isfinite().all())
    assert 0 <= float(result.min()) <= float(result.max()) <= 1


@torch.no_grad()
def test_alpha_0_is_the_content_exactly_and_alpha_moves_linearly_away():
    network, content = make(), pictures(2, 24, 40)
    results = [network.stylizer(content, alpha * FULL, network.style_code()) for alpha in (0, 0.5, 1)]
    assert torch.equal(results[0], content)
    torch.testing.assert_close(results[1], (results[0] + results[2]) / 2)
    assert float((results[2] - content).abs().mean()) > 0.01


@torch.no_grad()
def test_a_flat_frame_stays_flat_and_has_no_border():
    network = make()
    for level in (0.0, 0.4, 1.0):
        result = network.stylizer(torch.full((1, 3, 40, 56), level), FULL, network.style_code())
        assert float((result - result[:, :, 20:21, 28:29]).abs().max()) < 1e-3


@torch.no_grad()
def test_a_code_may_style_region_by_region():
    network, content = make(), pictures(1, 16, 24)
    code = network.style_code()
    spread = {name: tensor.clone() for name, tensor in code.items()}
    sizes = {"full": (16, 24), "half": (8, 12)}
    for name, tensor in spread.items():
        spread[name] = tensor.expand(-1, -1, *sizes.get(name.split("_")[0], (4, 6))).clone()
    torch.testing.assert_close(network.stylizer(content, FULL, spread), network.stylizer(content, FULL, code))
    spread["full_out_mean"][..., 12:] += 3
    changed = network.stylizer(content, FULL, spread) - network.stylizer(content, FULL, code)
    assert float(changed[..., 16:].abs().mean()) > 0.001
    assert float(changed[..., :8].abs().max()) < 1e-6


def test_the_style_code_has_one_pair_per_normalised_layer_and_is_a_copy():
    network = make()
    code, layers = network.style_code(), network.config.normalised()
    assert list(code) == network.code_names == [f"{layer}_{kind}" for layer in layers for kind in ("mean", "std")]
    for layer, channels in layers.items():
        assert code[f"{layer}_mean"].shape == code[f"{layer}_std"].shape == (1, channels, 1, 1)
    code["full_in_mean"] += 1
    assert not torch.equal(code["full_in_mean"], network.style_code()["full_in_mean"])


def test_it_follows_the_family_protocol():
    network = make(styles=2)
    assert (network.family, network.size_multiple, network.style_encoder) == ("feedforward", 1, None)


def test_a_style_that_is_not_there_is_an_error():
    with pytest.raises(IndexError, match="from 0 to 1, got 2"):
        make(styles=2).style_code(2)
    with pytest.raises(IndexError, match="got -1"):
        make().style_code(-1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"styles": 0}, "at least one style"),
        ({"width": 0}, "width of 1 or more"),
        ({"blocks": -1}, "0 or more blocks"),
    ],
)
def test_shapes_that_cannot_be_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        FeedForwardConfig(**arguments)


def test_the_stylizer_runs_as_onnx_at_any_size_and_under_any_of_its_codes(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    from export.to_onnx import export_graph

    network = make(styles=2, blocks=1)

    class Graph(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.stylizer = network.stylizer

        def forward(self, content, alpha, code):
            return self.stylizer(content, alpha, dict(zip(network.code_names, code, strict=True)))

    sizes = {2: torch.export.Dim("height", min=1), 3: torch.export.Dim("width", min=1)}
    export_graph(
        Graph().eval(),
        [pictures(1, 72, 104), FULL, list(network.style_code().values())],
        (sizes, {}, [{} for _ in network.code_names]),
        inputs=["content", "alpha", *network.code_names],
        outputs=["stylized"],
        path=tmp_path / "graph.onnx",
        metadata={"family": network.family},
    )
    session = onnxruntime.InferenceSession(tmp_path / "graph.onnx", providers=["CPUExecutionProvider"])
    for height, width in ((1, 1), (5, 14), (33, 20)):
        content, code = pictures(1, height, width), network.style_code(network.config.styles - 1)
        feeds = {"content": content.numpy(), "alpha": FULL.numpy()} | {name: code[name].numpy() for name in code}
        got = session.run(None, feeds)[0]
        with torch.no_grad():
            wanted = network.stylizer(content, FULL, code).numpy()
        np.testing.assert_allclose(got, wanted, atol=1e-3)
