"""`python -m export.import_adain`: AdaIN weights that others (or you) trained -> `--model vgg19`.

Takes the public weights in the layout of pytorch-AdaIN (`vgg_normalised.pth`, `decoder.pth`), torchvision's `vgg19` as the
encoder of a decoder that was trained on it, or a decoder trained here (`.safetensors`). Writes the two ONNX graphs to the
user's model folder; nothing of the weights becomes part of this project.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from export.download import ADAIN, default_folder, fetch
from export.outputs import add_overwrite, refuse_to_replace
from export.parity import ParityError
from export.write import export_family
from models.vgg import Vgg19
from models.vgg_adain import Decoder, VggAdain
from streamstyle.errors import StreamstyleError, UsageError
from streamstyle.runtime.catalog import user_models

_USUAL_NAME = "vgg19"
STRANGERS = 1.5
"""Above this reconstruction error the decoder does not know the encoder (the public pair: 0.6, strangers: above 4)."""


def load_pair(encoder: Path, decoder: Path) -> VggAdain:
    """Read encoder and decoder, and check that they belong together.

    Raises:
        ValueError: A file cannot be used, or the decoder cannot undo the encoder.
    """
    network = VggAdain(Vgg19.load(encoder), Decoder.load(decoder)).eval()
    error = network.reconstruction_error()
    if error > STRANGERS:
        raise ValueError(
            f"'{decoder}' does not undo '{encoder}' (reconstruction error {error:.1f}, a pair has less than {STRANGERS}); "
            "a decoder works only with the encoder it was trained on: for the public decoder.pth that is vgg_normalised.pth"
        )
    return network


def checksum(paths: list[Path]) -> str:
    """SHA-256 of files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(
        prog="python -m export.import_adain", description=__doc__.split("\n", maxsplit=1)[0]
    )
    arguments.add_argument("--encoder", type=Path, help="vgg_normalised.pth, or torchvision's vgg19 state dict")
    arguments.add_argument("--decoder", type=Path, help="decoder.pth, or a decoder trained here (.safetensors)")
    arguments.add_argument("--download", action="store_true", help="fetch what is not given: the public weights, 94 MB")
    arguments.add_argument("--name", default=_USUAL_NAME, help="name for --model (default: vgg19)")
    arguments.add_argument("--output", type=Path, help="folder of the files (default: the user's model folder)")
    arguments.add_argument("--precision", choices=("fp32", "fp16"), default="fp32", help="arithmetic of the convolutions")
    add_overwrite(arguments)
    return arguments


def main() -> int:
    """Import; exit code 2 for a wrong command line, 1 with one line when the weights cannot be used."""
    arguments = parser()
    options = arguments.parse_args()
    if not options.download and not (options.encoder and options.decoder):
        arguments.error("wanted --encoder and --decoder, or --download to fetch the public ones")
    if not options.name.replace("-", "").replace("_", "").isalnum():
        arguments.error(f"--name: wanted letters, digits, - and _, got '{options.name}'")
    folder = options.output or user_models()
    try:
        refuse_to_replace(
            folder,
            [f"{options.name}.style.onnx", f"{options.name}.stylize.onnx"],
            overwrite=options.overwrite,
            reads=[path for path in (options.encoder, options.decoder) if path],
            made_anew=options.output is None and options.name == _USUAL_NAME,
        )
        given = dict(zip((download.name for download in ADAIN), (options.encoder, options.decoder), strict=True))
        encoder, decoder = (given[download.name] or fetch(download, default_folder()) for download in ADAIN)
        network = load_pair(encoder, decoder)
        digest = checksum([encoder, decoder])
        metadata = {
            "version": digest[:12],
            "training_checksum": digest,
            "licence": "that of the imported weights",
        }
        exported = export_family(network, folder, options.name, metadata, precision=options.precision)
    except (ValueError, StreamstyleError, ParityError) as error:
        print(f"import_adain: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("import_adain: stopped; what was downloaded is kept for the next try", file=sys.stderr)
        return 130
    except OSError as error:
        print(
            f"import_adain: cannot write '{error.filename}': {error.strerror}; name another folder with --output",
            file=sys.stderr,
        )
        return 1
    print(f"parity with PyTorch: {exported.parity}")
    model = options.name if options.output is None else exported.stylize
    print(f"written to {exported.stylize.parent}; try: run_video.py INPUT --style PAINTING --model {model}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
