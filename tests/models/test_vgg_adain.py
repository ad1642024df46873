"""The paper's system; with the reference weights where they are at hand."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from models.losses import Stats, content_loss, content_target, style_loss  # noqa: E402
from models.vgg import TORCHVISION, Vgg19  # noqa: E402
from models.vgg_adain import Decoder, VggAdain  # noqa: E402
from tests.vgg import decoder_state, encoder_state  # noqa: E402

WEIGHTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "weights"
ENCODER, DECODER = WEIGHTS / "vgg_normalised_relu4_1.pth", WEIGHTS / "adain_decoder_int8dequant.pth"
needs_weights = pytest.mark.skipif(not DECODER.is_file(), reason="the reference weights (../shared) are not at hand")


def scene(height, width, seed=0):
    """A picture with gradients, edges and grain; (1, 3, H, W)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [np.sin(x * f + p) * np.cos(y * g - p) for f, g, p in rng.uniform(0.02, 0.3, (3, 3))]
    picture = (
        0.45 + 0.25 * np.stack(waves) + 0.2 * (x > width * rng.uniform(0.3, 0.7)) + rng.normal(0, 0.02, (3, height, width))
    )
    return torch.from_numpy(picture.clip(0, 1).astype(np.float32))[None]


def alpha(value):
    return torch.full((1, 1, 1, 1), float(value))


@pytest.fixture(scope="module")
def reference():
    return VggAdain(Vgg19.load(ENCODER), Decoder.load(DECODER)).eval()


def sequential(layers):
    """Modules in the order of the public state dicts: the keys are the places of the convolutions."""
    modules = []
    for layer in layers:
        if layer == "pool":
            modules.append(nn.MaxPool2d(2, 2, ceil_mode=True))
        elif layer == "up":
            modules.append(nn.Upsample(scale_factor=2, mode="nearest"))
        elif layer == "relu":
            modules.append(nn.ReLU())
        elif len(layer) == 2:
            modules.append(nn.Conv2d(*layer, 1))
        else:
            modules += [nn.ReflectionPad2d(1), nn.Conv2d(layer[0], layer[1], 3)]
    return nn.Sequential(*modules)


def public_encoder():
    blocks = [(3, 3)]
    for inputs, outputs, pool in (
        (3, 64, False),
        (64, 64, False),
        (64, 128, True),
        (128, 128, False),
        (128, 256, True),
        (256, 256, False),
        (256, 256, False),
        (256, 256, False),
        (256, 512, True),
    ):
        blocks += (["pool"] if pool else []) + [(inputs, outputs, 3), "relu"]
    return sequential(blocks)


def public_decoder():
    blocks = [(512, 256, 3), "relu", "up"]
    blocks += [(256, 256, 3), "relu"] * 3 + [(256, 128, 3), "relu", "up"]
    blocks += [(128, 128, 3), "relu", (128, 64, 3), "relu", "up", (64, 64, 3), "relu", (64, 3, 3)]
    return sequential(blocks)


@needs_weights
@torch.no_grad()
def test_the_reference_weights_give_the_reference_output(reference):
    """An independent build, layer by layer in the public layout and in float64, on the public state dicts."""
    encoder, decoder = public_encoder().double(), public_decoder().double()
    encoder.load_state_dict(torch.load(ENCODER, weights_only=True))
    decoder.load_state_dict(torch.load(DECODER, weights_only=True))
    content, style = scene(96, 128), scene(80, 80, seed=1)
    features, wanted = encoder(content.double()), encoder(style.double())
    variance, mean = torch.var_mean(features, dim=(2, 3), correction=0, keepdim=True)
    style_variance, style_mean = torch.var_mean(wanted, dim=(2, 3), correction=0, keepdim=True)
    # The 1e-5 matters in channels that are flat.
    expected = decoder((features - mean) / (variance + 1e-5).sqrt() * (style_variance + 1e-5).sqrt() + style_mean)
    difference = (reference(content, style, alpha(1)) - expected).abs().max()
    assert float(difference) < 2e-3  # half a level of 255


@needs_weights
@torch.no_grad()
def test_more_alpha_means_more_style_and_less_content(reference):
    vgg = reference.style_encoder.vgg
    content, style = scene(96, 96), 1 - scene(96, 96, seed=4) ** 2
    stats, features = Stats.of(vgg(style)), vgg(content)
    unstyled = content_target(features["relu4_1"], stats, 0.0)
    away, left = [], []
    for value in (0, 0.25, 0.5, 0.75, 1):
        result = vgg(reference(content, style, alpha(value)).clamp(0, 1))
        away.append(float(content_loss(result, unstyled)))
        left.append(float(style_loss(Stats.of(result), stats)))
    assert away == sorted(away)
    assert left == sorted(left, reverse=True)
    assert left[-1] < left[0] / 2


@needs_weights
def test_encoder_and_decoder_that_belong_together_are_told_from_strangers(reference):
    assert reference.reconstruction_error() < 1
    torch.manual_seed(0)
    stranger = VggAdain(Vgg19.load(ENCODER), Decoder()).eval()
    assert stranger.reconstruction_error() > 1.5


@needs_weights
def test_layers_that_the_file_does_not_reach_are_left_out_or_named():
    layers = ("relu1_1", "relu4_1", "relu4_2", "relu5_1")
    assert Vgg19.load(ENCODER, layers, as_available=True).layers == ("relu1_1", "relu4_1")
    with pytest.raises(ValueError, match=r"wanted '32\.weight'"):
        Vgg19.load(ENCODER, layers)


def test_the_decoder_mirrors_the_encoder():
    vgg, decoder = Vgg19(), Decoder()
    for name, convolution in decoder.convolutions.items():
        mirrored = vgg.convolutions[name]
        assert (convolution.in_channels, convolution.out_channels) == (mirrored.out_channels, mirrored.in_channels)
    assert not any(isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d) for module in decoder.modules())


def test_public_layouts_come_back_as_they_were(tmp_path):
    torch.manual_seed(0)
    vgg, decoder = Vgg19(), Decoder()
    torch.save(encoder_state(vgg), tmp_path / "vgg.pth")
    torch.save({key: value.half() for key, value in decoder_state(decoder).items()}, tmp_path / "decoder.pth")
    again = Vgg19.load(tmp_path / "vgg.pth")
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), vgg.parameters(), strict=True))
    for a, b in zip(Decoder.load(tmp_path / "decoder.pth").parameters(), decoder.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_torchvisions_layout_takes_imagenets_means_off(tmp_path):
    torch.manual_seed(0)
    vgg = Vgg19()
    state = {
        f"features.{key}.weight": vgg.convolutions[name].weight for name, key in TORCHVISION.items() if name < "conv4_2"
    }
    state |= {f"features.{key}.bias": vgg.convolutions[name].bias for name, key in TORCHVISION.items() if name < "conv4_2"}
    state |= {"classifier.0.weight": torch.zeros(2, 2)}
    torch.save(state, tmp_path / "vgg19.pth")
    image = torch.rand(1, 3, 32, 32)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    prepared = (image - mean[:, None, None]) / std[:, None, None]
    first = vgg.convolutions["conv1_1"]
    wanted = F.relu(F.conv2d(F.pad(prepared, (1, 1, 1, 1), mode="reflect"), first.weight, first.bias))
    torch.testing.assert_close(Vgg19.load(tmp_path / "vgg19.pth")(image)["relu1_1"], wanted)
