"""`python -m evaluation.measures.cost MODEL`: seconds and memory of one system, in a process that does nothing else.

Prints one line of JSON. The first image pays for loading the model and encoding the painting.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from evaluation.sizes import as_painting
from evaluation.systems.catalog import GATYS_STEPS, Options, open_system
from streamstyle.errors import ModelError, StreamstyleError
from streamstyle.frame import Image
from streamstyle.look.recipe import GRAIN
from streamstyle.look.values import share_argument

WIDTH, HEIGHT = 400, 300
LATER = 7
_PATIENCE = 60.0
"""Seconds after which no further image is begun."""


def peak_megabytes() -> float | None:
    """The most memory that this process has held, or None where the system does not say."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage would count the parent's memory, too, on Linux
        line = next((line for line in status.read_text().splitlines() if line.startswith("VmHWM:")), None)
        return None if line is None else int(line.split()[1]) * 1024 / 1e6
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def picture(seed: int) -> Image:
    """A picture with shapes, gradients and grain: (300, 400, 3) uint8."""
    rng = np.random.default_rng(seed)
    image = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for _ in range(12):
        center, radius = (int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))), int(rng.integers(8, 50))
        cv2.circle(image, center, radius, [int(value) for value in rng.integers(0, 256, 3)], -1)
    return (image + rng.normal(0, 4, image.shape)).clip(0, 255).astype(np.uint8)


def measure(model: str, options: Options) -> dict[str, float]:
    """Seconds of the first image and of later ones (their median), and memory at the peak and before the model.

    Raises:
        StreamstyleError: The model cannot be used.
    """
    painting = as_painting("painting.png", picture(1000))
    photos = [picture(seed) for seed in range(LATER + 1)]
    before = peak_megabytes()
    started = time.perf_counter()
    system = open_system(model, options)
    if not system.knows(painting):
        painting = as_painting(f"{system.known_names[0]}.png", painting.image)
    system.stylize(photos[0], painting)
    figures = {"first_s": time.perf_counter() - started}
    later: list[float] = []
    for photo in photos[1:]:
        began = time.perf_counter()
        system.stylize(photo, painting)
        later.append(time.perf_counter() - began)
        if time.perf_counter() - started > _PATIENCE:
            break
    figures |= {"later_s": statistics.median(later), "later_images": len(later)}
    after = peak_megabytes()
    if before is not None and after is not None:
        figures |= {"peak_mb": after, "before_mb": before}
    return figures


def measure_apart(model: str, options: Options, timeout: float = 3600) -> dict[str, float]:
    """`measure` in a process of its own.

    Raises:
        ModelError: It failed; with its message.
    """
    root = Path(__file__).resolve().parents[1]  # the package lies there; paths given are relative to where we are
    arguments = ["evaluation.measures.cost", model, "--device", options.device]
    arguments += ["--gatys-steps", str(options.gatys_steps), "--seed", str(options.seed)]
    arguments += ["--vgg", str(options.vgg)] if options.vgg else []
    arguments += ["--grain", str(options.grain)]
    program = (
        f"import sys; sys.path.insert(0, {str(root)!r}); sys.argv = {arguments!r}; "
        "from evaluation.measures.cost import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        message = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise ModelError(f"measuring the cost of '{model}' failed: {message}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _options(options: argparse.Namespace) -> Options:
    return Options(options.device, options.vgg, options.gatys_steps, options.seed, options.grain)


def main() -> int:
    """Print the line."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.measures.cost", description=__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("model")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--vgg", type=Path)
    parser.add_argument("--gatys-steps", type=int, default=GATYS_STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--grain", type=share_argument, default=GRAIN)
    options = parser.parse_args()
    try:
        figures = measure(options.model, _options(options))
    except StreamstyleError as error:
        print(f"cost: {error}", file=sys.stderr)
        return 1
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
