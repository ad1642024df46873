"""Style codes at rest: the built-in ones, style files of users' own, and a disk cache of what their paintings gave.

All are plain `.npz` files without pickles. A code belongs to one version of one model.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import ModelError, StyleError
from streamstyle.media.places import is_file, is_url, last_name, local_path, quoted
from streamstyle.media.user_folders import user_cache
from streamstyle.media.whole import whole_file
from streamstyle.runtime import checksums
from streamstyle.styles.arrays import read_arrays, text_of
from streamstyle.styles.code import StyleCode

STYLE_FILE = ".style.npz"
"""Ending of a file with one style's code; never the painting itself."""
_CACHE_ENTRIES = 2000
_UNREADABLE = (OSError, ValueError, KeyError, TypeError)


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
            ModelError: The file is damaged, was changed, or was made with another version of the model.
        """
        self._version = model_version
        self.styles: list[BuiltinStyle] = []
        if not path.is_file():
            return
        checksums.check(path)
        try:
            self._arrays = read_arrays(path)
            index = json.loads(text_of(self._arrays["index"]))
            made_for = str(index["model_version"])
            styles = [BuiltinStyle(str(entry["name"]), str(entry["description"])) for entry in index["styles"]]
        except _UNREADABLE as error:
            raise ModelError(f"{quoted(path)} is damaged ({error}); install streamstyle again") from error
        if made_for != model_version:
            raise ModelError(
                f"'{path.name}' was made for model version {made_for}, but the model is {model_version}; "
                "install streamstyle again, or make the styles again with the model's training"
            )
        self.styles = styles

    def names(self) -> list[str]:
        """All names, in the order in which they are listed."""
        return [style.name for style in self.styles]

    def code(self, name: str) -> StyleCode:
        """The code of one style.

        Raises:
            StyleError: There is none of this name.
        """
        if name not in self.names():
            raise StyleError(f"there is no built-in style '{name}'; see: streamstyle styles")
        return _code(name, self._version, self._arrays, f"{name}/")


def builtin_names(path: Path) -> list[str]:
    """The names in a file of built-in styles, whatever model it was made for; none where it cannot be read."""
    try:
        return [str(entry["name"]) for entry in json.loads(text_of(read_arrays(path)["index"]))["styles"]]
    except _UNREADABLE:
        return []


def is_style_file(style: str) -> bool:
    """Whether what a user named as a style is a style file, by its ending."""
    return Path(style).name.endswith(STYLE_FILE)


def is_bare(style: str) -> bool:
    """Whether what a user named is a word, without folder and ending: a built-in style, where there is one of this name."""
    return not Path(style).suffix and Path(style).name == style and "://" not in style


def style_name(style: str) -> str:
    """What to call a style that a user named: a file's name without its ending, or the name itself."""
    path = last_name(style) if is_url(style) else local_path(style)
    if is_style_file(style):
        return path.name.removesuffix(STYLE_FILE)
    return path.stem if path.suffix else path.name


def save_style(path: Path, code: StyleCode) -> None:
    """Write a style file; whole or not at all, and over what is there.

    Raises:
        OSError: It cannot be written.
    """
    index = json.dumps({"model_version": code.model_version})
    _save(path, {"index": np.array(index)} | {f"code/{key}": tensor for key, tensor in code.tensors.items()})


def read_style(path: Path, model_version: str | None) -> StyleCode:
    """Read a style file.

    Args:
        path: Of the file.
        model_version: Of the model that is to understand it; None for any.

    Raises:
        StyleError: It is not there, is none, or was made for another model.
    """
    if not is_file(path):
        raise StyleError(f"style {quoted(path)} does not exist; check the name")
    try:
        arrays = read_arrays(path)
        made_for = str(json.loads(text_of(arrays["index"]))["model_version"])
        code = _code(style_name(str(path)), made_for, arrays, "code/")
    except PermissionError as error:
        raise StyleError(f"style {quoted(path)} may not be read; change its permissions") from error
    except _UNREADABLE as error:
        why = "it has no index" if isinstance(error, KeyError | TypeError | json.JSONDecodeError) else str(error)
        raise StyleError(f"style {quoted(path)} cannot be used, as {why}; name the painting itself") from error
    if model_version not in {None, made_for}:
        raise StyleError(
            f"style '{path}' was made for model version {made_for}, but the model is {model_version}; "
            "name the painting itself"
        )
    return code


def _code(name: str, model_version: str, arrays: Mapping[str, NDArray[np.generic]], prefix: str = "") -> StyleCode:
    """The code that was stored under names that begin so."""
    tensors = {
        key.removeprefix(prefix): array.astype(np.float32, copy=False)
        for key, array in arrays.items()
        if key.startswith(prefix) and key != "index"
    }
    return StyleCode(name, model_version, tensors)


def _save(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    with whole_file(path) as partial, partial.open("xb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for options


class CodeCache:
    """Style codes on disk, keyed by the pixels of the painting and all that shapes the code.

    A cache never stands in the way: a damaged entry counts as absent, and a folder that cannot be written is left alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Use a folder, by default the user's cache folder of this system."""
        self.folder = folder or user_cache() / "codes"

    def key(self, image: NDArray[np.uint8], model_version: str, size: int) -> str:
        """Identity of a code: the painting's pixels, the model's version, the encoding size."""
        digest = hashlib.sha256(f"{model_version} {size} {image.shape}".encode())
        digest.update(np.ascontiguousarray(image).data)
        return digest.hexdigest()[:32]

    def get(self, key: str, name: str, model_version: str) -> StyleCode | None:
        """The code kept under a key, or None."""
        try:
            return _code(name, model_version, read_arrays(self.folder / f"{key}.npz"))
        except _UNREADABLE:
            return None

    def put(self, key: str, code: StyleCode) -> None:
        """Keep a code; the oldest go when there are too many."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _save(self.folder / f"{key}.npz", dict(code.tensors))
            entries = sorted(self.folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)
            for path in entries[:-_CACHE_ENTRIES]:
                path.unlink(missing_ok=True)
        except OSError:
            return
