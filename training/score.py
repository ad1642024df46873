"""`python -m training.score`: the paper's losses of trained weights on held-out pairs, beside two baselines."""

import argparse
import sys
from pathlib import Path

import onnxruntime
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from models.adain import adain, channel_stats
from models.fast import RGB_MAX_GAIN
from models.pictures import to_float, to_uint8
from models.vgg import Vgg19
from streamstyle.errors import StreamstyleError
from streamstyle.look.recipe import GRAIN
from streamstyle.look.values import share_argument
from training.checkpoint import SHIPPED, load_weights
from training.data import load_images
from training.held_out import HeldOut


class Exported(nn.Module):
    """The exported graphs as a network, to see what 8 bits or half precision cost in the losses."""

    def __init__(self, path: Path) -> None:
        """Of a `<name>.stylize.onnx`; styles are encoded by the style graph beside it, as at run time.

        Raises:
            ValueError: There is no such file, or no style graph beside it.
        """
        super().__init__()
        name = path.name.removesuffix(".stylize.onnx")
        for precision in ("-avx2", "-int8", "-fp16"):
            name = name.removesuffix(precision)
        style = path.with_name(f"{name}.style.onnx")
        for file in (path, style):
            if not file.is_file():
                raise ValueError(f"wanted an exported graph, but there is no '{file}'")
        self.sessions = [onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]) for file in (style, path)]

    def forward(self, content: Tensor, style: Tensor, alpha: Tensor) -> Tensor:
        """As any network: (1, 3, H, W) float in [0, 1] -> the same."""
        encoder, stylizer = self.sessions
        names = [output.name for output in encoder.get_outputs()]
        code = dict(zip(names, encoder.run(None, {"style": to_uint8(style).contiguous().numpy()}), strict=True))
        (painted,) = stylizer.run(None, {"content": to_uint8(content).contiguous().numpy(), "alpha": alpha.numpy(), **code})
        return to_float(torch.from_numpy(painted))


def main() -> int:
    """Print the table; exit code 1 with one line when an input cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m training.score", description=__doc__)
    parser.add_argument(
        "--weights",
        type=Path,
        nargs="+",
        default=[SHIPPED],
        help="of `fast`, of a decoder trained here, a public decoder.pth, or an exported <name>.stylize.onnx",
    )
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="folders or tars of paintings")
    parser.add_argument("--vgg", type=Path, required=True, help="normalised VGG-19, layout of vgg_normalised.pth")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument(
        "--grain",
        type=share_argument,
        default=0.0,
        metavar="0..1",
        help=f"as in run_video.py, whose default is {GRAIN} (default: 0, the network alone)",
    )
    parser.add_argument("--sheet", type=Path, help="write pictures of the first pairs here")
    options = parser.parse_args()
    device = torch.device("cpu")
    try:
        vgg = Vgg19.load(options.vgg)
        networks: dict[str, nn.Module] = {
            str(path): Exported(path) if path.name.endswith(".stylize.onnx") else load_weights(path, vgg)[0]
            for path in options.weights
        }
        _, contents = load_images(options.contents, device)
        _, styles = load_images(options.styles, device)
    except (StreamstyleError, ValueError, OSError) as error:
        print(f"score: {error}", file=sys.stderr)
        return 1
    held_out = HeldOut(contents, styles, vgg, pairs=options.pairs, size=options.size)
    results = {name: held_out.run(network, options.grain) for name, network in networks.items()}
    rows = {
        "photo untouched": [content for content, _ in held_out.pairs],
        "RGB mean and deviation matched": [
            adain(content, *channel_stats(style), max_gain=RGB_MAX_GAIN) for content, style in held_out.pairs
        ],
    } | results
    title = f"{options.pairs} held-out pairs, {options.size}x{options.size}, grain {options.grain:g}, 8-bit output"
    table = Table("", "Lc", "Ls", title=title)
    for name, pictures in rows.items():
        score = held_out.score(pictures)
        table.add_row(name, f"{score.lc:.3f}", f"{score.ls:.3f}")
    Console().print(table)
    if options.sheet:
        held_out.sheet(next(iter(results.values())), options.sheet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
