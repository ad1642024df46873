"""OpenVINO: where it is used, what it keeps, and what it says of a file that is none."""

import numpy as np
import pytest

from streamstyle.errors import ModelError
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime import vino
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.runtime.session import Session
from tests.runtime.fake_gpu import picture

STYLIZE = WEIGHTS / "fast.stylize.onnx"
needs_openvino = pytest.mark.skipif(vino.problem() is not None, reason=f"no OpenVINO here: {vino.problem()}")


@pytest.mark.parametrize("machine", ["x86_64", "AMD64"])
def test_x86_is_openvinos_own(monkeypatch, machine):
    monkeypatch.setattr(vino.platform, "machine", lambda: machine)
    assert vino.problem() in {None, vino.NOT_INSTALLED}


@pytest.mark.parametrize(("flags", "has"), [("sse4_2 avx", False), ("avx avx2", True), ("avx2 avx512_vnni", True)])
def test_int8_pays_from_avx2_on(monkeypatch, tmp_path, flags, has):
    (tmp_path / "cpuinfo").write_text(f"flags\t\t: fpu {flags}\n")
    monkeypatch.setattr(vino, "Path", lambda _name: tmp_path / "cpuinfo")
    assert vino.has_fast_int8() is has
    assert vino.has_vnni() is ("vnni" in flags)


def test_a_processor_that_tells_nothing_is_asked_by_openvino(monkeypatch, tmp_path):
    monkeypatch.setattr(vino, "Path", lambda _name: tmp_path / "absent")
    monkeypatch.setattr(vino, "capabilities", lambda: {"FP32", "INT8"})
    assert vino.has_fast_int8()
    assert vino.has_vnni()


@needs_openvino
def test_openvino_results_stay_and_compiled_graphs_are_kept(monkeypatch, tmp_path):
    graph = vino.Graph(STYLIZE, precision="fp32", threads=1, cache=tmp_path)
    stylizer = Stylizer("fast", "cpu")
    feeds = {"content": picture()[None], "alpha": np.ones((1, 1, 1, 1), np.float32)}
    feeds |= dict(stylizer.encoder.find("kiss").tensors)
    first = graph.run(feeds)["stylized"]
    kept = first.copy()
    graph.run(feeds | {"content": 255 - feeds["content"]})
    assert np.array_equal(first, kept)
    assert list(tmp_path.glob("*/*.blob"))
    assert graph.metadata["family"] == "fast"
    # A folder that cannot be written is no reason to fail.
    blocked = tmp_path / "file"
    blocked.touch()
    assert vino.Graph(STYLIZE, precision="fp32", threads=1, cache=blocked).run(feeds)["stylized"].shape == first.shape


@needs_openvino
def test_a_damaged_file_is_one_clear_line_on_openvino(tmp_path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match="is not a model that OpenVINO can load") as caught:
        Session(bad, "openvino")
    assert "\n" not in str(caught.value)
