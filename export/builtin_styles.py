"""`python -m export.builtin_styles`: encode the shipped styles anew, after each training.

Only the codes are shipped (some 30 KB each, with what fitting them needs), never the pictures. All painters are in the
public domain. With `--contents` and `--vgg` the codes are then bettered by descent on the losses (`training.headroom`): it
takes a minute of a core each. Nobody would wait so long for a painting of their own, but these are encoded once for all.
"""

import argparse
import multiprocessing
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from export.better import STEPS, WEIGHTS, Bettered, Betterer, in_one_row, stats_of
from models.vgg import Vgg19
from streamstyle.catalog import WEIGHTS as SHIPPED
from streamstyle.engine import usable_cores
from streamstyle.errors import StreamstyleError
from streamstyle.look import StyleCode
from streamstyle.sources.pictures import read_image
from streamstyle.styles import BuiltinStyle, BuiltinStyles, CodeCache, save_builtin_styles
from streamstyle.stylizer import Stylizer
from training.checkpoint import load_fast
from training.data import load_images, opened_tar
from training.headroom import JUDGED, Judged

ASIDE = ".aside"
"""Ending of the old codes while new ones are made."""

# Name, file in the archive of paintings, what people see.
PAINTINGS = (
    ("starry-night", "impr_0035.webp", "Vincent van Gogh, The Starry Night, 1889"),
    ("great-wave", "bee_0020.webp", "Katsushika Hokusai, Under the Wave off Kanagawa, about 1831"),
    ("scream", "norm_0072.webp", "Edvard Munch, The Scream, 1893"),
    ("sunrise", "impr_0028.webp", "Claude Monet, Impression, Sunrise, 1872"),
    ("water-lilies", "impr_0014.webp", "Claude Monet, Water Lilies, 1906"),
    ("sunflowers", "impr_0034.webp", "Vincent van Gogh, Sunflowers, 1889"),
    ("cafe-terrace", "impr_0012.webp", "Vincent van Gogh, Cafe Terrace at Night, 1888"),
    ("irises", "norm_0029.webp", "Vincent van Gogh, Irises, 1889"),
    ("wheat-field", "bee_0011.webp", "Vincent van Gogh, Wheat Field with Cypresses, 1889"),
    ("kiss", "norm_0051.webp", "Gustav Klimt, The Kiss, 1908"),
    ("adele", "norm_0016.webp", "Gustav Klimt, Portrait of Adele Bloch-Bauer, 1907"),
    ("grande-jatte", "norm_0058.webp", "Georges Seurat, A Sunday on La Grande Jatte, 1886"),
    ("pointillist", "wik_0010.webp", "Georges Lemmen, Self-portrait, about 1890"),
    ("tahiti", "norm_0081.webp", "Paul Gauguin, When Will You Marry?, 1892"),
    ("sainte-victoire", "impr_0003.webp", "Paul Cezanne, Mont Sainte-Victoire, about 1890"),
    ("blue-dancers", "impr_0008.webp", "Edgar Degas, Blue Dancers, about 1897"),
    ("improvisation", "kand_0071.webp", "Wassily Kandinsky, abstract painting"),
    ("in-blue", "kand_0026.webp", "Wassily Kandinsky, geometric abstraction"),
    ("violin", "wik_0031.webp", "Georges Braque, Violin and Palette, 1909"),
    ("drama", "bee_0032.webp", "Robert Delaunay, Political Drama, 1914"),
    ("street-pavers", "norm_0018.webp", "Umberto Boccioni, The Street Pavers, 1914"),
    ("gray-tree", "norm_0118.webp", "Piet Mondrian, Gray Tree, 1911"),
)


def encode_all(archive: Path, stylizer: Stylizer) -> list[tuple[BuiltinStyle, StyleCode]]:
    """Encode every painting of the list out of a tar.

    Raises:
        StreamstyleError: A picture cannot be read.
        KeyError: The archive lacks a picture.
        ValueError: It is no archive, or a broken one.
        OSError: There is no such archive.
    """
    codes = []
    with opened_tar(archive) as tar, tempfile.TemporaryDirectory() as folder:
        members = {Path(member.name).name: member for member in tar}
        for name, file, description in PAINTINGS:
            stream = tar.extractfile(members[file])
            assert stream is not None  # regular files only
            path = Path(folder) / file
            path.write_bytes(stream.read())
            codes.append((BuiltinStyle(name, description), stylizer.encode_style(read_image(path), name)))
    return codes


def with_codes_of(path: Path, encoded: list[tuple[BuiltinStyle, StyleCode]]) -> list[tuple[BuiltinStyle, StyleCode]]:
    """The same styles with the codes of a file, and with what fitting them needs.

    Raises:
        StreamstyleError: The file lacks one of them, or is of another model.
    """
    kept = BuiltinStyles(path, encoded[0][1].model_version)
    old = [kept.code(style.name) for style, _ in encoded]
    return [
        (style, replace(code, tensors=before.tensors, judged=before.judged))
        for (style, code), before in zip(encoded, old, strict=True)
    ]


def judged_by(vgg: Vgg19, encoded: list[tuple[BuiltinStyle, StyleCode]]) -> list[tuple[BuiltinStyle, StyleCode]]:
    """The same styles with what fitting them by descent needs; codes that know their paintings."""
    return [(style, replace(code, judged=in_one_row(stats_of(vgg, code.paintings[0][0])))) for style, code in encoded]


_betterer: Betterer


def _open(weights: Path, contents: list[Path], judge_path: Path, steps: int) -> Betterer:
    vgg, network = Vgg19.load(judge_path), load_fast(weights)[0]
    photos, held_out = load_images(contents, torch.device("cpu"))
    return Betterer(network, vgg, photos, held_out.images[:JUDGED], steps)


def _start(weights: Path, contents: list[Path], judge_path: Path, steps: int) -> None:
    """In each process: one thread, since there is a process for every core."""
    global _betterer  # noqa: PLW0603 - how a process pool keeps what is read once
    torch.set_num_threads(1)
    _betterer = _open(weights, contents, judge_path, steps)


def _better(style: BuiltinStyle, code: StyleCode) -> Bettered:
    bettered = _betterer.better(code)
    print(f"{style.name}: {bettered}", flush=True)
    return bettered


def better_all(
    codes: list[tuple[BuiltinStyle, StyleCode]], weights: Path, contents: list[Path], judge_path: Path, steps: int
) -> list[tuple[BuiltinStyle, StyleCode]]:
    """The same styles with codes of less loss, as many at once as there are cores; says what it brought.

    Raises:
        ValueError: An input cannot be used.
    """
    inputs = weights, contents, judge_path, steps
    _open(*inputs)  # fails here, in words, and not in a process
    styles, encoded = zip(*codes, strict=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(usable_cores(), context, initializer=_start, initargs=inputs) as pool:
        try:
            results = list(pool.map(_better, styles, encoded))
        except BaseException:
            # Stopped: a style takes minutes, which nobody waits for.
            for process in multiprocessing.active_children():
                process.terminate()
            raise
    before, after = (Judged.mean([getattr(result, when) for result in results]) for when in ("before", "after"))
    print(f"all: Lc {before.lc:.3f} -> {after.lc:.3f}, Ls {before.ls:.3f} -> {after.ls:.3f}")
    return [(style, result.code) for style, result in zip(styles, results, strict=True)]


@contextmanager
def set_aside(path: Path) -> Iterator[None]:
    """Without the file while the block runs; it comes back unless the block writes another one."""
    aside = path.with_suffix(ASIDE)
    if path.is_file():
        path.replace(aside)
    try:
        yield
    finally:
        if aside.is_file() and not path.exists():
            aside.replace(path)
        aside.unlink(missing_ok=True)


def main() -> int:
    """Write `streamstyle/weights/fast.styles.npz`."""
    parser = argparse.ArgumentParser(prog="python -m export.builtin_styles", description=__doc__)
    parser.add_argument("--styles", type=Path, required=True, help="tar with the paintings")
    parser.add_argument("--contents", type=Path, nargs="+", help="folders or tars of photos, to better the codes on")
    parser.add_argument("--vgg", type=Path, help="normalised VGG-19, layout of vgg_normalised.pth, likewise")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of descent per style (default {STEPS})")
    parser.add_argument(
        "--keep-codes",
        action="store_true",
        help="leave the codes as they are; add only what fitting them to scenes needs, with --vgg also by descent",
    )
    options = parser.parse_args()
    if options.keep_codes and options.contents:
        parser.error("--keep-codes: wanted without --contents, which is for other codes")
    if bool(options.contents) != bool(options.vgg) and not options.keep_codes:
        parser.error("--contents and --vgg: wanted both, to better the codes, or neither")
    path = SHIPPED / "fast.styles.npz"
    # As an exception, so that what was set aside comes back and no process stays behind.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        # The old codes belong to the old model, and must not keep the new one from loading.
        with set_aside(path):
            with tempfile.TemporaryDirectory() as cache:
                codes = encode_all(options.styles, Stylizer("fast", "cpu", CodeCache(Path(cache))))
                if options.keep_codes:
                    codes = with_codes_of(path.with_suffix(ASIDE), codes)
                    if options.vgg:
                        codes = judged_by(Vgg19.load(options.vgg), codes)
            if options.contents:
                codes = better_all(codes, WEIGHTS, options.contents, options.vgg, options.steps)
            save_builtin_styles(path, codes)
    except (StreamstyleError, OSError, KeyError, ValueError) as error:
        print(f"builtin_styles: {error}", file=sys.stderr)
        return 1
    print(f"{path.name}: {len(codes)} styles, {path.stat().st_size / 1024:.0f} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
