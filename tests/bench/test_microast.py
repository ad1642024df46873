from pathlib import Path

import pytest
import torch

from bench.microast import WEIGHT_FILES, MicroAST
from streamstyle.errors import UsageError

WEIGHTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "peers" / "microast"
needs_weights = pytest.mark.skipif(not WEIGHTS.is_dir(), reason="needs ../shared/data/peers/microast")


def empty_weights(folder):
    """Files of the right shapes, made by the port itself."""
    from bench import microast

    torch.manual_seed(0)
    parts = {
        "content_encoder": microast._Encoder(),
        "style_encoder": microast._Encoder(),
        "modulator": microast._Modulator(),
        "decoder": microast._Decoder(),
    }
    for part, file in zip(parts.values(), WEIGHT_FILES, strict=True):
        torch.save(part.state_dict(), folder / file)
    return folder


def test_frames_keep_their_size_and_a_style_matters(tmp_path):
    folder, frame = empty_weights(tmp_path), torch.rand(1, 3, 32, 48)
    with torch.inference_mode():
        first = MicroAST(folder, torch.rand(1, 3, 64, 64))(frame)
        second = MicroAST(folder, torch.rand(1, 3, 64, 64) ** 4)(frame)
    assert first.shape == frame.shape
    assert not torch.allclose(first, second, rtol=0, atol=1e-6)


def test_other_weights_are_refused(tmp_path):
    empty_weights(tmp_path)
    torch.save({"wrong": torch.zeros(1)}, tmp_path / WEIGHT_FILES[-1])
    with pytest.raises(UsageError, match="decoder"):
        MicroAST(tmp_path, torch.rand(1, 3, 64, 64))
    (tmp_path / WEIGHT_FILES[-1]).unlink()
    with pytest.raises(UsageError, match="decoder"):
        MicroAST(tmp_path, torch.rand(1, 3, 64, 64))


@needs_weights
def test_the_published_weights_fit_and_their_number_is_the_published_one():
    network = MicroAST(WEIGHTS, torch.rand(1, 3, 64, 64))
    assert sum(parameter.numel() for parameter in network.parameters()) == 471_987


@needs_weights
def test_the_published_weights_paint_the_content_they_are_given():
    """A wrong wiring of right weights gives noise: what is bright and dark in the content stays so."""
    columns = torch.linspace(0, 1, 96).expand(1, 3, 64, 96)
    content = (columns * 6 % 1 * 0.5 + columns * 0.5).contiguous()
    with torch.inference_mode():
        painted = MicroAST(WEIGHTS, torch.rand(1, 3, 64, 64))(content)
    left, right = painted[..., :32].mean(), painted[..., -32:].mean()
    assert right > left
    assert -1 < painted.mean() < 2


@needs_weights
def test_the_published_weights_leave_no_grid_of_their_own():
    """Wrong upsampling gives a grid of four pixels: what differs within blocks, and is the same in all of them."""
    steps = torch.linspace(0.2, 0.8, 96)
    content = (steps[None, :] + steps[:64, None]).expand(1, 3, 64, 96) / 2
    with torch.inference_mode():
        painted = MicroAST(WEIGHTS, torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)))(content)
    middle = painted[0].mean(0)[16:48, 16:80]
    smooth = torch.nn.functional.avg_pool2d(middle[None, None], 5, 1, 2, count_include_pad=False)[0, 0]
    blocks = (middle - smooth)[4:-4, 4:-4].unfold(0, 4, 4).unfold(1, 4, 4)
    assert float(blocks.mean((0, 1)).std()) < 0.004  # 0.001; with `nearest` 0.007 and more
