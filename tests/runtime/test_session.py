"""What a loaded graph computes, on every runtime that is here."""

import os
import subprocess
import sys

import numpy as np
import pytest

from streamstyle.look.look import Look
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime import vino
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.runtime.session import Session
from tests.pictures import psnr

STYLIZE = WEIGHTS / "fast.stylize.onnx"
needs_openvino = pytest.mark.skipif(vino.problem() is not None, reason=f"no OpenVINO here: {vino.problem()}")


def picture(height=90, width=160):
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 90, (height, width, 3)) + np.linspace(0, 150, width)[None, :, None]
    return noise.clip(0, 255).astype(np.uint8)


@needs_openvino
def test_a_size_that_was_prepared_is_not_compiled_again(monkeypatch):
    session = Session(STYLIZE, "openvino", "fp32")
    session.prepare(48, 32)
    monkeypatch.setattr(vino.Graph, "_compiled", lambda *_: pytest.fail("compiled again"))
    session.warm_up(48, 32)
    with pytest.raises(pytest.fail.Exception, match="compiled again"):
        session.warm_up(64, 32)


def test_runtimes_that_take_any_size_have_nothing_to_prepare(monkeypatch):
    session = Session(STYLIZE, "cpu")
    monkeypatch.setattr(session._graph, "run", lambda _feeds: pytest.fail("ran beside the stream"))
    session.prepare(48, 32)
    with pytest.raises(pytest.fail.Exception, match="beside"):
        session.warm_up(48, 32)


@pytest.mark.parametrize(("device", "size"), [("cpu", (80, 48)), ("cpu", (1, 1))])
def test_warming_up_leaves_no_trace_in_what_comes_out(device, size):
    session = Session(STYLIZE, device)
    code = dict(Stylizer("fast", "cpu").encoder.find("kiss").tensors)
    feeds = {"content": picture()[None], "alpha": np.ones((1, 1, 1, 1), np.float32)} | code
    before = session.run(feeds)["stylized"]
    session.warm_up(*size)
    assert np.array_equal(session.run(feeds)["stylized"], before)


def test_int8_on_onnx_runtime_is_near_float32():
    full, quantized = Stylizer("fast", "cpu", precision="fp32"), Stylizer("fast", "cpu", precision="int8")
    assert (full.provider, quantized.provider) == ("cpu (fp32)", "cpu (int8)")
    look = Look(full.encoder.find("starry-night"))
    assert psnr(quantized.stylize(picture(), look), full.stylize(picture(), look)) > 30


def test_nothing_is_reported_to_the_makers_of_the_runtime(tmp_path):
    """Their library would write a device identifier and a queue of events."""
    code = "from streamstyle.runtime.catalog import WEIGHTS; from streamstyle.runtime.session import Session; "
    code += "Session(WEIGHTS / 'fast.stylize.onnx', 'cpu')"
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "ORT_DISABLE_TELEMETRY"}}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environment)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@needs_openvino
@pytest.mark.parametrize(("precision", "limit"), [("fp32", 45), ("int8", 30)])
def test_openvino_gives_what_onnx_runtime_gives(precision, limit, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    reference, stylizer = Stylizer("fast", "cpu"), Stylizer("fast", "openvino", precision=precision)
    look = Look(reference.encoder.find("starry-night"))
    for size in ((90, 160), (33, 50), (90, 160), (1, 1)):
        got, wanted = stylizer.stylize(picture(*size), look), reference.stylize(picture(*size), look)
        assert got.shape == wanted.shape
        if size[0] > 1:
            assert psnr(got, wanted) > limit
    # Codes spread over the frame: (1, C, h, w).
    session = stylizer._stylize
    feeds = {"content": picture()[None], "alpha": np.ones((1, 1, 1, 1), np.float32)} | dict(look.code.tensors)
    spread = feeds | {
        name: np.broadcast_to(feeds[name], (1, feeds[name].shape[1], 90, 160)) for name in ("alpha", "rgb_mean", "rgb_std")
    }
    assert psnr(session.run(spread)["stylized"], session.run(feeds)["stylized"]) > 50
