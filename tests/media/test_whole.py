"""Files that are whole or not there."""

import pytest

from streamstyle.media.whole import whole_file


def test_a_file_gets_its_name_when_it_is_whole(tmp_path):
    place = tmp_path / "a.txt"
    place.write_text("before")
    with whole_file(place) as partial:
        partial.write_text("after")
        assert place.read_text() == "before"
    assert place.read_text() == "after"
    assert list(tmp_path.iterdir()) == [place]


def test_what_fails_leaves_what_was_there(tmp_path):
    place = tmp_path / "a.txt"
    place.write_text("before")

    def fail():
        with whole_file(place) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert place.read_text() == "before"
    assert list(tmp_path.iterdir()) == [place]
