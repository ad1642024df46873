"""`python -m web.build`: the page that paints in the browser alone, as a folder of static files.

Takes the page (src/), the parts it shares with the studio's page, onnxruntime-web and mediabunny from npm (pinned in
package-lock.json), and the graphs and built-in styles that the runtime ships. Thumbnails are painted here. Any web server
can serve the folder.
"""

import argparse
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import onnx

import streamstyle as st
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.paint.grain import pattern_tile
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.styles.paintings import PAINTINGS
from web.graphs import for_browsers, write_for_gpus

HERE = Path(__file__).resolve().parent
STUDIO = HERE.parent / "streamstyle" / "studio" / "page"
SHARED = ("base.css", "divider.js", "dom.js", "icons.svg", "logo.svg")
"""What the studio's page has, too."""
RUNTIME = ("ort.webgpu.min.mjs", "ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.asyncify.mjs")
BINARIES = ("ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.asyncify.wasm")
THUMBNAIL = (320, 180)


def build(target: Path) -> None:
    """Write the folder; what was in it is removed.

    Raises:
        OSError: Something cannot be read or written.
        subprocess.SubprocessError: npm failed, or took ten minutes.
    """
    modules = fetch_packages()
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(HERE / "src", target)
    for name in SHARED:
        text = (STUDIO / name).read_text(encoding="utf-8")
        (target / name).write_text(text.replace("/page/", "./"), encoding="utf-8")
    (target / "ort").mkdir()
    for name in RUNTIME:
        shutil.copy(modules / "onnxruntime-web" / "dist" / name, target / "ort")
    for name in BINARIES:
        content = (modules / "onnxruntime-web" / "dist" / name).read_bytes()
        write_packed(target / "ort" / f"{name}.gz", content)
    shutil.copy(modules / "mediabunny" / "dist" / "bundles" / "mediabunny.min.mjs", target)
    write_models(target / "models")
    write_worker(target / "sw.js", target)


def fetch_packages() -> Path:
    """The folder of npm's packages, as pinned."""
    modules, lock = HERE / "node_modules", HERE / "package-lock.json"
    fetched = modules / ".package-lock.json"
    if not fetched.is_file() or fetched.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True, timeout=600
        )
        fetched.touch()
    return modules


def write_packed(path: Path, content: bytes) -> None:
    """Write a file that the page unpacks."""
    path.write_bytes(gzip.compress(content, mtime=0))


def write_models(folder: Path) -> None:
    """The graphs, the codes of the built-in styles as plain numbers, their thumbnails, and the pattern of the grain."""
    folder.mkdir()
    write_packed(folder / "style.onnx.gz", (WEIGHTS / "fast.style.onnx").read_bytes())
    bytes_graph = for_browsers(onnx.load(WEIGHTS / "fast-int8.stylize.onnx"))
    write_packed(folder / "stylize-int8.onnx.gz", bytes_graph.SerializeToString())
    write_for_gpus(for_browsers(onnx.load(WEIGHTS / "fast-fp16.stylize.onnx")), folder)
    (folder / "grain.bin").write_bytes(pattern_tile().astype("<f4").tobytes())
    width, height = THUMBNAIL
    sample = next(iter(SyntheticSource(width, height, frames=1))).image
    listed, numbers, tensors = [], [], []
    painter = st.load("fast", device="cpu")
    for painting in PAINTINGS:
        code = painter.encode(painting.name).tensors
        tensors = [(name, int(tensor.size)) for name, tensor in sorted(code.items())]
        numbers += [code[name].ravel() for name, _ in tensors]
        thumbnail = f"models/{painting.name}.jpg"
        bgr = cv2.cvtColor(painter.paint(sample, painter.look(painting.name)), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder.parent / thumbnail), bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])
        listed.append(
            {"name": painting.name, "title": painting.title, "painter": painting.painter, "year": painting.year}
            | {"thumbnail": thumbnail}
        )
    (folder / "styles.bin").write_bytes(np.concatenate(numbers).astype("<f4").tobytes())
    (folder / "styles.json").write_text(json.dumps({"tensors": tensors, "styles": listed}), encoding="utf-8")


def write_worker(worker: Path, target: Path) -> None:
    """Tell the service worker which files there are, and a version that changes with any of them."""
    files = sorted(path for path in target.rglob("*") if path.is_file() and path != worker)
    names = ["./", *(path.relative_to(target).as_posix() for path in files)]
    version = hashlib.sha256(b"".join(_checksums(files))).hexdigest()[:12]
    text = worker.read_text(encoding="utf-8")
    text = text.replace('["@FILES@"]', json.dumps(names)).replace("@VERSION@", f"streamstyle-{version}")
    worker.write_text(text, encoding="utf-8")


def _checksums(files: Iterable[Path]) -> Iterable[bytes]:
    return (hashlib.sha256(path.read_bytes()).digest() for path in files)


def main() -> int:
    """Build; exit code 1 with one line where that fails."""
    parser = argparse.ArgumentParser(prog="python -m web.build", description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("-o", "--output", type=Path, default=HERE / "dist", help="replaced if it exists (default web/dist)")
    options = parser.parse_args()
    try:
        build(options.output)
    except (OSError, subprocess.SubprocessError, st.StreamstyleError) as error:
        print(f"web: {error}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in options.output.rglob("*") if path.is_file())
    print(f"{options.output}: {size / 1e6:.1f} MB; serve it with: python -m http.server --directory {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
