"""The command of the slow reference."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.gatys import command  # noqa: E402
from models.pictures import read_picture  # noqa: E402
from tests.models.gatys.network import random_vgg  # noqa: E402
from tests.vgg import encoder_state  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A photo, a painting, and weights."""
    path = tmp_path_factory.mktemp("gatys")
    rng = np.random.default_rng(0)
    cv2.imwrite(str(path / "photo.png"), cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (80, 60)))
    cv2.imwrite(str(path / "paint.jpg"), cv2.resize(rng.integers(0, 255, (9, 9, 3), np.uint8), (64, 64)))
    torch.save(encoder_state(random_vgg(("relu1_1", "relu2_1"))), path / "vgg.pth")
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
    return command.main([str(argument) for argument in [*arguments, *more]])


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
    assert command.main([str(argument) for argument in arguments]) == 0
    assert (tmp_path / "a.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_without_weights_it_says_how_to_get_them(folder, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main([str(folder / "photo.png"), str(folder / "paint.jpg"), "-o", str(tmp_path / "out.png")])
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
    monkeypatch.setattr(command, "stylize", lambda *_: pytest.fail("the work began"))
    try:
        assert gatys(folder, tmp_path / "out.png") == 1
    finally:
        tmp_path.chmod(0o700)
    assert "cannot be written: permission denied; name another place with -o" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_to_is_noticed_before_the_work(folder, tmp_path, capsys, monkeypatch):
    (tmp_path / "out.partial.png").mkdir()
    monkeypatch.setattr(command, "stylize", lambda *_: pytest.fail("the work began"))
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
        signal.getsignal(signal.SIGTERM)(signal.SIGTERM, None)

    monkeypatch.setattr(command, "stylize", stopped)
    assert gatys(folder, tmp_path / "out.png") == 143
    assert capsys.readouterr().err == "gatys: stopped before the first step; nothing was written\n"
    assert names(tmp_path) == []


def test_too_little_memory_is_one_line(folder, tmp_path, capsys, monkeypatch):
    def greedy(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(command, "stylize", greedy)
    assert gatys(folder, tmp_path / "out.png") == 1
    assert capsys.readouterr().err == "gatys: not enough memory at --size 32; choose a smaller --size or --history\n"
    assert names(tmp_path) == []
