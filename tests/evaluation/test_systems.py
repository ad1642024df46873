import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from evaluation.sizes import Painting, as_painting
from evaluation.systems.base import mixed
from evaluation.systems.catalog import REFERENCES, Options, open_system, split_name
from export.builtin_styles import save_builtin_styles
from streamstyle.errors import ModelError, UsageError
from streamstyle.look.recipe import GRAIN
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import BuiltinStyle

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT.parent / "shared" / "data" / "peers"
MAGENTA = PEERS / "magenta_onnx" / "arbitrary_transform.onnx"
MICROAST = PEERS / "microast"


def picture(seed, height=60, width=80):
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def vgg_file(tmp_path_factory):
    pytest.importorskip("torch")
    from tests.vgg import save_random_vgg

    return save_random_vgg(tmp_path_factory.mktemp("vgg") / "vgg.pth")


def all_systems(vgg_file):
    yield from REFERENCES
    yield from ("fast", "gatys")
    if MAGENTA.is_file():
        yield str(MAGENTA)
    if MICROAST.is_dir():
        yield str(MICROAST)


def test_every_system_paints_any_size_at_any_strength(vgg_file):
    """The contract: uint8 RGB of the content's size, the content itself at 0, the same every time."""
    photo, painting = picture(0, 51, 70), as_painting("oil.png", picture(1))
    for model in all_systems(vgg_file):
        system = open_system(model, Options(vgg=vgg_file, gatys_steps=2))
        full = system.stylize(photo, painting)
        assert (full.shape, full.dtype) == (photo.shape, np.uint8), model
        assert np.array_equal(system.stylize(photo, painting, 0.0), photo), model
        half = system.stylize(photo, painting, 0.5)
        assert half.shape == photo.shape, model
        if model not in {"identity", str(MAGENTA)}:
            away = [np.abs(each.astype(int) - photo).mean() for each in (half, full)]
            assert 0 < away[0] < away[1], model
        again = open_system(model, Options(vgg=vgg_file, gatys_steps=2))
        assert np.array_equal(again.stylize(photo, painting), full), model
        assert system.facts.version


def test_fast_gets_the_grain_that_users_get_unless_told_otherwise():
    photo, painting = np.full((120, 160, 3), 150, np.uint8), as_painting("oil.png", picture(1))
    photo[:, :60] = picture(0, 120, 60)
    grained, plain = open_system("fast", Options()), open_system("fast", Options(grain=0))
    assert grained.facts.version.replace(f", grain {GRAIN:g}", "") == plain.facts.version
    assert grained.facts.version != plain.facts.version
    pictures = [system.stylize(photo, painting)[20:100, 90:].astype(int) for system in (grained, plain)]
    assert np.abs(pictures[0] - pictures[1]).mean() > 1


def test_fast_paints_at_the_size_of_the_strokes():
    photo, painting = picture(0, 160, 128), as_painting("oil.png", picture(1))
    as_it_is, broad = (open_system("fast", Options(strokes=strokes)) for strokes in (None, 64))
    assert broad.facts.version.replace(", strokes 64", "") == as_it_is.facts.version != broad.facts.version
    small = cv2.resize(photo, (64, 80), interpolation=cv2.INTER_AREA)
    far, near = (
        np.abs(cv2.resize(system.stylize(photo, painting), (64, 80), interpolation=cv2.INTER_AREA) - wanted).mean()
        for wanted in [as_it_is.stylize(small, painting).astype(float)]
        for system in (as_it_is, broad)
    )
    assert near < far / 1.5


def test_references_are_what_they_say():
    photo, painting = picture(0), Painting("oil.png", picture(1))
    assert np.array_equal(open_system("identity", Options()).stylize(photo, painting), photo)
    assert np.array_equal(open_system("painting", Options()).stylize(photo, painting), painting.image)
    matched = open_system("rgb", Options()).stylize(photo, painting)
    assert np.abs(matched.mean((0, 1)) - painting.image.mean((0, 1))).max() < 6


def test_two_paintings_of_one_name_in_different_files_are_not_mixed_up():
    system = open_system("fast", Options())
    photo = picture(0)
    first, second = Painting("a.png", picture(1)), Painting("a.jpg", picture(2))
    assert first.name == second.name
    assert not np.array_equal(system.stylize(photo, first), system.stylize(photo, second))


def test_a_per_style_network_knows_its_own_paintings_only(tmp_path):
    onnx = pytest.importorskip("onnx")
    make, kind = onnx.helper.make_tensor_value_info, onnx.TensorProto
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["content"], ["stylized"])],
        "per style",
        [
            make("content", kind.UINT8, [1, "h", "w", 3]),
            make("alpha", kind.FLOAT, [1, 1, 1, 1]),
            make("full_in_mean", kind.FLOAT, [1, 4, 1, 1]),
        ],
        [make("stylized", kind.UINT8, [1, "h", "w", 3])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, tmp_path / "wave.stylize.onnx")
    code = StyleCode("wave", "unknown", {"full_in_mean": np.zeros((1, 4, 1, 1), np.float32)})
    save_builtin_styles(tmp_path / "wave.styles.npz", [(BuiltinStyle("wave", "a wave"), code)])
    system = open_system(str(tmp_path / "wave.stylize.onnx"), Options())
    assert system.facts.styles == 1
    assert system.knows(Painting("wave.webp", picture(1)))
    assert not system.knows(Painting("kiss.webp", picture(1)))
    assert system.stylize(picture(0), Painting("wave.webp", picture(1))).shape == (60, 80, 3)


@pytest.mark.skipif(not MAGENTA.is_file(), reason="../shared/data/peers is not there")
def test_a_peer_without_its_predictor_is_named(tmp_path):
    (tmp_path / "arbitrary_transform.onnx").write_bytes(MAGENTA.read_bytes())
    with pytest.raises(ModelError, match=r"needs its predictor next to it, 'arbitrary_predict\.onnx'"):
        open_system(str(tmp_path / "arbitrary_transform.onnx"), Options())
    (tmp_path / "other.onnx").write_bytes(MAGENTA.with_name("arbitrary_predict.onnx").read_bytes())
    with pytest.raises(ModelError, match="neither a model"):
        open_system(str(tmp_path / "other.onnx"), Options())


@pytest.mark.skipif(not MICROAST.is_dir(), reason="../shared/data/peers is not there")
def test_a_folder_is_microast():
    system = open_system(str(MICROAST), Options())
    assert system.facts.parameters == 471_987
    assert system.facts.styles is None
    photo, first, second = picture(0), as_painting("one.png", picture(1)), as_painting("two.png", 255 - picture(1))
    painted = system.stylize(photo, first)
    assert np.abs(painted.astype(int) - system.stylize(photo, second)).mean() > 5
    # Wider pictures at the right and at the bottom are the same ones at the left and at the top, but for statistics.
    wider = cv2.copyMakeBorder(photo, 0, 3, 0, 3, cv2.BORDER_REPLICATE)
    assert np.abs(system.stylize(wider, first)[:40, :60].astype(int) - painted[:40, :60]).mean() < 5


def test_a_folder_without_weights_is_named(tmp_path):
    pytest.importorskip("torch")
    with pytest.raises(ModelError, match=r"content_encoder_iter_160000\.pth\.tar' does not hold MicroAST's weights"):
        open_system(str(tmp_path), Options())


def test_models_that_are_not_there_are_named(tmp_path):
    with pytest.raises(ModelError, match=r"unknown model 'rembrandt'; choose identity, rgb, painting, gatys, fast"):
        open_system("rembrandt", Options())
    with pytest.raises(ModelError, match="there is no model file"):
        open_system(str(tmp_path / "absent.onnx"), Options())
    (tmp_path / "text.onnx").write_text("not a model")
    with pytest.raises(ModelError, match="not a model"):
        open_system(str(tmp_path / "text.onnx"), Options())
    with pytest.raises(UsageError, match="--vgg"):
        open_system("gatys", Options())


def test_names_of_models():
    assert split_name("fast") == ("fast", "fast")
    assert split_name("peers/arbitrary_transform.onnx") == ("arbitrary_transform", "peers/arbitrary_transform.onnx")
    assert split_name("magenta=peers/a.onnx") == ("magenta", "peers/a.onnx")
    folder = str(Path(__file__).parent)
    assert split_name(folder) == ("evaluation", folder)


def test_mixed_pixels_move_linearly():
    dark, bright = np.full((2, 2, 3), 40, np.uint8), np.full((2, 2, 3), 240, np.uint8)
    assert mixed(dark, bright, 0.25).max() == 90
    assert mixed(bright, dark, 0.25).max() == 190
    assert mixed(dark, bright, 1.0) is bright


def test_memory_is_measured_without_torch():
    """A system of the runtime must not be charged for what judges it."""
    program = "import sys, evaluation.measures.cost; assert 'torch' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_seconds_and_memory_come_from_a_process_of_their_own():
    from evaluation.measures.cost import measure_apart

    figures = measure_apart("rgb", Options())
    assert 0 < figures["later_s"] <= 60
    assert figures["peak_mb"] >= figures["before_mb"] > 10
    with pytest.raises(ModelError, match="unknown model"):
        measure_apart("rembrandt", Options())
