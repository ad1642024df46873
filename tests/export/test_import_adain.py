import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.vgg import Vgg19  # noqa: E402
from models.vgg_adain import Decoder  # noqa: E402
from streamstyle.errors import ModelError  # noqa: E402
from streamstyle.look.look import Region  # noqa: E402
from streamstyle.media.sources import open_source  # noqa: E402
from streamstyle.paint.stylizer import Stylizer  # noqa: E402
from streamstyle.styles.code import blend  # noqa: E402
from streamstyle.styles.store import CodeCache  # noqa: E402
from tests.clips import Audio, make_clip  # noqa: E402
from tests.looks import plain  # noqa: E402
from tests.vgg import decoder_state, encoder_state  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "weights"
ENCODER, DECODER = SHARED / "vgg_normalised_relu4_1.pth", SHARED / "adain_decoder_int8dequant.pth"
needs_weights = pytest.mark.skipif(not DECODER.is_file(), reason="the reference weights (../shared) are not at hand")


def run_import(folder, *arguments):
    command = [sys.executable, "-m", "export.import_adain", *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"STREAMSTYLE_MODELS": str(folder)},
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The reference weights, imported by the real command into a user's folder of its own."""
    folder = tmp_path_factory.mktemp("models")
    done = run_import(folder, "--encoder", ENCODER, "--decoder", DECODER)
    assert done.returncode == 0, done.stderr
    assert "parity with PyTorch: at most 1 level(s)" in done.stdout
    return folder


@pytest.fixture
def stylizer(models, monkeypatch, tmp_path):
    monkeypatch.setenv("STREAMSTYLE_MODELS", str(models))
    return Stylizer("vgg19", "cpu", CodeCache(tmp_path))


def picture(height, width, seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x * f + y * g) for f, g in rng.uniform(0.02, 0.3, (3, 2))], axis=2)
    return (120 + 90 * waves + rng.normal(0, 6, waves.shape)).clip(0, 255).astype(np.uint8)


@needs_weights
def test_the_imported_model_gives_what_pytorch_gives(stylizer):
    """The graphs at the size of the style, end to end; the layouts are proven in tests/models/test_vgg_adain.py."""
    from models.vgg_adain import VggAdain

    content, style = picture(64, 96, 0), picture(256, 256, 1)
    network = VggAdain(Vgg19.load(ENCODER), Decoder.load(DECODER)).eval()
    tensors = [torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255 for image in (content, style)]
    with torch.no_grad():
        wanted = network(*tensors, torch.ones(1, 1, 1, 1)).clamp(0, 1).mul(255).round()[0].permute(1, 2, 0).numpy()
    got = stylizer.stylize(content, plain(stylizer.encoder.encode(style)))
    assert np.abs(got.astype(int) - wanted).max() <= 1


@needs_weights
@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 130), (33, 50), (61, 97)])
def test_any_size_keeps_its_size(stylizer, height, width):
    code = stylizer.encoder.encode(picture(64, 64, 3))
    assert stylizer.stylize(picture(height, width, 2), plain(code)).shape == (height, width, 3)


@needs_weights
def test_corners_of_a_blend_are_the_single_styles(stylizer):
    content, codes = picture(48, 48, 0), [stylizer.encoder.encode(picture(64, 64, seed)) for seed in (5, 6)]
    single = [stylizer.stylize(content, plain(code)) for code in codes]
    assert np.array_equal(stylizer.stylize(content, plain(blend(codes, [1, 0]))), single[0])
    assert np.array_equal(stylizer.stylize(content, plain(blend(codes, [0, 1]))), single[1])
    middle = stylizer.stylize(content, plain(blend(codes, [1, 1]))).astype(int)
    apart = np.abs(single[0].astype(int) - single[1]).mean()
    assert all(0 < np.abs(middle - corner).mean() < apart for corner in single)


@needs_weights
@pytest.mark.parametrize(("height", "width"), [(96, 208), (93, 211)])
def test_regions_are_the_whole_frames_away_from_edges(stylizer, height, width):
    content, codes = picture(height, width, 0), [stylizer.encoder.encode(picture(64, 64, seed)) for seed in (5, 6)]
    left = np.zeros((height, width), np.float32)
    left[:, : width // 2] = 1
    joined = stylizer.stylize(content, plain(codes[1], regions=(Region(left, codes[0], 0.6),)))
    first, second = stylizer.stylize(content, plain(codes[0], 0.6)), stylizer.stylize(content, plain(codes[1]))
    assert np.array_equal(joined[:, : width // 2], first[:, : width // 2])
    assert np.array_equal(joined[:, width // 2 :], second[:, width // 2 :])
    assert np.abs(first.astype(int) - second).mean() > 5


@needs_weights
def test_content_colors_are_matched_after_painting(stylizer):
    """No RGB statistics in this family's codes: there is one step, and it goes all the way."""
    content, code = picture(64, 96, 0) // 2, stylizer.encoder.encode(picture(96, 96, 5))
    styled, kept = (stylizer.stylize(content, plain(code, color=color)) for color in ("style", "content"))
    far, near = (np.abs(image.mean((0, 1)) - content.mean((0, 1))).max() for image in (styled, kept))
    assert near < far / 4
    assert near < 3


@needs_weights
def test_a_clip_with_sound_goes_through(models, tmp_path):
    clip, style, output = tmp_path / "clip.mp4", tmp_path / "style.png", tmp_path / "out.mp4"
    make_clip(clip, frames=10, audio=[Audio()])
    import cv2

    cv2.imwrite(str(style), picture(64, 64, 7))
    command = [sys.executable, "run_video.py", clip, "--style", style, "--model", "vgg19", "-o", output]
    environment = os.environ | {"STREAMSTYLE_MODELS": str(models)}
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    with open_source(str(output)) as source:
        frames = [frame.image for frame in source]
    assert len(frames) == 10
    import av

    with av.open(str(output)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


@needs_weights
def test_half_precision_stays_close(models, tmp_path):
    done = run_import(tmp_path, "--encoder", ENCODER, "--decoder", DECODER, "--precision", "fp16", "--name", "vgg19-half")
    assert done.returncode == 0, done.stderr
    sizes = [
        (folder / f"{name}.stylize.onnx").stat().st_size for folder, name in ((tmp_path, "vgg19-half"), (models, "vgg19"))
    ]
    assert sizes[0] < 0.55 * sizes[1]


@needs_weights
def test_a_frame_that_would_not_fit_into_memory_is_refused(stylizer, monkeypatch):
    code = stylizer.encoder.encode(picture(64, 64, 3))
    monkeypatch.setattr("streamstyle.paint.stylizer.available_memory", lambda: 30_000_000)
    assert stylizer.stylize(picture(90, 160, 0), plain(code)).shape == (90, 160, 3)
    with pytest.raises(ModelError, match=r"takes about 0\.3 GB of memory, 0\.0 GB are free; use --size \d+ or less"):
        stylizer.stylize(picture(360, 640, 0), plain(code))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    """Files that are not what they should be, by the words that must be said of them."""
    folder = tmp_path_factory.mktemp("strangers")
    torch.manual_seed(0)
    torch.save(encoder_state(Vgg19()), folder / "encoder.pth")
    torch.save(decoder_state(Decoder()), folder / "decoder.pth")
    whole = (folder / "encoder.pth").read_bytes()
    (folder / "cut.pth").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.pth").write_bytes(b"")
    (folder / "page.pth").write_text("<!DOCTYPE html>")
    (folder / "pointer.pth").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0")
    (folder / "text.pth").write_text("hello")
    torch.save(torch.nn.Conv2d(1, 1, 1), folder / "module.pth")
    torch.save([1, 2], folder / "list.pth")
    wrong = encoder_state(Vgg19())
    torch.save(wrong | {"16.weight": torch.zeros(1, 2, 3, 3)}, folder / "shape.pth")
    torch.save(wrong | {"5.bias": torch.full((64,), torch.nan)}, folder / "nan.pth")
    return folder


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("absent.pth", "no such file"),
        ("cut.pth", "damaged or cut short"),
        ("empty.pth", "is empty"),
        ("page.pth", "web page"),
        ("pointer.pth", "git lfs pull"),
        ("text.pth", "not a PyTorch file"),
        ("module.pth", "could run code"),
        ("list.pth", "state dict"),
        ("shape.pth", "wanted '16.weight' of shape (256, 128, 3, 3), got (1, 2, 3, 3)"),
        ("nan.pth", "'5.bias' holds values that are not finite"),
        ("decoder.pth", "holds an AdaIN decoder"),
    ],
)
def test_wrong_encoders_are_named(strangers, file, words):
    from export.import_adain import load_pair

    with pytest.raises(ValueError, match="\\.pth") as caught:
        load_pair(strangers / file, strangers / "decoder.pth")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("file", "words"), [("encoder.pth", "holds an encoder"), ("text.pth", "not a PyTorch file")])
def test_wrong_decoders_are_named(strangers, file, words):
    from export.import_adain import load_pair

    with pytest.raises(ValueError, match=words):
        load_pair(strangers / "encoder.pth", strangers / file)


def test_the_command_fails_in_one_line_and_writes_nothing(strangers, tmp_path):
    done = run_import(tmp_path, "--encoder", strangers / "text.pth", "--decoder", strangers / "decoder.pth")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
    assert run_import(tmp_path, "--encoder", strangers / "encoder.pth").returncode == 2


@needs_weights
def test_a_decoder_of_another_encoder_is_refused(strangers, tmp_path):
    done = run_import(tmp_path, "--encoder", ENCODER, "--decoder", strangers / "decoder.pth")
    assert done.returncode == 1
    assert "does not undo" in done.stderr
    assert list(tmp_path.iterdir()) == []
