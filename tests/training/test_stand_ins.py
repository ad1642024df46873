import sys

import pytest

torch = pytest.importorskip("torch")

from models.fast import LOOKED_AT, Fast, FastConfig  # noqa: E402
from models.losses import Stats, style_loss  # noqa: E402
from models.vgg import Vgg19  # noqa: E402
from training import stand_ins  # noqa: E402
from training.checkpoint import load_fast, save_weights  # noqa: E402
from training.data import load_images  # noqa: E402
from training.stand_ins import StandIns, row  # noqa: E402

SMALL = FastConfig(half=8, quarter=8, eighth=8, blocks=1, style=16, sixteenth=0, embedding=8, looks=2)


@pytest.fixture
def network():
    torch.manual_seed(4)
    return Fast(SMALL).eval().requires_grad_(requires_grad=False)


def test_the_squared_distance_of_rows_is_the_style_loss():
    torch.manual_seed(1)
    widths = (64, 128, 256, 512)
    first, second = (
        Stats(tuple(torch.rand(2, w, 1, 1) for w in widths), tuple(torch.rand(2, w, 1, 1) for w in widths))
        for _ in range(2)
    )
    distance = (row(first) - row(second)).square().sum(1)
    assert torch.allclose(distance, style_loss(first, second), rtol=1e-4)


def test_a_picture_comes_to_tell_what_photos_tell(material, network, capsys):
    vgg = Vgg19.load(material / "vgg.pth")
    photos, held_out_photos = load_images([material / "photo"], torch.device("cpu"))
    paintings, held_out_paintings = load_images([material / "paint.tar"], torch.device("cpu"))
    maker = StandIns(network, vgg, 64)
    painted = maker.paint(photos, paintings, 6, seed=0)
    judged = maker.paint(held_out_photos, held_out_paintings, 2, seed=1)
    picture = maker.make(painted, 24, 1, judged)
    assert picture.shape == (1, 3, LOOKED_AT, LOOKED_AT)
    assert 0 <= float(picture.min()) <= float(picture.max()) <= 1

    def distance(image):
        rows = torch.cat([maker.painted_row(image, code) for code in judged.codes])
        return float((rows - judged.rows).square().sum())

    assert distance(picture) < 0.7 * distance(stand_ins.dead_leaves(LOOKED_AT, seed=1).float() / 255)
    assert "step 24: agreement" in capsys.readouterr().out


def test_the_command_writes_weights_that_differ_in_the_pictures_only(material, network, tmp_path, monkeypatch, capsys):
    save_weights(network, tmp_path / "before.safetensors", {"steps": 5})
    arguments = ["stand_ins", "--weights", tmp_path / "before.safetensors", "--output", tmp_path / "after.safetensors"]
    arguments += ["--contents", material / "photo", "--styles", material / "paint.tar", "--vgg", material / "vgg.pth"]
    arguments += ["--paintings", 2, "--judged", 1, "--steps", 1, "--size", 32]
    monkeypatch.setattr(sys, "argv", [str(argument) for argument in arguments])
    assert stand_ins.main() == 0
    after, record = load_fast(tmp_path / "after.safetensors")
    assert record == {"steps": 5}
    before = network.state_dict()
    assert {name for name, tensor in after.state_dict().items() if not torch.equal(tensor, before[name])} == {"looked_at"}
    assert not torch.equal(after.looked_at[0], after.looked_at[1])
    assert "wrote" in capsys.readouterr().out


def test_weights_that_look_at_nothing_are_one_line(material, tmp_path, monkeypatch, capsys):
    save_weights(
        Fast(FastConfig(half=8, quarter=8, eighth=8, blocks=1, style=16, sixteenth=0, looks=0)),
        tmp_path / "w.safetensors",
        {},
    )
    arguments = ["stand_ins", "--weights", tmp_path / "w.safetensors", "--output", tmp_path / "after.safetensors"]
    arguments += ["--contents", material / "photo", "--styles", material / "paint.tar", "--vgg", material / "vgg.pth"]
    monkeypatch.setattr(sys, "argv", [str(argument) for argument in arguments])
    assert stand_ins.main() == 1
    error = capsys.readouterr().err
    assert error.startswith("stand_ins: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "after.safetensors").exists()
