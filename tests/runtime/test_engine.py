"""What the engine says of providers; those that no test machine has are faked."""

import os
import subprocess
import sys

import numpy as np
import pytest

from streamstyle.errors import ModelError
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime import session as engine
from streamstyle.runtime import vino
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.runtime.session import Session, usable_cores
from tests.looks import plain
from tests.runtime.fake_gpu import ALL, FakeRuntime

STYLIZE = WEIGHTS / "fast.stylize.onnx"


@pytest.fixture
def runtime(monkeypatch):
    """An ONNX Runtime that lists all providers."""
    fake = FakeRuntime(ALL)
    monkeypatch.setattr(engine.ort, "import_runtime", lambda: fake)
    monkeypatch.setattr(engine.tensorrt, "load_library", lambda: "10.14.1")
    return fake


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_provider_that_falls_back_silently_is_an_error(runtime, device):
    runtime.running = "CPUExecutionProvider"
    with pytest.raises(ModelError, match=f"--device {device}: ONNX Runtime could not start CUDA .*nvidia-smi"):
        Session(STYLIZE, device)


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_provider_that_breaks_is_one_clear_line(runtime, device):
    runtime.refuse = lambda _options, _providers: "CUDA failure 35: driver too old\nat a line of theirs"
    with pytest.raises(ModelError, match=f"--device {device}: .*driver too old.*nvidia-smi works") as caught:
        Session(STYLIZE, device)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_runtime_without_the_provider_says_what_to_install(device):
    with pytest.raises(ModelError, match=r"pip install 'streamstyle\[gpu\]'"):
        Session(STYLIZE, device)


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_provider_that_runs_is_reported(runtime, device):
    session = Session(STYLIZE, device)
    assert session.provider == device
    assert session.metadata["family"] == "fast"
    assert runtime.preloaded


def test_auto_takes_the_gpu_where_it_starts(runtime):
    assert Session(STYLIZE, "auto").provider == "cuda"


def test_auto_goes_on_without_a_gpu_that_does_not_start_and_says_so(runtime, monkeypatch):
    monkeypatch.setattr(engine.vino, "problem", lambda: engine.vino.NOT_INSTALLED)
    runtime.running = "CPUExecutionProvider"
    session = Session(STYLIZE, "auto")
    assert session.provider == "cpu"
    assert session.remark.startswith("the GPU is not used: ONNX Runtime could not start CUDA")
    assert "--device" not in session.remark.partition(";")[0]


def test_a_damaged_file_is_named_on_a_gpu_too(runtime, tmp_path):
    bad = tmp_path / "cuda" / "bad.onnx"
    bad.parent.mkdir()
    bad.write_bytes(b"nothing of the kind")
    for device in ("cuda", "auto", "cpu"):
        with pytest.raises(ModelError, match=r"is not a model that (ONNX Runtime|OpenVINO) can load"):
            Session(bad, device)


def test_waiting_threads_do_not_spin():
    """They would take the cores from decoding and encoding."""
    options = engine.ort.session_options(FakeRuntime(), 2)
    assert options.entries["session.intra_op.allow_spinning"] == "0"
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)


def test_two_runtimes_in_one_environment_are_named(monkeypatch):
    monkeypatch.setattr(engine.ort.importlib.metadata, "distribution", lambda name: name)
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


# OpenVINO

INT8 = WEIGHTS / "fast-int8.stylize.onnx"
needs_openvino = pytest.mark.skipif(vino.problem() is not None, reason=f"no OpenVINO here: {vino.problem()}")


def picture(height=90, width=160):
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 90, (height, width, 3)) + np.linspace(0, 150, width)[None, :, None]
    return noise.clip(0, 255).astype(np.uint8)


def psnr(got, wanted):
    return 10 * np.log10(255**2 / max(1e-9, float(((got.astype(float) - wanted) ** 2).mean())))


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


def test_without_openvino_auto_says_so_and_onnx_runtime_runs(monkeypatch):
    monkeypatch.setattr(engine.vino, "problem", lambda: "OpenVINO cannot be loaded (no such module)")
    session = Session(STYLIZE, "auto", "auto", INT8)
    assert session.label == "cpu"
    assert session.remark == "OpenVINO cannot be loaded (no such module); ONNX Runtime runs the model, slower"


def test_openvino_that_fails_on_a_file_says_so_and_onnx_runtime_runs(monkeypatch):
    def broken(*_arguments, **_options):
        raise ModelError("it broke")

    monkeypatch.setattr(engine.vino, "problem", lambda: None)
    monkeypatch.setattr(engine.vino, "capabilities", lambda: {"FP32"})
    monkeypatch.setattr(engine.vino, "Graph", broken)
    monkeypatch.setattr(engine.vino, "capabilities", lambda: {"FP32"})
    session = Session(STYLIZE, "auto", "auto", INT8)
    assert (session.provider, session.remark) == ("cpu", "it broke; ONNX Runtime runs the model, slower")


def test_openvino_that_was_asked_for_never_falls_back(monkeypatch):
    monkeypatch.setattr(engine.vino, "problem", lambda: "OpenVINO cannot be loaded (no such module)")
    with pytest.raises(ModelError, match=r"--device openvino: .*no such module.*pip install"):
        Session(STYLIZE, "openvino")


@pytest.mark.parametrize("machine", ["aarch64", "arm64", "riscv64"])
def test_other_processors_run_on_onnx_runtime_and_are_named(monkeypatch, machine):
    monkeypatch.setattr(engine.platform, "machine", lambda: machine)
    session = Session(STYLIZE, "auto", "auto", INT8)
    assert session.label == "cpu"
    assert session.remark == f"ONNX Runtime runs the model in float32: OpenVINO is not used on {machine} processors"
    with pytest.raises(ModelError, match=rf"--device openvino: .*x86.*{machine}.*use --device cpu") as caught:
        Session(STYLIZE, "openvino")
    assert "pip install" not in str(caught.value)


@pytest.mark.parametrize("machine", ["x86_64", "AMD64"])
def test_x86_is_openvinos_own(monkeypatch, machine):
    monkeypatch.setattr(engine.platform, "machine", lambda: machine)
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


@pytest.mark.parametrize(("device", "size"), [("cpu", (80, 48)), ("cpu", (1, 1))])
def test_warming_up_leaves_no_trace_in_what_comes_out(device, size):
    session = Session(STYLIZE, device)
    code = dict(Stylizer("fast", "cpu").encoder.find("kiss").tensors)
    feeds = {"content": picture()[None], "alpha": np.ones((1, 1, 1, 1), np.float32)} | code
    before = session.run(feeds)["stylized"]
    session.warm_up(*size)
    assert np.array_equal(session.run(feeds)["stylized"], before)


def test_precisions_that_do_not_run_are_errors(tmp_path):
    with pytest.raises(ModelError, match="bf16 runs on OpenVINO only"):
        Session(STYLIZE, "cpu", "bf16")
    with pytest.raises(ModelError, match="has no int8 file"):
        Session(STYLIZE, "cpu", "int8", tmp_path / "absent.onnx")
    with pytest.raises(ModelError, match="unknown precision 'int4'"):
        Session(STYLIZE, "cpu", "int4")


class FakeGraph:
    """What vino.Graph is to the engine."""

    def __init__(self, path, *, precision, threads):
        assert threads >= 1
        self.inputs, self.outputs = {"content": [1, None, None, 3]}, {"stylized": [1, None, None, 3]}
        self.metadata = {
            "version": "old" if path.name == "old.onnx" else "new",
            "precision": "fp32" if precision == "bf16" else precision,
            "bfloat16": "yes",
            "automatic": "no" if path.name == "far.onnx" else "yes",
        }


def test_int8_of_another_training_is_left_alone_and_named(monkeypatch, tmp_path):
    old = tmp_path / "old.onnx"
    old.touch()
    monkeypatch.setattr(engine.vino, "problem", lambda: None)
    monkeypatch.setattr(engine.vino, "has_fast_int8", lambda: True)
    monkeypatch.setattr(engine.vino, "capabilities", lambda: {"FP32", "BF16"})
    monkeypatch.setattr(engine.vino, "Graph", FakeGraph)
    session = Session(STYLIZE, "auto", "auto", old)
    assert session.label == "openvino (bf16)"
    assert "another training" in session.remark
    with pytest.raises(ModelError, match="another training"):
        Session(STYLIZE, "openvino", "int8", old)


@pytest.mark.parametrize(
    ("vnni", "there", "taken"), [(True, True, "a"), (False, True, "b"), (False, False, "a"), (True, False, "a")]
)
@pytest.mark.parametrize("precision", ["auto", "int8"])
def test_a_processor_without_vnni_gets_the_int8_file_made_for_it(monkeypatch, tmp_path, vnni, there, taken, precision):
    usual, other = tmp_path / "a.onnx", tmp_path / "b.onnx"
    usual.touch()
    if there:
        other.touch()
    opened = []

    class Noting(FakeGraph):
        def __init__(self, path, **options):
            opened.append(path.stem)
            super().__init__(path, **options)

    monkeypatch.setattr(engine.vino, "problem", lambda: None)
    monkeypatch.setattr(engine.vino, "has_fast_int8", lambda: True)
    monkeypatch.setattr(engine.vino, "has_vnni", lambda: vnni)
    monkeypatch.setattr(engine.vino, "capabilities", lambda: {"FP32"})
    monkeypatch.setattr(engine.vino, "Graph", Noting)
    assert Session(STYLIZE, "auto", precision, usual, int8_avx2=other).label == "openvino (int8)"
    assert opened[-1] == taken


def test_auto_takes_the_fastest_precision_that_is_near_enough(monkeypatch, tmp_path):
    far = tmp_path / "far.onnx"
    far.touch()
    monkeypatch.setattr(engine.vino, "problem", lambda: None)
    monkeypatch.setattr(engine.vino, "has_fast_int8", lambda: True)
    monkeypatch.setattr(engine.vino, "capabilities", lambda: {"FP32", "BF16"})
    monkeypatch.setattr(engine.vino, "Graph", FakeGraph)
    assert Session(STYLIZE, "auto", "auto", INT8).label == "openvino (int8)"
    assert Session(STYLIZE, "auto", "auto", far).label == "openvino (bf16)"
    assert Session(STYLIZE, "auto", "int8", far).label == "openvino (int8)"
    assert Session(STYLIZE, "auto", "fp32", INT8).label == "openvino"
    monkeypatch.setattr(engine.vino, "has_fast_int8", lambda: False)
    monkeypatch.setattr(engine.vino, "capabilities", lambda: {"FP32"})
    plain = Session(STYLIZE, "auto", "auto", INT8)
    assert plain.label == "openvino"
    assert "bfloat16" in plain.remark
    with pytest.raises(ModelError, match="does not compute in bfloat16"):
        Session(STYLIZE, "openvino", "bf16")


def test_int8_on_onnx_runtime_is_near_float32():
    full, quantized = Stylizer("fast", "cpu", precision="fp32"), Stylizer("fast", "cpu", precision="int8")
    assert quantized.provider == "cpu (int8)"
    look = plain(full.encoder.find("starry-night"))
    assert psnr(quantized.stylize(picture(), look), full.stylize(picture(), look)) > 30


@needs_openvino
@pytest.mark.parametrize(("precision", "limit"), [("fp32", 45), ("int8", 30)])
def test_openvino_gives_what_onnx_runtime_gives(precision, limit, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    reference, stylizer = Stylizer("fast", "cpu"), Stylizer("fast", "openvino", precision=precision)
    look = plain(reference.encoder.find("starry-night"))
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


def test_nothing_is_reported_to_the_makers_of_the_runtime(tmp_path):
    """Their library would write a device identifier and a queue of events."""
    code = "from streamstyle.runtime.catalog import WEIGHTS; from streamstyle.runtime.session import Session; "
    code += "Session(WEIGHTS / 'fast.stylize.onnx', 'cpu')"
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "ORT_DISABLE_TELEMETRY"}}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environment)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_cuda_misses_is_told_in_our_line_and_not_printed_by_the_runtime(runtime, capfd):
    def preload():
        for name in ("libcublasLt.so.13", "libcublas.so.13"):
            print(f"Failed to load {name}: {name}: cannot open shared object file: No such file or directory")
        print("Please follow their page to install CUDA.")

    runtime.preload_dlls, runtime.running = preload, "CPUExecutionProvider"
    with pytest.raises(
        ModelError, match=r"could not start CUDA \(libcublasLt.so.13: cannot open shared object file\); run:"
    ):
        Session(STYLIZE, "cuda")
    assert capfd.readouterr() == ("", "")
