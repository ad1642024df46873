"""A VGG-19 whose weights are random, and always the same."""

import torch

from models.vgg import CONVOLUTIONS, Vgg19
from models.vgg_adain import DECODER_KEYS


def save_random_vgg(path):
    """Write its weights as the public ones are written; gives the path back."""
    torch.manual_seed(0)
    torch.save(encoder_state(Vgg19()), path)
    return path


def encoder_state(vgg):
    """The weights in the layout of `vgg_normalised.pth`."""
    return _state({"0": vgg.preprocess} | {CONVOLUTIONS[name]: module for name, module in vgg.convolutions.items()})


def decoder_state(decoder):
    """The weights in the layout of pytorch-AdaIN's `decoder.pth`."""
    return _state({DECODER_KEYS[name]: module for name, module in decoder.convolutions.items()})


def _state(modules):
    parts = [(f"{key}.{kind}", getattr(module, kind)) for key, module in modules.items() for kind in ("weight", "bias")]
    return {name: tensor.detach() for name, tensor in parts}
