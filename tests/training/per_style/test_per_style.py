"""Per-style training."""

import json
import tarfile

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.feedforward import FeedForward, FeedForwardConfig  # noqa: E402
from models.vgg import Vgg19  # noqa: E402
from tests.vgg import encoder_state  # noqa: E402
from training.per_style import __main__ as per_style  # noqa: E402
from training.per_style.judge import Paintings, read_painting  # noqa: E402
from training.per_style.options import parse  # noqa: E402
from training.per_style.trainer import PerStyleTrainer  # noqa: E402
from training.per_style.weights import load_weights, save_weights  # noqa: E402

SMALL = ["--size", "32", "--style-size", "48", "--batch", "2", "--width", "4", "--blocks", "1", "--photos", "2"]


def paint(rng, grain, height=72, width=96):
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    wave = np.stack([np.sin(x * f + y * g) for f, g in rng.uniform(-0.5, 0.5, (3, 2))], axis=2)
    return (120 + 70 * wave + rng.normal(0, grain, wave.shape)).clip(0, 255).astype(np.uint8)


def random_judge():
    """A VGG of random weights whose features keep their size through the layers, so that losses mean something."""
    vgg = Vgg19()
    for convolution in vgg.convolutions.values():
        torch.nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        torch.nn.init.zeros_(convolution.bias)
    vgg.preprocess.weight.copy_(4 * torch.eye(3)[:, :, None, None])
    vgg.preprocess.bias.fill_(-2)
    return vgg


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Sixty photos in a tar, three paintings, and a judge with weights that training has not seen."""
    folder = tmp_path_factory.mktemp("material")
    rng = np.random.default_rng(0)
    (folder / "photo").mkdir()
    for index in range(60):
        cv2.imwrite(str(folder / "photo" / f"photo{index:03}.png"), paint(rng, 2))
    with tarfile.open(folder / "photos.tar", "w") as tar:
        tar.add(folder / "photo", arcname="photo")
    for name in ("wave", "reeds", "moon"):
        cv2.imwrite(str(folder / f"{name}.png"), paint(rng, 25))
    torch.manual_seed(0)
    torch.save(encoder_state(random_judge()), folder / "vgg.pth")
    return folder


def common(material, run, *more):
    places = ["--contents", material / "photos.tar", "--vgg", material / "vgg.pth", "--run", run, "--device", "cpu"]
    return [str(argument) for argument in [*places, *SMALL, *more]]


def arguments(material, run, styles=("wave", "reeds"), *more):
    paths = [material / f"{style}.png" for style in styles]
    return common(material, run, *more, "--styles", *paths)


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("styles", [("wave",), ("wave", "reeds")])
def test_a_short_run_lowers_the_loss_and_leaves_log_pictures_and_weights(material, tmp_path, styles):
    run = tmp_path / "run"
    more = ("--steps", "10", "--evaluate-every", "8", "--learning-rate", "5e-3")
    assert per_style.main(arguments(material, run, styles, *more)) == 0
    rows = rows_of(run / "log.jsonl")
    assert [row["step"] for row in rows] == [0, 8, 10]
    assert rows[-1]["score"]["loss"] < 0.6 * rows[0]["score"]["loss"]
    for name in ("pictures.png", "curve.png"):
        assert cv2.imread(str(run / name)) is not None
    trained = load_weights(run / "weights.safetensors")
    assert tuple(trained.styles) == styles
    assert trained.record["steps"] == 10
    assert trained.record["held_out"] == rows[-1]["score"]
    assert {path.name for path in run.iterdir()} == {
        "checkpoint.pt",
        "curve.png",
        "log.jsonl",
        "pictures.png",
        "weights.safetensors",
    }


@pytest.mark.parametrize("variants", ["0", "2"])
def test_resuming_is_exact(material, tmp_path, variants):
    def trainer(run):
        more = ("--steps", "6", "--variants", variants, "--precision", "float32")
        made = PerStyleTrainer(*parse(arguments(material, tmp_path / run, ("wave", "reeds"), *more)))
        made.resume()
        return made

    straight = trainer("straight")
    losses = [straight.train_step() for _ in range(6)]
    first = trainer("broken")
    again = [first.train_step() for _ in range(3)]
    first.save()
    first.train_step()
    second = trainer("broken")
    assert second.step == 3
    again += [second.train_step() for _ in range(3)]
    assert again == pytest.approx(losses, rel=1e-5)
    wanted = straight.network.state_dict()
    for name, tensor in second.network.state_dict().items():
        torch.testing.assert_close(tensor, wanted[name], rtol=1e-4, atol=1e-6)


def test_a_resumed_run_logs_no_step_twice(material, tmp_path):
    run = tmp_path / "run"
    command = arguments(material, run, ("wave",), "--evaluate-every", "2")
    assert per_style.main([*command, "--steps", "3"]) == 0
    with (run / "log.jsonl").open("a") as log:
        log.write('{"step": 4, "score"')  # killed while writing
    assert per_style.main([*command, "--steps", "5"]) == 0
    assert [row["step"] for row in rows_of(run / "log.jsonl")] == [0, 2, 3, 4, 5]
    assert per_style.main([*command, "--steps", "5"]) == 0  # nothing left to do
    assert [row["step"] for row in rows_of(run / "log.jsonl")] == [0, 2, 3, 4, 5]


def test_another_setup_does_not_go_on_from_a_foreign_checkpoint(material, tmp_path, capsys):
    run = tmp_path / "run"
    assert per_style.main(arguments(material, run, ("wave",), "--steps", "1")) == 0
    for styles, problem in ((("wave", "reeds"), "different network"), (("moon",), "different styles")):
        capsys.readouterr()
        assert per_style.main(arguments(material, run, styles, "--steps", "2")) == 1
        line = capsys.readouterr().err
        assert problem in line
        assert line.count("\n") == 1
    for damage in (b"no checkpoint", b"", (run / "checkpoint.pt").read_bytes()[:1000]):
        (run / "checkpoint.pt").write_bytes(damage)
        assert per_style.main(arguments(material, run, ("wave",), "--steps", "2")) == 1
        line = capsys.readouterr().err
        assert "not a checkpoint" in line
        assert line.count("\n") == 1


def test_a_painting_is_scaled_to_its_short_side_and_a_scroll_is_cut(tmp_path):
    rng = np.random.default_rng(0)
    for name, height, width, wanted in (("wide", 40, 60, (32, 48)), ("scroll", 400, 20, (128, 32))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), paint(rng, 5, height, width))
        image = read_painting(tmp_path / f"{name}.png", 32)
        assert image.shape == (1, 3, *wanted)
        assert 0 <= float(image.min()) <= float(image.max()) <= 1
    red = np.zeros((40, 40, 3), np.uint8)
    red[..., 2] = 255
    cv2.imwrite(str(tmp_path / "red.png"), red)
    torch.testing.assert_close(read_painting(tmp_path / "red.png", 32)[0, :, 0, 0], torch.tensor([1.0, 0, 0]))


def test_gram_matrices_are_handed_out_by_style(material):
    vgg = Vgg19.load(material / "vgg.pth")
    paths = [material / "wave.png", material / "reeds.png"]
    both = Paintings.load(paths, vgg, torch.device("cpu"), short_side=48)
    second = Paintings.load(paths[1:], vgg, torch.device("cpu"), short_side=48)
    for layer, grams in both.of(torch.tensor([1, 0])).items():
        torch.testing.assert_close(grams[:1], second.grams[layer])
        assert not torch.allclose(grams[1], grams[0])


def test_weights_come_back_as_they_were(tmp_path):
    styles = ["a", "b"]
    network = FeedForward(FeedForwardConfig(len(styles), width=4, blocks=1))
    save_weights(network, styles, tmp_path / "w.safetensors", {"steps": 3})
    trained = load_weights(tmp_path / "w.safetensors")
    assert (trained.styles, trained.record, trained.network.config) == (styles, {"steps": 3}, network.config)
    assert not trained.network.training
    got, wanted = trained.network.state_dict(), network.state_dict()
    assert set(got) == set(wanted)
    assert all(torch.equal(got[name], wanted[name]) for name in wanted)


def test_weights_that_cannot_be_used_are_named(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "w.safetensors"
    with pytest.raises(ValueError, match=r"there is no .*w\.safetensors"):
        load_weights(path)
    network = FeedForward(FeedForwardConfig(width=4, blocks=1))
    save_weights(network, ["a"], path, {})
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match="may be cut short"):
        load_weights(path)
    save_file({"a": torch.zeros(1)}, path, {"family": "fast"})
    with pytest.raises(ValueError, match="family 'feedforward'"):
        load_weights(path)
    save_file({"a": torch.zeros(1)}, path, {"family": "feedforward", "config": '{"width": 4}', "styles": "[]"})
    with pytest.raises(ValueError, match="does not hold together"):
        load_weights(path)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--size", "40"], "multiple of 16 from 32 on, got 40"),
        (["--style-size", "8"], "wanted 32 or more, got 8"),
        (["--steps", "0"], "wanted 1 or more, got 0"),
        (["--batch", "-1"], "wanted 1 or more, got -1"),
        (["--learning-rate", "nan"], "wanted a number above 0, got nan"),
        (["--style-weight", "0"], "wanted a number above 0, got 0"),
        (["--blocks", "-1"], "wanted 0 or more"),
    ],
)
def test_bad_options_are_one_clear_line(material, tmp_path, capsys, more, message):
    with pytest.raises(SystemExit) as stopped:
        per_style.main([*arguments(material, tmp_path / "run"), *more])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("option", "file", "message"),
    [
        ("--styles", "absent.png", "there is no file"),
        ("--styles", "vgg.pth", "is not a picture"),
        ("--styles", "empty.png", "is not a picture"),
        ("--styles", "dot.png", "wanted at least 16x16"),
        ("--styles", "photo", "there is no file"),
        ("--contents", "absent.tar", "there is no"),
        ("--contents", "wave.png", "cannot be read as a tar"),
        ("--vgg", "absent.pth", "cannot read the weights"),
        ("--vgg", "wave.png", "is not a PyTorch file"),
        ("--device", "nowhere", "cannot use device 'nowhere'"),
        ("--device", "meta:x", "cannot use device 'meta:x'"),
    ],
)
def test_bad_inputs_are_one_clear_line(material, tmp_path, capsys, option, file, message):
    (material / "empty.png").write_bytes(b"")
    cv2.imwrite(str(material / "dot.png"), np.zeros((9, 20, 3), np.uint8))
    value = file if option == "--device" else str(material / file)
    command = [*common(material, tmp_path / "run", "--styles", material / "wave.png"), option, value]
    assert per_style.main(command) == 1
    line = capsys.readouterr().err
    assert message in line
    assert line.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_two_paintings_of_one_name_are_an_error(material, tmp_path, capsys):
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / "wave.png"
    twin.write_bytes((material / "wave.png").read_bytes())
    assert per_style.main([*arguments(material, tmp_path / "run", ("wave",)), str(twin)]) == 1
    assert "two paintings are called 'wave'" in capsys.readouterr().err
