"""Look files with what editors and people put into them: read, or refused in one line with its number."""

import os
import re
from pathlib import Path

import pytest

from streamstyle.errors import UsageError
from streamstyle.look.look_file import read_recipe, save_recipe
from streamstyle.look.masks import MaskTrack
from streamstyle.look.recipe import Recipe


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('style = "kiss"\nmask = "a\\u0000b.png"\n', 2),
        (f'style = "kiss"\nalpha = "0@{"9" * 400}"\n', 2),
        (f'style = "kiss"\nalpha = {"9" * 5000}\n', 2),
        (f'style = "kiss"\nstyle_size = {"9" * 320}\n', 2),
        (f"style = {'[' * 3000}{']' * 3000}\n", 1),
        ('style = "kiss"\nalpha = nan\n', 2),
        ('style = "kiss"\nalpha =\n', 2),
    ],
    ids=["nul", "long time", "long number", "large number", "deep list", "nan", "nothing"],
)
def test_what_cannot_be_meant_is_one_line_with_its_number(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "look.toml").write_text(text)
    with pytest.raises(UsageError) as failure:
        read_recipe(tmp_path / "look.toml")
    assert re.search(rf"line {line}\b", str(failure.value))
    assert "\n" not in str(failure.value)
    assert len(str(failure.value)) < 400


def test_the_mark_of_windows_notepad_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "look.toml").write_bytes(b'\xef\xbb\xbfstyle = "kiss"\r\n')
    assert read_recipe(tmp_path / "look.toml").style == ("kiss",)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "look.toml").write_bytes(b"style = \xff\xfe")
    with pytest.raises(UsageError, match="cannot read"):
        read_recipe(tmp_path / "look.toml")


def test_a_look_in_another_encoding_is_told_to_be_saved_as_utf_8(tmp_path: Path) -> None:
    look = tmp_path / "look.toml"
    look.write_text('style = "kiss"', encoding="utf-16")
    with pytest.raises(UsageError, match="it is not UTF-8 text; save it as UTF-8"):
        read_recipe(look)


def test_a_look_without_the_ending_is_known_by_how_it_begins(tmp_path: Path) -> None:
    look = tmp_path / "look.txt"
    look.write_text('# A look of streamstyle: of an earlier version\nstyle = "kiss"\n')
    save_recipe(Recipe(("scream",)), look, overwrite=True)
    assert read_recipe(look).style == ("scream",)


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_pipe_that_takes_the_place_of_a_look_or_a_mask_holds_up_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "look.toml")
    with pytest.raises(UsageError, match="pipe or a device"):
        read_recipe(tmp_path / "look.toml")
    with pytest.raises(UsageError, match="pipe"):
        MaskTrack(str(tmp_path / "look.toml"), 2)
    (tmp_path / "zeros.toml").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="pipe or a device"):
        read_recipe(tmp_path / "zeros.toml")
    with pytest.raises(UsageError, match="too large"):
        read_recipe(Path("/dev/zero"))
