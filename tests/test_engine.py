"""What the engine says of providers; those that no test machine has are faked."""

import os
import subprocess
import sys
import types
from types import SimpleNamespace

import pytest

from streamstyle import engine
from streamstyle.catalog import WEIGHTS
from streamstyle.engine import Session, usable_cores
from streamstyle.errors import ModelError

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
