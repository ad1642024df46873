import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.critic import Critic  # noqa: E402
from streamstyle.styles.store import read_style  # noqa: E402
from training.checkpoint import SHIPPED, load_fast, load_metadata  # noqa: E402
from training.one_painting.__main__ import main  # noqa: E402
from training.one_painting.tuner import Tuner, encoded  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def paintings_are_seen_small():
    """At full size they take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.critic.PAINTING_SIDE", 96)
        yield


def pictures(material, kind, count):
    paths = [material / kind / f"{kind}{index:03}.png" for index in range(count)]
    return [torch.from_numpy(np.ascontiguousarray(cv2.imread(str(path)).transpose(2, 0, 1))) for path in paths]


@pytest.fixture(scope="module")
def tuned(material):
    """A painting's code after some steps, the network, and how far it was from the painting before and after."""
    network = load_fast(SHIPPED)[0]
    (painting,), photos = pictures(material, "paint", 1), pictures(material, "photo", 3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    tuner = Tuner(network, Critic(material / "vgg.pth"), painting, photos, crop=64, rate=1e-1)
    start, first = tuner.distance(photos), tuner.code()
    for step in range(16):
        parts = tuner.step(step / 16)
    assert {"style", "content", "stillness", "lattice"} <= set(parts)
    return tuner, start, tuner.distance(photos), first, before


def test_tuning_brings_a_style_nearer_to_its_painting(tuned):
    _, start, end, _, _ = tuned
    assert end < 0.98 * start


def test_the_code_learns_and_the_network_and_the_paintings_colours_do_not(tuned):
    tuner, _, _, first, before = tuned
    code = tuner.code()
    moved = {name for name in code if not torch.allclose(code[name], first[name])}
    assert moved == {name for name in code if not name.startswith("rgb_")}
    assert all(bool((tensor > 0).all()) for name, tensor in code.items() if name.endswith("_std"))
    for name, tensor in tuner._learner.network.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_the_start_is_the_encoders_code_of_the_whole_painting(tuned):
    tuner, _, _, first, _ = tuned
    square = torch.randint(0, 256, (3, 256, 256), dtype=torch.uint8)
    network = tuner._learner.network
    torch.testing.assert_close(encoded(network, square), dict(network.encode(square[None] / 255)[0]), rtol=1e-3, atol=1e-4)
    assert {len(tensor) for tensor in first.values()} == {1}


def write(folder, material):
    painting = cv2.imread(str(material / "paint" / "paint000.png"))
    np.savez(folder / "pictures.npz", painting=painting, photo0=cv2.imread(str(material / "photo" / "photo000.png")))
    return [
        "--pictures",
        folder / "pictures.npz",
        "--output",
        folder / "so-far.style.npz",
        "--crop",
        "64",
        "--seconds",
        "1",
    ]


def test_the_command_writes_a_style_for_the_shipped_network(material, tmp_path, capsys):
    words = [*write(tmp_path, material), "--vgg", material / "vgg.pth", "--every", "0"]
    assert main([str(word) for word in words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('{"steps": 0, "distance": 0.')
    assert lines[-1].startswith(f'{{"steps": {len(lines) - 1}, "distance": 0.')
    code = read_style(tmp_path / "so-far.style.npz", load_metadata(SHIPPED)["version"])
    assert code.tensors["entry_mean"].dtype == np.float32


def test_weights_that_are_none_are_a_line_and_an_exit_code(material, tmp_path, capsys):
    (tmp_path / "words.pth").write_text("not weights")
    words = [*write(tmp_path, material), "--vgg", tmp_path / "words.pth"]
    assert main([str(word) for word in words]) == 1
    assert "is not a PyTorch file" in capsys.readouterr().out.splitlines()[-1]
