"""How each family is trained: what a step runs, and the settings that its paper gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from models.adain import StyleCode
from models.fast import Fast
from models.style_encoder import Seen
from models.vgg import Vgg19
from models.vgg_adain import VggAdain
from training.targets import Batch

Network = Fast | VggAdain

Encode = Callable[[Any, Batch], tuple[StyleCode, Seen]]
"""network, style -> style code, and what the encoder saw of the style; nothing where there is none."""

Step = Callable[[Any, Batch, StyleCode, Tensor, Tensor], Tensor]
"""network, content, style code, alpha (N, 1, 1, 1), target t (N, 512, H/8, W/8) -> stylized (N, 3, H, W)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the trainer must know about a family.

    Attributes:
        build: A new network beside the frozen VGG.
        trained: The part of it that learns, and that is saved.
        encode: The part of a training step's forward pass that makes the codes.
        stylize: The rest of it.
        defaults: Of the command line.
        betas: Of Adam.
        max_gradient: Gradients of a larger norm are scaled down to it.
        warm_up_steps: In which the learning rate rises.
        vary: Mirror crops and vary their scale and the paintings' colours, to make more of few pictures.
    """

    build: Callable[[Vgg19], Fast | VggAdain]
    trained: Callable[[Any], nn.Module]
    encode: Encode
    stylize: Step
    defaults: Mapping[str, Any]
    betas: tuple[float, float]
    max_gradient: float
    warm_up_steps: int
    vary: bool


def _encode_fast(network: Fast, style: Batch) -> tuple[StyleCode, Seen]:
    return network.complete(style.images)


def _stylize_fast(network: Fast, content: Batch, code: StyleCode, alpha: Tensor, _target: Tensor) -> Tensor:
    stylized: Tensor = network.stylizer(content.images, alpha, code)
    return stylized


def _encode_nothing(_network: VggAdain, style: Batch) -> tuple[StyleCode, Seen]:
    nothing = style.images.new_zeros(len(style.images), 0)
    return {}, Seen(nothing, nothing)


def _decode_target(network: VggAdain, _content: Batch, _code: StyleCode, _alpha: Tensor, target: Tensor) -> Tensor:
    # The target is AdaIN of the encoder's features: what is left to do is the decoder's part.
    stylized: Tensor = network.stylizer.decoder(target)
    return stylized


RECIPES: Mapping[str, Recipe] = {
    "fast": Recipe(
        build=lambda _vgg: Fast(),
        trained=lambda network: network,
        encode=_encode_fast,
        stylize=_stylize_fast,
        defaults={
            "size": 128,
            "batch": 8,
            "learning_rate": 1e-3,
            "schedule": "cosine",
            "style_weight": 10.0,
            "range_weight": 100.0,
            "alpha_share": 0.1,
            "ema": 0.998,
            "short_side": None,
        },
        betas=(0.9, 0.99),
        max_gradient=10.0,
        warm_up_steps=200,
        vary=True,
    ),
    # Huang & Belongie 2017, section 5: Adam, batches of 8, short side 512 and random crops of 256; learning rate, its decay
    # and lambda as in the authors' release.
    "vgg19": Recipe(
        build=VggAdain,
        trained=lambda network: network.stylizer.decoder,
        encode=_encode_nothing,
        stylize=_decode_target,
        defaults={
            "size": 256,
            "batch": 8,
            "learning_rate": 1e-4,
            "schedule": "inverse",
            "style_weight": 10.0,
            "range_weight": 0.0,
            "alpha_share": 0.0,
            "ema": 0.0,
            "short_side": 512,
        },
        betas=(0.9, 0.999),
        max_gradient=float("inf"),
        warm_up_steps=1,
        vary=False,
    ),
}
