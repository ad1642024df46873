"""`python -m training.fitting` and `python -m export.fitting`, with a small network and a judge of no training."""

import json

import numpy as np
import onnxruntime
import pytest
import torch

from export import fitting as exported
from export.builtin_styles import with_codes_of
from models.fast import Fast, FastConfig
from models.fitting import SceneFit
from streamstyle.engine import Session
from streamstyle.errors import StyleError
from streamstyle.fitting import AFTER, PAINTED, SAID, STATISTICS, WANTED, FitGraph
from streamstyle.look import StyleCode
from streamstyle.styles import BuiltinStyle, BuiltinStyles, save_builtin_styles
from training import fitting
from training.checkpoint import load_fast, load_fit, save_fit, save_weights, weights_checksum

SMALL = {"half": 8, "quarter": 8, "eighth": 16, "blocks": 1, "style": 32, "sixteenth": 0, "embedding": 16, "looks": 2}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(3)
    network = Fast(FastConfig(**SMALL)).eval()
    torch.nn.init.normal_(network.encoder.turn.weight, std=0.05)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_weights(network, path, {})
    return path


def _run(monkeypatch, weights, material, run, *more):
    arguments = ["--weights", weights, "--contents", material / "photo", "--styles", material / "paint.tar"]
    arguments += [
        "--vgg",
        material / "vgg.pth",
        "--run",
        run,
        "--batch",
        "2",
        "--size",
        "32",
        "--pairs",
        "2",
        "--threads",
        "1",
    ]
    monkeypatch.setattr("sys.argv", ["fitting", *map(str, [*arguments, *more])])
    return fitting.main()


def test_a_run_trains_the_fit_alone_and_goes_on_where_it_stopped(monkeypatch, weights, material, tmp_path, capsys):
    before = weights_checksum(weights)
    assert _run(monkeypatch, weights, material, tmp_path / "run", "--minutes", "0.02") == 0
    assert weights_checksum(weights) == before
    network = load_fast(weights)[0]
    fit, metadata = load_fit(tmp_path / "run" / "fit.safetensors", network)
    assert metadata["network"] == before
    steps = json.loads(metadata["training"])["steps"]
    assert steps > 0
    fresh = SceneFit(network)
    assert not torch.equal(fit.compare.weight, fresh.compare.weight)
    assert (tmp_path / "run" / "pairs.png").is_file()
    assert _run(monkeypatch, weights, material, tmp_path / "run", "--minutes", "0.05") == 0
    assert f"going on from step {steps}" in capsys.readouterr().out
    assert json.loads(load_fit(tmp_path / "run" / "fit.safetensors", network)[1]["training"])["steps"] > steps


def test_training_lowers_the_loss(monkeypatch, weights, material, tmp_path):
    torch.manual_seed(0)
    options = ["--weights", weights, "--contents", material / "photo", "--styles", material / "paint.tar"]
    options += ["--vgg", material / "vgg.pth", "--run", tmp_path / "run", "--batch", "2", "--size", "32", "--pairs", "4"]
    options += ["--minutes", "5", "--threads", "1", "--style-weight", "10", "--stillness", "0", "--rounding", "0"]
    trainer = fitting.FitTrainer(fitting.parse(list(map(str, options))))
    trainer.average = trainer.fit  # the weights themselves: the average has a longer memory than this run
    first = trainer.evaluate()
    for _ in range(40):
        trainer.train_step()
    last = trainer.evaluate()
    assert last.lc + 10 * last.ls < 0.98 * (first.lc + 10 * first.ls)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("--weights", "there is no"),
        ("--vgg", "nothing.pth"),
        ("--init", "there is no"),
        ("--contents", "nothing.pth"),
    ],
)
def test_what_is_missing_is_one_line(monkeypatch, weights, material, tmp_path, capsys, what, told):
    assert (
        _run(monkeypatch, weights, material, tmp_path / "run", "--minutes", "1", what, str(tmp_path / "nothing.pth")) == 1
    )
    error = capsys.readouterr().err
    assert error.startswith("training.fitting: ")
    assert told in error
    assert error.count("\n") == 1


def _export(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["fitting", *map(str, arguments)])
    return exported.main()


def test_the_graph_does_what_the_network_does(monkeypatch, weights, tmp_path, capsys):
    network = load_fast(weights)[0]
    torch.manual_seed(1)
    fit = SceneFit(network).eval()
    torch.nn.init.normal_(fit.more[1].weight, std=0.05)
    save_fit(fit, tmp_path / "fit.safetensors", weights, {})
    output = tmp_path / "small.fit.onnx"
    assert _export(monkeypatch, "--weights", weights, "--fit", tmp_path / "fit.safetensors", "--output", output) == 0
    assert "of PyTorch" in capsys.readouterr().out
    fit = load_fit(tmp_path / "fit.safetensors", network)[0]  # as stored: in half precision
    graph = FitGraph(Session(output, "cpu"))
    assert graph.version == weights_checksum(weights)[:12]
    painting = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    image = torch.from_numpy(painting[:48, :64].copy()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        wanted = network.encoder.look(image)[1]
        code, seen = network.complete(torch.rand(1, 3, 64, 64))
        better, said = fit(network, code, seen.pooled, image, torch.zeros(1, 16))
    np.testing.assert_allclose(graph.statistics(painting), wanted.numpy(), rtol=1e-3, atol=1e-4)
    session = onnxruntime.InferenceSession(output)
    names = exported.fitted_names(network)
    assert not any(name.startswith("rgb_") for name in names)
    feeds = {PAINTED: painting[None], WANTED: seen.pooled.detach().numpy(), SAID: np.zeros((1, 16), np.float32)}
    feeds |= {name: code[name].detach().numpy() for name in names}
    got = dict(zip([value.name for value in session.get_outputs()], session.run(None, feeds), strict=True))
    np.testing.assert_allclose(got[SAID + AFTER], said.numpy(), rtol=1e-3, atol=1e-4)
    for name in names:
        np.testing.assert_allclose(got[name + AFTER], better[name].numpy(), rtol=1e-3, atol=1e-4)
    assert got[STATISTICS].shape == wanted.shape


def test_built_in_styles_keep_their_codes_and_get_what_fitting_needs(tmp_path):
    style = BuiltinStyle("wave", "A wave")
    kept = StyleCode("wave", "v1", {"x_mean": np.ones((1, 2, 1, 1), np.float32)})
    save_builtin_styles(tmp_path / "old.npz", [(style, kept)])
    encoded = StyleCode(
        "wave", "v1", {"x_mean": np.zeros((1, 2, 1, 1), np.float32)}, statistics=np.full((1, 4), 3, np.float32)
    )
    save_builtin_styles(tmp_path / "new.npz", with_codes_of(tmp_path / "old.npz", [(style, encoded)]))
    code = BuiltinStyles(tmp_path / "new.npz", "v1").code("wave")
    assert np.array_equal(code.tensors["x_mean"], kept.tensors["x_mean"])
    assert np.array_equal(code.statistics, encoded.statistics)
    with pytest.raises(StyleError, match="no built-in style 'wave'"):
        with_codes_of(tmp_path / "nothing.npz", [(style, encoded)])


def test_a_fit_of_other_weights_is_refused(monkeypatch, weights, tmp_path, capsys):
    network = load_fast(weights)[0]
    other = tmp_path / "other.safetensors"
    save_weights(network, other, {"another": "record"})
    save_fit(SceneFit(network), tmp_path / "fit.safetensors", other, {})
    output = tmp_path / "small.fit.onnx"
    assert _export(monkeypatch, "--weights", weights, "--fit", tmp_path / "fit.safetensors", "--output", output) == 1
    assert "was trained for other weights" in capsys.readouterr().err
    assert not output.exists()
    (tmp_path / "fit.safetensors").write_bytes(b"cut")
    assert _export(monkeypatch, "--weights", weights, "--fit", tmp_path / "fit.safetensors", "--output", output) == 1
    assert "is damaged" in capsys.readouterr().err
    assert _export(monkeypatch, "--weights", weights, "--fit", weights, "--output", output) == 1
    assert "does not hold the weights of a fit" in capsys.readouterr().err
