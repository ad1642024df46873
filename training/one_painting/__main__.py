"""`python -m training.one_painting`: the child of `streamstyle style make`, which needs no PyTorch itself.

What to do comes as options and one file of arrays. What is done goes to standard output, a line of JSON per step:
`{"steps": 12, "distance": null}`, with a distance to the painting where it was measured: before the first step, with the
encoder's own code, and whenever the code has been written. A failure is a line `{"error": words}` and exit code 1.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.critic import Critic
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import save_style
from training.checkpoint import load_fast, load_metadata
from training.one_painting.tuner import CROP, Tuner
from training.precision import PRECISIONS, usual_precision

JUDGED = 2
"""Photos by which the distance is told."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.one_painting", description="Tune a style for one painting.")
    parser.add_argument(
        "--pictures", type=Path, required=True, help=".npz of `painting` and of photos, (H, W, 3) uint8 RGB"
    )
    parser.add_argument("--style", type=Path, default=WEIGHTS / "fast.style.onnx", help="style graph of `fast`")
    parser.add_argument("--vgg", type=Path, required=True, help="normalised VGG-19")
    parser.add_argument("--output", type=Path, required=True, help="style file that is written again and again")
    parser.add_argument("--seconds", type=float, required=True, help="to learn for")
    parser.add_argument("--every", type=float, default=15.0, help="seconds between two times of writing")
    parser.add_argument("--crop", type=int, default=CROP, help="side of what is painted in a step, in pixels")
    parser.add_argument("--precision", choices=PRECISIONS, default=usual_precision("cpu"))
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> None:
    """Learn, and tell.

    Raises:
        ValueError: The weights cannot be used.
        OSError: A file cannot be read or written.
    """
    started = time.monotonic()
    with np.load(options.pictures) as arrays:
        pictures = {name: _tensor(arrays[name]) for name in arrays.files}
    painting, photos = pictures.pop("painting"), list(pictures.values())
    precision = getattr(torch, options.precision)
    tuner = Tuner(
        load_fast(options.style)[0],
        Critic(options.vgg, precision),
        painting,
        photos,
        crop=options.crop,
        precision=precision,
    )
    version = load_metadata(options.style)["version"]
    judged = photos[:JUDGED]
    _tell(0, tuner.distance(judged))
    written, progress = time.monotonic(), 0.0
    while progress < 1:
        tuner.step(progress)
        now = time.monotonic()
        progress = min(1.0, (now - started) / options.seconds)
        if now - written < options.every and progress < 1:
            _tell(tuner.steps, None)
            continue
        written = now
        code = {name: np.asarray(tensor.numpy(), np.float32) for name, tensor in tuner.code().items()}
        save_style(options.output, StyleCode(options.output.name, version, code))
        _tell(tuner.steps, tuner.distance(judged))


def _tensor(image: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


def _tell(steps: int, distance: float | None) -> None:
    print(json.dumps({"steps": steps, "distance": distance if distance is None else round(distance, 4)}), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run; the exit code."""
    try:
        run(parse(arguments))
    except BrokenPipeError:  # nobody waits for it any more
        sys.stderr.close()
        return 1
    except (ValueError, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
