"""Where the segmentation model's weights lie, and how one knows them.

They are Google's, Apache-2.0, and come inside the PyPI package mediapipe up to 0.10.21. Nothing but the two files is
wanted: OpenCV runs them. The package itself brings a second OpenCV into the same folder (opencv-contrib-python), JAX and
an old protobuf, so streamstyle never depends on it.
"""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from streamstyle.errors import ModelError
from streamstyle.runtime.catalog import user_models

INSTALL = "streamstyle install people"


@dataclass(frozen=True, slots=True)
class Weights:
    """A TensorFlow Lite file, known by its content.

    Attributes:
        name: Of the file.
        sha256: Of its content, in lower-case hexadecimal.
        width: Of the picture that the network wants, in pixels.
        height: Of what it takes, in pixels.
    """

    name: str
    sha256: str
    width: int
    height: int

    def is_in(self, content: bytes) -> bool:
        """Whether these bytes are the file."""
        return hashlib.sha256(content).hexdigest() == self.sha256


SQUARE = Weights("selfie_segmentation.tflite", "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c", 256, 256)
LANDSCAPE = Weights(
    "selfie_segmentation_landscape.tflite", "a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd", 256, 144
)
ALL = (SQUARE, LANDSCAPE)


def folder() -> Path:
    """Where `install` puts the files: a folder among the user's models."""
    return user_models() / "people"


def read(weights: Weights) -> bytes:
    """The content of a file: as installed, or out of a mediapipe that is there anyway (which is not imported).

    Raises:
        ModelError: It is nowhere, or only in other versions; says what to run.
    """
    for path in _places(weights.name):
        if path.is_file() and weights.is_in(content := path.read_bytes()):
            return content
    raise ModelError(
        f"the model that finds people is not installed; run: {INSTALL} (0.5 MB, taken out of a package of 36 MB)"
    )


def _places(name: str) -> list[Path]:
    found = importlib.util.find_spec("mediapipe")
    packages = (found.submodule_search_locations or []) if found else []
    return [folder() / name, *(Path(package) / "modules" / "selfie_segmentation" / name for package in packages)]
