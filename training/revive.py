"""Units that never fire learn nothing: they begin anew with other weights, while the network computes what it did.

A ReLU that is negative on every picture has no gradient, so what died early in training stays dead. Such units get new
weights on their way in, at the scale of their living neighbours, and zeros on their way out, which learn first. Of the
stylizer only the units inside residual blocks are looked at, whose way out is a single convolution; each takes over the
part of the code of a living unit, since its own had told it to be silent.

Source: Sokar et al. 2023, "The Dormant Neuron Phenomenon in Deep Reinforcement Learning", arXiv:2302.12902 ("ReDo"); Lu et
al. 2019, "Dying ReLU and Initialization", arXiv:1903.06733.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.adain import channel_stats
from models.fast import Fast, ResidualBlock
from models.style_encoder import LEAST_USUAL, StyleEncoder
from training.checkpoint import load_fast, save_weights
from training.data import centre_crop, load_images

SILENT = 0.01
"""A unit that fires on a smaller share of the pictures is dead."""
QUIET = 1e-3
"""So is one whose output has a smaller deviation over all pictures: it says always the same."""
_SIDE = 128
_USUAL_SPREAD = 0.2
"""Deviation of new units in a layer of which none is alive."""


@torch.no_grad()
def revive(network: Fast, styles: Tensor, contents: Tensor) -> dict[str, int]:
    """Revive what is dead in the encoder's trunk and in the stylizer's residual blocks.

    Args:
        network: Changed in place.
        styles: (N, 3, H, W) float in [0, 1], H and W multiples of 16; some tens.
        contents: Likewise, as many.

    Returns:
        Layer -> number of units that were revived.
    """
    found = _revive_encoder(network.encoder, styles)
    found |= _revive_blocks(network, styles, contents)
    return {layer: count for layer, count in found.items() if count}


def dead_units(fired: Tensor) -> Tensor:
    """Which units are dead: (N, C, H, W), the outputs of a ReLU on N pictures -> (C,) bool."""
    share = (fired.amax((2, 3)) > 0).float().mean(0)
    return (share < SILENT) | (fired.std((0, 2, 3)) < QUIET)


def _begin_anew(layer: nn.Conv2d, units: Tensor, inputs: Tensor) -> None:
    """New weights on the way in, so that a unit fires on half of the picture, as strongly as its living neighbours."""
    living = F.relu(layer(inputs)).std((0, 2, 3))[~units]
    spread = float(living.median()) if len(living) else _USUAL_SPREAD
    count = int(units.sum())
    drawn = torch.randn(count, *layer.weight.shape[1:], device=layer.weight.device)
    layer.weight[units] = drawn
    assert layer.bias is not None
    layer.bias[units] = 0
    before = layer(inputs)[:, units]
    # A ReLU that cuts off half of a normal distribution leaves 0.58 of its deviation.
    scale = spread / 0.58 / before.std((0, 2, 3)).clamp(min=1e-6)
    layer.weight[units] = drawn * scale[:, None, None, None]
    layer.bias[units] = -before.mean((0, 2, 3)) * scale


def _revive_encoder(encoder: StyleEncoder, styles: Tensor) -> dict[str, int]:
    layers = {f"trunk{index}": layer for index, layer in enumerate(encoder.trunk) if isinstance(layer, nn.Conv2d)}
    last = list(layers)[-1]
    deep = [layer for layer in encoder.deep if isinstance(layer, nn.Conv2d)] if encoder.embedding else []
    layers |= {f"deep{index}": layer for index, layer in enumerate(deep)}
    features = F.pixel_unshuffle(styles * 4 - 2, 2)
    first, found, revived = 2 * styles.shape[1], {}, []
    said = encoder.look(styles)[1].mean(0)
    names = list(layers)
    for position, name in enumerate(names):
        layer = layers[name]
        after = [layers[names[position + 1]]] if position + 1 < len(names) else []
        if name == last:
            after.append(encoder.heads)
        dead = dead_units(F.relu(layer(features)))
        found[name] = int(dead.sum())
        if found[name]:
            _begin_anew(layer, dead, features)
            for consumer in after:
                consumer.weight[:, dead] = 0
            columns = first + torch.cat([dead.nonzero()[:, 0], dead.nonzero()[:, 0] + len(dead)])
            revived.append(columns)
        first += 2 * len(dead)
        features = F.relu(layer(features))
    if revived and encoder.embedding:
        columns = torch.cat(revived)
        # What they always said was a part of the bias.
        constant = ((said - encoder.usual_mean) / encoder.usual_std)[columns]
        encoder.embed_in.bias.add_(encoder.embed_in.weight[:, columns] @ constant)
        encoder.embed_in.weight[:, columns] = 0
        pooled = encoder.look(styles)[1]
        encoder.usual_mean[columns] = pooled.mean(0)[columns]
        encoder.usual_std[columns] = pooled.std(0)[columns] + LEAST_USUAL
    return found


def _revive_blocks(network: Fast, styles: Tensor, contents: Tensor) -> dict[str, int]:
    stylizer, found = network.stylizer, {}
    named = {f"block{index}": block for index, block in enumerate(stylizer.blocks)}
    if stylizer.deep is not None:
        named |= {f"deep{index}": block for index, block in enumerate(stylizer.deep.blocks)}
    blocks = {name: block for name, block in named.items() if isinstance(block, ResidualBlock)}
    code = network.complete(styles)[0]
    full = torch.ones(len(contents), 1, 1, 1, device=contents.device)
    with _inputs_of({name: block.inner for name, block in blocks.items()}) as inputs:
        stylizer(contents, full, code)
    for name, block in blocks.items():
        layer = f"{name}_inner"
        before = block.inner(inputs[name])
        mean, std = channel_stats(before)
        fired = F.relu((before - mean) / std * code[f"{layer}_std"] + code[f"{layer}_mean"])
        dead = dead_units(fired)
        found[layer] = int(dead.sum())
        if found[layer] in (0, len(dead)):
            continue
        # AdaIN sets mean and deviation, so only the pattern of the new kernels counts.
        block.inner.weight[dead] = torch.randn_like(block.inner.weight[dead]) * block.inner.weight[~dead].std()
        block.outer.weight[:, dead] = 0
        living = (~dead).nonzero()[:, 0]
        donors = living[torch.randint(len(living), (found[layer],), device=living.device)]
        _share_code(network.encoder, layer, dead.nonzero()[:, 0], donors)
    return found


@contextmanager
def _inputs_of(layers: dict[str, nn.Conv2d]) -> Iterator[dict[str, Tensor]]:
    """What reaches these layers while the block runs, by name."""
    inputs: dict[str, Tensor] = {}

    def note(name: str) -> object:
        return lambda _layer, arguments: inputs.__setitem__(name, arguments[0].detach())

    hooks = [layer.register_forward_pre_hook(note(name)) for name, layer in layers.items()]  # type: ignore[arg-type]
    try:
        yield inputs
    finally:
        for hook in hooks:
            hook.remove()


def _share_code(encoder: StyleEncoder, layer: str, units: Tensor, donors: Tensor) -> None:
    """Have the code of some units of a layer made as that of others."""
    names = list(encoder.layers)
    first = sum(encoder.layers[name] for name in names[: names.index(layer)])
    channels = sum(encoder.layers.values())
    parts: list[nn.Module] = [encoder.heads]
    corrections = [getattr(encoder, name) for name in ("correction", "turn") if hasattr(encoder, name)]
    for part in (*parts, *corrections):
        # A perceptron's rows are first those of the means, then those of the deviations.
        for start in (first,) if part is encoder.heads else (first, first + channels):
            for tensor in (part.weight, part.bias):
                assert isinstance(tensor, Tensor)
                tensor[start + units] = tensor[start + donors]


def main() -> int:
    """Print what was revived; exit code 1 with one line when an input cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m training.revive", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--weights", type=Path, default=Path("models/fast.safetensors"), help="of `fast`")
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="folders or tars of paintings")
    parser.add_argument("--run", type=Path, required=True, help="folder for weights.safetensors")
    parser.add_argument("--pictures", type=int, default=128, help="of each kind, to see who fires (default 128)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    try:
        network, record = load_fast(options.weights)
        chosen = []
        for paths in (options.styles, options.contents):
            images = load_images(paths, torch.device("cpu"))[0].images
            every = max(1, len(images) // options.pictures)
            chosen.append(torch.stack([centre_crop(image, _SIDE) for image in images[::every][: options.pictures]]))
        styles, contents = chosen
        found = revive(network, styles, contents)
        options.run.mkdir(parents=True, exist_ok=True)
        save_weights(network, options.run / "weights.safetensors", record, dtype=torch.float16)
    except (ValueError, OSError) as error:
        print(f"revive: {error}", file=sys.stderr)
        return 1
    print(", ".join(f"{layer} {count}" for layer, count in found.items()) or "nothing was dead")
    return 0


if __name__ == "__main__":
    sys.exit(main())
