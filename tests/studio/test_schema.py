"""What is checked is what the description says, and the words say what is wanted."""

import pytest

from streamstyle.studio.schema import COUNT, NUMBER, ON, TEXT, fault, listing, one_of, or_null, record, text, whole

THING = record({"on": ON}, {"name": text(5), "sizes": listing(whole(1, 9), least=1, most=2)})


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"on": True}, THING),
        ({"on": False, "name": "short", "sizes": [1, 9]}, THING),
        (None, or_null(TEXT)),
        (0, COUNT),
        (0.5, NUMBER),
        (3, NUMBER),
        ("b", one_of("a", "b")),
    ],
)
def test_what_fits_is_taken(value, schema):
    assert fault(value, schema) == ""


@pytest.mark.parametrize(
    ("value", "schema", "words"),
    [
        ([], THING, "the body: wanted an object, got []"),
        ({}, THING, "the body lacks 'on'"),
        ({"on": 1}, THING, "on: wanted true or false, got 1"),
        ({"on": True, "more": 1}, THING, "the body has no 'more'; choose of on, name, sizes"),
        ({"on": True, "name": ""}, THING, "name: wanted text of 1 to 5 letters, got ''"),
        ({"on": True, "name": "longer than"}, THING, "name: wanted text of 1 to 5 letters"),
        ({"on": True, "sizes": []}, THING, "sizes: wanted a list of 1 to 2 items"),
        ({"on": True, "sizes": [3, 10]}, THING, "sizes, number 2: wanted a whole number from 1 to 9, got 10"),
        (True, COUNT, "wanted a whole number of 0 or more, got True"),
        (-1, COUNT, "wanted a whole number of 0 or more, got -1"),
        (float("inf"), NUMBER, "wanted a number, got inf"),
        (10**400, NUMBER, "wanted a number, got 1000"),
        (-(10**400), COUNT, "wanted a whole number of 0 or more, got -1000"),
        (1.5, COUNT, "wanted a whole number"),
        ("c", one_of("a", "b"), "wanted one of a, b, got 'c'"),
        (1, or_null(TEXT), "wanted text or null, got 1"),
        ("x" * 100, COUNT, "..."),
    ],
)
def test_what_does_not_fit_is_told(value, schema, words):
    assert words in fault(value, schema)
