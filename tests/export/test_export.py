import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from export import write  # noqa: E402
from export.parity import LIMITS, ParityError, check_parity  # noqa: E402
from export.to_onnx import export_graph  # noqa: E402
from models.fast import Fast, FastConfig  # noqa: E402
from streamstyle.paint.stylizer import Stylizer  # noqa: E402
from streamstyle.runtime.catalog import WEIGHTS  # noqa: E402
from streamstyle.styles.store import CodeCache  # noqa: E402
from tests.looks import plain  # noqa: E402
from training.checkpoint import load_weights, save_weights  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
RECORD = {"held_out": {"held_out": 0.6, "builtin": 0.5}, "images": "none"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A small untrained network, through the real command."""
    folder = tmp_path_factory.mktemp("export")
    torch.manual_seed(0)
    save_weights(
        Fast(FastConfig(half=8, quarter=8, eighth=16, blocks=1, style=32, looks=1)), folder / "w.safetensors", RECORD
    )
    command = [sys.executable, "-m", "export", "--weights", folder / "w.safetensors", "--output", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "parity with PyTorch" in done.stdout
    return folder


def everything_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_that_are_there_stay_unless_the_user_allows_it(exported, tmp_path):
    (tmp_path / "README.md").write_text("mine")
    command = [sys.executable, "-m", "export", "--weights", exported / "w.safetensors"]
    for folder, name in ((exported, "fast"), (tmp_path, "README")):
        before = everything_in(folder)
        done = subprocess.run(
            [*command, "--output", folder, "--name", name],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "exists; use --overwrite" in done.stderr
        assert everything_in(folder) == before
    kept = tmp_path / "fast.style.onnx"
    kept.write_bytes((exported / "fast.style.onnx").read_bytes())
    words = [*command[:-1], kept, "--output", tmp_path, "--overwrite"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "this run reads" in done.stderr


def test_a_network_that_is_exported_wrongly_leaves_the_files_that_were_there(exported, tmp_path, monkeypatch):
    def fails(*_arguments):
        raise ParityError("not the same")

    (tmp_path / "small.stylize.onnx").write_bytes(b"the one before")
    monkeypatch.setattr(write, "check_parity", fails)
    network, _ = load_weights(exported / "w.safetensors")
    with pytest.raises(ParityError):
        write.export_family(network, tmp_path, "small", {"version": "v1"})
    assert everything_in(tmp_path) == {"small.stylize.onnx": b"the one before"}


def test_the_exported_model_runs_in_the_runtime(exported, tmp_path):
    stylizer = Stylizer(str(exported / "fast.stylize.onnx"), "cpu", CodeCache(tmp_path))
    image = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    assert stylizer.stylize(image, plain(stylizer.encoder.encode(image))).shape == (37, 53, 3)
    assert stylizer.encoder.builtin.styles == []


def test_parity_fails_on_another_network(exported):
    torch.manual_seed(1)
    other = Fast(FastConfig(half=8, quarter=8, eighth=16, blocks=1, style=32, looks=1)).eval()
    with pytest.raises(ParityError):
        check_parity(other, exported / "fast.style.onnx", exported / "fast.stylize.onnx", LIMITS["fp32"])


def test_the_shipped_files_are_those_of_the_committed_weights():
    network, _ = load_weights(ROOT / "streamstyle" / "weights" / "fast.style.onnx")
    parity = check_parity(network, WEIGHTS / "fast.style.onnx", WEIGHTS / "fast.stylize.onnx", LIMITS["fp32"])
    assert parity.levels <= 1


def test_the_files_hold_no_paths_of_a_machine(exported):
    for name in ("fast.style.onnx", "fast.stylize.onnx"):
        data = (exported / name).read_bytes()
        assert b".py" not in data
        assert str(ROOT).encode() not in data


def test_missing_weights_are_one_line(tmp_path):
    command = [sys.executable, "-m", "export", "--weights", tmp_path / "absent.safetensors"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "there is no" in done.stderr


def test_weights_that_half_precision_holds_are_stored_in_it_and_compute_the_same(tmp_path):
    torch.manual_seed(2)
    layer = torch.nn.Linear(64, 64, bias=False)
    for exact, size in ((True, 2), (False, 4)):
        layer.weight.data = layer.weight.data.half().float() if exact else layer.weight.data * 1.0001
        path = tmp_path / f"{exact}.onnx"
        export_graph(
            layer.eval(),
            [torch.rand(3, 64)],
            ({0: torch.export.Dim("rows", min=1, max=9)},),
            inputs=["content"],
            outputs=["y"],
            path=path,
            metadata={},
            compact=True,
        )
        assert 64 * 64 * size <= path.stat().st_size < 64 * 64 * size + 2000
        rows = torch.rand(5, 64)
        (got,) = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"content": rows.numpy()})
        np.testing.assert_allclose(got, layer(rows).detach().numpy(), rtol=1e-5, atol=1e-6)
