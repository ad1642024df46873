"""`python -m training.normalise`: torchvision's VGG-19 (or another) -> a normalised one, to train a decoder on.

The paper's loss weights are meant for a VGG whose channels have a mean activation of 1 (Gatys et al. 2016). torchvision's
weights are not scaled so; this scales them on photos. The result has the layout of `vgg_normalised.pth`: use it for
`python -m training --vgg` and, with the decoder trained on it, for `python -m export.import_adain --encoder`.
"""

import argparse
import sys
from pathlib import Path

import torch

from models.vgg import Vgg19, normalised
from training.checkpoint import save_atomically
from training.data import centre_crop, load_images


def main() -> int:
    """Write the normalised weights; exit code 1 with one line when an input cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m training.normalise", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--vgg", type=Path, required=True, help="torchvision's vgg19 state dict, or vgg_normalised.pth")
    parser.add_argument("--contents", type=Path, nargs="+", required=True, help="folders or tars of photos")
    parser.add_argument("--pictures", type=int, default=200, help="how many photos to measure on (default 200)")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    try:
        vgg = Vgg19.load(options.vgg)
        photos, _ = load_images(options.contents, torch.device("cpu"))
        crops = [centre_crop(image, 256) for image in photos.images[: options.pictures]]
        save_atomically(normalised(vgg, [crop[None] for crop in crops]).public_state(), options.output)
    except (ValueError, OSError) as error:
        print(f"normalise: {error}", file=sys.stderr)
        return 1
    print(f"{options.output}: mean activations of relu1_1 ... relu4_1 are 1 over {len(crops)} photos")
    return 0


if __name__ == "__main__":
    sys.exit(main())
