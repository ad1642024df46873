"""Numbers that nobody should type: each is refused in one short line, whatever Python would make of it."""

import argparse
from pathlib import Path

import pytest

from streamstyle.commands.main import build_parser, main

ODD = {
    "5000 digits": "9" * 5000,
    "5000 digits behind the point": "1e" + "9" * 5000,
    "no number": "nan",
    "without end": "inf",
    "beyond floats": "1e999",
    "other digits": "٣٦٠",
    "underscores": "3_6_0",
    "hexadecimal": "0x168",
    "nothing": "",
    "blank": "  ",
    "a unit": "360px",
    "two": "3,6",
    "two lines": "360\nand more",
}


def takes_numbers(action):
    """Whether it takes 20 and no words."""
    try:
        action.type("20")
    except (argparse.ArgumentTypeError, TypeError):
        return False
    try:
        action.type("words that mean nothing")
    except argparse.ArgumentTypeError:
        return True
    return False


NUMBERS = {
    (command, action.option_strings[-1])
    for command, parser in build_parser().commands().items()
    for action in parser._actions
    if callable(action.type) and action.type is not Path and action.option_strings and takes_numbers(action)
}


def test_the_options_are_found():
    assert {("video", "--size"), ("video", "--crf"), ("video", "--workers"), ("studio", "--port")} <= NUMBERS
    assert {("camera", "--camera-size"), ("camera", "--mjpeg")} & NUMBERS == set()  # these take other words, too


@pytest.mark.parametrize(("command", "option"), sorted(NUMBERS))
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_number_is_refused_in_one_short_line(command, option, odd, capsys):
    try:
        code = main([command, f"{option}={ODD[odd]}"])
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr().err.strip()
    assert code == 2
    assert "wanted" in said
    assert len(said.splitlines()) == 1
    assert len(said) < 500


@pytest.mark.parametrize("address", ["9" * 5000, "127.0.0.1:" + "9" * 5000, "٣٦٠٠", "::::", "a" * 300, "host name"])
@pytest.mark.parametrize("text", ["--mjpeg"])
def test_an_address_that_is_none_is_refused_in_one_short_line(text, address, monkeypatch):
    from streamstyle.errors import StreamstyleError
    from streamstyle.studio.listening import listen, parse_address

    with pytest.raises(StreamstyleError) as raised:
        listen(*parse_address(address, 8080), text)
    assert len(str(raised.value)) < 500
    assert "\n" not in str(raised.value)
