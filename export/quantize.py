"""`python -m export.quantize`: the int8 stylize graphs next to the float32 one, checked against it on pairs never seen.

Convolutions only (with the padding in front of them, which then moves bytes), per channel, calibrated on real photos in
real styles, those of paintings and the built-in ones; AdaIN's statistics, colors and the blend stay float. So do the first
convolutions: every AdaIN after them blows up what their rounding adds to flat areas. For the rest, the network is trained
(`training.prices.rounding`). Two graphs are written, since processors differ (VARIANTS): without VNNI, transposed
convolutions become plain ones, and outputs stay float. `--by-layer` says what each convolution costs. Weights are signed;
activations are unsigned, but signed before transposed convolutions where they may be negative. Both calibrations, `minmax`
and `percentile`, are tried; the better file is kept, and only above the limit.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.calibration import Feeds, frames, in_built_in_styles, pairs
from export.fidelity import LIMIT_DB, Fidelity, FidelityError, compare
from export.outputs import add_overwrite, refuse_to_replace
from export.phases import replace_transposed_convolutions
from streamstyle.errors import StreamstyleError
from streamstyle.media.whole import whole_file
from streamstyle.runtime import checksums
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.styles.store import BuiltinStyles

FIRST_CONVOLUTIONS = 3
"""How many convolutions come before the first residual block."""
CONVOLUTIONS = ("Conv", "ConvTranspose")
METHODS = {"minmax": CalibrationMethod.MinMax, "percentile": CalibrationMethod.Percentile}


@dataclass(frozen=True, slots=True)
class Variant:
    """A form of the int8 graph.

    Attributes:
        first: So many convolutions stay float, counted from the input on.
        without_vnni: Whether it is for OpenVINO on processors without instructions for bytes.
    """

    first: int
    without_vnni: bool


VARIANTS = {
    # What is float runs in bfloat16.
    "int8": Variant(first=5, without_vnni=False),
    # From AVX2 on: a plain convolution in bytes takes half of the time of float32.
    "int8-avx2": Variant(first=4, without_vnni=True),
}
"""Ending of the name -> form."""


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # no stubs
    def __init__(self, feeds: list[Feeds]) -> None:
        self._feeds: Iterator[Feeds] = iter(feeds)

    def get_next(self) -> Feeds | None:
        return next(self._feeds, None)


def quantize(
    source: Path,
    target: Path,
    feeds: list[Feeds],
    method: str = "minmax",
    *,
    floats: Sequence[int] = range(VARIANTS["int8"].first),
    without_vnni: bool = False,
) -> None:
    """Write the int8 graph of a float32 stylize graph, with its metadata.

    Args:
        source: Float32 graph.
        target: Where to write.
        feeds: What to calibrate on.
        method: One of METHODS.
        floats: Which convolutions stay float, counted from the input on.
        without_vnni: As in Variant.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        if without_vnni:
            model = onnx.load(prepared)
            replace_transposed_convolutions(model.graph)
            onnx.save(model, prepared)
        nodes = onnx.load(prepared).graph.node
        makers = {output: node for node in nodes for output in node.output}
        convolutions = trained_convolutions(nodes)
        ours = {makers[node.input[0]].name for index, node in enumerate(convolutions) if index not in floats}
        kept = [convolutions[index].name for index in floats if index < len(convolutions)]
        kept += [node.name for node in nodes if _blurs(node) or (node.op_type == "Pad" and node.name not in ours)]
        # CPUs multiply bytes in transposed convolutions only where zero is zero: what may be negative gets signed bytes.
        signed = [
            tensor
            for index, node in enumerate(convolutions)
            if node.op_type == "ConvTranspose" and index not in floats
            for tensor in (node.input[0], makers[node.input[0]].input[0])
            if not _is_positive(makers[makers[node.input[0]].input[0]])
        ]
        quantize_static(
            prepared,
            target,
            _Reader(feeds),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*CONVOLUTIONS, "Pad"],
            nodes_to_exclude=kept,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=METHODS[method],
            extra_options={
                # AdaIN takes floats: in OpenVINO, rounding in front of it saves no time. ONNX Runtime needs it for bytes.
                "OpTypesToExcludeOutputQuantization": CONVOLUTIONS if without_vnni else (),
                # Keeps all but one value in 10^5; `minmax` does not ask.
                "CalibPercentile": 99.999,
                "TensorQuantOverrides": {name: [{"quant_type": QuantType.QInt8, "symmetric": True}] for name in signed},
            },
        )
    model, original = onnx.load(target), onnx.load(source)
    del model.metadata_props[:], model.graph.value_info[:]
    for entry in original.metadata_props:
        value = "int8" if entry.key == "streamstyle.precision" else entry.value
        model.metadata_props.add(key=entry.key, value=value)
    model.producer_name, model.doc_string = "streamstyle", ""
    onnx.save(model, target)


def trained_convolutions(nodes: Iterable[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Those with trained weights, in the order of the graph."""
    return [node for node in nodes if node.op_type in CONVOLUTIONS and not _blurs(node)]


def _blurs(node: onnx.NodeProto) -> bool:
    """Whether this makes the picture under the strokes, which bytes would not be exact enough for."""
    return node.op_type in CONVOLUTIONS and "blurred" in node.input[1]


def _is_positive(node: onnx.NodeProto) -> bool:
    """Whether nothing below zero comes out."""
    return bool(node.op_type == "Relu")


def note(path: Path, key: str, value: str) -> None:
    """Write an entry into a file's metadata."""
    model = onnx.load(path)
    model.metadata_props.add(key=f"streamstyle.{key}", value=value)
    onnx.save(model, path)
    checksums.record(path)


def print_by_layer(source: Path, calibration: list[Feeds], hard: list[Feeds]) -> None:
    """Print the fidelity on hard pictures with one convolution more left float, one by one, and with the first few."""
    count = len(trained_convolutions(onnx.load(source).graph.node))
    first = list(range(FIRST_CONVOLUTIONS))
    trials = {f"only the first {len(first)}": first}
    trials |= {f"and number {index}": [*first, index] for index in range(len(first), count)}
    trials |= {f"the first {number}": list(range(number)) for number in range(len(first) + 1, len(first) + 5)}
    with tempfile.TemporaryDirectory() as folder:
        for name, floats in trials.items():
            path = Path(folder) / "trial.onnx"
            quantize(source, path, calibration, floats=floats)
            print(f"float: {name}: {compare(source, path, hard)}", flush=True)


def quantize_checked(
    source: Path,
    target: Path,
    calibration: list[Feeds],
    held_out: list[Feeds],
    methods: Sequence[str],
    sheet: Path | None,
    variant: Variant = VARIANTS["int8"],
) -> Fidelity:
    """Write the int8 graph with the best of the methods.

    Raises:
        FidelityError: The best is below LIMIT_DB on some held-out pair; nothing is written.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for method in methods:
            path = Path(folder) / f"{method}.onnx"
            quantize(source, path, calibration, method, floats=range(variant.first), without_vnni=variant.without_vnni)
            found[method] = compare(source, path, held_out)
            print(f"{method}: {found[method]}")
        best = max(found, key=lambda method: found[method].worst)
        path = Path(folder) / f"{best}.onnx"
        if sheet is not None:
            compare(source, path, held_out[:6], sheet)
        if found[best].worst < LIMIT_DB:
            raise FidelityError(f"{found[best]}; wanted at least {LIMIT_DB:g} dB on every pair")
        with whole_file(target) as partial:
            shutil.copyfile(path, partial)
        checksums.record(target)
    return found[best]


def main() -> int:
    """Quantize; exit code 1 with one line when the result is not near enough."""
    parser = argparse.ArgumentParser(prog="python -m export.quantize", description=__doc__)
    parser.add_argument("--contents", type=Path, required=True, help="folder or tar of photos")
    parser.add_argument("--styles", type=Path, required=True, help="folder or tar of paintings")
    parser.add_argument("--source", type=Path, default=WEIGHTS / "fast.stylize.onnx", help="float32 graph")
    parser.add_argument("--output", type=Path, default=WEIGHTS, help="folder of the files")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), help="with VNNI, and without")
    parser.add_argument(
        "--clips", type=Path, nargs="+", default=[], help="videos: int8 is only automatic if it passes on these"
    )
    parser.add_argument("--calibration", type=int, default=24, metavar="N", help="pairs to calibrate on")
    parser.add_argument("--held-out", type=int, default=12, metavar="N", help="pairs to check on, never trained on")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--by-layer", action="store_true", help="only print what each convolution costs, on --clips")
    parser.add_argument("--sheet", type=Path, help="PNG: photo, float32, int8, difference x8 of six held-out pairs")
    add_overwrite(parser)
    options = parser.parse_args()
    targets = {
        name: options.output / options.source.name.replace(".stylize.", f"-{name}.stylize.") for name in options.variants
    }
    sheets = {name: options.sheet.with_stem(f"{options.sheet.stem}-{name}") for name in options.variants if options.sheet}
    style_graph = options.source.with_name(options.source.name.replace(".stylize.", ".style."))
    try:
        for path in [] if options.by_layer else [*targets.values(), *sheets.values()]:
            refuse_to_replace(path.parent, [path.name], overwrite=options.overwrite, reads=[options.source])
        inputs = options.contents, options.styles, style_graph
        calibration = pairs(*inputs, options.calibration, options.seed, held_out=False)
        version = {entry.key: entry.value for entry in onnx.load(options.source).metadata_props}["streamstyle.version"]
        built_in = options.source.with_name(options.source.name.replace(".stylize.onnx", ".styles.npz"))
        styles = BuiltinStyles(built_in, version)
        calibration += in_built_in_styles(options.contents, styles, options.seed + 1)
        hard = frames(options.clips, styles) if options.clips or options.by_layer else []
        if options.by_layer:
            print_by_layer(options.source, calibration, hard)
            return 0
        held_out = pairs(*inputs, options.held_out, options.seed, held_out=True)
        for name, path in targets.items():
            fidelity = quantize_checked(
                options.source, path, calibration, held_out, options.methods, sheets.get(name), VARIANTS[name]
            )
            print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB; {fidelity}")
            if hard:
                clips = compare(options.source, path, hard)
                print(f"clips and a plain frame in strong styles: {clips}")
                note(path, "automatic", "yes" if clips.worst >= LIMIT_DB else "no")
    except (FidelityError, StreamstyleError, ValueError, OSError) as error:
        print(f"quantize: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
