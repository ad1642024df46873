"""Which device and precision are chosen, and what is said of those that are not; what no test machine has is faked."""

import importlib.util

import pytest

from streamstyle.errors import ModelError
from streamstyle.runtime import choice, ort, table, vino
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.runtime.gpu import tensorrt
from streamstyle.runtime.gpu.devices import EXPERIMENTAL
from streamstyle.runtime.machine import usable_cores
from streamstyle.runtime.session import Session
from tests.runtime.fake_gpu import ALL, FakeRuntime

STYLIZE = WEIGHTS / "fast.stylize.onnx"


@pytest.fixture
def runtime(monkeypatch):
    """An ONNX Runtime that lists all providers."""
    fake = FakeRuntime(ALL)
    monkeypatch.setattr(ort, "import_runtime", lambda: fake)
    monkeypatch.setattr(tensorrt, "load_library", lambda: "10.14.1")
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
    monkeypatch.setattr(vino, "problem", lambda: vino.NOT_INSTALLED)
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
    options = ort.session_options(FakeRuntime(), 2)
    assert options.entries["session.intra_op.allow_spinning"] == "0"
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)


def test_two_runtimes_in_one_environment_are_named(monkeypatch):
    monkeypatch.setattr(ort.importlib.metadata, "distribution", lambda name: name)
    with pytest.raises(ModelError, match="both installed"):
        Session(STYLIZE, "cpu")


def test_no_runtime_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"streamstyle install cpu"):
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


def test_without_openvino_auto_says_so_and_onnx_runtime_runs(monkeypatch):
    monkeypatch.setattr(vino, "problem", lambda: "OpenVINO cannot be loaded (no such module)")
    session = Session(STYLIZE, "auto", "auto", INT8, for_frames=True)
    assert session.label == "cpu (fp32)"
    assert session.remark == "OpenVINO cannot be loaded (no such module); ONNX Runtime runs the model, slower"


def test_openvino_that_fails_on_a_file_says_so_and_onnx_runtime_runs(monkeypatch):
    def broken(*_arguments, **_options):
        raise ModelError("it broke")

    monkeypatch.setattr(vino, "problem", lambda: None)
    monkeypatch.setattr(vino, "capabilities", lambda: {"FP32"})
    monkeypatch.setattr(vino, "Graph", broken)
    monkeypatch.setattr(vino, "capabilities", lambda: {"FP32"})
    session = Session(STYLIZE, "auto", "auto", INT8, for_frames=True)
    assert (session.provider, session.remark) == ("cpu", "it broke; ONNX Runtime runs the model, slower")


def test_openvino_that_was_asked_for_never_falls_back(monkeypatch):
    monkeypatch.setattr(vino, "problem", lambda: "OpenVINO cannot be loaded (no such module)")
    with pytest.raises(ModelError, match=r"--device openvino: .*no such module.*streamstyle install cpu"):
        Session(STYLIZE, "openvino")


@pytest.mark.parametrize("machine", ["aarch64", "arm64", "riscv64"])
def test_other_processors_run_on_onnx_runtime_and_are_named(monkeypatch, machine):
    monkeypatch.setattr(choice.platform, "machine", lambda: machine)
    session = Session(STYLIZE, "auto", "auto", INT8, for_frames=True)
    assert session.label == "cpu (fp32)"
    assert session.remark == f"ONNX Runtime runs the model in float32: OpenVINO is not used on {machine} processors"
    with pytest.raises(ModelError, match=rf"--device openvino: .*x86.*{machine}.*use --device cpu") as caught:
        Session(STYLIZE, "openvino")
    assert "install" not in str(caught.value)


def test_precisions_that_do_not_run_are_errors(tmp_path):
    with pytest.raises(ModelError, match="bf16 runs on OpenVINO only"):
        Session(STYLIZE, "cpu", "bf16")
    with pytest.raises(ModelError, match="has no int8 file"):
        Session(STYLIZE, "cpu", "int8", tmp_path / "absent.onnx")
    with pytest.raises(ModelError, match="unknown precision 'int4'"):
        Session(STYLIZE, "cpu", "int4")


class FakeGraph:
    """What vino.Graph is to the choice."""

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
    monkeypatch.setattr(vino, "problem", lambda: None)
    monkeypatch.setattr(vino, "has_fast_int8", lambda: True)
    monkeypatch.setattr(vino, "capabilities", lambda: {"FP32", "BF16"})
    monkeypatch.setattr(vino, "Graph", FakeGraph)
    session = Session(STYLIZE, "auto", "auto", old, for_frames=True)
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

    monkeypatch.setattr(vino, "problem", lambda: None)
    monkeypatch.setattr(vino, "has_fast_int8", lambda: True)
    monkeypatch.setattr(vino, "has_vnni", lambda: vnni)
    monkeypatch.setattr(vino, "capabilities", lambda: {"FP32"})
    monkeypatch.setattr(vino, "Graph", Noting)
    assert Session(STYLIZE, "auto", precision, usual, int8_avx2=other, for_frames=True).label == "openvino (int8)"
    assert opened[-1] == taken


@needs_openvino
def test_photos_alone_are_not_worth_compiling_for(monkeypatch):
    assert Session(STYLIZE, "auto", "auto", INT8).label == "cpu (fp32)"
    assert Session(STYLIZE, "openvino", "fp32").label == "openvino (fp32)"
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else found(name))
    assert Session(STYLIZE, "auto", "auto", INT8).provider == "openvino"


def test_auto_takes_the_fastest_precision_that_is_near_enough(monkeypatch, tmp_path):
    far = tmp_path / "far.onnx"
    far.touch()
    monkeypatch.setattr(vino, "problem", lambda: None)
    monkeypatch.setattr(vino, "has_fast_int8", lambda: True)
    monkeypatch.setattr(vino, "capabilities", lambda: {"FP32", "BF16"})
    monkeypatch.setattr(vino, "Graph", FakeGraph)
    assert Session(STYLIZE, "auto", "auto", INT8, for_frames=True).label == "openvino (int8)"
    assert Session(STYLIZE, "auto", "auto", far, for_frames=True).label == "openvino (bf16)"
    assert Session(STYLIZE, "auto", "int8", far, for_frames=True).label == "openvino (int8)"
    assert Session(STYLIZE, "auto", "fp32", INT8, for_frames=True).label == "openvino (fp32)"
    monkeypatch.setattr(vino, "has_fast_int8", lambda: False)
    monkeypatch.setattr(vino, "capabilities", lambda: {"FP32"})
    plain = Session(STYLIZE, "auto", "auto", INT8, for_frames=True)
    assert plain.label == "openvino (fp32)"
    assert "bfloat16" in plain.remark
    with pytest.raises(ModelError, match="does not compute in bfloat16"):
        Session(STYLIZE, "openvino", "bf16")


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


# The table


def test_every_device_runs_float32_and_what_no_row_runs_is_named(runtime):
    for device in set(table.DEVICES) - {"auto"}:
        rows = {row.precision for row in table.TABLE if row.device == device}
        assert "fp32" in rows
        if device == "openvino":
            continue  # not everywhere; see below
        for precision in set(table.PRECISIONS) - {"auto"} - rows:
            with pytest.raises(ModelError, match=f"--precision {precision} runs on .* only, not on --device {device}"):
                Session(STYLIZE, device, precision)


def test_openvino_names_the_precision_to_use_instead_of_half(monkeypatch):
    monkeypatch.setattr(vino, "problem", lambda: None)
    with pytest.raises(ModelError, match="fp16 runs on GPUs only, not on --device openvino; use --precision bf16"):
        Session(STYLIZE, "openvino", "fp16")


def test_what_nobody_has_seen_run_says_so_once_and_what_runs_everywhere_does_not(runtime):
    for device, lines in (("cuda", [EXPERIMENTAL]), ("tensorrt", [EXPERIMENTAL]), ("cpu", [])):
        said = []
        session = Session(STYLIZE, device, "auto", fp16=WEIGHTS / "fast-fp16.stylize.onnx", tell=said.append)
        session.warm_up(32, 16)
        assert [line for line in said if "experimental" in line] == lines
