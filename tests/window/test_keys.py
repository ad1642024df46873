import pytest

from streamstyle.window.keys import BINDINGS, MOUSE, Action, Command, action_of, key_name, markdown_table

SHIFT, CAPS_LOCK, NUM_LOCK = 0x1_0000, 0x2_0000, 0x10_0000

# What cv2.waitKeyEx gives for one key on each system.
ARROWS = {
    Command.PREVIOUS_STYLE: {"x11": 0xFF51, "number pad": 0xFF96, "windows": 0x25_0000, "cocoa": 0xF702},
    Command.ALPHA_UP: {"x11": 0xFF52, "number pad": 0xFF97, "windows": 0x26_0000, "cocoa": 0xF700},
    Command.NEXT_STYLE: {"x11": 0xFF53, "number pad": 0xFF98, "windows": 0x27_0000, "cocoa": 0xF703},
    Command.ALPHA_DOWN: {"x11": 0xFF54, "number pad": 0xFF99, "windows": 0x28_0000, "cocoa": 0xF701},
}


def test_every_command_has_a_key_and_a_word_of_help():
    assert [binding.command for binding in BINDINGS] == list(Command)
    assert all(binding.keys and binding.help for binding in BINDINGS)


def test_no_key_does_two_things():
    keys = [key for binding in BINDINGS for key in binding.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("key", [key for binding in BINDINGS for key in binding.keys if len(key) == 1])
def test_every_character_of_the_table_does_what_the_table_says(key):
    wanted = next(binding.command for binding in BINDINGS if key in binding.keys)
    assert action_of(ord(key)).command is wanted
    assert action_of(ord(key.upper())) == action_of(ord(key))


@pytest.mark.parametrize("system", ["x11", "number pad", "windows", "cocoa"])
def test_arrows_are_known_on_every_system(system):
    for command, codes in ARROWS.items():
        assert action_of(codes[system]) == Action(command)


def test_named_keys_are_known():
    assert action_of(27) == Action(Command.QUIT)
    assert action_of(32) == Action(Command.SNAPSHOT)
    assert [action_of(code) for code in (0xFFBE, 0x70_0000, 0xF704)] == [Action(Command.HELP)] * 3
    assert [action_of(code) for code in (0xFFC8, 0x7A_0000, 0xF70E)] == [Action(Command.FULL_SCREEN)] * 3
    assert [key_name(code) for code in (0xFFAB, 0xFFAD, 0xFFB7)] == ["+", "-", "7"]


def test_digits_pick_styles_counted_from_zero():
    assert [action_of(ord(digit)) for digit in "159"] == [Action(Command.PICK_STYLE, style) for style in (0, 4, 8)]


@pytest.mark.parametrize("lock", [SHIFT, CAPS_LOCK, NUM_LOCK, SHIFT | CAPS_LOCK | NUM_LOCK])
@pytest.mark.parametrize("code", [ord("n"), ord("N"), 0xFF53, 27, ord("+")])
def test_locks_and_shift_change_nothing(lock, code):
    assert action_of(code | lock) == action_of(code) is not None


@pytest.mark.parametrize(
    "code", [-1, 0, 0xFFE5, 0xFF7F, 0x10_FFE5, 0x6C1, ord("0"), ord("z"), 13, 9, 3, 0x24_0000, 0xF72C, 1 << 40]
)
def test_other_keys_do_nothing(code):
    assert action_of(code) is None


def test_the_table_for_the_readme_names_every_key_that_is_shown():
    lines = markdown_table().splitlines()
    assert len(lines) == 2 + len(BINDINGS) + len(MOUSE)
    assert all(line.count("|") == 3 for line in lines)
    for binding, line in zip(BINDINGS, lines[2:], strict=False):
        assert all(f"`{label}`" in line for label in binding.labels)
    assert "| `1-9` |" in markdown_table()
