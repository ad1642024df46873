import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from models.fast import Fast, FastConfig  # noqa: E402
from training.builtin import PAINTINGS  # noqa: E402
from training.checkpoint import load_fast, save_weights  # noqa: E402
from training.painted.learner import Learner, read_codes, save_codes  # noqa: E402
from training.smaller.__main__ import main, parse  # noqa: E402
from training.smaller.loss import difference  # noqa: E402
from training.smaller.prune import pruned  # noqa: E402
from training.smaller.trainer import Trainer  # noqa: E402

LARGE = FastConfig(half=8, quarter=8, eighth=8, blocks=3, style=16, sixteenth=8, deep_blocks=1, embedding=8, looks=1)
ALPHA = torch.ones(2, 1, 1, 1)


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = Fast(LARGE).eval().requires_grad_(requires_grad=False)
    torch.nn.init.normal_(network.encoder.correction.weight, std=0.1)
    torch.nn.init.normal_(network.encoder.turn.weight, std=0.1)
    return network


@pytest.fixture
def photos():
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_nothing_gone_is_nothing_changed(network, photos):
    same, kept = pruned(network, LARGE, photos, network.encode(photos)[0])
    assert kept.blocks == (0, 1, 2)
    for name, tensor in network.state_dict().items():
        assert torch.equal(same.state_dict()[name], tensor), name


@pytest.mark.parametrize(
    ("width", "readers"),
    [("half", ("quarter_in", "residual")), ("quarter", ("eighth_in", "half_out"))],
)
def test_channels_that_nobody_reads_go_first_and_nothing_changes(network, photos, width, readers):
    unread = [1, 4, 6]
    for reader in readers:
        getattr(network.stylizer, reader).weight[:, unread] = 0
    code, config = network.encode(photos)[0], replace(LARGE, **{width: 5})
    small, kept = pruned(network, config, photos, code)
    assert kept.channels[width].tolist() == [0, 2, 3, 5, 7]
    cut = kept.code(code, config)
    torch.testing.assert_close(small.stylizer(photos, ALPHA, cut), network.stylizer(photos, ALPHA, code))
    for name, part in small.encode(photos)[0].items():
        torch.testing.assert_close(part, cut[name])


def test_what_goes_is_made_up_for_by_what_is_kept(network, photos):
    # The features of channel 2 at 1/8 are those of channel 5, and so is all that is added to them: one of them can go.
    stylizer, twice = network.stylizer, [2, 5]
    for part in (stylizer.eighth_in, stylizer.deep.up, *(c for b in stylizer.blocks for c in (b.inner, b.outer))):
        part.weight[2], part.bias[2] = part.weight[5], part.bias[5]
    code = network.encode(photos)[0]
    for name, part in code.items():
        if name.startswith(("entry", "block")):
            part[:, 2] = part[:, 5]
    config = replace(LARGE, eighth=7)
    small, kept = pruned(network, config, photos, code)
    assert sum(channel in twice for channel in kept.channels["eighth"].tolist()) == 1
    got = small.stylizer(photos, ALPHA, kept.code(code, config))
    torch.testing.assert_close(got, network.stylizer(photos, ALPHA, code), rtol=1e-3, atol=1e-3)


def test_the_block_that_does_nothing_goes(network, photos):
    code = network.encode(photos)[0]
    for kind in ("mean", "std"):
        code[f"block1_outer_{kind}"].zero_()
    config = replace(LARGE, blocks=2)
    small, kept = pruned(network, config, photos, code)
    assert kept.blocks == (0, 2)
    got = small.stylizer(photos, ALPHA, kept.code(code, config))
    torch.testing.assert_close(got, network.stylizer(photos, ALPHA, code))


def test_a_blurred_picture_is_farther_than_its_pixels_say():
    noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    gray, other = torch.full_like(noise, 0.5), torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    assert (gray - noise).abs().mean() < 0.8 * (other - noise).abs().mean()
    assert difference(gray, noise) > 0.95 * difference(other, noise)
    assert difference(noise, noise) == 0


@pytest.fixture(scope="module")
def taught(material, tmp_path_factory):
    """A teacher with codes of two built-in styles beside it, and the command line to be taught by it."""
    folder = tmp_path_factory.mktemp("taught")
    torch.manual_seed(1)
    network = Fast(LARGE).eval()
    save_weights(network, folder / "weights.safetensors", {})
    codes = [{n: part.detach() for n, part in network.encode(torch.rand(1, 3, 64, 64))[0].items()} for _ in range(2)]
    save_codes(Learner(network, codes), [name for name, _file, _about in PAINTINGS[:2]], folder / "codes.safetensors")
    words = ["--contents", material / "photo", "--styles", material / "paint.tar", "--run", folder / "run"]
    words += ["--teacher", folder / "weights.safetensors", "--half", 4, "--quarter", 4, "--eighth", 8, "--blocks", 2]
    return folder, [str(word) for word in [*words, "--size", 64, "--batch", 2, "--log-every", 10, "--rate", 3e-3]]


@pytest.fixture(autouse=True, scope="module")
def paintings_are_encoded_small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.smaller.trainer.ENCODED_SIZE", 64)
        yield


def test_it_learns_to_paint_as_its_teacher_and_goes_on_under_another_one(taught, material):
    folder, words = taught
    trainer = Trainer(parse([*words, "--minutes", "1"]))
    before = trainer.held_out()
    for _ in range(40):
        trainer.train_step()
    assert trainer.held_out() < before
    trainer.save()
    network, record = load_fast(folder / "run" / "weights.safetensors")
    assert (network.config, record["steps"]) == (replace(LARGE, half=4, quarter=4, blocks=2), 40)
    codes = read_codes(folder / "run" / "codes.safetensors")
    assert {name: part.shape for name, part in next(iter(codes.values())).items()} == {
        f"{layer}_{kind}": (1, channels, 1, 1)
        for layer, channels in network.config.modulated().items()
        for kind in ("mean", "std")
    }
    torch.manual_seed(4)
    (folder / "other").mkdir()
    other = Fast(LARGE)
    save_weights(other, folder / "other" / "weights.safetensors", {})
    (folder / "other" / "codes.safetensors").write_bytes((folder / "codes.safetensors").read_bytes())
    again = Trainer(parse([*words, "--minutes", "1", "--teacher", str(folder / "other" / "weights.safetensors")]))
    assert again.step == 40
    ours, theirs = again.learner.network, trainer.learner.network
    assert torch.equal(ours.stylizer.half_out.weight, theirs.stylizer.half_out.weight)
    assert torch.equal(ours.encoder.trunk[0].weight, other.encoder.trunk[0].weight)


def test_a_run_ends_in_time_and_leaves_its_files(taught, tmp_path):
    _folder, words = taught
    assert main([*words, "--minutes", "0.005", "--run", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} >= {"weights.safetensors", "codes.safetensors", "checkpoint.pt"}
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert "held_out" in rows[-1]


def test_a_teacher_that_is_not_there_is_one_line(taught, tmp_path, capsys):
    _folder, words = taught
    assert main([*words, "--minutes", "1", "--teacher", str(tmp_path / "none.safetensors"), "--run", str(tmp_path)]) == 1
    assert "there is no" in capsys.readouterr().err
