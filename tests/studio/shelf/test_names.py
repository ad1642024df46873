"""Names from anywhere, made fit."""

import pytest

from streamstyle.studio.shelf.names import disposition, file_name, style_word
from streamstyle.styles.store import is_bare


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("holiday.mp4", "holiday.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\film.mov", "film.mov"),
        ("..", "file"),
        ("", "file"),
        (" .hidden ", "hidden"),
        ("CON", "_CON"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("com1.mp4", "_com1.mp4"),
        ("console.mp4", "console.mp4"),
        ('a<b>c:d"e|f?g*h.png', "a-b-c-d-e-f-g-h.png"),
        ("a\0b\nc\x1b[31m.png", "abc[31m.png"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("e\u0301te\u0301.jpg", "été.jpg"),
        ("👩\u200d🎨.jpg", "👩\u200d🎨.jpg"),
        ("half \ud83d.jpg", "half.jpg"),
        ("dots...", "dots"),
        ("日本" * 100 + ".mp4", "日本" * 29 + ".mp4"),
        ("x" * 300 + ".mp4", "x" * 176 + ".mp4"),
        ("x." + "y" * 300, "x." + "y" * 178),
    ],
)
def test_names_of_files(given, kept):
    assert file_name(given, "file") == kept


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("My Cat_2.final.JPG", "my-cat-2-final"),
        ("../../x", "x"),
        ("🎉.png", "painting"),
        ("keep.png", "keep-painting"),
        ("Thumbnails.jpg", "thumbnails-painting"),
        ("CON.png", "con-painting"),
        ("Gemälde.webp", "gemälde"),
        ("Kiss.png", "kiss-2"),
        ("a" * 300, "a" * 60),
    ],
)
def test_names_of_styles_are_words(given, word):
    assert style_word(given, ["kiss"]) == word
    assert is_bare(word)


def test_a_download_has_its_name_in_both_ways_of_writing():
    assert disposition('a "b" 🎉.mp4', download=True) == (
        "attachment; filename=\"a _b_ _.mp4\"; filename*=UTF-8''a%20%22b%22%20%F0%9F%8E%89.mp4"
    )
    assert disposition("a.png", download=False).startswith("inline; ")
