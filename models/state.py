"""Reading weights that others made, with words for everything that can be wrong with such a file."""

from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

State = dict[str, Tensor]

_STRANGERS = (
    (b"version https://git-lfs", "it is a Git LFS pointer, not the file itself; fetch it with: git lfs pull"),
    (b"<", "it is a web page; download the file again"),
)
_PICKLE, _ZIP = b"\x80", b"PK\x03\x04"


def read_state(path: Path) -> State:
    """The state dict in a `.pth`, `.pt` or `.safetensors` file; never runs code that the file carries.

    Args:
        path: Written by `torch.save(module.state_dict(), ...)` or as safetensors. A dict with the single entry `state_dict`
            around it is opened.

    Returns:
        Name -> tensor on the CPU, as stored.

    Raises:
        ValueError: The file is missing, is not such a file, holds anything but tensors, or a value that is not finite.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(64).lstrip()
    except OSError as error:
        raise ValueError(
            f"cannot read the weights '{path}': {(error.strerror or 'unknown').lower()}; check the path"
        ) from error
    if not beginning:
        raise ValueError(f"'{path}' is empty; download it again")
    for mark, problem in _STRANGERS:
        if beginning.startswith(mark):
            raise ValueError(f"'{path}' does not hold weights: {problem}")
    content = _load_safetensors(path) if path.suffix == ".safetensors" else _load_torch(path, beginning)
    if isinstance(content, dict) and set(content) == {"state_dict"}:
        content = content["state_dict"]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise ValueError(
            f"'{path}' holds something else than a state dict; save it with torch.save(module.state_dict(), path)"
        )
    for name, tensor in content.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ValueError(f"'{path}': '{name}' holds values that are not finite; take another copy of the weights")
    return content


def _load_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"'{path}' is damaged or not a safetensors file ({error}); take another copy") from error


def _load_torch(path: Path, beginning: bytes) -> object:
    if not beginning.startswith((_PICKLE, _ZIP)):
        raise ValueError(f"'{path}' is not a PyTorch file; wanted a state dict (.pth or .safetensors)")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        if "Weights only load failed" in str(error):
            raise ValueError(
                f"'{path}' holds more than tensors (a whole module?) and could run code when opened, so it is not; "
                "save it with torch.save(module.state_dict(), path)"
            ) from error
        raise ValueError(f"'{path}' is damaged; download it again") from error
    except (RuntimeError, EOFError, KeyError, ValueError, OSError) as error:
        raise ValueError(f"'{path}' is damaged or cut short; download it again") from error


def take(state: State, names: dict[str, str], wanted: State, path: Path) -> State:
    """Tensors under our names, checked one by one.

    Args:
        state: As read.
        names: Our prefix -> theirs; each stands for a `.weight` and a `.bias`.
        wanted: Ours with the shapes they must have.
        path: For messages.

    Returns:
        Our names -> float32.

    Raises:
        ValueError: A tensor is missing or has another shape.
    """
    found: State = {}
    for ours, theirs in names.items():
        for kind in ("weight", "bias"):
            tensor, shape = state.get(f"{theirs}.{kind}"), wanted[f"{ours}.{kind}"].shape
            if tensor is None or tensor.shape != shape:
                got = "nothing" if tensor is None else tuple(tensor.shape)
                raise ValueError(f"'{path}': wanted '{theirs}.{kind}' of shape {tuple(shape)}, got {got}")
            found[f"{ours}.{kind}"] = tensor.float()
    return found
