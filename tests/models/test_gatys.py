import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models import gatys_command  # noqa: E402
from models.gatys import (  # noqa: E402
    STYLE_LAYERS,
    WANTED_LAYERS,
    Losses,
    Objective,
    Result,
    Settings,
    choose_layers,
    content_loss,
    noise,
    smallest_side,
    stylize,
    total_variation,
)
from models.losses import gram, gram_loss  # noqa: E402
from models.pictures import read_picture  # noqa: E402
from models.vgg import LAYERS, Vgg19  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT.parent / "shared" / "data"
WEIGHTS = DATA / "weights" / "vgg_normalised_relu4_1.pth"
FEW = Settings(steps=8)


def random_vgg(layers=LAYERS):
    """Weights that keep the size of activations from layer to layer, so that every layer has a say."""
    torch.manual_seed(0)
    vgg = Vgg19(layers)
    for convolution in vgg.convolutions.values():
        convolution.weight.mul_(2.0)
    return vgg.eval()


def clouds(seed, height=40, width=48):
    """A smooth random picture."""
    coarse = torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear").clamp(0, 1)


@pytest.fixture(scope="module")
def vgg():
    return random_vgg()


@pytest.fixture(scope="module")
def shallow():
    return random_vgg(("relu1_1", "relu2_1"))


# What the equations say.


def test_the_gram_matrix_of_known_features():
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])  # two channels, two positions
    wanted = torch.tensor([[[1 + 4, 3 - 2], [3 - 2, 9 + 1]]]) / 2
    torch.testing.assert_close(gram(features), wanted)


def test_the_style_loss_is_a_quarter_of_the_mean_squared_difference():
    features = {"relu1_1": torch.tensor([[[[2.0]], [[0.0]]]])}  # Gram matrix [[4, 0], [0, 0]]
    assert float(gram_loss(features, {"relu1_1": torch.zeros(1, 2, 2)})) == pytest.approx(16 / 4 / 4)


def test_the_content_loss_is_half_the_mean_squared_difference():
    assert float(content_loss(torch.full((1, 2, 3, 3), 5.0), torch.full((1, 2, 3, 3), 2.0))) == pytest.approx(4.5)


def test_the_noise_is_faint_and_smooth():
    picture = noise(torch.Size((1, 3, 64, 80)), seed=3)
    assert float(picture.mean()) == pytest.approx(0.5, abs=1e-3)
    assert float(picture.std()) == pytest.approx(0.12, abs=1e-3)
    # What changes from pixel to pixel is far less than white noise would have.
    assert float(picture.diff(dim=3).std()) < 0.8 * 0.12


def test_the_variation_of_a_ramp_is_its_squared_slope():
    ramp = torch.arange(5.0).expand(1, 3, 4, 5) * 0.1
    assert float(total_variation(ramp)) == pytest.approx(0.01)


def test_the_total_weighs_the_parts(shallow):
    settings = Settings(content_weight=3.0, style_weight=5.0, variation_weight=7.0)
    picture = clouds(3)
    total, losses = Objective(clouds(1), clouds(2), shallow, settings)(picture)
    wanted = 3 * losses.content + 5 * losses.style + 7 * float(total_variation(picture))
    assert losses.total == pytest.approx(wanted, rel=1e-5)
    assert losses.total == float(total)
    assert min(losses.content, losses.style) > 0


def test_a_picture_that_is_its_own_content_and_style_has_no_loss(vgg):
    _, losses = Objective(clouds(1), clouds(1), vgg, Settings())(clouds(1))
    assert losses.content == 0
    assert losses.style < 1e-12


def test_the_gradient_is_what_finite_differences_say(shallow):
    objective = Objective(
        clouds(1, 7, 6).double(), clouds(2, 8, 5).double(), shallow.double(), Settings(content_weight=1, variation_weight=1)
    )
    picture = (clouds(3, 7, 6).double() * 0.8 + 0.1).requires_grad_()
    try:
        assert torch.autograd.gradcheck(lambda x: objective(x)[0], picture, eps=1e-6, atol=1e-6)
    finally:
        shallow.float()


# Which layers are taken.


@pytest.mark.parametrize(
    ("held", "content", "style"),
    [
        (WANTED_LAYERS, "relu4_2", STYLE_LAYERS),
        (LAYERS, "relu4_1", LAYERS),
        (("relu1_1", "relu3_1"), "relu3_1", ("relu1_1", "relu3_1")),
        (("relu1_1", "relu4_2", "relu4_3"), "relu4_2", ("relu1_1",)),
    ],
)
def test_the_deepest_layer_up_to_the_papers_is_the_content(held, content, style):
    assert choose_layers(Vgg19(held), Settings()) == (content, style)


def test_a_network_without_the_layers_is_refused(shallow):
    with pytest.raises(ValueError, match="got one with relu1_1, relu2_1"):
        choose_layers(shallow, Settings(style_layers=("relu3_1",)))


def test_all_five_style_layers_work_at_the_smallest_size():
    least = smallest_side(WANTED_LAYERS)
    assert least == 17
    picture = clouds(1, least, least)
    result = stylize(picture, clouds(2, least, 30), random_vgg(WANTED_LAYERS), Settings(steps=2))
    assert (result.content_layer, result.style_layers) == ("relu4_2", STYLE_LAYERS)
    with pytest.raises(ValueError, match="H and W at least 17, got \\(1, 3, 16, 17\\)"):
        stylize(picture[:, :, 1:], picture, random_vgg(WANTED_LAYERS), FEW)


# What the search promises.


@pytest.mark.parametrize("start", ["content", "noise"])
def test_the_loss_falls_and_the_best_picture_is_returned(vgg, start):
    result = stylize(clouds(1), clouds(2), vgg, Settings(start=start, steps=25, content_weight=1e-3))
    assert len(result.losses) == 25
    assert result.best.total == min(losses.total for losses in result.losses)
    assert result.reduction == pytest.approx(result.losses[0].total / result.best.total)
    assert result.reduction > 3
    assert result.picture.shape == (1, 3, 40, 48)
    assert float(result.picture.min()) >= 0
    assert float(result.picture.max()) <= 1
    # What is told is the loss of what is returned.
    objective = Objective(clouds(1), clouds(2), vgg, Settings(content_weight=1e-3))
    assert objective(result.picture)[1].total == pytest.approx(result.best.total, rel=1e-4)


def test_a_content_that_is_its_own_style_stays_as_it_is(vgg):
    white = clouds(1)
    white[:, :, :20] = 1.0  # a value at the end of the range must not be lost beyond it
    result = stylize(white, white, vgg, FEW)
    assert float((result.picture - white).abs().max()) < 1e-3
    assert result.best.total < 1e-10
    assert result.reduction >= 1


def test_white_can_become_dark(vgg):
    white, dark = torch.ones(1, 3, 24, 24), torch.full((1, 3, 24, 24), 0.2)
    result = stylize(white, dark, vgg, Settings(content_weight=0, steps=15))
    assert float(result.picture.mean()) < 0.9


def test_the_same_seed_gives_the_same_picture_and_another_does_not(vgg):
    def run(seed):
        return stylize(clouds(1), clouds(2), vgg, Settings(start="noise", seed=seed, steps=4)).picture

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


@torch.no_grad()
def test_the_caller_may_have_switched_gradients_off(vgg):
    assert stylize(clouds(1), clouds(2), vgg, FEW).reduction > 1.5


def test_one_step_is_the_start(vgg):
    result = stylize(clouds(1), clouds(2), vgg, Settings(steps=1))
    assert torch.equal(result.picture, clouds(1))
    assert result.reduction == 1


def test_every_evaluation_is_told_with_the_best_picture(vgg):
    told = []
    result = stylize(clouds(1), clouds(2), vgg, FEW, lambda *step: told.append(step))
    assert [number for number, _, _ in told] == list(range(1, 9))
    assert tuple(losses for _, losses, _ in told) == result.losses
    assert torch.equal(told[-1][2], result.picture)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_scale_of_the_weights_does_not_matter(vgg, scale):
    plain = stylize(clouds(1), clouds(2), vgg, Settings(content_weight=1.0, style_weight=10.0, steps=10))
    scaled = stylize(clouds(1), clouds(2), vgg, Settings(content_weight=scale, style_weight=10 * scale, steps=10))
    assert scaled.reduction == pytest.approx(plain.reduction, rel=0.02)


def test_nothing_is_changed_but_the_result(vgg):
    content, style = clouds(1), clouds(2)
    before = {name: tensor.clone() for name, tensor in vgg.state_dict().items()}
    stylize(content, style, vgg, FEW)
    assert torch.equal(content, clouds(1))
    assert torch.equal(style, clouds(2))
    assert all(torch.equal(tensor, before[name]) for name, tensor in vgg.state_dict().items())
    assert vgg.layers == LAYERS


def test_a_loss_that_is_not_finite_ends_the_search_with_the_best_picture(vgg, monkeypatch):
    count = 0
    honest = Objective.__call__

    def broken(self, picture):
        nonlocal count
        count += 1
        total, losses = honest(self, picture)
        return (total * torch.nan, Losses(float("nan"), 0.0, 0.0)) if count > 5 else (total, losses)

    monkeypatch.setattr(Objective, "__call__", broken)
    result = stylize(clouds(1), clouds(2), vgg, Settings(steps=30))
    assert len(result.losses) == 5
    assert bool(result.picture.isfinite().all())
    assert result.best == min(result.losses, key=lambda losses: losses.total)


def test_a_start_without_a_finite_loss_is_an_error(vgg):
    with pytest.raises(ValueError, match="not finite; lower the weights"):
        stylize(clouds(1), clouds(2), vgg, Settings(style_weight=1e39))


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (torch.rand(3, 40, 40), r"content: wanted \(1, 3, H, W\) with H and W at least 9, got \(3, 40, 40\)"),
        (torch.rand(1, 3, 8, 40), "at least 9"),
        (torch.rand(2, 3, 40, 40), "wanted"),
        (torch.zeros(1, 3, 40, 40, dtype=torch.uint8), "wanted torch.float32 on cpu like .* got torch.uint8 on cpu"),
        (torch.rand(1, 3, 40, 40) * 255, r"wanted values in \[0, 1\]"),
        (torch.full((1, 3, 40, 40), torch.nan), r"wanted values in \[0, 1\], got nan"),
    ],
)
def test_unusable_pictures_are_named(vgg, picture, words):
    with pytest.raises(ValueError, match=words):
        stylize(picture, clouds(2), vgg, FEW)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"content_weight": -1.0}, "content_weight: wanted a number from 0 on, got -1"),
        ({"style_weight": float("nan")}, "style_weight"),
        ({"steps": 0}, "steps: wanted at least 1, got 0"),
        ({"history": 0}, "history"),
        ({"start": "style"}, "start: wanted content or noise"),
        ({"content_layer": "conv4"}, "layers like relu4_1, got 'conv4'"),
    ],
)
def test_senseless_settings_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        Settings(**settings)


def test_a_reduction_to_nothing_is_infinite():
    start, end = Losses(1.0, 0.0, 1.0), Losses(0.0, 0.0, 0.0)
    assert Result(clouds(1), (start, end), end, "relu4_1", LAYERS).reduction == float("inf")
    assert Result(clouds(1), (end,), end, "relu4_1", LAYERS).reduction == 1.0


@pytest.mark.skipif(not WEIGHTS.exists(), reason="needs ../shared")
def test_from_noise_the_loss_falls_more_than_a_hundredfold(tmp_path):
    for kind in ("contents", "styles"):
        with tarfile.open(DATA / f"{kind}.tar") as tar:
            member = next(entry for entry in tar if entry.isfile())
            (tmp_path / kind).write_bytes(tar.extractfile(member).read())
    content, style = read_picture(tmp_path / "contents", 48), read_picture(tmp_path / "styles", 48)
    vgg = Vgg19.load(WEIGHTS, WANTED_LAYERS, as_available=True)
    result = stylize(content, style, vgg, Settings(start="noise", steps=70))
    assert (result.content_layer, result.style_layers) == ("relu4_1", LAYERS)
    assert result.reduction > 100


# The command.


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A photo, a painting, and weights."""
    path = tmp_path_factory.mktemp("gatys")
    rng = np.random.default_rng(0)
    cv2.imwrite(str(path / "photo.png"), cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (80, 60)))
    cv2.imwrite(str(path / "paint.jpg"), cv2.resize(rng.integers(0, 255, (9, 9, 3), np.uint8), (64, 64)))
    torch.save(random_vgg(("relu1_1", "relu2_1")).public_state(), path / "vgg.pth")
    return path


@pytest.fixture(autouse=True)
def signals_as_before(monkeypatch):
    monkeypatch.delenv("STREAMSTYLE_VGG", raising=False)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def gatys(folder, out, *more, content="photo.png", style="paint.jpg"):
    arguments = [folder / content, folder / style, "-o", out, "--vgg", folder / "vgg.pth", "--size", 32, "--steps", 6]
    return gatys_command.main([str(argument) for argument in [*arguments, *more]])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_picture_comes_out(folder, tmp_path, capsys):
    assert gatys(folder, tmp_path / "out.png") == 0
    assert read_picture(tmp_path / "out.png").shape == (1, 3, 32, 43)
    assert names(tmp_path) == ["out.png"]
    printed, complaints = capsys.readouterr()
    assert not complaints
    (line,) = printed.splitlines()
    assert line.startswith("6 steps in ")
    assert " times less), content at relu2_1 (the weights end before relu4_2), style at relu1_1, relu2_1: " in line
    assert line.endswith(str(tmp_path / "out.png"))


def test_the_weights_may_be_named_by_the_environment(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMSTYLE_VGG", str(folder / "vgg.pth"))
    arguments = [
        folder / "photo.png",
        folder / "paint.jpg",
        "-o",
        tmp_path / "a.jpg",
        "--size",
        32,
        "--steps",
        1,
        "--quiet",
    ]
    assert gatys_command.main([str(argument) for argument in arguments]) == 0
    assert (tmp_path / "a.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_without_weights_it_says_how_to_get_them(folder, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        gatys_command.main([str(folder / "photo.png"), str(folder / "paint.jpg"), "-o", str(tmp_path / "out.png")])
    assert stop.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "--vgg or in the environment variable STREAMSTYLE_VGG" in last
    assert "python -m export.import_adain --download" in last


def test_intermediate_pictures_are_written(folder, tmp_path, capsys):
    assert gatys(folder, tmp_path / "out.png", "--every", 2) == 0
    assert names(tmp_path) == ["out.png", "out.step0002.png", "out.step0004.png", "out.step0006.png"]
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()[:3]] == ["step 2", "step 4", "step 6"]
    assert torch.equal(read_picture(tmp_path / "out.png"), read_picture(tmp_path / "out.step0006.png"))
    assert gatys(folder, tmp_path / "out.png", "--every", 2, "--overwrite", "--quiet") == 0
    (tmp_path / "out.png").unlink()
    assert gatys(folder, tmp_path / "out.png", "--every", 4) == 1
    assert "out.step0004.png' exists; use --overwrite" in capsys.readouterr().err


def test_an_existing_picture_is_replaced_only_when_asked_for(folder, tmp_path, capsys):
    (tmp_path / "out.png").write_bytes(b"dear")
    assert gatys(folder, tmp_path / "out.png") == 1
    assert (tmp_path / "out.png").read_bytes() == b"dear"
    assert "exists; use --overwrite" in capsys.readouterr().err
    assert gatys(folder, tmp_path / "out.png", "--overwrite") == 0
    assert (tmp_path / "out.png").read_bytes() != b"dear"


def test_the_same_command_gives_the_same_file(folder, tmp_path):
    for name in ("a.png", "b.png"):
        assert gatys(folder, tmp_path / name, "--start", "noise", "--seed", 5, "--quiet") == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    "picture",
    [
        np.full((1, 1, 3), 90, np.uint8),
        np.full((20, 30), 90, np.uint8),
        np.full((20, 30, 4), 90, np.uint8),
        np.full((20, 30, 3), 9000, np.uint16),
    ],
    ids=["1x1", "gray", "alpha", "16bit"],
)
def test_pictures_of_every_kind_are_styled(folder, tmp_path, picture):
    cv2.imwrite(str(tmp_path / "odd.png"), picture)
    assert gatys(folder, tmp_path / "a.png", "--quiet", content=tmp_path / "odd.png") == 0
    assert gatys(folder, tmp_path / "b.png", "--quiet", style=tmp_path / "odd.png") == 0
    assert min(read_picture(tmp_path / "a.png").shape[2:]) == 32


def test_depth_and_transparency_are_read_right(tmp_path):
    gray = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)
    cv2.imwrite(str(tmp_path / "gray.png"), gray.astype(np.uint16) * 257)
    torch.testing.assert_close(
        read_picture(tmp_path / "gray.png"), torch.from_numpy(gray / np.float32(255)).expand(1, 3, 4, 6)
    )
    bgra = np.zeros((4, 6, 4), np.uint8)
    bgra[:, :, 0], bgra[:2, :, 3], bgra[2:3, :, 3] = 255, 255, 51
    cv2.imwrite(str(tmp_path / "alpha.png"), bgra)
    red, _, blue = read_picture(tmp_path / "alpha.png")[0]
    torch.testing.assert_close(red[:, 0], torch.tensor([0, 0, 0.8, 1.0]))
    torch.testing.assert_close(blue, torch.ones(4, 6))


def bad_inputs(folder):
    (folder / "text.png").write_text("no picture")
    (folder / "empty.png").touch()
    (folder / "cut.png").write_bytes((folder / "photo.png").read_bytes()[:300])
    cv2.imwrite(str(folder / "thin.png"), np.zeros((2, 4000, 3), np.uint8))
    torch.save({"0.weight": torch.zeros(2)}, folder / "bad.pth")


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        ("missing.png", (), "missing.png': no such file or directory; check the name"),
        ("text.png", (), "is not a picture that can be read"),
        ("empty.png", (), "is empty; wanted a picture"),
        ("cut.png", (), "or is damaged"),
        (".", (), "is a directory"),
        ("thin.png", ("--size", "300"), "of 4000x2 would become 600000x300, more than 8 million pixels"),
        ("photo.png", ("--vgg", "bad.pth"), "is not a VGG-19"),
        ("photo.png", ("--vgg", "missing.pth"), "cannot read the weights"),
        ("photo.png", ("-o", "out.gif"), "has no ending of a picture; choose one of .png, .jpg, .jpeg"),
        ("photo.png", ("-o", "nowhere/out.png"), "the folder 'nowhere' does not exist"),
        ("photo.png", ("--style-weight", "1e39"), "lower the weights"),
    ],
)
def test_what_cannot_be_used_is_one_line(folder, tmp_path, monkeypatch, capfd, content, more, words):
    bad_inputs(folder)
    monkeypatch.chdir(folder)
    before = names(folder)
    assert gatys(folder, tmp_path / "out.png", *more, content=content) == 1
    lines = capfd.readouterr().err.splitlines()
    assert words in lines[-1]
    assert lines[-1].startswith("gatys: ")
    assert [line for line in lines[:-1] if not line.startswith("libpng")] == []
    assert names(folder) == before
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "more",
    ["--steps 0", "--steps many", "--size 31", "--content-weight -1", "--style-weight nan", "--st 3", "--start style"],
)
def test_a_wrong_command_line_is_exit_code_2(folder, tmp_path, capsys, more):
    with pytest.raises(SystemExit) as stop:
        gatys(folder, tmp_path / "out.png", *more.split())
    assert stop.value.code == 2
    assert "error: " in capsys.readouterr().err.splitlines()[-1]
    assert names(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_noticed_before_the_work(folder, tmp_path, capsys, monkeypatch):
    tmp_path.chmod(0o500)
    monkeypatch.setattr(gatys_command, "stylize", lambda *_: pytest.fail("the work began"))
    try:
        assert gatys(folder, tmp_path / "out.png") == 1
    finally:
        tmp_path.chmod(0o700)
    assert "cannot be written: permission denied; name another place with -o" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_to_is_noticed_before_the_work(folder, tmp_path, capsys, monkeypatch):
    (tmp_path / "out.partial.png").mkdir()
    monkeypatch.setattr(gatys_command, "stylize", lambda *_: pytest.fail("the work began"))
    assert gatys(folder, tmp_path / "out.png") == 1
    assert "cannot be written: is a directory; name another place with -o" in capsys.readouterr().err


def test_ctrl_c_keeps_the_best_picture(folder, tmp_path):
    command = [sys.executable, "-m", "models.gatys", "photo.png", "paint.jpg", "-o", tmp_path / "out.png"]
    command += ["--vgg", "vgg.pth", "--size", "48", "--steps", "1000000", "--every", "2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        list(map(str, command)), cwd=folder, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        deadline = time.monotonic() + 240
        while not (tmp_path / "out.step0004.png").exists():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=240)
    assert process.returncode == 130
    (line,) = complaints.splitlines()
    assert line.startswith("gatys: stopped after ")
    assert line.endswith(f"of 1000000 steps; the best picture so far: {tmp_path / 'out.partial.png'}")
    assert read_picture(tmp_path / "out.partial.png").shape == (1, 3, 48, 64)
    assert not (tmp_path / "out.png").exists()


def test_stopped_before_the_first_step_nothing_is_left(folder, tmp_path, capsys, monkeypatch):
    def stopped(*_):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(gatys_command, "stylize", stopped)
    assert gatys(folder, tmp_path / "out.png") == 143
    assert capsys.readouterr().err == "gatys: stopped before the first step; nothing was written\n"
    assert names(tmp_path) == []


def test_too_little_memory_is_one_line(folder, tmp_path, capsys, monkeypatch):
    def greedy(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(gatys_command, "stylize", greedy)
    assert gatys(folder, tmp_path / "out.png") == 1
    assert capsys.readouterr().err == "gatys: not enough memory at --size 32; choose a smaller --size or --history\n"
    assert names(tmp_path) == []
