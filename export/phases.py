"""Transposed convolutions of stride 2 as plain ones, whose outputs are the four phases of the larger picture.

Many runtimes have fast kernels for plain ones only: OpenVINO in bytes without VNNI, ONNX Runtime in bytes and in browsers.
"""

from collections.abc import Callable

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper


class Wiring:
    """Who makes and who takes each value of a graph, and its constants."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.makers = {name: node for node in graph.node for name in node.output}
        self.takers: dict[str, list[NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self.takers.setdefault(name, []).append(node)
        self.constants = {constant.name: constant for constant in graph.initializer}

    def array(self, name: str) -> np.ndarray:
        """A constant's values."""
        return numpy_helper.to_array(self.constants[name])

    def put(self, name: str, values: np.ndarray) -> None:
        """Replace a constant's values."""
        self.constants[name].CopyFrom(numpy_helper.from_array(values, name))

    def only(self, name: str, kind: str) -> NodeProto | None:
        """The one node of this kind that takes a value."""
        takers = [node for node in self.takers.get(name, []) if node.op_type == kind]
        return takers[0] if len(takers) == 1 else None


def replace_transposed_convolutions(graph: onnx.GraphProto) -> None:
    """Put a plain one in place of each, which makes the four phases of the larger picture: no more is multiplied.

    Args:
        graph: One of `fast`, in floats or bytes; is changed.
    """
    wiring = Wiring(graph)
    for constant in (
        helper.make_tensor("phase_first", onnx.TensorProto.INT64, [2], [1, 1]),
        helper.make_tensor("phase_last", onnx.TensorProto.INT64, [2], [-1, -1]),
        helper.make_tensor("phase_axes", onnx.TensorProto.INT64, [2], [2, 3]),
    ):
        graph.initializer.append(constant)
    for node in [node for node in graph.node if node.op_type == "ConvTranspose" and _doubles(node)]:
        convolution = _plain(wiring, node)
        node.CopyFrom(convolution)
        last = node
        quantized = wiring.only(node.output[0], "QuantizeLinear")
        restored = wiring.only(quantized.output[0], "DequantizeLinear") if quantized else None
        last = restored or node
        name = last.output[0]
        last.output[0] = f"{name}_phases"
        place = next(index for index, other in enumerate(graph.node) if other is last or other == last)
        woven = helper.make_node("DepthToSpace", [f"{name}_phases"], [f"{name}_woven"], blocksize=2, mode="CRD")
        cut = helper.make_node("Slice", [f"{name}_woven", "phase_first", "phase_last", "phase_axes"], [name])
        graph.node.insert(place + 1, woven)
        graph.node.insert(place + 2, cut)


def _doubles(node: NodeProto) -> bool:
    """Whether it is of the one kind that the network has: each input pixel weighs into four by four, two apart."""
    values = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return (values["kernel_shape"], values["strides"], values["pads"], values.get("group", 1)) == (
        [4, 4],
        [2, 2],
        [3, 3, 3, 3],
        1,
    )


def _plain(wiring: Wiring, node: NodeProto) -> NodeProto:
    _change(wiring, node.input[1], _phases)
    _change(wiring, node.input[2], _fourfold)
    return helper.make_node("Conv", node.input, node.output, node.name, kernel_shape=[2, 2])


def _change(wiring: Wiring, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change a constant, or the one in bytes that it is dequantized from, with its scales, which go to the first axis."""
    restored = wiring.makers.get(name)
    if restored is None:
        wiring.put(name, change(wiring.array(name)))
        return
    quantized, *scales = restored.input
    wiring.put(quantized, change(wiring.array(quantized)))
    for scale in scales:
        wiring.put(scale, _fourfold(wiring.array(scale)))
    restored.CopyFrom(helper.make_node("DequantizeLinear", restored.input, restored.output, restored.name, axis=0))


def _fourfold(values: np.ndarray) -> np.ndarray:
    return np.repeat(values, 4) if values.ndim else values


def _phases(weights: np.ndarray) -> np.ndarray:
    """Weights of a transposed convolution as those of a plain one.

    Args:
        weights: (in, out, 4, 4).

    Returns:
        (4 out, in, 2, 2). The phases of a channel follow each other, odd rows and columns before even ones: the first
        row that two rows of the padded picture make lies outside.
    """
    taps = [[2, 0], [3, 1]]
    phases = [weights[:, :, down][..., across] for down in taps for across in taps]
    stacked = np.stack(phases).transpose(2, 0, 1, 3, 4)
    return np.ascontiguousarray(stacked.reshape(-1, *stacked.shape[2:]))
