"""Reading files of arrays (`.npz`) that anybody may have made: everything is checked before a byte is believed."""

import ast
import struct
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MOST_BYTES = 64 * 1024 * 1024
"""Of a file and of all that is in it, unpacked; a style's code is smaller than one."""
_MOST_ARRAYS = 10_000
_ENCRYPTED = 1
_MAGIC = b"\x93NUMPY"
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
        try:
            with zipfile.ZipFile(stream) as archive:
                return _arrays(archive)
        except (OSError, ValueError):
            raise
        except zipfile.BadZipFile as error:
            raise ValueError("it is damaged or no style file") from error
        except Exception as error:  # damage sets off whatever it hits: zlib, struct, the zip reader
            raise ValueError(f"it is damaged ({type(error).__name__})") from error


def _arrays(archive: zipfile.ZipFile) -> dict[str, NDArray[np.generic]]:
    members = archive.infolist()
    if len(members) > _MOST_ARRAYS or sum(member.file_size for member in members) > _MOST_BYTES:
        raise ValueError("what is in it is too large")
    arrays = {}
    for member in members:
        if member.flag_bits & _ENCRYPTED:
            raise ValueError("it is encrypted")
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise ValueError("it is packed in a way that is not read here")
        with archive.open(member) as file:
            data = file.read(member.file_size + 1)  # no more than was announced is unpacked; the sum is checked at the end
        arrays[member.filename.removesuffix(".npy")] = _array(data)
    return arrays


def _array(data: bytes) -> NDArray[np.generic]:
    """An array of NumPy's format 1.0 or 2.0; its header is compared with the bytes that are there."""
    if data[:6] != _MAGIC or data[6:7] not in {b"\x01", b"\x02"}:
        raise ValueError("it holds something else than arrays")
    form, start = ("<H", 10) if data[6] == 1 else ("<I", 12)
    (length,) = struct.unpack_from(form, data, 8)
    if length > _LONGEST_HEADER:
        raise ValueError("an array's header is too long")
    header = ast.literal_eval(data[start : start + length].decode("latin-1"))
    kind, shape = np.dtype(header["descr"]), header["shape"]
    if (
        kind.kind not in "fiuU"
        or not isinstance(shape, tuple)
        or not all(type(side) is int and side >= 0 for side in shape)
    ):
        raise ValueError("it holds something else than numbers and text")
    content = data[start + length :]
    count = 1
    for side in shape:
        count *= side
    if count * kind.itemsize != len(content):
        raise ValueError("an array is not as large as its header says")
    array = np.frombuffer(content, kind).reshape(shape, order="F" if header["fortran_order"] else "C")
    if kind.kind == "f" and not np.isfinite(array).all():
        raise ValueError("it holds numbers that are not finite")
    return array


def text_of(array: NDArray[np.generic]) -> str:
    """The text in an array that holds one; ValueError where it holds none."""
    if array.dtype.kind != "U" or array.ndim:
        raise ValueError("its index is no text")
    return str(array)
