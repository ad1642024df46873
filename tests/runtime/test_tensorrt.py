"""TensorRT, with a fake runtime and a fake library: no test machine has a GPU."""

import ctypes
from types import SimpleNamespace

import numpy as np
import pytest

from streamstyle.errors import ModelError
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime import ort
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.runtime.gpu import nvidia, tensorrt
from streamstyle.runtime.gpu.devices import EXPERIMENTAL
from streamstyle.runtime.session import Session
from streamstyle.styles.store import CodeCache
from tests.looks import plain
from tests.runtime.fake_gpu import FakeRuntime, picture

STYLIZE = WEIGHTS / "fast.stylize.onnx"
TENSORRT = "TensorrtExecutionProvider"


@pytest.fixture
def runtime(monkeypatch, tmp_path):
    """It leaves an engine's file where TensorRT would."""
    fake = FakeRuntime()

    def build(options, providers):
        if TENSORRT in providers:
            folder = tmp_path / providers[TENSORRT]["trt_engine_cache_path"]
            (folder / "TRTKernel_graph_0_sm90.engine").touch()

    fake.refuse = build
    monkeypatch.setattr(ort, "import_runtime", lambda: fake)
    monkeypatch.setattr(tensorrt, "load_library", lambda: "10.14.1")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_names, **_options: str(tmp_path))
    monkeypatch.setattr(nvidia, "look", lambda: nvidia.Nvidia(("NVIDIA H200",)))
    return fake


def feeds(code, image):
    return {"content": image[None], "alpha": np.ones((1, 1, 1, 1), np.float32)} | code


def opened(said, precision="fp32"):
    return Session(STYLIZE, "tensorrt", precision, for_frames=True, tell=said.append)


def test_a_frame_is_extended_run_in_its_engine_and_cut_to_its_size(runtime, reference, code):
    said = []
    session = opened(said)
    assert session.provider == "tensorrt"
    image = picture(90, 150)
    result = session.run(feeds(code, image))["stylized"]
    assert result.shape == (1, 90, 150, 3)
    assert result.flags.c_contiguous
    assert runtime.runs == [("bound", [1, 128, 192, 3])]
    exact = reference._stylize.run(feeds(code, image))["stylized"]
    assert np.abs(result.astype(int) - exact).mean() < 15
    whole = picture(64, 128)
    got = session.run(feeds(code, whole))["stylized"]
    assert np.array_equal(got, reference._stylize.run(feeds(code, whole))["stylized"])


def test_a_build_is_announced_once_per_size_and_never_when_the_engine_is_there(runtime, code):
    said = []
    session = opened(said)
    for height, width in ((90, 150), (70, 130), (64, 64)):
        session.run(feeds(code, picture(height, width)))
    words = "building a TensorRT engine for {}; this takes some minutes the first time"
    assert said == [EXPERIMENTAL, words.format("192x128"), words.format("64x64")]
    again = []
    opened(again).run(feeds(code, picture(90, 150)))
    assert again == [EXPERIMENTAL]


def test_engines_are_kept_by_model_precision_gpu_and_versions_and_timings_are_shared(runtime, code, tmp_path):
    opened([]).run(feeds(code, picture(64, 64)))
    opened([], "fp16").run(feeds(code, picture(64, 64)))
    chosen = [providers[TENSORRT] for _, _, providers in runtime.sessions if TENSORRT in providers]
    folders = [options["trt_engine_cache_path"] for options in chosen]
    assert len(set(folders)) == 2
    for options, folder, half in zip(chosen, folders, ("False", "True"), strict=True):
        assert options["trt_fp16_enable"] == half
        assert options["trt_engine_cache_enable"] == options["trt_timing_cache_enable"] == "True"
        assert folder == f"{options['trt_timing_cache_path']}/64x64"
        for part in ("NVIDIA-H200", "ort-1.31.1", "trt-10.14.1"):
            assert part in folder


def test_the_label_tells_the_half_precision_that_tensorrt_was_allowed(runtime):
    assert opened([], "fp16").label == "tensorrt (fp16)"
    assert opened([], "auto").label == "tensorrt (fp32)"  # without a checked fp16 file


def test_tensorrt_that_does_not_start_is_an_error_and_not_another_provider(runtime, code):
    runtime.refuse = lambda _options, providers: "TensorRT EP failed to create engine" if TENSORRT in providers else None
    session = opened([])
    for _ in range(2):
        with pytest.raises(ModelError, match="failed on tensorrt: TensorRT EP failed to create engine") as caught:
            session.run(feeds(code, picture()))
        assert "\n" not in str(caught.value)


def test_a_session_that_runs_on_something_else_is_an_error(runtime, code):
    session = opened([])
    runtime.running = "CPUExecutionProvider"
    with pytest.raises(ModelError, match="could not start TensorRT"):
        session.run(feeds(code, picture()))


def test_an_engine_that_cannot_be_read_is_built_anew(runtime, reference, code, tmp_path):
    opened([]).run(feeds(code, picture(64, 64)))
    (engine_file,) = tmp_path.rglob("*.engine")
    engine_file.write_bytes(b"half of it")
    good = runtime.refuse

    def refuse(options, providers):
        if TENSORRT in providers and engine_file.is_file() and engine_file.stat().st_size:
            return "TensorRT EP could not deserialize engine from cache"
        return good(options, providers)

    runtime.refuse = refuse
    said = []
    result = opened(said).run(feeds(code, picture(64, 64)))["stylized"]
    assert np.array_equal(result, reference._stylize.run(feeds(code, picture(64, 64)))["stylized"])
    assert [line.split()[0] for line in said] == ["experimental:", "CUDA", "the", "building"]


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(runtime, code, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_names, **_options: str(tmp_path / "file"))
    runtime.refuse = lambda _options, _providers: None
    assert opened([]).run(feeds(code, picture()))["stylized"].shape == (1, 48, 80, 3)


def test_spread_codes_run_on_cuda(runtime, code):
    session = opened([])
    spread = feeds(code, picture())
    spread["alpha"] = np.broadcast_to(spread["alpha"], (1, 1, 48, 80))
    assert session.run(spread)["stylized"].shape == (1, 48, 80, 3)
    assert runtime.runs == [("plain", (1, 48, 80, 3))]


def test_paintings_are_encoded_on_cuda_not_in_an_engine_of_their_own(runtime, tmp_path):
    said = []
    stylizer = Stylizer("fast", "tensorrt", CodeCache(tmp_path / "codes"), precision="fp32", tell=said.append)
    stylizer.encoder.encode(picture(64, 64))
    assert not any(TENSORRT in providers for _, _, providers in runtime.sessions)
    stylizer.stylize(picture(64, 64), plain(stylizer.encoder.find("kiss")))
    assert len(said) == 2
    assert said[0] == EXPERIMENTAL


# The library


@pytest.fixture
def loader(monkeypatch):
    """The system's loader: what it has, and what it was asked for."""
    state = SimpleNamespace(has=True, asked=[])

    def load(name, mode=0):
        state.asked.append(str(name))
        if not state.has:
            raise OSError(f"{name}: cannot open shared object file: No such file or directory")
        return SimpleNamespace(getInferLibVersion=lambda: 101401)

    monkeypatch.setattr(tensorrt, "ctypes", SimpleNamespace(**vars(ctypes) | {"CDLL": load}))
    return state


def test_the_library_tells_its_version(loader):
    assert tensorrt.load_library() == "10.14.1"


def test_without_the_library_one_line_says_what_to_install(loader, monkeypatch):
    loader.has = False
    monkeypatch.setattr(ort, "import_runtime", FakeRuntime)
    with pytest.raises(ModelError, match=r"library .*nvinfer.*pip install 'tensorrt-cu13>=10.14,<11'") as caught:
        Session(STYLIZE, "tensorrt")
    assert "\n" not in str(caught.value)


def test_the_library_that_pip_brought_is_found(loader, monkeypatch, tmp_path):
    (tmp_path / tensorrt._LIBRARY).touch()
    (tmp_path / tensorrt._PARSER).touch()
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(tensorrt.importlib.util, "find_spec", lambda _name: found)
    tensorrt.load_library()
    assert loader.asked == [str(tmp_path / tensorrt._LIBRARY), str(tmp_path / tensorrt._PARSER)]
