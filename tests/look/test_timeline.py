import pytest

from streamstyle.errors import UsageError
from streamstyle.look.timeline import Timeline


def test_a_number_holds_at_all_times():
    timeline = Timeline.parse("0.8")
    assert [timeline.at(t) for t in (-1, 0, 100)] == [0.8] * 3
    assert timeline.is_constant


def test_between_keys_it_is_linear_and_beyond_them_constant():
    timeline = Timeline.parse("0@1,1@5,0.5@1:00")
    assert [timeline.at(t) for t in (0, 1, 2, 3, 5, 60, 99)] == [0, 0, 0.25, 0.5, 1, 0.5, 0.5]
    assert timeline.at(32.5) == pytest.approx(0.75)
    assert timeline.bounds == (0, 1)
    assert not timeline.is_constant


@pytest.mark.parametrize("text", ["0.8", "0@0,1@5", "0.25@1.5,1@61", "0@0.00001,1@4000.125,0@4000.126"])
def test_it_writes_what_it_reads(text):
    assert str(Timeline.parse(text)) == text


@pytest.mark.parametrize("text", ["", "x", "1@", "@1", "1@0,", "1@2,0@1", "1@1,0@1", "nan", "inf@0", "1@-1", "1@0;0@2"])
def test_anything_else_is_refused(text):
    with pytest.raises(UsageError, match=r"wanted|rise"):
        Timeline.parse(text)


def test_shifting_keeps_bounds_and_course():
    assert str(Timeline.parse("0.2@0,0.95@5").shifted(0.1, 0, 1)) == "0.3@0,1@5"
