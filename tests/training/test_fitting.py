"""`python -m training --fit` and `python -m export.fitting`, with a small network and a judge of no training."""

import json
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
import torch

from export import fitting as exported
from export.builtin_styles import with_codes_of
from models.fast import Fast, FastConfig
from models.fitting import Fitted, SceneFit
from models.losses import Stats
from streamstyle.engine import Session
from streamstyle.errors import StyleError
from streamstyle.fitting import AFTER, PAINTED, SAID, STATISTICS, WANTED, FitGraph
from streamstyle.look import StyleCode
from streamstyle.styles import BuiltinStyle, BuiltinStyles, save_builtin_styles
from training import score
from training.__main__ import main as training_main
from training.checkpoint import load_fast, load_fit, load_fit_of, save_fit, save_weights, weights_checksum
from training.options import parse
from training.recipes import recipe_of
from training.targets import Batch
from training.trainer import Trainer

SMALL = {"half": 8, "quarter": 8, "eighth": 16, "blocks": 1, "style": 32, "sixteenth": 0, "embedding": 16, "looks": 2}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(3)
    network = Fast(FastConfig(**SMALL)).eval()
    torch.nn.init.normal_(network.encoder.turn.weight, std=0.05)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_weights(network, path, {})
    return path


def _arguments(weights, material, run, *more):
    arguments = ["--contents", material / "photo", "--styles", material / "paint.tar", "--vgg", material / "vgg.pth"]
    arguments += ["--run", run, "--batch", 2, "--size", 32, "--pairs", 2, "--threads", 1, "--init", weights]
    return [str(argument) for argument in [*arguments, *more]]


def _run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["training", *_arguments(*arguments)])
    return training_main()


def test_a_run_trains_the_fit_alone_and_goes_on_where_it_stopped(monkeypatch, weights, material, tmp_path, capsys):
    before = weights_checksum(weights)
    assert _run(monkeypatch, weights, material, tmp_path / "run", "--fit", "only", "--steps", 3) == 0
    assert weights_checksum(weights) == before
    assert not (tmp_path / "run" / "weights.safetensors").exists()
    network = load_fast(weights)[0]
    fit, metadata = load_fit(tmp_path / "run" / "fit.safetensors", network)
    assert metadata["network"] == before
    assert json.loads(metadata["training"])["steps"] == 3
    fresh = SceneFit(network)
    assert not torch.equal(fit.compare.weight, fresh.compare.weight)
    assert (tmp_path / "run" / "pairs.png").is_file()
    assert _run(monkeypatch, weights, material, tmp_path / "run", "--fit", "only", "--steps", 5) == 0
    assert "going on from step 3" in capsys.readouterr().out
    assert json.loads(load_fit(tmp_path / "run" / "fit.safetensors", network)[1]["training"])["steps"] == 5


def _trained(weights, material, run, *more):
    """A trainer before and after forty steps, with its held-out scores."""
    torch.manual_seed(0)
    more = ("--steps", 1000, "--style-weight", 10, "--stillness", 0, "--rounding", 0, "--pairs", 4, *more)
    trainer = Trainer(parse(_arguments(weights, material, run, *more)))
    trainer.average = trainer.network  # the weights themselves: the average has a longer memory than this run
    first = trainer.evaluate()
    for _ in range(40):
        trainer.train_step()
    return trainer, first, trainer.evaluate()


def test_training_the_fit_lowers_the_loss(weights, material, tmp_path):
    _, first, last = _trained(weights, material, tmp_path / "run", "--fit", "only", "--learning-rate", 1e-3)
    assert last.lc + 10 * last.ls < 0.98 * (first.lc + 10 * first.ls)


def test_fit_and_network_are_trained_together_for_codes_with_a_fit_and_without(weights, material, tmp_path, monkeypatch):
    monkeypatch.setattr("training.trainer.grown", lambda network, _config: network)  # as small as it is
    more = ("--fit", "along", "--learning-rate", 1e-3, "--encoder-rate", 3, "--probe-weight", 0.3)
    trainer, first, last = _trained(weights, material, tmp_path / "run", *more)
    assert last.lc + 10 * last.ls < 0.98 * (first.lc + 10 * first.ls)
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    before, after = (row["unfitted_lc"] + 10 * row["unfitted_ls"] for row in log)
    assert after < 0.98 * before
    of_codes = {id(parameter) for parameter in trainer.optimizer.param_groups[0]["params"]}
    assert [group["rate"] for group in trainer.optimizer.param_groups] == [3, 1]
    assert of_codes >= {id(trainer.network.fit.compare.weight), id(trainer.network.network.encoder.turn.weight)}
    network, record = load_fast(tmp_path / "run" / "weights.safetensors")
    assert record["held_out_fitted"] == {"lc": last.lc, "ls": last.ls}
    assert record["held_out"] == {"lc": log[-1]["unfitted_lc"], "ls": log[-1]["unfitted_ls"]}
    fit = load_fit_of(tmp_path / "run" / "fit.safetensors", network, tmp_path / "run" / "weights.safetensors")
    torch.testing.assert_close(fit.compare.weight, trainer.network.fit.compare.weight, rtol=2e-3, atol=1e-4)
    assert not torch.equal(network.stylizer.half_in.weight, load_fast(weights)[0].stylizer.half_in.weight)


def test_a_quarter_of_the_codes_stays_unfitted(weights):
    network = load_fast(weights)[0]
    fit = SceneFit(network)
    torch.nn.init.normal_(fit.more[1].weight, std=0.05)
    photos, paintings = (Batch(torch.rand(4, 3, 32, 32), Stats((), ()), None) for _ in range(2))
    with torch.no_grad():
        code, _ = recipe_of("fast", "along").encode(Fitted(network, fit), photos, paintings, torch.Generator())
        unfitted = network.encode(paintings.images)[0]
        fitted = Fitted(network, fit).fitted(unfitted, network.complete(paintings.images)[1].pooled, photos.images)
    for name in ("entry_mean", "half_std"):
        torch.testing.assert_close(code[name][:1], unfitted[name][:1])
        torch.testing.assert_close(code[name][1:], fitted[name][1:])
        assert not torch.allclose(unfitted[name], fitted[name], rtol=1e-3)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("--init", "there is no"),
        ("--vgg", "nothing.pth"),
        ("--init-fit", "there is no"),
        ("--contents", "nothing.pth"),
    ],
)
def test_what_is_missing_is_one_line(monkeypatch, weights, material, tmp_path, capsys, what, told):
    more = ("--fit", "only", "--steps", 1, what, tmp_path / "nothing.pth")
    assert _run(monkeypatch, weights, material, tmp_path / "run", *more) == 1
    error = capsys.readouterr().err
    assert error.startswith("training: ")
    assert told in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--fit", "only", "--probe-weight", "0.3", "--init", "a"), "leave out --probe-weight"),
        (("--fit", "only"), "name it with --init"),
        (("--fit", "along", "--family", "vgg19"), "use it with --family fast"),
        (("--init-fit", "a"), "wanted --fit"),
        (("--fit", "along", "--batch", "1"), "wanted a --batch of 2 or more"),
    ],
)
def test_what_does_not_go_together_is_said(capsys, wrong, told):
    with pytest.raises(SystemExit) as exit_:
        parse(["--contents", "a", "--styles", "b", "--vgg", "c", "--steps", "1", *wrong])
    assert exit_.value.code == 2
    assert told in capsys.readouterr().err


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
    judged = np.full((1, 5), 4, np.float32)
    kept = StyleCode("wave", "v1", {"x_mean": np.ones((1, 2, 1, 1), np.float32)}, judged=judged)
    save_builtin_styles(tmp_path / "old.npz", [(style, kept)])
    encoded = StyleCode(
        "wave", "v1", {"x_mean": np.zeros((1, 2, 1, 1), np.float32)}, statistics=np.full((1, 4), 3, np.float32)
    )
    save_builtin_styles(tmp_path / "new.npz", with_codes_of(tmp_path / "old.npz", [(style, encoded)]))
    code = BuiltinStyles(tmp_path / "new.npz", "v1").code("wave")
    assert np.array_equal(code.tensors["x_mean"], kept.tensors["x_mean"])
    assert np.array_equal(code.statistics, encoded.statistics)
    assert np.array_equal(code.judged, judged)
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


def test_descent_that_was_made_for_other_weights_is_not_scored(monkeypatch, weights, material, tmp_path, capsys):
    fits = tmp_path / "fit.safetensors"
    save_fit(SceneFit(load_fast(weights)[0]), fits, weights, {})
    words = [
        "score",
        "--weights",
        weights,
        "--fit",
        fits,
        "--descent",
        tmp_path / "any.onnx",
        "--vgg",
        material / "vgg.pth",
    ]
    words += ["--contents", material / "photo", "--styles", material / "paint", "--pairs", 1, "--size", 64]
    monkeypatch.setattr("sys.argv", list(map(str, words)))
    monkeypatch.setattr(score, "Session", lambda *_: None)
    monkeypatch.setattr(score, "DescentGraph", lambda _: SimpleNamespace(version="another"))
    assert score.main() == 1
    assert "was made for other weights" in capsys.readouterr().err
