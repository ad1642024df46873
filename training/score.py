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
from models.fast import RGB_MAX_GAIN, Fast
from models.fitting import Fitted
from models.pictures import to_float, to_uint8
from models.vgg import Vgg19
from streamstyle.arguments import share_argument
from streamstyle.descent import Descent, DescentGraph
from streamstyle.engine import Session
from streamstyle.errors import StreamstyleError
from streamstyle.grain import GRAIN
from streamstyle.look import StyleCode
from training.checkpoint import load_fit_of, load_weights, weights_checksum
from training.data import load_images
from training.evaluate import HeldOut


class Descended(nn.Module):
    """A network whose codes are fitted to each content by descent, as the runtime does it with `--fit strong`."""

    def __init__(self, fitted: Fitted, graph: DescentGraph) -> None:
        super().__init__()
        self.fitted, self.graph = fitted, graph

    def forward(self, content: Tensor, style: Tensor, alpha: Tensor) -> Tensor:
        """As any network: (1, 3, H, W) float in [0, 1] -> the same."""
        code, seen = self.fitted.network.complete(style)
        begun = {name: part.numpy() for name, part in self.fitted.fitted(code, seen.pooled, content).items()}
        painting, scene = (to_uint8(picture).contiguous()[0].numpy() for picture in (style, content))
        descent = Descent(self.graph, StyleCode("", "", begun, ((painting, 1.0),)), scene)
        while descent.passes:
            descent.step()
        tensors = {name: torch.from_numpy(part) for name, part in descent.code.tensors.items()}
        painted: Tensor = self.fitted.stylizer(content, alpha, tensors)
        return painted


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
        default=[Path("models/fast.safetensors")],
        help="of `fast`, of a decoder trained here, a public decoder.pth, or an exported <name>.stylize.onnx",
    )
    parser.add_argument(
        "--fit", type=Path, help="of `training --fit`: the first weights also with styles fitted to each photo"
    )
    parser.add_argument(
        "--descent", type=Path, help="of `export.descent`: those also fitted by descent, as with --fit strong; needs --fit"
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
    if options.descent and not options.fit:
        parser.error("--descent: wanted --fit with it, where it begins")
    device = torch.device("cpu")
    try:
        vgg = Vgg19.load(options.vgg)
        networks: dict[str, nn.Module] = {
            str(path): Exported(path) if path.suffix == ".onnx" else load_weights(path, vgg)[0] for path in options.weights
        }
        if options.fit:
            name, first = next(iter(networks.items()))
            if not isinstance(first, Fast):
                raise ValueError(f"--fit: '{name}' is not `fast`; wanted its weights first")
            fitted = networks[f"{name}, fitted"] = Fitted(first, load_fit_of(options.fit, first, options.weights[0]))
            if options.descent:
                graph = DescentGraph(Session(options.descent, "cpu"))
                if graph.version != weights_checksum(options.weights[0])[: len(graph.version)]:
                    raise ValueError(f"'{options.descent}' was made for other weights than '{name}'; make it again")
                networks[f"{name}, fitted by descent"] = Descended(fitted, graph)
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
