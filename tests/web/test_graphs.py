"""The graphs that browsers get compute what the shipped ones do."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from streamstyle.runtime.catalog import WEIGHTS

graphs = pytest.importorskip("web.graphs")


def run(model, feed):
    path_or_bytes = model if isinstance(model, str) else model.SerializeToString()
    session = onnxruntime.InferenceSession(path_or_bytes, providers=["CPUExecutionProvider"])
    shapes = {value.name: value.shape for value in session.get_inputs()}
    fitted = {name: values.ravel() if len(shapes[name]) == 1 else values for name, values in feed.items()}
    return session.run(None, fitted)[0]


def feed(model, height, width):
    rng = np.random.default_rng(4)
    made = {"content": rng.integers(0, 256, (1, height, width, 3), np.uint8), "alpha": np.ones((1, 1, 1, 1), np.float32)}
    for value in model.graph.input:
        if value.name not in made:
            channels = value.type.tensor_type.shape.dim[1].dim_value
            made[value.name] = rng.uniform(0.2, 0.8, (1, channels, 1, 1)).astype(np.float32)
    return made


def test_a_transposed_convolution_becomes_a_plain_one_that_gives_the_same():
    rng = np.random.default_rng(1)
    weights = numpy_helper.from_array(rng.normal(size=(3, 5, 4, 4)).astype(np.float32), "weights")
    bias = numpy_helper.from_array(rng.normal(size=5).astype(np.float32), "bias")
    node = helper.make_node(
        "ConvTranspose", ["x", "weights", "bias"], ["y"], kernel_shape=[4, 4], strides=[2, 2], pads=[3] * 4
    )
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    model = helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:], [weights, bias]), ir_version=9)
    model.opset_import[0].version = 18
    x = rng.normal(size=(1, 3, 6, 7)).astype(np.float32)
    wanted = run(model, {"x": x})
    assert wanted.shape == (1, 5, 8, 10)
    changed = graphs.for_browsers(model)
    assert "ConvTranspose" not in {node.op_type for node in changed.graph.node}
    np.testing.assert_allclose(run(changed, {"x": x}), wanted, atol=1e-4)


@pytest.mark.parametrize("name", ["fast", "fast-int8"])
def test_the_network_paints_the_same_with_norms_of_one_operator(name):
    shipped = onnx.load(WEIGHTS / f"{name}.stylize.onnx")
    fed = feed(shipped, 30, 44)
    wanted = run(shipped, fed).astype(int)
    changed = graphs.for_browsers(shipped)
    kinds = [node.op_type for node in changed.graph.node]
    flat = {value.name for value in changed.graph.input if len(value.type.tensor_type.shape.dim) == 1}
    assert "ConvTranspose" not in kinds
    norms = [node for node in changed.graph.node if node.op_type == "InstanceNormalization"]
    assert len(norms) > 10
    assert all(set(node.input[1:]) <= flat for node in norms)
    # In bytes, a value at the border between two of them may fall to either side.
    assert np.abs(run(changed, fed) - wanted).mean() < (0.01 if name == "fast" else 0.3)


def test_both_graphs_for_graphics_processors_share_their_weights(tmp_path):
    shipped = onnx.load(WEIGHTS / "fast-fp16.stylize.onnx")
    fed = feed(shipped, 30, 44)
    wanted = run(shipped, fed).astype(float)
    graphs.write_for_gpus(graphs.for_browsers(shipped), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"stylize-fp16.onnx", "stylize-fp32.onnx", graphs.WEIGHTS}
    fed["content"] = fed["content"].transpose(0, 3, 1, 2).astype(np.float32)
    for precision in ("fp16", "fp32"):
        painted = run(str(tmp_path / f"stylize-{precision}.onnx"), fed).transpose(0, 2, 3, 1)
        assert np.abs(painted - wanted).mean() < 1
