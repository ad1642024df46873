"""Weights of feed-forward networks at rest: safetensors with the shape of the network and the names of its styles."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from models.feedforward import FeedForward, FeedForwardConfig


@dataclass(frozen=True, slots=True)
class Trained:
    """What a weights file holds.

    Attributes:
        network: In evaluation mode, on the CPU.
        styles: Names of its styles; the code of `styles[i]` is `network.style_code(i)`.
        record: How it was trained and how well it does.
    """

    network: FeedForward
    styles: list[str]
    record: dict[str, Any]


def save_weights(network: FeedForward, styles: Sequence[str], path: Path, record: dict[str, Any]) -> None:
    """Write weights; whole under their name, or not at all.

    Args:
        network: Its parameters and running statistics are written as float32.
        styles: One name per style of the network.
        path: A `.safetensors` file.
        record: JSON values.
    """
    assert len(styles) == network.config.styles
    partial = path.with_suffix(".partial")
    tensors = {name: tensor.detach().float().cpu().contiguous() for name, tensor in network.state_dict().items()}
    metadata = {
        "family": network.family,
        "config": json.dumps(asdict(network.config)),
        "styles": json.dumps(list(styles)),
        "training": json.dumps(record),
    }
    save_file(tensors, partial, metadata)
    partial.replace(path)


def load_weights(path: Path) -> Trained:
    """Read what save_weights wrote.

    Raises:
        ValueError: The file is missing, damaged, or not one of ours.
    """
    if not path.is_file():
        raise ValueError(f"wanted trained weights, but there is no '{path}'")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise ValueError(f"'{path}' cannot be read as weights ({error}); it may be cut short: copy it again") from error
    if metadata.get("family") != FeedForward.family:
        raise ValueError(f"'{path}' does not hold weights of the family '{FeedForward.family}'")
    try:
        network = FeedForward(FeedForwardConfig(**json.loads(metadata["config"])))
        network.load_state_dict(tensors)
        return Trained(network.eval(), json.loads(metadata["styles"]), json.loads(metadata["training"]))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        problem = str(error).splitlines()[0]
        raise ValueError(f"'{path}' does not hold together ({problem}); train it again") from error
