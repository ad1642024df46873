"""The shipped graphs in a form that browsers run fast, and in fewer bytes. What they compute stays the same."""

from pathlib import Path

import onnx
from onnx import NodeProto, helper

from export.phases import Wiring, replace_transposed_convolutions
from streamstyle.errors import ModelError

WEIGHTS = "stylize.bin"
_LEAST_APART = 1024
"""Bytes that a constant has at least, to lie in the file of weights."""


def for_browsers(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network, in operators for which ONNX Runtime has fast kernels in WebAssembly and WebGPU.

    Args:
        model: Is changed.

    Returns:
        The model. Means and deviations of a style are flat in it, (C,) instead of (1, C, 1, 1), but for those of colors.
    """
    replace_transposed_convolutions(model.graph)
    _join_norms(model.graph)
    _forget_unused(model.graph)
    return model


def write_for_gpus(half: onnx.ModelProto, folder: Path) -> None:
    """Write stylize-fp16.onnx, stylize-fp32.onnx for GPUs without half precision, and the weights of both in one file.

    Args:
        half: The graph in float16, for browsers; is changed. Both take and give floats in planes, (1, 3, H, W), 0 to
            255.
        folder: Where to.

    Raises:
        ModelError: The graph is not one that streamstyle exports.
        OSError: A file cannot be written.
    """
    _open_ends(half.graph)
    wide = onnx.ModelProto.FromString(half.SerializeToString())
    _widen(wide.graph)
    for name, model in (("stylize-fp16.onnx", half), ("stylize-fp32.onnx", wide)):
        (folder / WEIGHTS).unlink(missing_ok=True)
        onnx.save(
            model,
            folder / name,
            save_as_external_data=True,
            location=WEIGHTS,
            size_threshold=_LEAST_APART,
            convert_attribute=False,
        )
    # Written through a temporary file, which only its owner may read; a server often runs as another user.
    (folder / WEIGHTS).chmod(0o644)


def _join_norms(graph: onnx.GraphProto) -> None:
    """One operator in place of three for each: normalise, and put on the deviation and the mean of the style."""
    wiring = Wiring(graph)
    inputs = {value.name: value for value in graph.input}
    for node in [node for node in graph.node if node.op_type == "InstanceNormalization"]:
        scaled = wiring.only(node.output[0], "Mul")
        shifted = wiring.only(scaled.output[0], "Add") if scaled else None
        if scaled is None or shifted is None:
            continue
        std, mean = scaled.input[1], shifted.input[1]
        for name in (std, mean):
            shape = inputs[name].type.tensor_type.shape
            channels = shape.dim[1].dim_value
            del shape.dim[:]
            shape.dim.add().dim_value = channels
        node.input[1:], node.output[0] = [std, mean], shifted.output[0]
        graph.node.remove(scaled)
        graph.node.remove(shifted)


def _forget_unused(graph: onnx.GraphProto) -> None:
    """Leave out constants that nothing takes; ONNX Runtime would warn of each."""
    taken = {name for node in graph.node for name in node.input}
    kept = [constant for constant in graph.initializer if constant.name in taken]
    copies = [onnx.TensorProto.FromString(constant.SerializeToString()) for constant in kept]
    del graph.initializer[:]
    graph.initializer.extend(copies)


# Graphics processors


def _open_ends(graph: onnx.GraphProto) -> None:
    """Take off what turns bytes into floats and back: WebGPU cannot, so the picture would travel to the processor."""
    wiring = Wiring(graph)
    turned = wiring.only("content", "Transpose")
    cast = turned and wiring.only(turned.output[0], "Cast")
    if turned is None or cast is None:
        raise ModelError("the graph does not begin with bytes that become floats; export it with python -m export.to_onnx")
    end = wiring.makers["stylized"]
    bytes_of = wiring.makers[end.input[0]]
    for node in wiring.takers["content"]:
        if node.op_type == "Shape":
            for attribute in node.attribute:
                attribute.i += 1
    floats = cast.output[0]
    for node in wiring.takers[floats]:
        node.input[:] = ["content" if name == floats else name for name in node.input]
    wiring.makers[bytes_of.input[0]].output[0] = "stylized"
    for node in (turned, cast, end, bytes_of):
        graph.node.remove(node)
    for value in (*graph.input, *graph.output):
        if value.name in ("content", "stylized"):
            height, width = (value.type.tensor_type.shape.dim[axis].dim_param for axis in (1, 2))
            value.CopyFrom(helper.make_tensor_value_info(value.name, onnx.TensorProto.FLOAT, [1, 3, height, width]))


def _widen(graph: onnx.GraphProto) -> None:
    """Compute in float32 with the same weights, which stay in float16; ONNX Runtime casts them once, as it loads."""
    del graph.value_info[:]
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.i == onnx.TensorProto.FLOAT16:
                attribute.i = onnx.TensorProto.FLOAT
    casts = []
    for constant in graph.initializer:
        if constant.data_type == onnx.TensorProto.FLOAT16:
            casts.append(helper.make_node("Cast", [f"{constant.name}_half"], [constant.name], to=onnx.TensorProto.FLOAT))
            constant.name += "_half"
    nodes = [*casts, *(NodeProto.FromString(node.SerializeToString()) for node in graph.node)]
    del graph.node[:]
    graph.node.extend(nodes)
