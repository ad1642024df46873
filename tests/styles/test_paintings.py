"""The table of paintings, beside what is shipped."""

from streamstyle.runtime.catalog import find_model
from streamstyle.runtime.session import Session
from streamstyle.styles.paintings import PAINTINGS, painting_of
from streamstyle.styles.store import BuiltinStyles


def test_every_shipped_style_is_in_the_table_with_the_same_words():
    files = find_model("fast")
    version = Session(files.stylize, "cpu", "fp32").metadata["version"]
    shipped = [(style.name, style.description) for style in BuiltinStyles(files.styles, version).styles]
    assert shipped == [(painting.name, painting.description) for painting in PAINTINGS]


def test_a_painting_is_found_by_the_name_of_its_style():
    wave = painting_of("great-wave")
    assert wave is not None
    assert (wave.painter, wave.title, wave.year) == ("Katsushika Hokusai", "Under the Wave off Kanagawa", "about 1831")
    assert painting_of("mosaic") is None
