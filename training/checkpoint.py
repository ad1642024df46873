"""Files of weights, written whole or not at all, and the average of weights over the steps of a run."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.fast import Fast, FastConfig
from models.vgg import Vgg19
from models.vgg_adain import Decoder, VggAdain

SHIPPED = Path(__file__).resolve().parent.parent / "streamstyle" / "weights" / "fast.style.onnx"
"""Holds the shipped weights of `fast`, all of them."""
_IN_GRAPH, _HALF = "encoder.network.", "_half"
"""Prefix and suffix of the names of weights in a style graph."""


def save_atomically(state: dict[str, Any], path: Path) -> None:
    """torch.save, with the file whole under its name or not there."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def save_weights(
    network: Fast | VggAdain, path: Path, record: dict[str, Any], *, dtype: torch.dtype = torch.float32
) -> None:
    """Write what was trained, with the network's widths and a record of the training.

    Args:
        network: Of `vgg19` only the decoder is written, nothing of the encoder.
        path: A `.safetensors` file.
        record: How it was trained and how well it does; JSON values.
        dtype: Of the tensors in the file.
    """
    partial = path.with_suffix(".partial")
    trained: nn.Module = network.stylizer.decoder if isinstance(network, VggAdain) else network
    tensors = {
        name: tensor.detach().to("cpu", dtype if tensor.is_floating_point() else tensor.dtype).contiguous()
        for name, tensor in trained.state_dict().items()
    }
    config = json.dumps(asdict(network.config) if isinstance(network, Fast) else {})
    save_file(tensors, partial, {"family": network.family, "config": config, "training": json.dumps(record)})
    partial.replace(path)


def load_weights(path: Path, vgg: Vgg19 | None = None) -> tuple[Fast | VggAdain, dict[str, Any]]:
    """Read what save_weights wrote, the style graph of an exported `fast`, or a public AdaIN decoder (`.pth`).

    Args:
        path: The file.
        vgg: The encoder of a decoder.

    Returns:
        The network, in evaluation mode, and the record of its training (empty for a public decoder).

    Raises:
        ValueError: The file is missing or is neither, or a decoder comes without its encoder.
    """
    if not path.is_file():
        raise ValueError(f"wanted trained weights, but there is no '{path}'")
    metadata: dict[str, str] = {"family": "vgg19", "training": "{}"}
    if path.suffix == ".onnx":
        metadata, tensors = _of_graph(path)
    elif path.suffix == ".safetensors":
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        except SafetensorError as error:
            raise ValueError(f"'{path}' is damaged ({error}); take another copy") from error
    record: dict[str, Any] = json.loads(metadata.get("training", "{}"))
    if metadata.get("family") == "vgg19":
        if vgg is None:
            raise ValueError(f"'{path}' is a decoder, which needs its encoder; name it with --vgg")
        return VggAdain(vgg, Decoder.load(path)).eval(), record
    if metadata.get("family") != "fast":
        raise ValueError(f"'{path}' does not hold weights of a family that is trained here: fast, vgg19")
    network = Fast(FastConfig(**json.loads(metadata["config"])))
    network.load_state_dict(tensors)
    return network.eval(), record


def _of_graph(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and weights of an exported style graph, which holds all of the network: encoding looks at what it paints.

    Raises:
        ValueError: The file is damaged.
    """
    try:
        model = onnx.load(path)
    except Exception as error:  # of protobuf, of many kinds
        raise ValueError(f"'{path}' is damaged or no graph ({error}); take another copy") from error
    metadata = {entry.key.removeprefix("streamstyle."): entry.value for entry in model.metadata_props}
    tensors = {
        entry.name.removeprefix(_IN_GRAPH).removesuffix(_HALF): torch.from_numpy(
            numpy_helper.to_array(entry).copy()
        ).float()
        for entry in model.graph.initializer
        if entry.name.startswith(_IN_GRAPH)
    }
    return metadata, tensors


def load_metadata(path: Path) -> dict[str, str]:
    """What an exported graph says of itself."""
    model = onnx.load(path, load_external_data=False)
    return {entry.key.removeprefix("streamstyle."): entry.value for entry in model.metadata_props}


def load_fast(path: Path) -> tuple[Fast, dict[str, Any]]:
    """Read weights of `fast`.

    Raises:
        ValueError: As load_weights, or the weights are of another family.
    """
    network, record = load_weights(path)
    if not isinstance(network, Fast):
        raise ValueError(f"'{path}' does not hold weights of `fast`")
    return network, record


def weights_checksum(path: Path) -> str:
    """Of a file of weights, as hexadecimal digits, or of that which a graph came from; the first twelve are the version."""
    if path.suffix == ".onnx":
        return load_metadata(path)["training_checksum"]
    return hashlib.sha256(path.read_bytes()).hexdigest()


@torch.no_grad()
def follow(average: nn.Module, now: nn.Module, step: int, most: float) -> None:
    """Move averaged weights to those of a step; `most` is the decay in the long run."""
    # A short memory at first, so that the average does not carry the random start along.
    decay = min(most, (1 + step) / (10 + step))
    for mean, parameter in zip(average.parameters(), now.parameters(), strict=True):
        mean.lerp_(parameter, 1 - decay)
