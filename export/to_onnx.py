"""PyTorch -> ONNX: one file per graph, self-contained, any height and width."""

import contextlib
import io
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

OPSET = 18
SMALL = 1024
"""Tensors of fewer values are left as they are."""
SAMPLE_SHAPE = (1, 72, 104, 3)  # distinct, not 0 or 1: torch.export takes those two for constants


def export_graph(
    graph: nn.Module,
    arguments: Sequence[Tensor | list[Tensor]],
    dynamic_shapes: tuple[Any, ...],
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    path: Path,
    metadata: dict[str, str],
    compact: bool = False,
) -> None:
    """Write one graph.

    Args:
        graph: In evaluation mode.
        arguments: Sample inputs, positional.
        dynamic_shapes: As for torch.export; named dimensions.
        inputs: Names of the inputs, in order.
        outputs: Names of the outputs, in order.
        path: Where to write.
        metadata: Written as the model's metadata, each key with the prefix `streamstyle.`.
        compact: Whether to store weights in half precision where nothing is lost by it.

    Raises:
        onnx.checker.ValidationError: The exporter wrote a model that does not hold together.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph,
            tuple(arguments),
            kwargs={},
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=dynamic_shapes,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None  # only None with the old exporter
    model = program.model_proto
    free_code_shapes(model, set(inputs) - {"style", "content", "painted"})
    forget_origins(model)
    if compact:
        store_in_half(model)
    model.producer_name, model.doc_string = "streamstyle", ""
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"streamstyle.{key}", value
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def free_code_shapes(model: onnx.ModelProto, names: set[str]) -> None:
    """Let code tensors and alpha be (1, C, 1, 1) or (1, C, h, w).

    The exporter takes a size of 1 for a constant. ONNX operators broadcast, so the graph is right for both, and only the
    declared shapes of the inputs must say so.
    """
    for value in model.graph.input:
        dimensions = value.type.tensor_type.shape.dim
        if value.name in names and len(dimensions) == 4:
            for axis, label in ((2, "height"), (3, "width")):
                dimensions[axis].Clear()
                dimensions[axis].dim_param = f"{value.name}_{label}"
    # Shapes of inner values were inferred for the narrow case.
    del model.graph.value_info[:]


def forget_origins(model: onnx.ModelProto) -> None:
    """Drop the exporter's notes: stack traces with paths of this machine, and half of a small file's size."""
    del model.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
        del value.metadata_props[:]
    del model.graph.metadata_props[:]


def store_in_half(model: onnx.ModelProto) -> None:
    """Store large float32 tensors as float16, with a cast behind them, where that changes no value.

    Trained weights are kept in half precision (`training.checkpoint`), so nearly all of them qualify; the graph still
    computes in float32, and runtimes fold the casts when they load it.
    """
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) < SMALL:
            continue
        values = onnx.numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(half, f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], f"{name}_cast", to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
