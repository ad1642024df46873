"""A network of random weights, and pictures for it."""

import torch

from models.vgg import LAYERS, Vgg19


def random_vgg(layers=LAYERS):
    """Weights that keep the size of activations from layer to layer, so that every layer has a say."""
    torch.manual_seed(0)
    vgg = Vgg19(layers)
    for convolution in vgg.convolutions.values():
        convolution.weight.mul_(2.0)
    return vgg.eval()


def clouds(seed, height=40, width=48):
    """A smooth random picture."""
    coarse = torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear").clamp(0, 1)
