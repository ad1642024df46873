"""Providers that this machine has, and those that it has not, faked."""

import ctypes
import types

import pytest

from streamstyle import nvidia
from streamstyle.doctor.checks import providers
from streamstyle.doctor.finding import Finding
from streamstyle.errors import ModelError
from streamstyle.nvidia import Nvidia, look

GPU = Nvidia(("RTX 9",))
NO_DRIVER = Nvidia((), "no NVIDIA driver")


def examine(device):
    (finding,) = providers.findings(device)
    return finding


@pytest.fixture
def world(monkeypatch):
    """A machine: its GPU, the providers that its ONNX Runtime lists, whether they load, the library they miss."""

    def make(gpu=GPU, listed=("cuda", "tensorrt"), loads=False, library=""):
        def session(_path, device):
            if not loads:
                raise ModelError(f"--device {device}: ONNX Runtime could not start it; check nvidia-smi")
            return types.SimpleNamespace(provider=device)

        names = [*(providers._NAMES[device] for device in listed), "CPUExecutionProvider"]
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
    assert examine(device) == Finding("providers", device, "ok", "loads the model on RTX 9")


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
