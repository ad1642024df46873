"""`python -m export.descent`, and what the runtime says without its graph."""

import os
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from export import descent as command  # noqa: E402
from export import refine  # noqa: E402
from export.better import in_one_row, stats_of  # noqa: E402
from models.fast import Fast, FastConfig  # noqa: E402
from models.vgg import Vgg19  # noqa: E402
from streamstyle import cli  # noqa: E402
from streamstyle.catalog import find_model  # noqa: E402
from streamstyle.descent import DescentGraph  # noqa: E402
from streamstyle.engine import Session  # noqa: E402
from tests.media import make_clip  # noqa: E402

SMALL = {"half": 8, "quarter": 8, "eighth": 16, "blocks": 1, "style": 32, "sixteenth": 16, "deep_blocks": 1, "looks": 1}


@pytest.fixture(autouse=True)
def nothing_imported(monkeypatch, tmp_path):
    monkeypatch.setenv("STREAMSTYLE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(refine, "default_folder", lambda: tmp_path / "downloads")


@pytest.mark.skipif("STREAMSTYLE_LONG_TESTS" not in os.environ, reason="takes two minutes; set STREAMSTYLE_LONG_TESTS")
def test_the_graph_computes_what_pytorch_does_and_judges_as_vgg_does(tmp_path):
    torch.manual_seed(0)
    network = Fast(FastConfig(**SMALL)).eval().requires_grad_(requires_grad=False)
    judge = Vgg19().eval()
    for layer in judge.convolutions.values():
        torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    path = tmp_path / "small.descent.onnx"
    assert command.export_descent(network, judge, path, {"version": "1"}) < 1e-3
    graph = DescentGraph(Session(path, "cpu"))
    painting = np.random.default_rng(0).integers(0, 256, (75, 90, 3), np.uint8)
    np.testing.assert_allclose(graph.statistics(painting), in_one_row(stats_of(judge, painting)), rtol=1e-4, atol=1e-4)
    assert graph.version == "1"
    assert set(graph.moved) == {name for name in network.code_names if not name.startswith("rgb_")}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "wanted --vgg FILE"),
        (("--vgg", "none.pth"), 1, "none.pth"),
        (("--vgg", __file__), 1, "test_descent.py"),
    ],
)
def test_a_judge_that_cannot_be_had_is_one_line(words, code, said, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["descent", *words])
    assert command.main() == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("export.descent: ")
    assert said in line
    assert not (tmp_path / "models").exists()


def test_strong_without_the_graph_says_what_to_run(tmp_path, capsys):
    clip = make_clip(tmp_path / "in.mp4")
    assert cli.main(["video", str(clip), "--style", "kiss", "--fit", "strong", "-o", str(tmp_path / "out.mp4")]) == 1
    error = capsys.readouterr().err
    assert "python -m export.descent --download" in error
    assert "Traceback" not in error
    assert not (tmp_path / "out.mp4").exists()


def test_strong_with_something_else_under_its_name_is_one_line(tmp_path, capsys):
    path = find_model("fast").descent
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no graph")
    clip = make_clip(tmp_path / "in.mp4")
    assert cli.main(["video", str(clip), "--style", "kiss", "--fit", "strong", "-o", str(tmp_path / "out.mp4")]) == 1
    assert path.name in capsys.readouterr().err
    path.write_bytes(find_model("fast").fit.read_bytes())
    assert cli.main(["video", str(clip), "--style", "kiss", "--fit", "strong", "-o", str(tmp_path / "out.mp4")]) == 1
    assert "run: python -m export.descent" in capsys.readouterr().err
