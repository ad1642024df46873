"""What a run needs to go on exactly where it stopped, and the weights that others take from it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from models.fast import Fast, FastConfig


def save_atomically(state: dict[str, Any], path: Path) -> None:
    """torch.save, with the file whole under its name or not there."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def save_weights(network: Fast, path: Path, record: dict[str, Any]) -> None:
    """Write weights with the network's widths and a record of the training.

    Args:
        network: Its parameters are written as float32.
        path: A `.safetensors` file.
        record: How it was trained and how well it does; JSON values.
    """
    partial = path.with_suffix(".partial")
    tensors = {name: tensor.detach().float().cpu().contiguous() for name, tensor in network.state_dict().items()}
    metadata = {"family": "fast", "config": json.dumps(asdict(network.config)), "training": json.dumps(record)}
    save_file(tensors, partial, metadata)
    partial.replace(path)


def load_weights(path: Path) -> tuple[Fast, dict[str, Any]]:
    """Read what save_weights wrote: the network, in evaluation mode, and the record.

    Raises:
        ValueError: The file is missing or is not one of ours.
    """
    if not path.is_file():
        raise ValueError(f"wanted trained weights, but there is no '{path}'")
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("family") != "fast":
            raise ValueError(f"'{path}' does not hold weights of the family 'fast'")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    network = Fast(FastConfig(**json.loads(metadata["config"])))
    network.load_state_dict(tensors)
    return network.eval(), json.loads(metadata["training"])
