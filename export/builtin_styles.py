"""`python -m export.builtin_styles`: encode the shipped styles anew, after each training.

Only the codes are shipped (some 25 KB each), never the pictures. All painters are in the public domain.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamstyle.errors import StreamstyleError
from streamstyle.media.sources.image import read_image
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.catalog import WEIGHTS as SHIPPED
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import BuiltinStyle, CodeCache, save_builtin_styles
from training.data import opened_tar

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
            codes.append((BuiltinStyle(name, description), stylizer.encoder.encode(read_image(path), name)))
    return codes


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
    options = parser.parse_args()
    path = SHIPPED / "fast.styles.npz"
    # As an exception, so that what was set aside comes back.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        # The old codes belong to the old model, and must not keep the new one from loading.
        with set_aside(path):
            with tempfile.TemporaryDirectory() as cache:
                codes = encode_all(options.styles, Stylizer("fast", "cpu", CodeCache(Path(cache))))
            save_builtin_styles(path, codes)
    except (StreamstyleError, OSError, KeyError, ValueError) as error:
        print(f"builtin_styles: {error}", file=sys.stderr)
        return 1
    print(f"{path.name}: {len(codes)} styles, {path.stat().st_size / 1024:.0f} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
