import pytest

from streamstyle.commands.main import build_parser
from streamstyle.commands.parser import with_config
from streamstyle.errors import UsageError


def options(tmp_path, text, *typed):
    (tmp_path / "look.toml").write_text(text)
    return build_parser().read(["camera", "--config", str(tmp_path / "look.toml"), *typed])


def test_keys_are_the_long_options(tmp_path):
    found = options(
        tmp_path, 'style = ["kiss", "scream"]\nalpha = 0.5\nmirror = true\nno_window = true\nsize = "auto"\nfps=30'
    )
    assert (found.style, [str(a) for a in found.alpha], found.mirror, found.no_window, found.size, found.fps) == (
        *(["kiss", "scream"], ["0.5"], True, True, None, 30.0),
    )


def test_what_is_typed_wins(tmp_path):
    found = options(tmp_path, "alpha = 0.5\nmirror = true", "--alpha", "0.9", "--no-mirror")
    assert [str(alpha) for alpha in found.alpha] == ["0.9"]
    assert not found.mirror


def test_false_is_off(tmp_path):
    found = options(tmp_path, "mirror = false\noverwrite = false")
    assert not found.mirror
    assert not found.overwrite


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alpha = 1\nalfa = 2", "line 2: no option 'alfa'"),
        ("[look]\nalpha = 1", "no option 'look'"),
        ("alpha = ", "is not TOML"),
        ("alpha = [[1]]", "line 1: wanted text"),
        ('config = "other.toml"', "no option 'config'"),
    ],
)
def test_bad_files_are_named_with_the_line(tmp_path, text, words):
    with pytest.raises(UsageError) as caught:
        options(tmp_path, text)
    assert words in str(caught.value)


def test_a_value_out_of_range_is_named_with_its_line(tmp_path):
    with pytest.raises(UsageError, match=r"line 2: --alpha: wanted numbers from 0 to 1, got '7'"):
        options(tmp_path, "mirror = true\nalpha = 7")


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        with_config(["--config", str(tmp_path / "absent.toml")], build_parser().commands()["camera"])


def test_a_list_of_the_file_does_not_take_the_input(tmp_path):
    (tmp_path / "video.toml").write_text('overwrite = true\nstyle = ["kiss", "scream"]')
    found = build_parser().read(["video", "in.mp4", "--config", str(tmp_path / "video.toml")])
    assert (found.inputs, found.style, found.overwrite) == (["in.mp4"], ["kiss", "scream"], True)


def test_every_command_takes_it(tmp_path):
    config = tmp_path / "any.toml"
    config.write_text("verbose = true")
    words = {"video": ["in.mp4"], "sheet": ["in.png", "-o", "out.png"], "completion": ["bash"], "style": ["make", "a.jpg"]}
    for name in build_parser().commands():
        assert build_parser().read([name, *words.get(name, []), "--config", str(config)]).verbose
