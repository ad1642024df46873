"""A family's network -> its two ONNX files, checked against PyTorch."""

import copy
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from export.graphs import StyleGraph, StylizeGraph
from export.parity import LIMITS, Parity, Precision, check_parity
from export.to_onnx import SAMPLE_SHAPE, export_graph
from models.family import Family
from streamstyle.runtime import checksums

Graph = Literal["style", "stylize"]
MAX_SIDE = 1 << 15


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        style: The style graph, or None for a network that knows only its own styles.
        stylize: The stylize graph.
        parity: The largest differences from PyTorch in float32.
    """

    style: Path | None
    stylize: Path
    parity: Parity


def halved(network: Family) -> Family:
    """A copy whose convolutions compute in half precision; statistics and colors stay float32 (see models.adain)."""
    clone = copy.deepcopy(network)
    for part in (clone.stylizer, clone.style_encoder):
        if part is not None:
            _halve(part)
    return clone


def _halve(module: nn.Module) -> None:
    # Module by module, so that one that keeps a layer in float32 can: nn.Module.half() does not ask its children.
    if "half" in vars(type(module)):
        module.half()
        return
    for parameter in module.parameters(recurse=False):
        parameter.data = parameter.data.half()
    for child in module.children():
        _halve(child)


def export_family(
    network: Family, folder: Path, name: str, metadata: dict[str, str], *, precision: Precision = "fp32"
) -> Exported:
    """Write `<name>.style.onnx` and `<name>.stylize.onnx`, and compare them with the network.

    Args:
        network: In evaluation mode, float32.
        folder: Made if need be.
        name: Of the files.
        metadata: What the runtime must know; `family`, `precision`, `graph` and sizes are added.
        precision: Of the convolutions: `fp32` or `fp16`.

    Raises:
        ParityError: The files do not compute what the network computes; what was there stays.
        OSError: The files cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as unchecked:
        exported = _export(network, Path(unchecked), name, metadata, precision)
        graphs = [graph.replace(folder / graph.name) for graph in (exported.style, exported.stylize) if graph is not None]
    checksums.record(*graphs)
    return Exported(graphs[0] if exported.style else None, graphs[-1], exported.parity)


def _export(network: Family, folder: Path, name: str, metadata: dict[str, str], precision: Precision) -> Exported:
    written = network if precision == "fp32" else halved(network)
    metadata = metadata | {
        "family": network.family,
        "bytes_per_pixel": str(network.bytes_per_pixel),
        "size_multiple": str(network.size_multiple),
        "precision": precision,
    }
    style_path, stylize_path = folder / f"{name}.style.onnx", folder / f"{name}.stylize.onnx"
    picture = torch.randint(0, 256, SAMPLE_SHAPE, dtype=torch.uint8)
    dimension = torch.export.Dim
    size = {1: dimension("height", min=1, max=MAX_SIDE), 2: dimension("width", min=1, max=MAX_SIDE)}
    names = list(network.code_names)
    if written.style_encoder is not None:
        export_graph(
            StyleGraph(written).eval(),
            [picture],
            (size,),
            inputs=["style"],
            outputs=names,
            path=style_path,
            metadata=metadata | {"graph": "style"},
            compact=precision == "fp32",
        )
    code = network.sample_code()
    export_graph(
        StylizeGraph(written, fold=True).eval(),
        [picture, torch.ones(1, 1, 1, 1), [code[key] for key in names]],
        (size, None, [None] * len(names)),
        inputs=["content", "alpha", *names],
        outputs=["stylized"],
        path=stylize_path,
        metadata=metadata | {"graph": "stylize"},
    )
    style = None if written.style_encoder is None else style_path
    return Exported(style, stylize_path, check_parity(network, style, stylize_path, LIMITS[precision]))
