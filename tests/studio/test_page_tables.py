"""What pages know without asking the server agrees with the tables of the package."""

import re
from pathlib import Path

import pytest

from streamstyle.look.recipe import GRAIN, STROKE_SIZES

ROOT = Path(__file__).resolve().parents[2]
STUDIO = ROOT / "streamstyle" / "studio" / "page" / "adjust.js"
WEB = ROOT / "web" / "src" / "app.js"


@pytest.mark.parametrize("page", [STUDIO, WEB], ids=["studio", "web"])
def test_sizes_of_strokes_are_those_of_the_recipe(page):
    (table,) = re.findall(
        r"^const STROKES = [\[{](.*?)[\]}];", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    sizes = re.findall(r'(\w+)(?:"?, side)?: (\d+)', table)
    assert {word: int(side) for word, side in sizes} == STROKE_SIZES


def test_the_web_pages_grain_is_that_of_the_recipe():
    (grain,) = re.findall(r"^const GRAIN = (.*);", WEB.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert float(grain) == GRAIN
