"""Providers that this machine has, and those that it has not, faked."""

import ctypes
import types

import numpy as np
import pytest

from streamstyle.doctor.checks import providers
from streamstyle.doctor.finding import Finding
from streamstyle.errors import ModelError
from streamstyle.runtime.catalog import find_model
from streamstyle.runtime.gpu import nvidia
from streamstyle.runtime.gpu.nvidia import Nvidia, look
from streamstyle.runtime.session import Session

GPU = Nvidia(("RTX 9",))
NO_DRIVER = Nvidia((), "no NVIDIA driver")


def examine(device):
    (finding,) = providers.findings(device)
    return finding


@pytest.fixture
def world(monkeypatch):
    """A machine: its GPU, the providers that its ONNX Runtime lists, whether they load, the library they miss."""

    def make(gpu=GPU, listed=("cuda", "tensorrt"), loads=False, library="", level=100):
        def session(_path, device):
            if not loads:
                raise ModelError(f"--device {device}: ONNX Runtime could not start it; check nvidia-smi")
            picture = np.full((1, 64, 96, 3), 100 if device == "cpu" else level, np.uint8)
            return types.SimpleNamespace(provider=device, inputs={}, run=lambda _feeds: {"stylized": picture})

        names = [*(providers.PROVIDERS[device] for device in listed), "CPUExecutionProvider"]
        monkeypatch.setattr(providers, "Session", session)
        monkeypatch.setattr(providers.onnxruntime, "get_available_providers", lambda: names)
        monkeypatch.setattr(providers.nvidia, "look", lambda: gpu)
        monkeypatch.setattr(providers, "missing_library", lambda _device: library)

    return make


def test_the_cpu_really_runs_the_shipped_model():
    assert examine("cpu").state == "ok"


def test_a_cpu_provider_that_fails_says_why(world):
    world(loads=False)
    finding = examine("cpu")
    assert (finding.state, finding.remedy) == ("failed", "check nvidia-smi")


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_gpu_that_loads_is_named(world, device):
    world(loads=True)
    finding = examine(device)
    assert finding.state == "ok"
    assert "RTX 9" in finding.detail


@pytest.mark.parametrize("device", ["cuda", "webgpu"])
@pytest.mark.parametrize(("level", "state"), [(101, "ok"), (200, "failed")])
def test_a_gpu_that_computes_something_else_than_the_cpu_is_a_failure(world, device, level, state):
    world(loads=True, level=level)
    finding = examine(device)
    assert finding.state == state
    assert ("something else" in finding.detail) == (state == "failed")


def test_a_gpu_that_fails_on_its_first_frame_is_a_failure(world, monkeypatch):
    def run(_feeds):
        raise ModelError("the model failed on cuda: out of memory; try a smaller --size")

    world(loads=True)
    broken = types.SimpleNamespace(provider="cuda", inputs={}, run=run)
    monkeypatch.setattr(providers, "Session", lambda _path, _device: broken)
    assert (examine("cuda").state, examine("cuda").remedy) == ("failed", "try a smaller --size")


def test_a_real_comparison_of_the_cpu_with_itself_is_ok():
    session = Session(find_model("fast").stylize, "cpu")
    assert providers.compared("cpu", session, "here").state == "ok"


@pytest.mark.parametrize("device", ["tensorrt-rtx", "webgpu"])
def test_a_plugin_that_is_not_here_is_missing_and_says_what_to_install(monkeypatch, device):
    def refuse(_path, device):
        raise ModelError(f"--device {device}: its plugin is not installed; run: pip install it")

    monkeypatch.setattr(providers, "Session", refuse)
    expected = Finding("providers", device, "missing", "its plugin is not installed", "run: pip install it")
    assert examine(device) == expected


# OpenVINO


def test_openvino_that_is_not_installed_is_a_hint_and_no_failure(monkeypatch):
    monkeypatch.setattr(providers.vino, "problem", lambda: providers.vino.NOT_INSTALLED)
    finding = examine("openvino")
    assert finding.state == "missing"
    assert "streamstyle install cpu" in finding.remedy


def test_openvino_is_no_hint_on_arm(monkeypatch):
    monkeypatch.setattr(providers.platform, "machine", lambda: "aarch64")
    finding = examine("openvino")
    assert (finding.state, finding.remedy) == ("missing", "")
    assert "aarch64" in finding.detail


def test_openvino_that_does_not_load_is_a_failure(monkeypatch):
    monkeypatch.setattr(providers.vino, "problem", lambda: "OpenVINO cannot be loaded (libtbb.so.12)")
    finding = examine("openvino")
    assert finding.state == "failed"
    assert "libtbb" in finding.detail


def test_openvino_that_does_not_run_the_model_is_a_failure(monkeypatch):
    def refuse(*_arguments, **_options):
        raise ModelError("OpenVINO does not start (illegal instruction)")

    monkeypatch.setattr(providers.vino, "problem", lambda: None)
    monkeypatch.setattr(providers, "Session", refuse)
    finding = examine("openvino")
    assert finding.state == "failed"
    assert "illegal instruction" in finding.detail


def test_openvino_says_its_version_precision_and_what_the_processor_can(monkeypatch):
    warmed = []
    session = types.SimpleNamespace(precision="int8", warm_up=lambda *size: warmed.append(size))
    monkeypatch.setattr(providers.vino, "problem", lambda: None)
    monkeypatch.setattr(providers.vino, "version", lambda: "2026.4.1")
    monkeypatch.setattr(providers.vino, "capabilities", lambda: {"INT8", "FP32", "BIN", "EXPORT_IMPORT"})
    monkeypatch.setattr(providers, "Session", lambda *_arguments, **_options: session)
    finding = examine("openvino")
    assert finding.state == "ok"
    assert finding.detail == "OpenVINO 2026.4.1 runs the model in int8; this processor computes in FP32, INT8"
    assert warmed


@pytest.mark.parametrize(("device", "state"), [("cuda", "warning"), ("tensorrt", "missing")])
def test_a_gpu_that_lies_idle_for_want_of_the_right_package_is_a_warning(world, device, state):
    world(listed=())
    finding = examine(device)
    assert finding.state == state
    assert "RTX 9 is not used" in finding.detail
    assert "pip install 'streamstyle[gpu]'" in finding.remedy


def test_without_a_gpu_the_plain_package_is_just_right(world):
    world(gpu=NO_DRIVER, listed=())
    finding = examine("cuda")
    assert finding.state == "missing"
    assert "no NVIDIA driver" in finding.detail


@pytest.mark.parametrize(
    ("gpu", "state"),
    [(NO_DRIVER, "missing"), (Nvidia((), "NVIDIA's driver does not start (CUDA error 999)", is_ill=True), "failed")],
)
def test_the_gpu_package_without_a_working_driver_says_so(world, gpu, state):
    world(gpu=gpu)
    finding = examine("cuda")
    assert (finding.state, finding.detail) == (state, gpu.problem)
    assert "install NVIDIA's driver" in finding.remedy


@pytest.mark.parametrize(
    ("device", "library", "state", "remedy"),
    [
        ("cuda", "libcudnn.so.9", "failed", "streamstyle[gpu]"),
        ("tensorrt", "libnvinfer.so.10", "missing", "tensorrt-cu13"),
        ("tensorrt", "libcublas.so.13", "missing", "streamstyle[gpu]"),
    ],
)
def test_a_library_that_a_provider_misses_is_named(world, device, library, state, remedy):
    world(library=f"{library}: cannot open shared object file")
    finding = examine(device)
    assert finding.state == state
    assert library in finding.detail
    assert remedy in finding.remedy


def test_a_provider_that_fails_for_a_reason_of_its_own_gives_the_runtimes_words(world):
    world()
    finding = examine("cuda")
    assert (finding.state, finding.remedy) == ("failed", "check nvidia-smi")


def test_the_loader_says_what_the_real_package_misses():
    """The plain package has no library for CUDA: the loader's words name the file."""
    if "CUDAExecutionProvider" in providers.onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    assert "onnxruntime_providers" in providers.missing_library("cuda")


def fake_driver(code=0, names=()):
    def count(pointer):
        pointer._obj.value = len(names)

    def name(buffer, _size, index):
        buffer.value = names[index]

    return types.SimpleNamespace(cuInit=lambda _flags: code, cuDeviceGetCount=count, cuDeviceGetName=name)


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (fake_driver(names=(b"H200", b"T4")), Nvidia(("H200", "T4"))),
        (fake_driver(100), Nvidia((), "NVIDIA's driver finds no GPU")),
        (fake_driver(0), Nvidia((), "NVIDIA's driver finds no GPU")),
        (fake_driver(999), Nvidia((), "NVIDIA's driver does not start (CUDA error 999)", is_ill=True)),
    ],
)
def test_the_driver_is_asked_for_its_gpus(monkeypatch, driver, expected):
    monkeypatch.setattr(nvidia, "ctypes", types.SimpleNamespace(**vars(ctypes) | {"CDLL": lambda _name: driver}))
    assert look() == expected


def test_no_driver_is_no_gpu(monkeypatch):
    def refuse(_name):
        raise OSError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr(nvidia, "ctypes", types.SimpleNamespace(CDLL=refuse))
    assert look() == NO_DRIVER
