"""Int8 on a small network: near float32, and refused where it is not."""

import numpy as np
import onnx
import pytest
import torch

from export import quantize
from export.calibration import cropped, pictures
from export.fidelity import FidelityError, psnr
from export.graphs import StylizeGraph
from export.parity import test_picture as picture_of
from export.quantize import quantize_checked
from export.write import export_family
from models.fast import Fast, FastConfig
from streamstyle.runtime.catalog import ModelFiles


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("small")
    network = Fast(FastConfig(half=8, quarter=8, eighth=8, blocks=1, style=16, embedding=0, looks=0)).eval()
    exported = export_family(network, folder, "small", {"version": "v1"})
    assert StylizeGraph(network).names == network.code_names
    code = {name: tensor.numpy() for name, tensor in network.sample_code().items()}
    feeds = [
        {"content": picture_of(72, 96, seed)[None], "alpha": np.ones((1, 1, 1, 1), np.float32), **code} for seed in range(6)
    ]
    return exported.stylize, feeds


def test_the_file_is_near_and_carries_the_metadata(small, tmp_path):
    source, feeds = small
    target, sheet = tmp_path / "small-int8.stylize.onnx", tmp_path / "sheet.png"
    fidelity = quantize_checked(source, target, feeds[:4], feeds[4:], ["minmax"], sheet)
    assert fidelity.worst >= quantize.LIMIT_DB
    assert sheet.is_file()
    model = onnx.load(target)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["streamstyle.version"] == "v1"
    assert metadata["streamstyle.precision"] == "int8"
    assert any(node.op_type == "DequantizeLinear" for node in model.graph.node)


def test_what_is_too_far_is_refused(small, tmp_path, monkeypatch):
    source, feeds = small
    monkeypatch.setattr(quantize, "LIMIT_DB", 98.0)
    target = tmp_path / "small-int8.stylize.onnx"
    with pytest.raises(FidelityError, match="wanted at least 98 dB"):
        quantize_checked(source, target, feeds[:2], feeds[4:], ["minmax"], None)
    assert not target.exists()


def test_layer_by_layer_a_float_convolution_more_is_never_far_off(small, capsys):
    source, feeds = small
    quantize.print_by_layer(source, feeds[:2], feeds[4:])
    count = len(quantize.trained_convolutions(onnx.load(source).graph.node))
    rows = capsys.readouterr().out.splitlines()
    means = {row.split(": ")[1]: float(row.split("PSNR ")[1].split()[0]) for row in rows}
    assert len(means) == 1 + (count - quantize.FIRST_CONVOLUTIONS) + 4
    base = means["only the first 3"]
    assert max(means.values()) > base
    assert min(means.values()) > base - 3


def test_the_choice_of_float_convolutions_is_obeyed(small, tmp_path):
    source, feeds = small
    numbers = []
    for floats in ((), (0, 1, 2, 3)):
        quantize.quantize(source, tmp_path / "trial.onnx", feeds[:2], floats=floats)
        nodes = onnx.load(tmp_path / "trial.onnx").graph.node
        dequantized = {output for node in nodes if node.op_type == "DequantizeLinear" for output in node.output}
        numbers.append(sum(node.op_type in quantize.CONVOLUTIONS and node.input[1] in dequantized for node in nodes))
    assert numbers[0] - numbers[1] == 4


@pytest.mark.parametrize("variant", quantize.VARIANTS.values(), ids=quantize.VARIANTS)
def test_each_variant_leaves_float_what_it_says(small, tmp_path, variant):
    source, feeds = small
    quantize_checked(source, tmp_path / "small.onnx", feeds[:2], feeds[4:], ["minmax"], None, variant)
    nodes = onnx.load(tmp_path / "small.onnx").graph.node
    makers = {output: node for node in nodes for output in node.output}
    convolutions = quantize.trained_convolutions(nodes)
    floats = [index for index, node in enumerate(convolutions) if node.input[1] not in makers]
    assert floats == list(range(variant.first))
    rounded = [node for node in nodes if node.op_type == "QuantizeLinear" and node.input[0] in makers]
    behind = {makers[node.input[0]].op_type for node in rounded}
    assert ("Conv" in behind) != variant.without_vnni
    assert ("ConvTranspose" in {node.op_type for node in convolutions}) != variant.without_vnni
    fixed = [node for node in nodes if node.op_type in quantize.CONVOLUTIONS and node not in convolutions]
    assert [node.input[1] in makers for node in fixed] == [False, False], "what the strokes lie on stays float"


def test_the_command_writes_a_file_for_each_kind_of_processor(tmp_path):
    files = ModelFiles.named(tmp_path, "fast")
    assert {path.name for path in (files.int8, files.int8_avx2)} == {
        f"fast-{name}.stylize.onnx" for name in quantize.VARIANTS
    }


def test_transposed_convolutions_of_signed_features_get_signed_bytes(small, tmp_path):
    """With another zero than zero, OpenVINO would compute them in float."""
    source, feeds = small
    quantize.quantize(source, tmp_path / "trial.onnx", feeds[:2], floats=())
    graph = onnx.load(tmp_path / "trial.onnx").graph
    makers = {output: node for node in graph.node for output in node.output}
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    transposed = [node for node in graph.node if node.op_type == "ConvTranspose"]
    assert transposed
    for node in transposed:
        dequantize = makers[node.input[0]]
        assert dequantize.op_type == "DequantizeLinear"
        zero = values[dequantize.input[2]]
        assert int(zero) == 0
        # What a ReLU gives needs no sign, and keeps the bit.
        behind = makers[makers[makers[makers[dequantize.input[0]].input[0]].input[0]].input[0]]
        assert (zero.dtype == np.uint8) == (makers[behind.input[0]].op_type == "Relu")


def test_psnr_and_cropping():
    assert psnr(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)) == 99
    assert psnr(np.full((4, 4, 3), 255, np.uint8), np.zeros((4, 4, 3), np.uint8)) == pytest.approx(0)
    assert cropped(np.zeros((50, 300, 3), np.uint8), (36, 64)).shape == (36, 64, 3)


def test_too_few_pictures_are_named(tmp_path):
    with pytest.raises(ValueError, match="wanted 3 readable images"):
        pictures(tmp_path, 3, 0, held_out=False)
    with pytest.raises(ValueError, match="there is no"):
        pictures(tmp_path / "absent", 3, 0, held_out=False)
