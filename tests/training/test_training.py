import json
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.fast import Fast, FastConfig  # noqa: E402
from models.losses import content_target  # noqa: E402
from training.checkpoint import load_weights, save_weights  # noqa: E402
from training.data import Shuffler, is_held_out, load_images, random_crop  # noqa: E402
from training.decoder.options import parse  # noqa: E402
from training.decoder.trainer import Trainer  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def options(material, run, *more):
    arguments = ["--contents", material / "photo", "--styles", material / "paint.tar", "--vgg", material / "vgg.pth"]
    arguments += ["--run", run, "--size", 32, "--batch", 2, "--pairs", 1, "--evaluate-every", 1000, "--device", "cpu"]
    return parse([str(argument) for argument in [*arguments, *more]])


def test_one_in_twenty_is_held_out_and_never_trained_on(material):
    train, held_out = load_images([material / "photo"], torch.device("cpu"))
    assert len(train) + len(held_out) == 60
    assert held_out.names == [name for name in sorted(train.names + held_out.names) if is_held_out(name)]
    shares = np.mean([is_held_out(f"{index}.jpg") for index in range(4000)])
    assert 0.04 < shares < 0.06


def test_too_few_images_are_an_error(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="too few readable images"):
        load_images([tmp_path], torch.device("cpu"))
    with pytest.raises(ValueError, match="there is no"):
        load_images([tmp_path / "absent"], torch.device("cpu"))
    (tmp_path / "text.tar").write_text("no tar")
    with pytest.raises(ValueError, match=r"text\.tar' cannot be read as a tar") as raised:
        load_images([tmp_path / "text.tar"], torch.device("cpu"))
    assert "\n" not in str(raised.value)


def test_a_tar_that_was_cut_is_an_error(material, tmp_path):
    (tmp_path / "cut.tar").write_bytes((material / "paint.tar").read_bytes()[:30_000])
    with pytest.raises(ValueError, match=r"cut\.tar' cannot be read as a tar"):
        load_images([tmp_path / "cut.tar"], torch.device("cpu"))


def test_every_image_is_drawn_once_before_any_again():
    taken = Shuffler(7, np.random.default_rng(0)).take(21)
    assert [sorted(taken[i : i + 7]) for i in (0, 7, 14)] == [list(range(7))] * 3


def test_crops_stay_in_range():
    image = torch.randint(0, 256, (3, 40, 70), dtype=torch.uint8)
    rng = np.random.default_rng(0)
    for _ in range(20):
        crop = random_crop(image, 32, rng)
        assert crop.shape == (3, 32, 32)
        assert 0 <= float(crop.min()) <= float(crop.max()) <= 1


def test_a_short_run_lowers_the_loss_and_leaves_log_pictures_and_weights(material, tmp_path):
    trainer = Trainer(options(material, tmp_path / "run", "--steps", 25, "--learning-rate", 1e-3, "--style-weight", 1e3))
    before = trainer.held_out.score(trainer.held_out.run(trainer.network))
    after = trainer.run()
    assert after.ls < 0.9 * before.ls
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 25
    for name in ("pairs.png", "curve.png"):
        assert cv2.imread(str(tmp_path / "run" / name)) is not None
    _, record = load_weights(tmp_path / "run" / "weights.safetensors", trainer.vgg)
    assert record["steps"] == 25


@pytest.mark.parametrize("variants", [0, 3])
def test_resuming_is_exact(material, tmp_path, variants):
    def trainer(run):
        more = ("--steps", 6, "--variants", variants, "--precision", "float32")
        return Trainer(options(material, tmp_path / run, *more))

    straight = trainer("straight")
    for _ in range(6):
        straight.train_step()
    first = trainer("broken")
    for _ in range(3):
        first.train_step()
    first.save()
    second = trainer("broken")
    assert second.resume()
    for _ in range(3):
        second.train_step()
    for got, wanted in zip(second.decoder.parameters(), straight.decoder.parameters(), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-6)


def test_the_papers_settings_are_the_defaults_of_vgg19(material, tmp_path):
    arguments = ["--contents", "a", "--styles", "b", "--vgg", "c", "--steps", "1"]
    paper = parse(arguments)
    assert (paper.learning_rate, paper.batch, paper.size, paper.short_side, paper.style_weight) == (1e-4, 8, 256, 512, 10)
    trainer = Trainer(options(material, tmp_path / "run", "--steps", 1))
    rates = []
    for trainer.step in (0, 20_000):
        rates.append(trainer.learning_rate())
    assert rates == pytest.approx([1e-4, 5e-5])


def test_gradients_reach_only_the_decoder(material, tmp_path):
    trainer = Trainer(options(material, tmp_path / "run", "--steps", 1))
    encoder_before = {name: tensor.clone() for name, tensor in trainer.vgg.state_dict().items()}
    decoder = trainer.decoder
    decoder_before = {name: tensor.clone() for name, tensor in decoder.state_dict().items()}
    trainer.train_step()
    assert all(parameter.grad is None for parameter in trainer.vgg.parameters())
    assert all(torch.equal(tensor, encoder_before[name]) for name, tensor in trainer.vgg.state_dict().items())
    assert all(float(parameter.grad.abs().max()) > 0 for parameter in decoder.parameters())
    assert all(not torch.equal(tensor, decoder_before[name]) for name, tensor in decoder.state_dict().items())
    # The shortcut of a step (decode the target) is the network's own forward pass.
    content, style = trainer.contents.sample(2, 32), trainer.styles.sample(2, 32)
    target = content_target(trainer.vgg(content.images)["relu4_1"], style.stats)
    short = trainer.decoder(target)
    torch.testing.assert_close(
        short, trainer.network(content.images, style.images, torch.ones(2, 1, 1, 1)), rtol=0.02, atol=0.02
    )


def test_a_decoder_trained_here_is_saved_alone_and_comes_back(material, tmp_path):
    trainer = Trainer(options(material, tmp_path / "run", "--steps", 12, "--learning-rate", 1e-3))
    before = trainer.held_out.score(trainer.held_out.run(trainer.network))
    after = trainer.run()
    assert after.lc + 10 * after.ls < before.lc + 10 * before.ls
    path = tmp_path / "run" / "weights.safetensors"
    network, record = load_weights(path, trainer.vgg)
    assert record["steps"] == 12
    trained = trainer.decoder.parameters()
    assert all(torch.equal(a, b) for a, b in zip(network.stylizer.decoder.parameters(), trained, strict=True))
    assert path.stat().st_size < 15_000_000  # the decoder's 3.5 million numbers, nothing of the encoder
    with pytest.raises(ValueError, match="needs its encoder"):
        load_weights(path)


def test_crops_at_the_papers_scale_are_never_enlarged():
    image = torch.arange(100 * 140, dtype=torch.int32).remainder(251).to(torch.uint8).reshape(1, 100, 140).expand(3, -1, -1)
    rng = np.random.default_rng(0)
    crop = random_crop(image, 64, rng, short_side=512)  # smaller than 512: cut out as it is
    pixels = crop.mul(255).round().to(torch.uint8)
    windows = image.unfold(1, 64, 1).unfold(2, 64, 1)
    assert bool((windows[0] == pixels[0]).all(dim=-1).all(dim=-1).any())
    assert random_crop(image, 128, rng, short_side=512).shape == (3, 128, 128)


def test_kept_targets_are_those_of_the_kept_pixels(material, tmp_path):
    sampler = Trainer(options(material, tmp_path / "run", "--steps", 1, "--variants", 1, "--precision", "float32")).contents
    batch = sampler.sample(2, 32)
    fresh = sampler.vgg(batch.images)["relu4_1"]
    torch.testing.assert_close(batch.features.float(), fresh, rtol=0.02, atol=0.02)
    torch.testing.assert_close(batch.stats.means[0], sampler.vgg(batch.images)["relu1_1"].mean((2, 3), keepdim=True))


def test_weights_come_back_as_they_were(tmp_path):
    network = Fast(FastConfig(half=8, quarter=8, eighth=8, blocks=1, style=16))
    save_weights(network, tmp_path / "w.safetensors", {"steps": 3})
    again, record = load_weights(tmp_path / "w.safetensors")
    assert record == {"steps": 3}
    for got, wanted in zip(again.parameters(), network.parameters(), strict=True):
        assert torch.equal(got, wanted)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"there is no .*absent\.safetensors"):
        load_weights(tmp_path / "absent.safetensors")
