"""Plugins with a fake runtime; the real packages were tried by hand on a machine without a GPU."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from streamstyle.errors import ModelError
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime import ort, vino
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.runtime.gpu import plugins
from streamstyle.runtime.gpu.devices import EXPERIMENTAL
from streamstyle.runtime.session import Session
from streamstyle.runtime.table import DEVICES
from tests.runtime.fake_gpu import FakeRuntime, picture, plugin_device

STYLIZE = WEIGHTS / "fast.stylize.onnx"
EP = {"tensorrt-rtx": "NvTensorRTRTXExecutionProvider", "webgpu": "WebGpuExecutionProvider"}
both = pytest.mark.parametrize("device", EP)


@pytest.fixture
def runtime(monkeypatch):
    fake = FakeRuntime(["CPUExecutionProvider"])
    fake.plugin_devices = [plugin_device("CPUExecutionProvider"), *map(plugin_device, EP.values())]
    monkeypatch.setattr(ort, "import_runtime", lambda: fake)
    for device, plugin in plugins.PLUGINS.items():
        module = ModuleType(plugin.module)
        module.__spec__ = SimpleNamespace(name=plugin.module)
        module.get_ep_name = lambda device=device: EP[device]
        module.get_library_path = lambda device=device: f"lib{device}.so"
        monkeypatch.setitem(sys.modules, plugin.module, module)
    return fake


@both
def test_a_plugin_runs_frames_and_is_named(runtime, device):
    reference = Stylizer("fast", "cpu", precision="fp32")
    session = Session(STYLIZE, device, for_frames=True)
    assert session.label == f"{device} (fp32)"
    feeds = {"content": picture()[None], "alpha": np.ones((1, 1, 1, 1), np.float32)}
    feeds |= dict(reference.encoder.find("kiss").tensors)
    for _ in range(3):
        assert np.array_equal(session.run(feeds)["stylized"], reference._stylize.run(feeds)["stylized"])
    assert {kind for kind, _ in runtime.runs} == {"plain"}


def test_tensorrt_rtx_compiles_for_a_size_and_keeps_what_it_compiled(runtime, monkeypatch, tmp_path):
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_names, **_options: str(tmp_path))
    session = Session(STYLIZE, "tensorrt-rtx", for_frames=True)
    session.warm_up(80, 48)
    assert len(runtime.sessions) == 2
    _, options, providers = runtime.sessions[1]
    assert set(options.fixed.values()) == {1, 48, 80}
    assert providers[EP["tensorrt-rtx"]]["nv_runtime_cache_path"].startswith(str(tmp_path))


@both
def test_opening_twice_is_no_error(runtime, device):
    Session(STYLIZE, device)
    Session(STYLIZE, device)
    assert runtime.registered == [EP[device]]


@both
def test_a_plugin_that_is_not_installed_says_what_to_install(device):
    if plugins.importlib.util.find_spec(plugins.PLUGINS[device].module):
        pytest.skip("it is installed here")
    with pytest.raises(ModelError, match=f"not installed; run: pip install {plugins.PLUGINS[device].package}"):
        Session(STYLIZE, device)


@both
def test_a_plugin_without_a_gpu_says_what_it_needs(runtime, device):
    runtime.plugin_devices = [plugin_device("CPUExecutionProvider")]
    with pytest.raises(ModelError, match=f"--device {device}: its plugin finds no GPU; it needs .*GPU.*--device auto"):
        Session(STYLIZE, device)


@both
def test_a_plugin_whose_library_does_not_load_is_one_line_without_its_path(runtime, device, monkeypatch):
    def refuse(_name, library):
        raise RuntimeError(
            f"[ONNXRuntimeError] : 1 : FAIL : Failed to load library /home/somebody/{library} with error: "
            "libcuda.so.1: cannot open shared object file: No such file or directory\nand more"
        )

    monkeypatch.setattr(runtime, "register_execution_provider_library", refuse)
    with pytest.raises(ModelError, match=r"does not load \(libcuda.so.1: cannot open shared") as caught:
        Session(STYLIZE, device)
    assert "\n" not in str(caught.value)
    assert "somebody" not in str(caught.value)


@both
def test_a_session_that_fails_on_the_gpu_or_runs_elsewhere_is_an_error(runtime, device):
    runtime.refuse = lambda _options, _providers: "no adapter"
    with pytest.raises(ModelError, match=r"does not start \(no adapter\)"):
        Session(STYLIZE, device)
    runtime.refuse = lambda _options, _providers: None
    runtime.running = "CPUExecutionProvider"
    with pytest.raises(ModelError, match="does not run the model"):
        Session(STYLIZE, device)


@both
def test_an_old_runtime_says_what_to_update(runtime, device, monkeypatch):
    old = SimpleNamespace(__version__="1.20.0", get_available_providers=lambda: [])
    monkeypatch.setattr(ort, "import_runtime", lambda: old)
    with pytest.raises(ModelError, match=r"ONNX Runtime 1.20.0 knows no plugins; run: pip install -U"):
        Session(STYLIZE, device)


def test_work_that_falls_to_the_cpu_is_told(runtime):
    runtime.left_to_cpu = 16
    said = []
    Session(STYLIZE, "webgpu", tell=said.append)
    assert said == ["--device webgpu leaves 16 of 16 convolutions to the CPU, which is slower", EXPERIMENTAL]


def test_auto_leaves_plugins_alone(runtime, monkeypatch):
    monkeypatch.setattr(vino, "problem", lambda: vino.NOT_INSTALLED)
    assert Session(STYLIZE, "auto", "auto").provider == "cpu"
    assert runtime.registered == []
    assert set(EP) < set(DEVICES)


def test_paintings_are_encoded_on_the_cpu(runtime):
    Stylizer("fast", "webgpu").encoder.check()
    assert [list(providers) for name, _, providers in runtime.sessions if name == "fast.style.onnx"] == [
        ["CPUExecutionProvider"]
    ]
