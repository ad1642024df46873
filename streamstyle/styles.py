"""Style codes at rest: the built-in ones, style files of users' own, and a disk cache of what their paintings gave.

All are plain `.npz` files without pickles. A code belongs to one version of one model.
"""

import hashlib
import io
import json
import math
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import platformdirs
from numpy.typing import NDArray

from streamstyle.errors import ModelError, SourceError, StyleError
from streamstyle.look import StyleCode
from streamstyle.sources.places import is_url, kind, local_path, quoted

STYLE_FILE = ".style.npz"
"""Ending of a file with one style's code (`python -m export.refine` writes them); never the painting itself."""
_STATISTICS, _JUDGED = "statistics", "judged"
"""Beside the tensors of a code, what fitting it to a scene needs; no tensor of a code is called so."""
_CACHE_ENTRIES = 2000
# A code has some dozens of arrays of some hundred numbers.
_MOST_ARRAYS, _MOST_BYTES = 20_000, 64 << 20


@dataclass(frozen=True, slots=True)
class BuiltinStyle:
    """A style that is shipped.

    Attributes:
        name: What to write after --style.
        description: One line for people.
    """

    name: str
    description: str


class BuiltinStyles:
    """The shipped styles of one model: `weights/<family>.styles.npz`."""

    def __init__(self, path: Path, model_version: str) -> None:
        """Open the file; one that is not there holds no styles.

        Raises:
            ModelError: The file is damaged or was made with another version of the model.
        """
        self._version = model_version
        self._path = path
        self.styles: list[BuiltinStyle] = []
        if not path.is_file():
            return
        try:
            index = json.loads(str(_read_arrays(path, "index")["index"]))
        except _DamagedError as error:
            raise ModelError(f"'{path}' is damaged ({error}); install streamstyle again") from error
        if index["model_version"] != model_version:
            raise ModelError(
                f"'{path.name}' was made for model version {index['model_version']}, but the model is {model_version}; "
                "run: python -m export.builtin_styles"
            )
        self.styles = [BuiltinStyle(entry["name"], entry["description"]) for entry in index["styles"]]

    def names(self) -> list[str]:
        """All names, in the order in which they are listed."""
        return [style.name for style in self.styles]

    def code(self, name: str) -> StyleCode:
        """The code of one style.

        Raises:
            StyleError: There is none of this name.
        """
        if name not in self.names():
            raise StyleError(f"there is no built-in style '{name}'; see --list-styles")
        prefix = f"{name}/"
        try:
            tensors = {key.removeprefix(prefix): array for key, array in _read_arrays(self._path, prefix).items()}
        except _DamagedError as error:
            raise StyleError(f"'{self._path}' is damaged ({error}); install streamstyle again") from error
        return _code(name, self._version, tensors)


def save_builtin_styles(path: Path, codes: list[tuple[BuiltinStyle, StyleCode]]) -> None:
    """Write the file that BuiltinStyles reads; all codes of one model."""
    index = {
        "model_version": codes[0][1].model_version,
        "styles": [{"name": style.name, "description": style.description} for style, _ in codes],
    }
    arrays: dict[str, NDArray[np.generic]] = {"index": np.array(json.dumps(index))}
    for style, code in codes:
        arrays |= {f"{style.name}/{key}": tensor for key, tensor in _arrays(code).items()}
    _save(path, arrays)


def is_style_file(style: str) -> bool:
    """Whether what a user named as a style is a style file, by its ending."""
    return Path(style).name.endswith(STYLE_FILE)


def is_bare(style: str) -> bool:
    """Whether what a user named is a word, without folder and ending: a built-in style, where there is one of this name."""
    return not Path(style).suffix and Path(style).name == style and "://" not in style


def style_name(style: str) -> str:
    """What to call a style that a user named: a file's name without its ending, or the name itself."""
    path = Path(urlsplit(style).path if is_url(style) else local_path(style))
    if is_style_file(style):
        return path.name.removesuffix(STYLE_FILE)
    return path.stem if path.suffix else path.name


def save_style(path: Path, code: StyleCode) -> None:
    """Write a style file; whole or not at all, and over what is there.

    Raises:
        OSError: It cannot be written.
    """
    index = json.dumps({"model_version": code.model_version})
    _save(path, {"index": np.array(index)} | {f"code/{key}": tensor for key, tensor in _arrays(code).items()})


def read_style(path: Path, model_version: str) -> StyleCode:
    """Read a style file.

    Raises:
        StyleError: It is not there, is none, or was made for another model.
    """
    try:
        if kind(path) == "nothing":
            raise StyleError(f"style {quoted(path)} does not exist; check the name")
        arrays = _read_arrays(path)
        made_for = json.loads(str(arrays.pop("index", "")))["model_version"]
        tensors = {key.removeprefix("code/"): array for key, array in arrays.items()}
        if any(array.dtype != np.float32 or not np.isfinite(array).all() for array in tensors.values()):
            raise _DamagedError("numbers that are none")
    except PermissionError as error:
        raise StyleError(f"style {quoted(path)} may not be read; change its permissions") from error
    except SourceError as error:
        raise StyleError(f"style {error}") from error
    except (_DamagedError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StyleError(f"style {quoted(path)} is damaged or no style file; name the painting itself") from error
    if made_for != model_version:
        raise StyleError(
            f"style '{path}' was made for model version {made_for}, but the model is {model_version}; "
            "name the painting itself"
        )
    return _code(style_name(str(path)), model_version, tensors)


def _arrays(code: StyleCode) -> dict[str, NDArray[np.float32]]:
    """What is stored of a code."""
    known = {_STATISTICS: code.statistics, _JUDGED: code.judged}
    return dict(code.tensors) | {name: array for name, array in known.items() if array is not None}


def _code(name: str, model_version: str, arrays: dict[str, NDArray[np.float32]]) -> StyleCode:
    """The code that was stored so."""
    tensors = {key: array for key, array in arrays.items() if key not in {_STATISTICS, _JUDGED}}
    return StyleCode(name, model_version, tensors, statistics=arrays.get(_STATISTICS), judged=arrays.get(_JUDGED))


class _DamagedError(Exception):
    """A file of arrays cannot be read."""


def _read_arrays(path: Path, prefix: str = "") -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` file whose names begin so; nothing of it is believed before it is checked.

    Raises:
        OSError: It is not there, or may not be read.
        _DamagedError: It is damaged, encrypted, too large, or no such file.
    """
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_ARRAYS or sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise _DamagedError("more than a style holds")
            for entry in entries:
                name = entry.filename.removesuffix(".npy")
                if not name.startswith(prefix):
                    continue
                content = archive.read(entry)  # up to the stated size, and checked by its sum
                arrays[name] = _array(content)
    except (OSError, _DamagedError) as error:
        if isinstance(error, _DamagedError) or error.errno is not None:
            raise
        raise _DamagedError(str(error)) from error
    except Exception as error:  # - zipfile and its decompressors raise whatever they like
        raise _DamagedError(str(error) or type(error).__name__) from error
    return arrays


def _array(content: bytes) -> NDArray[Any]:
    """An array as NumPy stores it; its stated shape must be that of its bytes before memory is taken."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise _DamagedError("an array of another size than it says")
    stream.seek(0)
    array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def _save(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    # A name of its own for each writer: two programs may encode the same painting at once. Not a temporary file of the
    # system's, which nobody but its owner could read.
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for options
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


class CodeCache:
    """Style codes on disk, keyed by the pixels of the painting and all that shapes the code.

    A cache never stands in the way: a damaged entry counts as absent, and a folder that cannot be written is left alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Use a folder, by default the user's cache folder of this system."""
        self.folder = folder or Path(platformdirs.user_cache_dir("streamstyle", appauthor=False)) / "codes"

    def key(self, image: NDArray[np.uint8], model_version: str, size: int) -> str:
        """Identity of a code: the painting's pixels, the model's version, the encoding size."""
        digest = hashlib.sha256(f"{model_version} {size} {image.shape}".encode())
        digest.update(np.ascontiguousarray(image).data)
        return digest.hexdigest()[:32]

    def get(self, key: str, name: str, model_version: str) -> StyleCode | None:
        """The code kept under a key, or None."""
        try:
            tensors = _read_arrays(self.folder / f"{key}.npz")
        except (_DamagedError, OSError):
            return None
        usable = all(array.dtype == np.float32 and np.isfinite(array).all() for array in tensors.values())
        return _code(name, model_version, tensors) if usable else None

    def put(self, key: str, code: StyleCode) -> None:
        """Keep a code; the oldest go when there are too many."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _save(self.folder / f"{key}.npz", dict(_arrays(code)))
            entries = sorted(self.folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)
            for path in entries[:-_CACHE_ENTRIES]:
                path.unlink(missing_ok=True)
        except OSError:
            return
