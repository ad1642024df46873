"""`python -m bench.faces`: what --faces costs a frame of 640x480, in milliseconds of the processor.

Frame after frame is painted without and with it, in turn, in one process. Where the faces are is made up, so that any
number of them is there; the network that finds them runs as often as it would.
"""

import argparse
import time
from itertools import islice

import numpy as np
from rich.console import Console
from rich.table import Table

from streamstyle.errors import StreamstyleError
from streamstyle.frame import Image
from streamstyle.look.look import Look
from streamstyle.look.people import weights
from streamstyle.look.people.faces import SURE, Face, InstalledFaceFinder
from streamstyle.look.recipe import FACES, STROKE_SIZES
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.paint.stylizer import Stylizer

_COUNTS = (0, 1, 3)
_SHARE = 0.25
"""Height of a face, as a share of the frame's."""
_RATE = 30


class MadeUp:
    """Asks the network, and gives so many faces side by side instead of its own."""

    def __init__(self, count: int) -> None:
        self._count, self._network = count, InstalledFaceFinder()

    def find(self, image: Image, least: float = SURE) -> list[Face]:
        """See FaceFinder."""
        self._network.find(image, least)
        height, width = image.shape[:2]
        side = _SHARE * height
        landmarks = np.array([[-0.2, -0.15], [0.2, -0.15], [0, 0.05], [0, 0.25], [-0.5, 0], [0.5, 0]])
        middles = (np.array([(index + 0.5) * width / self._count, height / 2]) for index in range(self._count))
        return [Face(np.concatenate([at - side / 2, at + side / 2]), at + side * landmarks, 1.0) for at in middles]


def milliseconds(count: int, frames: list[Image], style: str) -> tuple[float, float]:
    """Of a frame without and with --faces, the mean over all frames but the first."""
    stylizer = Stylizer(face_finder=MadeUp(count))
    code, size = stylizer.encoder.find(style), STROKE_SIZES["medium"]
    looks = [Look(code, size=size, faces=faces) for faces in (0.0, FACES)]
    memories = [stylizer.memory() for _ in looks]
    times: tuple[list[float], list[float]] = ([], [])
    for index, frame in enumerate(frames):
        for look, memory, spent in zip(looks, memories, times, strict=True):
            began = time.process_time()
            stylizer.stylize(frame, look, memory, seconds=index / _RATE)
            spent.append(time.process_time() - began)
    without, having = (1000 * float(np.mean(spent[1:])) for spent in times)
    return without, having


def main() -> int:
    """Measure and print; 0, or 1 where what finds faces is not installed."""
    parser = argparse.ArgumentParser(prog="python -m bench.faces", description=__doc__.splitlines()[0].split(": ")[1])
    parser.add_argument("--frames", type=int, default=90, metavar="N", help="default 90: three seconds")
    parser.add_argument("--style", default="scream", metavar="NAME", help="default scream")
    options = parser.parse_args()
    console = Console()
    try:
        weights.read(weights.FACES)
        moving = [frame.image for frame in islice(SyntheticSource(640, 480, options.frames), options.frames)]
        scenes = {"moving": moving, "still": moving[:1] * len(moving)}
        table = Table("scene", "faces", "without, ms", "more with, ms")
        for scene, frames in scenes.items():
            for count in _COUNTS:
                without, having = milliseconds(count, frames, options.style)
                table.add_row(scene, str(count), f"{without:.1f}", f"{having - without:.2f}")
    except StreamstyleError as error:
        console.print(f"error: {error}", highlight=False, markup=False)
        return 1
    console.print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
