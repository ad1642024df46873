"""Reading files of arrays (`.npz`) that anybody may have made: everything is checked before a byte is believed."""

import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

_MOST_BYTES = 64 * 1024 * 1024
"""The most that a file may hold, packed and unpacked; a style's code has less than one megabyte."""
_MOST_ARRAYS = 10_000
_LONGEST_HEADER = 4096


def read_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read all arrays of an `.npz` file: numbers and text, no objects, nothing encrypted, nothing that is not finite.

    Args:
        path: Where.

    Returns:
        Name -> array.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is damaged, none of this kind, or holds what no file of ours does; says what.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError("it is too large")
    with path.open("rb") as stream:
        _check_packing(stream)
        try:
            with np.load(stream, allow_pickle=False, max_header_size=_LONGEST_HEADER) as archive:
                arrays = {name: np.asarray(archive[name]) for name in archive}
        except OSError:
            raise
        except Exception as error:  # damage sets off whatever it hits: zlib, struct, numpy, the zip reader
            raise ValueError("it is damaged, or holds something else than arrays") from error
    if any(array.dtype.kind not in "fiuU" for array in arrays.values()):
        raise ValueError("it holds something else than numbers and text")
    if not all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f"):
        raise ValueError("it holds numbers that are not finite")
    return arrays


def _check_packing(stream: IO[bytes]) -> None:
    """See that what is in it will take little memory, and go back to its beginning."""
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
    except OSError:
        raise
    except Exception as error:
        raise ValueError("it is damaged or no style file") from error
    if len(members) > _MOST_ARRAYS or sum(member.file_size for member in members) > _MOST_BYTES:
        raise ValueError("what is in it is too large")
    if any(member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for member in members):
        raise ValueError("it is packed in a way that is not read here")
    stream.seek(0)


def text_of(array: NDArray[np.generic]) -> str:
    """The text in an array that holds one; ValueError where it holds none."""
    if array.dtype.kind != "U" or array.ndim:
        raise ValueError("its index is no text")
    return str(array)
