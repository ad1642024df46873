"""Which models there are, and where their files lie."""

import os
from dataclasses import dataclass
from pathlib import Path

from streamstyle.errors import ModelError, ModelNameError
from streamstyle.media.user_folders import user_cache, user_data

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
VGG_VARIABLE = "STREAMSTYLE_VGG"
"""The environment variable that names the file with the weights of VGG-19."""
VGG_FILE = "vgg_normalised.pth"
"""What those weights are called."""
_STYLIZE, _STYLE, _STYLES = ".stylize.onnx", ".style.onnx", ".styles.npz"

SHIPPED = ("fast",)
"""Models that come with the program."""

IMPORTED = {
    "vgg19": "run: streamstyle install vgg19",
}
"""Models whose weights each user imports once -> what to run."""

MODELS = (*SHIPPED, *IMPORTED)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where a model lies.

    Attributes:
        stylize: The graph that runs for every frame.
        style: The graph that encodes a painting; it may not exist: such a model knows only the styles in `styles`.
        styles: Built-in styles; may not exist.
    """

    stylize: Path
    style: Path
    styles: Path

    @property
    def int8(self) -> Path:
        """The stylize graph in int8; may not exist."""
        return self._variant("int8")

    @property
    def int8_avx2(self) -> Path:
        """The same in int8, for processors without instructions for bytes; may not exist."""
        return self._variant("int8-avx2")

    @property
    def fp16(self) -> Path:
        """The stylize graph in half precision, for GPUs; may not exist."""
        return self._variant("fp16")

    def _variant(self, precision: str) -> Path:
        name = self.stylize.name.removesuffix(".onnx").removesuffix(".stylize")
        return self.stylize.with_name(f"{name}-{precision}{_STYLIZE}")

    @classmethod
    def named(cls, folder: Path, name: str) -> "ModelFiles":
        """The files of a model in a folder."""
        return cls(folder / f"{name}{_STYLIZE}", folder / f"{name}{_STYLE}", folder / f"{name}{_STYLES}")


def user_models() -> Path:
    """The folder of imported models: `STREAMSTYLE_MODELS`, or the user's data folder of this system."""
    chosen = os.environ.get("STREAMSTYLE_MODELS")
    return Path(chosen) if chosen else user_data() / "models"


def vgg_weights() -> Path | None:
    """The weights of VGG-19, by which styles are judged while they are tuned; None where there are none.

    What VGG_VARIABLE names, or else among the user's models, or where a download left them.
    """
    downloads = user_cache() / "downloads"
    named = os.environ.get(VGG_VARIABLE)
    places = [Path(named)] if named else [folder / VGG_FILE for folder in (user_models(), downloads)]
    return next((path for path in places if path.is_file()), None)


def installed_models() -> list[str]:
    """Names of the models that can be used now."""
    own = sorted(
        path.name.removesuffix(_STYLIZE)
        for path in user_models().glob(f"*{_STYLIZE}")
        if not path.name.endswith((f"-int8{_STYLIZE}", f"-int8-avx2{_STYLIZE}"))
    )
    return [*SHIPPED, *(name for name in own if name not in SHIPPED)]


def find_model(model: str) -> ModelFiles:
    """Where a model's files lie.

    Args:
        model: A name, or the path of an `.onnx` file: `<name>.stylize.onnx`, or any other name for a stylize graph.

    Raises:
        ModelError: There is no such model; says what to run where it can be imported.
    """
    if model in SHIPPED:
        return ModelFiles.named(WEIGHTS, model)
    if model.endswith(".onnx"):
        return _beside(Path(model))
    files = ModelFiles.named(user_models(), model)
    if files.stylize.is_file():
        return files
    if model in IMPORTED:
        raise ModelError(f"the model '{model}' is not installed: {IMPORTED[model]}")
    raise ModelNameError(f"unknown model '{model}'; choose {', '.join(installed_models())} or the path of an .onnx file")


def _beside(path: Path) -> ModelFiles:
    """The model of an `.onnx` file, with what lies beside it."""
    if path.name.endswith(_STYLE):
        name = path.name.removesuffix(_STYLE)
        raise ModelError(f"'{path}' encodes styles; name the graph that stylizes: '{path.with_name(name + _STYLIZE)}'")
    name = path.name.removesuffix(_STYLIZE) if path.name.endswith(_STYLIZE) else path.stem
    siblings = ModelFiles.named(path.parent, name)
    return ModelFiles(path, siblings.style, siblings.styles)
