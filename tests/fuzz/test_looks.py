"""What can be said of a look is said the same in a file and on the command line, and nonsense is refused in one line."""

import argparse
import contextlib
import io
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from streamstyle.commands.main import build_parser
from streamstyle.errors import UsageError
from streamstyle.look.fields import LookField
from streamstyle.look.look_file import read_recipe, save_recipe
from streamstyle.look.options import recipe_of
from streamstyle.look.recipe import LOOK_FIELDS, Recipe
from streamstyle.look.timeline import Timeline
from tests.fuzz import again_and_again, refusal

NAMES = st.sampled_from(["kiss", "scream", "great-wave", "a b.png", "é.jpg", "keep", "style"])
TIMES = st.integers(0, 10**10).map(lambda millionths: millionths / 1e6)


@st.composite
def timelines(draw: st.DrawFn, low: float = -1e6, high: float = 1e6) -> Timeline:
    times = sorted(draw(st.sets(TIMES, min_size=1, max_size=6)))
    values = draw(st.lists(st.floats(low, high), min_size=len(times), max_size=len(times)))
    return Timeline.constant(values[0]) if len(times) == 1 else Timeline(tuple(zip(times, values, strict=True)))


def values(known: LookField) -> st.SearchStrategy[object]:
    """Any value that the field by itself may have."""
    high = min(known.high, 1e6)
    numbers: st.SearchStrategy[object] = st.floats(known.low, high)
    if known.kind == "integer":
        numbers = st.integers(int(known.low), int(high))
    elif known.over_time:
        numbers = timelines(known.low, high)
    words = NAMES if known.kind in {"style", "file"} else st.sampled_from(known.choices or ("none",))
    one = words if known.kind in {"style", "file", "choice"} else numbers | words if known.choices else numbers
    return st.lists(one, max_size=3).map(tuple) if known.several else one | st.just(known.default)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe | None:
    """None where the fields contradict each other."""
    named = draw(st.sets(st.sampled_from(sorted(LOOK_FIELDS))))
    try:
        return Recipe(**{name: draw(values(LOOK_FIELDS[name])) for name in sorted(named)})
    except UsageError:
        return None


@again_and_again
@given(timelines(), st.lists(st.floats(-1e9, 1e9), max_size=5))
def test_a_timeline_is_read_as_it_was_written_and_stays_within_its_bounds(timeline, moments):
    assert Timeline.parse(str(timeline)) == timeline
    low, high = timeline.bounds
    for moment in [*moments, *(time for time, _ in timeline.keys)]:
        assert low - 1e-9 * abs(low) <= timeline.at(moment) <= high + 1e-9 * abs(high)
    assert all(timeline.at(time) == value for time, value in timeline.keys)


@again_and_again
@given(st.text(max_size=40) | st.from_regex(r"[0-9@.,:e+-]{0,20}", fullmatch=True))
def test_any_text_is_a_timeline_or_refused_in_one_line(text):
    words = refusal(lambda: Timeline.parse(text))
    assert not words or "wanted" in words or "must rise" in words


@again_and_again
@given(recipes())
def test_a_look_is_the_same_from_its_file_and_from_the_command_line(recipe):
    if recipe is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        save_recipe(recipe, Path(folder) / "look.toml")
        assert read_recipe(Path(folder) / "look.toml") == recipe
    words = []
    for name, known in LOOK_FIELDS.items():
        value = getattr(recipe, name)
        if value != known.default:
            words += [f"--{name.replace('_', '-')}", *map(str, value if known.several else [value])]
    assert recipe_of(build_parser().parse_args(["video", "in.mp4", *words])) == recipe


def options_of(command: str) -> list[str]:
    """All that begin with `--`."""
    parser = build_parser()
    (commands,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return sorted(word for word in commands.choices[command]._option_string_actions if word.startswith("--"))


WORDS = st.sampled_from(["1x1", "0:01", "auto", "-1"])
VALUES = WORDS | st.text(max_size=12) | st.floats().map(str) | st.integers().map(str)


@again_and_again
@given(st.data())
def test_any_command_line_is_understood_or_refused_in_one_line(data):
    command = data.draw(st.sampled_from(["video", "camera"]))
    word = st.sampled_from(options_of(command)) | VALUES
    words = [command, *data.draw(st.lists(word, max_size=5))]
    told, code = io.StringIO(), 0
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        try:
            refusal(lambda: recipe_of(build_parser().parse_args(words)))
        except SystemExit as stop:
            code = stop.code
    assert code in {0, 2}
    assert len([line for line in told.getvalue().splitlines() if "error:" in line]) == (code == 2)
