"""The process that tunes: it needs PyTorch, `models` and `training`, of which this package imports nothing.

The wheel carries those folders in a folder of its own, out of the way of other packages called `models`; in a checkout
they lie beside the package. Either is named to the child alone, in its PYTHONPATH.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Self

import numpy as np

from streamstyle.errors import ModelError, StyleError
from streamstyle.frame import Image
from streamstyle.runtime.catalog import VGG_VARIABLE, vgg_weights
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import STYLE_FILE, read_style

_WANTED = ("torch", "onnx", "safetensors")
_SECONDS_TO_END = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the tuning is.

    Attributes:
        steps: That were learnt.
        distance: To the painting, by the critic; None between two times at which it is measured.
    """

    steps: int
    distance: float | None


def requirements() -> Path:
    """What tuning needs beside this package.

    Returns:
        The weights of VGG-19.

    Raises:
        ModelError: PyTorch or the weights are missing; says what to run.
    """
    named = os.environ.get(VGG_VARIABLE)
    if named and not Path(named).is_file():
        raise ModelError(f"{VGG_VARIABLE} names '{named}', which is no file; set it to the weights of VGG-19, or unset it")
    weights = vgg_weights()
    missing = {}
    if absent := [name for name in _WANTED if find_spec(name) is None]:
        missing[f"PyTorch (no {', '.join(absent)})"] = "pip install 'streamstyle[make]'"
    if weights is None:
        missing["the weights of VGG-19 (94 MB, once)"] = "streamstyle install vgg19"
    if weights is None or missing:
        raise ModelError(f"making a style needs {' and '.join(missing)}; run: {', then: '.join(missing.values())}")
    return weights


def torch_side() -> Path:
    """The folder that holds `models`, `training` and `export`."""
    package = Path(__file__).resolve().parents[1]
    carried = package / "torch_side"
    return carried if carried.is_dir() else package.parent


class Child:
    """A style that is being tuned in another process; to be used in a `with` block."""

    def __init__(self, vgg: Path, painting: Image, photos: Sequence[Image], seconds: float) -> None:
        """Start it.

        Args:
            vgg: The weights of VGG-19.
            painting: (H, W, 3) uint8 RGB.
            photos: The same, at least one.
            seconds: To tune for.

        Raises:
            OSError: It cannot be started.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="streamstyle-")
        place = Path(self._folder.name)
        self._style = place / f"so-far{STYLE_FILE}"
        pictures = place / "pictures.npz"
        arrays = {"painting": painting} | {f"photo{index}": photo for index, photo in enumerate(photos)}
        np.savez(pictures, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for options
        self._errors = (place / "errors.txt").open("w+", encoding="utf-8", errors="replace")
        command = [sys.executable, "-P", "-m", "training.one_painting", "--pictures", pictures, "--vgg", vgg.absolute()]
        command += ["--output", self._style, "--seconds", seconds]
        path = [str(torch_side()), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
            # Ctrl-C is for this program, which keeps what there is and then ends the child.
            start_new_session=os.name != "nt",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

    def progress(self) -> Iterator[Progress]:
        """What the child tells, until it is done; the first is of the encoder's own code.

        Raises:
            StyleError: It failed.
        """
        stdout: IO[str] | None = self._process.stdout
        assert stdout is not None  # asked for above
        for line in stdout:
            told = json.loads(line)
            if "error" in told:
                raise StyleError(f"the style cannot be tuned: {told['error']}")
            yield Progress(told["steps"], told["distance"])
        if self._process.wait() != 0:
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines() or [f"exit code {self._process.returncode}; out of memory?"]
            raise StyleError(f"the style cannot be tuned: the process with PyTorch ended: {said[-1]}")

    def style(self, model_version: str) -> StyleCode | None:
        """The style so far; None where there is none yet.

        Raises:
            StyleError: It was tuned for another version of the model.
        """
        return read_style(self._style, model_version) if self._style.is_file() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()
        self._folder.cleanup()
