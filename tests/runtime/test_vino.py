"""OpenVINO: where it is used, what it keeps, and what it says of a file that is none."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from streamstyle.errors import ModelError
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime import vino
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.runtime.graph import blank_feeds
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


@needs_openvino
def test_what_stays_from_frame_to_frame_is_handed_in_once_and_what_changes_always(monkeypatch, tmp_path):
    graph = vino.Graph(STYLIZE, precision="fp32", threads=1, cache=tmp_path)
    feeds = blank_feeds(graph, 48, 64)
    frames = [feeds | {"content": picture(48, 64)[None]}, feeds | {"alpha": np.zeros((1, 1, 1, 1), np.float32)}]
    handed: list[set[str]] = []
    wanted = [vino.Graph(STYLIZE, precision="fp32", threads=1, cache=tmp_path).run(frame)["stylized"] for frame in frames]
    graph.run(feeds)
    request, _ = graph._request({name: feeds[name].shape for name in graph.inputs})
    infer = request.infer
    monkeypatch.setattr(request, "infer", lambda given, **how: handed.append(set(given)) or infer(given, **how))
    for frame, expected in zip([*frames, frames[0]], [*wanted, wanted[0]], strict=True):
        np.testing.assert_array_equal(graph.run(frame)["stylized"], expected)
    assert handed == [{"content"}, {"content", "alpha"}, {"content", "alpha"}]


@needs_openvino
def test_a_signal_is_heard_after_graphs_have_gone_in_the_order_of_their_coming(tmp_path):
    program = f"""
        import faulthandler, pathlib, signal
        from streamstyle.runtime import vino
        from streamstyle.runtime.graph import blank_feeds

        path, cache = pathlib.Path({str(STYLIZE)!r}), pathlib.Path({str(tmp_path)!r})
        first, second = [vino.Graph(path, precision="fp32", threads=1, cache=cache) for _ in range(2)]
        first.prepare(blank_feeds(first, 32, 32)); second.prepare(blank_feeds(second, 32, 32))
        del first
        del second
        signal.signal(signal.SIGTERM, lambda *_: print("heard"))
        signal.raise_signal(signal.SIGTERM)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False, timeout=100
    )
    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr
