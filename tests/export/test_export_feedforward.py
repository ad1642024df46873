"""A model without a style graph, through the same runtime."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from export.feedforward import export_feedforward  # noqa: E402
from models.feedforward import FeedForward, FeedForwardConfig  # noqa: E402
from streamstyle.errors import StyleError  # noqa: E402
from streamstyle.paint.stylizer import Stylizer  # noqa: E402
from streamstyle.styles.code import blend  # noqa: E402
from streamstyle.styles.store import CodeCache  # noqa: E402
from tests.looks import plain  # noqa: E402
from training.per_style.weights import save_weights  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
STYLES = {"two": ["oil", "ink"], "one": ["oil"]}


def exported(folder, name):
    torch.manual_seed(0)
    network = FeedForward(FeedForwardConfig(styles=len(STYLES[name]), width=4, blocks=1))
    with torch.no_grad():
        for parameter in network.shifts.values():
            parameter.normal_(0, 0.3)
    save_weights(network, STYLES[name], folder / "w.safetensors", {})
    export_feedforward(folder / "w.safetensors", folder, name)
    return network.eval(), Stylizer(str(folder / f"{name}.stylize.onnx"), "cpu", CodeCache(folder))


def picture(height=37, width=50):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", STYLES)
def test_it_runs_in_the_runtime_as_in_pytorch(tmp_path, name):
    network, stylizer = exported(tmp_path, name)
    assert stylizer.encoder.builtin.names() == STYLES[name]
    assert stylizer.encoder.only_style == ("oil" if name == "one" else None)
    got = stylizer.stylize(picture(), plain(stylizer.encoder.find("oil")))
    content = torch.from_numpy(picture()).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        wanted = network.stylizer(content, torch.ones(1, 1, 1, 1), network.style_code(0))
    assert np.abs(got.astype(int) - wanted[0].permute(1, 2, 0).mul(255).round().numpy()).max() <= 1


def test_styles_of_one_network_blend(tmp_path):
    _, stylizer = exported(tmp_path, "two")
    codes = [stylizer.encoder.find(name) for name in STYLES["two"]]
    single = [stylizer.stylize(picture(), plain(code)).astype(int) for code in codes]
    corner = stylizer.stylize(picture(), plain(blend(codes, [0, 1])))
    assert np.array_equal(corner, single[1])
    middle = stylizer.stylize(picture(), plain(blend(codes)))
    assert all(0 < np.abs(middle - other).mean() < np.abs(single[0] - single[1]).mean() for other in single)


def test_a_painting_is_refused_with_the_styles_there_are(tmp_path):
    _, stylizer = exported(tmp_path, "two")
    cv2.imwrite(str(tmp_path / "painting.png"), picture())
    with pytest.raises(StyleError, match=r"knows only its own styles \(oil, ink\), not 'painting'"):
        stylizer.encoder.find(str(tmp_path / "painting.png"))


def test_the_only_style_need_not_be_named(tmp_path):
    exported(tmp_path, "one")
    cv2.imwrite(str(tmp_path / "photo.png"), picture())
    command = [sys.executable, "run_video.py", tmp_path / "photo.png", "--model", tmp_path / "one.stylize.onnx"]
    command += ["-o", tmp_path / "out.png"]
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert cv2.imread(str(tmp_path / "out.png")).shape == (37, 50, 3)


def test_wrong_weights_are_one_line(tmp_path):
    command = [
        sys.executable,
        "-m",
        "export.feedforward",
        "--weights",
        ROOT / "streamstyle" / "weights" / "fast.style.onnx",
    ]
    command += ["-o", tmp_path / "x.stylize.onnx"]
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "feedforward" in done.stderr
