import importlib.util
import json
from contextlib import nullcontext
from dataclasses import replace

import cv2
import numpy as np
import pytest

from streamstyle import frame
from streamstyle.errors import ModelError, StyleError
from streamstyle.frame import rgb_of
from streamstyle.look.look import Region
from streamstyle.media.libav import picture_of
from streamstyle.media.resize import resize_short_side
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.sinks.pixels import Pictures
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.paint.color import ColorStats
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.runtime.choice import any_size_device
from streamstyle.runtime.session import Session
from streamstyle.styles.code import blend
from streamstyle.styles.store import BuiltinStyles, CodeCache
from tests.looks import plain


@pytest.fixture(scope="module")
def stylizer(tmp_path_factory):
    return Stylizer("fast", "cpu", CodeCache(tmp_path_factory.mktemp("codes")))


@pytest.fixture(scope="module")
def content():
    return next(iter(SyntheticSource(160, 120, 1))).image


@pytest.fixture(scope="module")
def code(stylizer):
    return stylizer.encoder.find("starry-night")


def distance(a, b):
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def test_the_style_graph_is_loaded_for_the_first_new_painting_only(tmp_path, monkeypatch, content):
    loaded = []

    def session(path, device, *more, **named):
        loaded.append((path.name, device))
        return Session(path, device, *more, **named)

    for module in ("stylizer", "encoder"):
        monkeypatch.setattr(f"streamstyle.paint.{module}.Session", session)
    for times in (1, 0):
        stylizer = Stylizer("fast", "cpu", CodeCache(tmp_path))
        stylizer.stylize(content, plain(stylizer.encoder.find("starry-night")))
        assert "fast.style.onnx" not in dict(loaded)
        stylizer.encoder.encode(content)  # the second time from the cache
        stylizer.encoder.encode(content)
        assert [name for name, _ in loaded].count("fast.style.onnx") == times
        loaded.clear()


def test_paintings_are_encoded_where_no_size_costs_a_compilation():
    assert [any_size_device(provider) for provider in ("cpu", "webgpu", "cuda", "tensorrt")] == [
        "cpu",
        "cpu",
        "cuda",
        "cuda",
    ]
    assert any_size_device("openvino") == ("cpu" if importlib.util.find_spec("onnxruntime") else "openvino")


def test_alpha_0_is_the_input_itself(stylizer, content, code):
    assert np.array_equal(stylizer.stylize(content, plain(code, alpha=0)), content)


def test_alpha_near_0_is_the_input_within_a_level(stylizer, content, code):
    """The graph's own alpha, not the shortcut for exactly 0."""
    result = stylizer.stylize(content, plain(code, alpha=1e-6))
    assert np.abs(result.astype(int) - content).max() <= 1


def test_alpha_is_monotone(stylizer, content, code):
    results = [stylizer.stylize(content, plain(code, alpha=alpha)) for alpha in (0, 0.25, 0.5, 0.75, 1)]
    away = [distance(result, content) for result in results]
    assert away == sorted(away)
    assert away[-1] > 5


@pytest.mark.parametrize("color", ["style", "content", "luma"])
def test_planes_are_painted_as_their_rgb_is(stylizer, code, monkeypatch, color):
    """RGB of their size is made where the look mixes with it, and nowhere else."""
    picture = cv2.GaussianBlur(next(iter(SyntheticSource(320, 240, 1))).image, (0, 0), 2)  # colors keep half of the pixels
    planes = picture_of(Pictures(320, 240).of(picture, again=False), 320, 240)
    look, made, merged = replace(plain(code), size=90, color=color), [], frame._merged
    wanted = stylizer.stylize(planes.rgb, look)
    planes = planes.each(np.copy)
    monkeypatch.setattr(frame, "_merged", lambda planes: made.append(planes.shape) or merged(planes))
    painted = stylizer.stylize(planes, look)
    assert made == ([(90, 120, 3)] if color == "style" else [(240, 320, 3)])
    assert distance(rgb_of(painted), wanted) < 4


def test_the_result_takes_the_styles_colours(stylizer, content, code):
    result = stylizer.stylize(content, plain(code))
    wanted = code.tensors["rgb_mean"].ravel() * 255
    assert np.abs(result.mean((0, 1)) - wanted).max() < np.abs(content.mean((0, 1)) - wanted).max()


def test_two_styles_look_different_and_blend(stylizer, content, code):
    other = stylizer.encoder.find("great-wave")
    results = [stylizer.stylize(content, plain(c)) for c in (code, other, blend([code, other]))]
    apart = distance(results[0], results[1])
    assert apart > 5
    assert max(distance(results[2], results[0]), distance(results[2], results[1])) < apart


def test_color_content_keeps_the_contents_colours(stylizer, content, code):
    wanted = ColorStats.of(content)
    away = []
    for color in ("style", "content"):
        got = ColorStats.of(stylizer.stylize(content, plain(code, color=color)))
        away.append(np.abs(got.mean - wanted.mean).sum() + np.abs(got.covariance - wanted.covariance).sum() ** 0.5)
    assert away[1] < away[0] / 3


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 9), (33, 47), (120, 161)])
def test_any_size_keeps_its_size(stylizer, code, height, width):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert stylizer.stylize(image, plain(code)).shape == (height, width, 3)
    assert stylizer.stylize(image, plain(code, size=16)).shape == (height, width, 3)


def test_a_flat_frame_has_no_border(stylizer, code):
    result = stylizer.stylize(np.full((96, 128, 3), 90, np.uint8), plain(code)).astype(int)
    inner = result[24:-24, 24:-24].reshape(-1, 3)
    rim = np.concatenate([result[:8].reshape(-1, 3), result[:, :8].reshape(-1, 3)])
    assert np.abs(rim.mean(0) - inner.mean(0)).max() <= 2


def test_a_region_of_another_style_through_the_same_graph(stylizer, content):
    """Codes broadcast: (1, C, h, w) with the same style everywhere equals (1, C, 1, 1)."""
    code = stylizer.encoder.find("kiss")
    height, width = 120, 160
    scale = {"rgb": 1, "quarter": 4, "half": 2}
    by_region = {}
    for name, tensor in code.tensors.items():
        step = 16 if name.startswith("deep") else scale.get(name.rsplit("_", 1)[0], 8)
        by_region[name] = np.broadcast_to(tensor, (1, tensor.shape[1], -(-height // step), -(-width // step))).copy()
    session = Session(WEIGHTS / "fast.stylize.onnx", "cpu")
    feeds = {"content": content[None], "alpha": np.ones((1, 1, 1, 1), np.float32)}
    whole = session.run(feeds | dict(code.tensors))["stylized"]
    regions = session.run(feeds | by_region)["stylized"]
    assert np.abs(whole.astype(int) - regions).max() <= 1


def test_codes_are_cached_by_content_and_damage_is_no_matter(tmp_path, content):
    stylizer = Stylizer("fast", "cpu", CodeCache(tmp_path / "codes"))
    first = stylizer.encoder.encode(content, "a")
    (entry,) = (tmp_path / "codes").iterdir()
    stylizer.encoder._graph.run = None  # from now on only the cache can answer
    again = stylizer.encoder.encode(content.copy(), "b")
    assert again.name == "b"
    assert all(np.array_equal(again.tensors[key], first.tensors[key]) for key in first.tensors)
    entry.write_bytes(b"PK damaged")
    with pytest.raises(TypeError):
        stylizer.encoder.encode(content)
    fresh = Stylizer("fast", "cpu", CodeCache(tmp_path / "codes")).encoder.encode(content)
    assert all(np.array_equal(fresh.tensors[key], first.tensors[key]) for key in first.tensors)


def test_a_cache_that_cannot_be_written_is_left_alone(tmp_path, content):
    (tmp_path / "file").write_text("in the way")
    stylizer = Stylizer("fast", "cpu", CodeCache(tmp_path / "file" / "codes"))
    assert stylizer.encoder.encode(content).tensors


def test_built_in_styles_are_many_named_and_small(stylizer):
    styles = stylizer.encoder.builtin.styles
    assert len(styles) >= 16
    assert len({style.name for style in styles}) == len(styles)
    assert (WEIGHTS / "fast.styles.npz").stat().st_size < 40_000 * len(styles)
    wanted = set(stylizer.encoder._graph.outputs)
    for style in styles:
        assert style.description
        assert set(stylizer.encoder.builtin.code(style.name).tensors) == wanted


def test_built_in_styles_of_another_training_are_refused():
    with pytest.raises(ModelError, match="make the styles again"):
        BuiltinStyles(WEIGHTS / "fast.styles.npz", "another")


def test_styles_that_cannot_be_used(stylizer, tmp_path):
    with pytest.raises(StyleError, match="neither a file nor the name of a style"):
        stylizer.encoder.find("no-such-style")
    with pytest.raises(StyleError, match="does not exist"):
        stylizer.encoder.find(str(tmp_path / "absent.jpg"))
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(StyleError, match="not a picture"):
        stylizer.encoder.find(str(tmp_path / "text.png"))
    with pytest.raises(StyleError, match="wanted at least 8x8"):
        stylizer.encoder.encode(np.zeros((4, 300, 3), np.uint8), "thin")
    with pytest.raises(StyleError, match=r"at 5120x4096 pixels, .*; use a smaller --style-size"):
        stylizer.encoder.encode(np.zeros((32, 40, 3), np.uint8), "painting", 4096)


def test_a_picture_file_is_a_style(stylizer, content, tmp_path):
    path = tmp_path / "my painting.png"
    sink = ImageSink(path)
    sink.write(next(iter(SyntheticSource(300, 200, 1))))
    sink.close()
    assert stylizer.encoder.find(str(path)).name == "my painting"


def test_unknown_models_are_named():
    with pytest.raises(ModelError, match="unknown model 'vgg99'"):
        Stylizer("vgg99", "cpu")


def test_the_files_say_what_they_are():
    for graph in ("style", "stylize"):
        metadata = Session(WEIGHTS / f"fast.{graph}.onnx", "cpu").metadata
        assert metadata["family"] == "fast"
        assert metadata["graph"] == graph
        assert metadata["licence"] == "MIT"
        assert int(metadata["size_multiple"]) == 8
        assert metadata["training_checksum"].startswith(metadata["version"])
    card = (WEIGHTS / "fast.md").read_text()
    record = json.loads(card.split("```json")[1].split("```")[0])
    assert 0 < record["held_out"]["builtin"] < record["held_out"]["held_out"]
    assert metadata["version"] in card


def test_resize_keeps_the_shape():
    assert resize_short_side(np.zeros((90, 160, 3), np.uint8), 45).shape == (45, 80, 3)


@pytest.fixture(scope="module")
def other(stylizer):
    return stylizer.encoder.find("great-wave")


def color_distance(image, content):
    """Of means and of covariances, as fractions of the range."""
    first, second = ColorStats.of(image), ColorStats.of(content)
    return (
        np.linalg.norm(first.mean - second.mean) / 255,
        np.linalg.norm(first.covariance - second.covariance) / 255**2,
    )


def test_content_colours_are_at_least_4_times_nearer_at_equal_texture(stylizer, content, code):
    painted = stylizer.stylize(content, plain(code))
    kept = stylizer.stylize(content, plain(code, color="content"))
    half = stylizer.stylize(content, plain(code, color="content", color_strength=0.5))
    for far, near, between in zip(*(color_distance(image, content) for image in (painted, kept, half)), strict=True):
        assert near < far / 4
        assert near < between < far

    def texture(image):
        return np.abs(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F)).mean()

    assert texture(kept) > 0.5 * texture(painted)


def test_luma_keeps_every_pixels_chroma(stylizer, code):
    photo = np.full((64, 96, 3), (150, 110, 100), np.uint8)  # no clipping at the ends of the range
    photo[:, 48:] = (100, 120, 140)
    kept = stylizer.stylize(photo, plain(code, color="luma"))
    ours, theirs = (cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb).astype(int) for image in (kept, photo))
    inside = ((kept > 0) & (kept < 255)).all(axis=2)
    assert inside.mean() > 0.5
    assert np.abs(ours - theirs)[inside][:, 1:].max() <= 2
    painted = stylizer.stylize(photo, plain(code))
    assert np.abs(cv2.cvtColor(painted, cv2.COLOR_RGB2YCrCb).astype(int) - theirs)[..., 1:].mean() > 5


@pytest.mark.parametrize("color", ["content", "luma"])
@pytest.mark.parametrize("level", [0, 127, 255])
def test_flat_pictures_neither_explode_nor_become_nan(stylizer, code, color, level):
    flat = np.full((50, 70, 3), level, np.uint8)
    result = stylizer.stylize(flat, plain(code, color=color))
    gray = stylizer.stylize(content_gray(), plain(code, color=color))
    assert np.isfinite(result.astype(float)).all()
    if color == "content":
        assert np.abs(result.mean((0, 1)) - level).max() < 12
        assert np.ptp(gray.mean((0, 1))) < 6


def content_gray():
    ramp = np.linspace(20, 230, 96, dtype=np.uint8)
    return np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (64, 96, 3)))


def test_regions_are_the_whole_frames_away_from_edges(stylizer, content, code, other):
    height, width = content.shape[:2]
    left = np.zeros((height, width), np.float32)
    left[:, : width // 2] = 1
    left = cv2.GaussianBlur(left, (0, 0), 2)
    joined = stylizer.stylize(content, plain(other, 1.0, regions=(Region(left, code, 0.7),)))
    first, second = stylizer.stylize(content, plain(code, 0.7)), stylizer.stylize(content, plain(other))
    middle = slice(width // 2 - 10, width // 2 + 10)
    np.testing.assert_array_equal(joined[:, : middle.start], first[:, : middle.start])
    np.testing.assert_array_equal(joined[:, middle.stop :], second[:, middle.stop :])
    # No seam: across the soft edge, columns differ no more than the pictures' own do, and the fade between them.
    own = max(np.abs(np.diff(picture[:, middle].astype(int), axis=1)).mean((0, 2)).max() for picture in (first, second))
    fade = np.abs(np.diff(left[0, middle])).max() * np.abs(first[:, middle].astype(int) - second[:, middle]).mean()
    assert np.abs(np.diff(joined[:, middle].astype(int), axis=1)).mean((0, 2)).max() <= own + fade


def test_a_region_that_is_kept_is_the_input_itself(stylizer, content, code):
    mask = np.zeros(content.shape[:2], np.float32)
    mask[30:70, 40:90] = 1
    result = stylizer.stylize(content, plain(code, regions=(Region(mask, code, 0.0),), size=60))
    np.testing.assert_array_equal(result[30:70, 40:90], content[30:70, 40:90])
    assert distance(result[80:], content[80:]) > 5


def test_a_region_that_nobody_sees_is_not_painted(stylizer, content, code, other):
    stages = []

    def measure(stage):
        stages.append(stage)
        return nullcontext()

    nowhere = np.zeros(content.shape[:2], np.float32)
    result = stylizer.stylize(content, plain(code, regions=(Region(nowhere, other),)), measure=measure)
    assert stages.count("inference") == 1
    np.testing.assert_array_equal(result, stylizer.stylize(content, plain(code)))


@pytest.mark.parametrize("color", ["content", "luma"])
def test_kept_colours_flicker_no_more_than_painted_ones(stylizer, content, code, color):
    """A still picture with sensor noise: the mean of every frame's change, beside that of the painting's own colors.

    Over many frames: of six, the mean changes are themselves uncertain by a fifth.
    """
    rng = np.random.default_rng(5)
    frames = [np.clip(content + rng.normal(0, 3, content.shape), 0, 255).astype(np.uint8) for _ in range(40)]
    flicker = {}
    for mode in ("style", color):
        memory = stylizer.memory()
        shown = [stylizer.stylize(frame, plain(code, color=mode), memory).mean((0, 1)) for frame in frames]
        flicker[mode] = np.abs(np.diff(shown, axis=0)).mean()
    assert flicker[color] <= flicker["style"] + 0.1  # of a level: nobody sees that


def test_a_larger_brush_is_another_code(stylizer, content, tmp_path):
    painting = next(iter(SyntheticSource(320, 240, 1))).image
    codes = [stylizer.encoder.encode(painting, size=size) for size in (128, 256, 512)]
    names = set(codes[0].tensors) - {"rgb_mean", "rgb_std"}
    assert all(not np.allclose(codes[0].tensors[name], codes[2].tensors[name], atol=1e-3) for name in names)
    np.testing.assert_allclose(codes[0].tensors["rgb_mean"], codes[2].tensors["rgb_mean"], atol=0.01)
    again = stylizer.encoder.encode(painting, size=512)
    assert all(np.array_equal(again.tensors[name], codes[2].tensors[name]) for name in names)


def test_kept_colours_alone_do_not_lean_on_the_pictures_before(stylizer, content, code):
    memory, look = stylizer.memory(), plain(code, color="content")
    shown = [stylizer.stylize(content, look, memory, seconds=index / 30) for index in range(3)]
    for picture in shown:
        np.testing.assert_array_equal(picture, stylizer.stylize(content, look))


def test_a_flash_has_its_own_colours_at_once(stylizer, content, code):
    memory, look = stylizer.memory(), plain(code, color="content", temporal="on")
    flash = cv2.convertScaleAbs(content, alpha=0.5, beta=110)
    dark = cv2.convertScaleAbs(content, alpha=0.5)
    for picture in (dark, dark, flash, dark):
        shown = stylizer.stylize(picture, look, memory)
        assert np.abs(shown.mean((0, 1)) - picture.mean((0, 1))).max() < 6
