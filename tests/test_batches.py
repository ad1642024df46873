"""Several frames at once: what comes out is what comes out one by one."""

from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from streamstyle import engine
from streamstyle.batches import Batches, Grouped
from streamstyle.catalog import WEIGHTS
from streamstyle.cli import main
from streamstyle.look import Look, Region
from streamstyle.sources.synthetic import SyntheticSource
from streamstyle.stylizer import Stylizer
from tests.fake_gpu import FakeRuntime
from tests.media import make_clip

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(("count", "size", "sizes"), [(7, 3, [3, 3, 1]), (4, 4, [4]), (2, 5, [2]), (3, 1, [1, 1, 1])])
def test_frames_come_in_order_each_once_and_are_worked_on_in_groups(count, size, sizes):
    grouped = Grouped(SyntheticSource(16, 16, count), size)
    seen = []

    def work(frames):
        seen.append(len(frames))
        return [frame.image + 1 for frame in frames]

    batches = Batches(grouped, work)
    wanted = [frame.image + 1 for frame in SyntheticSource(16, 16, count)]
    got = [batches(frame) for frame in grouped]
    assert seen == sizes
    assert all(np.array_equal(one, other) for one, other in zip(got, wanted, strict=True))


def test_groups_that_wait_in_a_queue_are_found():
    """The reading thread is some groups ahead of the one that works."""
    grouped = Grouped(SyntheticSource(16, 16, 6), 2)
    batches = Batches(grouped, lambda frames: [frame.image for frame in frames])
    assert len([batches(frame) for frame in list(grouped)]) == 6
    assert grouped._groups == {}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small untrained network in half precision."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from export.write import export_family
    from models.fast import Fast, FastConfig

    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    network = Fast(FastConfig(half=8, quarter=8, eighth=16, blocks=1, style=32, deep_blocks=1, embedding=0, looks=0)).eval()
    return export_family(network, folder, "small-fp16", {"version": "1"}, precision="fp16").stylize


@pytest.fixture(scope="module")
def stylizer(model):
    return Stylizer(str(model), "cpu", precision="fp32")


@pytest.fixture(scope="module")
def images():
    return [frame.image for frame in SyntheticSource(48, 40, 5)]


@pytest.fixture(scope="module")
def code(stylizer, images):
    return stylizer._encode(images[0], "own")


def calls(stylizer, monkeypatch):
    """How many frames each run of the network had."""
    seen, real = [], stylizer._stylize.run

    def run(feeds):
        seen.append(len(feeds["content"]))
        return real(feeds)

    monkeypatch.setattr(stylizer._stylize, "run", run)
    return seen


def unmeasured(_stage):
    return nullcontext()


@pytest.mark.parametrize(
    ("more", "runs"),
    [
        ({}, [5]),
        ({"temporal": "on"}, [1] * 5),
        ({"size": 24}, [5]),
        ({"color": "luma"}, [5]),
        ({"color": "content"}, [1] * 5),
        ({"alpha": 0.0}, []),
    ],
)
def test_frames_at_once_look_as_they_do_one_by_one(stylizer, images, code, monkeypatch, more, runs):
    looks = [Look(code, **more)] * 5
    memory = stylizer.memory()
    wanted = [stylizer.stylize(image, look, memory) for image, look in zip(images, looks, strict=True)]
    seen = calls(stylizer, monkeypatch)
    got = stylizer.stylize_several(images, looks, stylizer.memory(), unmeasured)
    assert seen == runs
    for one, other in zip(got, wanted, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 2
        assert np.abs(one.astype(int) - other).mean() < 0.1


def test_frames_at_once_have_their_grain(stylizer, code):
    frames = [np.full((64, 96, 3), level, np.uint8) for level in (90, 160)]
    for frame in frames:
        frame[:, 64:] = 30  # a frame of one colour would have none

    def painted(grain):
        looks = [Look(code, grain=grain)] * 2
        one_by_one = [stylizer.stylize(frame, looks[0]) for frame in frames]
        return np.stack([stylizer.stylize_several(frames, looks, stylizer.memory(), unmeasured), one_by_one]).astype(int)

    got, wanted = painted(0.5)
    assert np.abs(got - wanted).max() <= 2
    assert np.abs(got - painted(0.0)[0])[:, 8:-8, 8:48].mean() > 1


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_gpu_takes_them_through_bound_buffers(model, stylizer, images, code, monkeypatch, tmp_path, device):
    fake = FakeRuntime()
    monkeypatch.setattr(engine.ort, "import_runtime", lambda: fake)
    monkeypatch.setattr(engine.tensorrt, "load_library", lambda: "10.14.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said = []
    gpu = Stylizer(str(model), device, precision="fp32", tell=said.append)
    looks = [Look(code)] * 4
    wanted = [stylizer.stylize(image, look) for image, look in zip(images, looks, strict=False)]
    for _ in range(3):
        got = gpu.stylize_several(images[:4], looks, gpu.memory(), unmeasured)
    assert fake.runs[-1][0] == "bound"
    assert fake.runs[-1][1][0] == 4
    assert [picture.shape for picture in got] == [picture.shape for picture in wanted]
    if device == "cuda":
        assert all(np.abs(one.astype(int) - other).max() <= 2 for one, other in zip(got, wanted, strict=True))
    else:
        assert "64x64, 4 frames at once" in said[0]


def test_frames_whose_looks_differ_are_done_one_by_one(stylizer, images, code, monkeypatch):
    seen = calls(stylizer, monkeypatch)
    stylizer.stylize_several(images[:2], [Look(code), Look(code, alpha=0.5)], stylizer.memory(), unmeasured)
    mask = np.zeros((40, 48), np.float32)
    mask[:, :20] = 1
    with_regions = Look(code, regions=(Region(mask, code, 1.0),))
    stylizer.stylize_several(images[:2], [with_regions] * 2, stylizer.memory(), unmeasured)
    assert set(seen) == {1}


def test_the_shipped_file_takes_one_frame_and_says_so(tmp_path, capsys):
    clip = make_clip(tmp_path / "clip.mp4", frames=3)
    arguments = ["video", str(clip), "--style", "kiss", "-o", str(tmp_path / "o.mp4"), "--device", "cpu", "--batch", "4"]
    assert not Stylizer("fast", "cpu").takes_batches
    assert main(arguments) == 2
    assert "takes one frame at a time" in capsys.readouterr().err
    assert not (tmp_path / "o.mp4").exists()


def test_a_video_in_batches_has_all_its_frames_in_order(model, tmp_path, capsys):
    from streamstyle.sources import open_source

    clip = make_clip(tmp_path / "clip.mp4", frames=7, rate=Fraction(25))
    style = WEIGHTS.parents[1] / "docs"  # any picture of our own will do
    picture = next(path for path in sorted(style.rglob("*")) if path.suffix in {".png", ".jpg"})
    results = []
    for batch in ("1", "3"):
        output = tmp_path / f"o{batch}.mkv"
        arguments = ["video", str(clip), "--model", str(model), "--style", str(picture), "-o", str(output)]
        assert main([*arguments, "--device", "cpu", "--precision", "fp32", "--batch", batch, "--quiet"]) == 0
        with open_source(str(output)) as source:
            results.append([(frame.time, frame.image) for frame in source])
    assert len(results[0]) == 7
    for (time, image), (other_time, other) in zip(*results, strict=True):
        assert time == other_time
        assert np.abs(image.astype(int) - other).mean() < 2
    capsys.readouterr()


@pytest.mark.parametrize("text", ["0", "17", "x", "-1"])
def test_other_numbers_of_frames_are_usage_errors(text, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["video", "a.mp4", f"--batch={text}"])
    assert caught.value.code == 2
    assert "from 1 to 16" in capsys.readouterr().err
