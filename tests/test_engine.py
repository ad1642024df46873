"""What the engine says of providers; those that no test machine has are faked."""

import os
import subprocess
import sys
import types
from types import SimpleNamespace

import numpy as np
import pytest

from streamstyle import engine
from streamstyle.catalog import WEIGHTS
from streamstyle.engine import Session, usable_cores
from streamstyle.errors import ModelError
from streamstyle.look import Look
from streamstyle.openvino_engine import open_session
from streamstyle.sources.synthetic import SyntheticSource
from streamstyle.stylizer import Stylizer

STYLIZE = WEIGHTS / "fast.stylize.onnx"


def fake_runtime(available, running):
    """An ONNX Runtime that lists some providers and runs another."""

    def open_session(_path, _options, providers):
        meta = SimpleNamespace(custom_metadata_map={"streamstyle.family": "fake", "other": "x"})
        return SimpleNamespace(
            get_providers=lambda: [running] if running else providers,
            get_inputs=list,
            get_outputs=list,
            get_modelmeta=lambda: meta,
        )

    return SimpleNamespace(
        get_available_providers=lambda: available,
        SessionOptions=types.SimpleNamespace,
        InferenceSession=open_session,
        preload_dlls=lambda: None,
    )


ALL = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_provider_that_falls_back_silently_is_an_error(monkeypatch, device):
    monkeypatch.setattr(engine, "_import_runtime", lambda: fake_runtime(ALL, "CPUExecutionProvider"))
    with pytest.raises(ModelError, match=f"{device} was asked for, but ONNX Runtime could not start it"):
        Session(STYLIZE, device)


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_runtime_without_the_provider_says_what_to_install(device):
    with pytest.raises(ModelError, match=r"pip install 'streamstyle\[gpu\]'"):
        Session(STYLIZE, device)


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_provider_that_runs_is_reported(monkeypatch, device):
    monkeypatch.setattr(engine, "_import_runtime", lambda: fake_runtime(ALL, None))
    session = Session(STYLIZE, device)
    assert session.provider == device
    assert session.metadata == {"family": "fake"}


def test_auto_reports_what_really_runs(monkeypatch):
    monkeypatch.setattr(engine, "_import_runtime", lambda: fake_runtime(ALL, "CPUExecutionProvider"))
    assert Session(STYLIZE, "auto").provider == "cpu"
    monkeypatch.setattr(engine, "_import_runtime", lambda: fake_runtime(ALL, None))
    assert Session(STYLIZE, "auto").provider == "cuda"


def test_two_runtimes_in_one_environment_are_named(monkeypatch):
    monkeypatch.setattr(engine.importlib.metadata, "distribution", lambda name: name)
    with pytest.raises(ModelError, match="both installed"):
        Session(STYLIZE, "cpu")


def test_no_runtime_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"pip install 'streamstyle\[cpu\]'"):
        Session(STYLIZE, "cpu")


def test_a_missing_or_damaged_model_is_one_clear_line(tmp_path):
    with pytest.raises(ModelError, match="there is no model file"):
        Session(tmp_path / "absent.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match="is not a model") as caught:
        Session(tmp_path / "bad.onnx")
    assert "\n" not in str(caught.value)


def test_an_unknown_device_is_named():
    with pytest.raises(ModelError, match="unknown device 'tpu'"):
        Session(STYLIZE, "tpu")


def test_cores_are_counted():
    assert usable_cores() >= 1


def test_nothing_is_reported_to_the_makers_of_the_runtime(tmp_path):
    """Their library would write a device identifier and a queue of events."""
    code = "from streamstyle.catalog import WEIGHTS; from streamstyle.engine import Session; "
    code += "Session(WEIGHTS / 'fast.stylize.onnx', 'cpu')"
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "ORT_DISABLE_TELEMETRY"}}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environment)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def fake_openvino(capabilities=("FP32",), fails=None):
    """An OpenVINO that notes what it compiles and gives ones."""
    compiled = []

    class Request:
        def infer(self, feeds, share_inputs):
            assert share_inputs
            return {"stylized": np.ones_like(feeds["content"])}

    class Core:
        def get_property(self, _device, _name):
            return list(capabilities)

        def read_model(self, _path):
            shapes = []
            model = SimpleNamespace(reshape=shapes.append, shapes=shapes)
            model.clone = lambda: Core().read_model("")
            return model

        def compile_model(self, model, _device, settings):
            if fails:
                raise RuntimeError(fails)
            compiled.append((list(model.shapes), settings["INFERENCE_PRECISION_HINT"]))
            return SimpleNamespace(create_infer_request=Request)

    return SimpleNamespace(Core=Core, compiled=compiled)


def feeds(height, width):
    return {"content": np.zeros((1, height, width, 3), np.uint8), "alpha": np.ones((1, 1, 1, 1), np.float32)}


def test_openvino_in_bf16_compiles_once_per_size(monkeypatch):
    fake = fake_openvino(("FP32", "BF16"))
    monkeypatch.setitem(sys.modules, "openvino", fake)
    session = open_session(STYLIZE, "auto")
    assert session.provider == "openvino bf16"
    assert session.metadata["family"] == "fast"
    for size in ((8, 9), (8, 9), (16, 9), (8, 9)):
        assert session.run(feeds(*size))["stylized"].shape == (1, *size, 3)
    assert [shapes[0]["content"] for shapes, _ in fake.compiled] == [[1, 8, 9, 3], [1, 16, 9, 3]]
    for height in range(20, 26):
        session.run(feeds(height, 9))
    session.run(feeds(8, 9))
    assert len(fake.compiled) == 9  # an old size was let go
    assert {precision for _, precision in fake.compiled} == {"bf16"}


def test_openvino_without_bf16_compiles_once(monkeypatch):
    fake = fake_openvino()
    monkeypatch.setitem(sys.modules, "openvino", fake)
    session = open_session(STYLIZE, "openvino")
    assert session.provider == "openvino fp32"
    for size in ((8, 9), (16, 9)):
        session.run(feeds(*size))
    assert fake.compiled == [([], "f32")]


def test_without_openvino_auto_runs_on_onnx_runtime_and_asking_for_it_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert open_session(STYLIZE, "auto").provider == "cpu"
    with pytest.raises(ModelError, match=r"pip install 'streamstyle\[openvino\]', or use --device cpu"):
        open_session(STYLIZE, "openvino")


def test_an_openvino_that_fails_says_so_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", fake_openvino(fails="Exception from core.cpp:1\nno memory\n"))
    with pytest.raises(ModelError, match="failed on openvino fp32: no memory; try --device cpu"):
        open_session(STYLIZE, "openvino").run(feeds(8, 8))


def test_the_real_openvino_gives_nearly_the_same_picture():
    pytest.importorskip("openvino", reason="OpenVINO is an optional extra")
    picture = next(iter(SyntheticSource(200, 150, 1))).image
    results = []
    for device in ("cpu", "openvino"):
        stylizer = Stylizer("fast", device)
        code = stylizer.find_style("great-wave")
        results += [stylizer.stylize(image, Look(code)).astype(float) for image in (picture, picture[:99, :77])]
    for exact, near in ((results[0], results[2]), (results[1], results[3])):
        assert 10 * np.log10(255**2 / np.square(exact - near).mean()) > 40
