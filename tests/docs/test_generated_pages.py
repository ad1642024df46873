import runpy
from pathlib import Path

import pytest

from streamstyle.look.options import markdown_table
from streamstyle.look.recipe import LOOK_FIELDS
from streamstyle.styles.paintings import PAINTINGS

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES = [painting.name for painting in PAINTINGS]


@pytest.mark.parametrize(
    ("writer", "page"),
    [("api.py", "python-api.md"), ("options.py", "options.md"), ("gallery.py", "gallery/index.md")],
)
def test_the_page_says_what_the_code_says(writer, page):
    written = runpy.run_path(str(DOCS / writer))["page"]()
    assert (DOCS / page).read_text(encoding="utf-8") == written, f"run: python -m docs.{Path(writer).stem}"


def test_every_field_of_a_look_is_in_the_table():
    assert all(f"| `--{name.replace('_', '-')}` |" in markdown_table() for name in LOOK_FIELDS)


def test_every_option_and_key_is_on_the_page():
    page = (DOCS / "options.md").read_text(encoding="utf-8")
    for told in ("`--keep-gps`", "`--size auto\\|N`", "`--mjpeg [HOST:PORT]`", "`INPUT...`", "| `q` `Esc` |"):
        assert told in page


def test_the_gallery_shows_every_built_in_style_and_stays_small():
    folder = DOCS / "gallery"
    shown = {path.name for path in folder.glob("*-landscape.jpg")} & {f"{name}-landscape.jpg" for name in NAMES}
    assert len(shown) == len(NAMES)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000
