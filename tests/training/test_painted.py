import json
import tarfile

import cv2
import pytest

torch = pytest.importorskip("torch")

from export import builtin_styles  # noqa: E402
from models.fast import Fast, FastConfig  # noqa: E402
from streamstyle.styles.store import BuiltinStyles  # noqa: E402
from training.builtin import PAINTINGS  # noqa: E402
from training.checkpoint import SHIPPED, load_fast, save_weights, weights_checksum  # noqa: E402
from training.painted.__main__ import parse  # noqa: E402
from training.painted.learner import Learner, shipped_codes  # noqa: E402
from training.painted.loss import PRICES  # noqa: E402
from training.painted.trainer import Trainer  # noqa: E402

SMALL = FastConfig(half=8, quarter=8, eighth=8, blocks=2, style=16, sixteenth=8, deep_blocks=1, embedding=8, looks=1)


@pytest.fixture(autouse=True, scope="module")
def paintings_are_seen_small():
    """At full size they take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.critic.PAINTING_SIDE", 96)
        patch.setattr("training.painted.trainer.ENCODED_SIZE", 64)
        # What else is asked for takes more steps to be at peace with the style, which is what is scored.
        for price in PRICES.keys() - {"style"}:
            patch.setitem(PRICES, price, 0.0)
        yield


@pytest.fixture(scope="module")
def named(material, tmp_path_factory):
    """Paintings, two of which have the names of built-in styles."""
    folder = tmp_path_factory.mktemp("named")
    with tarfile.open(folder / "styles.tar", "w") as tar:
        tar.add(material / "paint", arcname="styles")
        for index, (_name, file, _description) in enumerate(PAINTINGS[:2]):
            image = cv2.imread(str(material / "paint" / f"paint{index:03}.png"))
            cv2.imwrite(str(folder / file), image)
            tar.add(folder / file, arcname=f"styles/{file}")
    torch.manual_seed(1)
    save_weights(Fast(SMALL), folder / "init.safetensors", {})
    return folder


def options(material, named, run, *more):
    arguments = ["--contents", material / "photo", "--styles", named / "styles.tar", "--vgg", material / "vgg.pth"]
    arguments += ["--init", named / "init.safetensors", "--run", run, "--size", 64, "--batch", 2]
    return parse([str(argument) for argument in [*arguments, *more]])


@pytest.fixture(scope="module")
def run(material, named, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    trainer = Trainer(options(material, named, folder, "--steps", 6, "--log-every", 3, "--rate", 6e-3))
    before = trainer.held_out.score(trainer.learner)
    trainer.run()
    return trainer, before


def test_a_run_paints_the_built_in_styles_better_and_leaves_all_files(run):
    trainer, before = run
    folder = trainer.options.run
    assert trainer.held_out.score(trainer.learner)["builtin"] < before["builtin"]
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 6
    assert {"held_out", "builtin"} <= set(rows[-1])
    # Twelve pairs at most and two built-in styles, three pictures each, four to a line.
    assert cv2.imread(str(folder / "sheet.png")).shape[1] == 4 * 3 * 64
    network, record = load_fast(folder / "weights.safetensors")
    assert record["steps"] == 6
    assert network.config == SMALL


def test_the_encoder_alone_learns_and_the_next_run_takes_up_its_codes(run, material, named, tmp_path):
    before = run[0].options.run
    trainer = Trainer(
        options(
            material, named, tmp_path / "alone", "--steps", 2, "--encoder-only", "--init", before / "weights.safetensors"
        )
    )
    start = {name: tensor.clone() for name, tensor in trainer.learner.state_dict().items()}
    trainer.run()
    moved = {name for name, tensor in trainer.learner.state_dict().items() if not torch.equal(tensor, start[name])}
    assert moved
    assert all(name.startswith(("network.encoder.", "network.looked_at")) for name in moved)
    codes = Trainer(
        options(material, named, tmp_path / "next", "--steps", 1, "--init", tmp_path / "alone/weights.safetensors")
    )
    for name, tensor in trainer.average.free.items():
        assert torch.allclose(codes.learner.free[name], tensor, atol=1e-5)


def test_codes_go_to_the_styles_of_their_names_whatever_the_order(run, material, named, tmp_path, monkeypatch):
    done = run[0].options.run
    monkeypatch.setattr("training.painted.trainer.PAINTINGS", PAINTINGS[1::-1])
    init = ["--init", done / "weights.safetensors"]
    trainer = Trainer(options(material, named, tmp_path, "--steps", 1, *init))
    for name, tensor in run[0].average.free.items():
        assert torch.allclose(trainer.learner.free[name], tensor.flip(0), atol=1e-5)


def test_codes_and_weights_have_learnt_and_colours_have_not(run, named):
    trainer, _ = run
    start = load_fast(named / "init.safetensors")[0]
    first = Learner(start, [dict(start.encode(torch.rand(1, 3, 64, 64))[0])] * 2)
    for name in trainer.learner.free:
        assert trainer.learner.free[name].shape == first.free[name].shape
    moved = [not torch.equal(a, b) for a, b in zip(trainer.learner.network.parameters(), start.parameters(), strict=True)]
    assert sum(moved) > 0.9 * len(moved)
    code = trainer.learner.builtin([1])
    torch.testing.assert_close(code["rgb_mean"], trainer.learner.colors["rgb_mean"][1:2])
    assert all(bool((part > 0).all()) for name, part in code.items() if name.endswith("_std"))


def test_a_run_goes_on_where_it_stopped(run, material, named):
    trainer, _ = run
    again = Trainer(options(material, named, trainer.options.run, "--steps", 8))
    assert again.resume()
    assert again.step == 6
    for one, other in zip(again.learner.parameters(), trainer.learner.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    again.train_step()
    assert again.step == 7


def test_half_of_a_batch_are_built_in_styles_and_all_are_wanted_as_their_paintings(run):
    trainer, _ = run
    code, wanted = trainer._draw_styles(2)
    assert all(len(part) == 4 for part in code.values())
    builtin = [trainer._target("builtin", index) for index in range(2)]
    assert [any(target is known for known in builtin) for target in wanted] == [False, True, False, True]


def test_exported_codes_are_the_built_in_styles(run, tmp_path, capsys, monkeypatch):
    trainer, _ = run
    monkeypatch.setattr(builtin_styles, "PAINTINGS", PAINTINGS[:2])
    weights = trainer.options.run / "weights.safetensors"
    words = ["--codes", trainer.options.run / "codes.safetensors", "--weights", weights, "--folder", tmp_path]
    assert builtin_styles.main([str(word) for word in words]) == 0
    kept = BuiltinStyles(tmp_path / "fast.styles.npz", weights_checksum(weights)[:12])
    assert kept.names() == [PAINTINGS[0][0], PAINTINGS[1][0]]
    wanted = trainer.average.builtin([1])
    for name, tensor in kept.code(PAINTINGS[1][0]).tensors.items():
        torch.testing.assert_close(torch.tensor(tensor), wanted[name].detach(), rtol=1e-3, atol=1e-3)
    monkeypatch.setattr(builtin_styles, "PAINTINGS", PAINTINGS)
    assert builtin_styles.main([str(word) for word in [*words, "--overwrite"]]) == 1
    assert f"wanted {len(PAINTINGS)}" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--size", "100"), ("--batch", "3")])
def test_sizes_that_do_not_go_are_refused(words, capsys):
    with pytest.raises(SystemExit) as stop:
        parse(["--contents", "a", "--styles", "b", "--vgg", "c", "--steps", "1", *words])
    assert stop.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_a_run_from_shipped_weights_begins_with_the_shipped_codes(named):
    codes = shipped_codes(SHIPPED)
    assert list(codes) == [name for name, _file, _description in PAINTINGS]
    learner = Learner(load_fast(SHIPPED)[0], list(codes.values()))
    for name, tensor in learner.builtin([3]).items():
        torch.testing.assert_close(tensor, codes[PAINTINGS[3][0]][name], rtol=1e-4, atol=1e-3)
    assert shipped_codes(named / "init.safetensors") == {}
