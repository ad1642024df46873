"""Which key does what: the one table behind the window, its on-screen help and the docs."""

from dataclasses import dataclass
from enum import Enum, auto


class Command(Enum):
    """What a key asks for."""

    NEXT_STYLE = auto()
    PREVIOUS_STYLE = auto()
    PICK_STYLE = auto()
    ALPHA_UP = auto()
    ALPHA_DOWN = auto()
    COLOR = auto()
    BLEND = auto()
    PEOPLE = auto()
    STROKES = auto()
    GRAIN = auto()
    STILLNESS = auto()
    THUMBNAILS = auto()
    SIDE_BY_SIDE = auto()
    ORIGINAL = auto()
    MIRROR = auto()
    PAUSE = auto()
    RECORD = auto()
    SNAPSHOT = auto()
    FULL_SCREEN = auto()
    OVERLAY = auto()
    HELP = auto()
    QUIT = auto()


@dataclass(frozen=True, slots=True)
class Action:
    """A command, as a key press or the mouse gives it.

    Attributes:
        command: What to do.
        style: For PICK_STYLE the style's place in the list, from 0; else None.
        place: Where the mouse was clicked, in shares of the picture's width and height; None for keys.
    """

    command: Command
    style: int | None = None
    place: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """A row of the table.

    Attributes:
        command: What the keys do.
        keys: Names of keys, the first of which is the one to remember: characters, or names as in `_LABELS`.
        help: What happens, in a few words.
    """

    command: Command
    keys: tuple[str, ...]
    help: str

    @property
    def labels(self) -> tuple[str, ...]:
        """The keys as they are shown to people; the digits as one."""
        if self.command is Command.PICK_STYLE:
            return (f"{self.keys[0]}-{self.keys[-1]}",)
        return tuple(_LABELS.get(key, key) for key in self.keys if key not in _SILENT)


BINDINGS = (
    Binding(Command.NEXT_STYLE, ("n", "right"), "next style"),
    Binding(Command.PREVIOUS_STYLE, ("p", "left"), "previous style"),
    Binding(Command.PICK_STYLE, tuple("123456789"), "style by number"),
    Binding(Command.ALPHA_UP, ("up", "+", "="), "stronger style"),
    Binding(Command.ALPHA_DOWN, ("down", "-", "_"), "weaker style"),
    Binding(Command.COLOR, ("c",), "whose colors"),
    Binding(Command.BLEND, ("b",), "blend with the next"),
    Binding(Command.PEOPLE, ("k",), "people as they are"),
    Binding(Command.STROKES, ("w",), "width of strokes"),
    Binding(Command.GRAIN, ("g",), "grain in skies"),
    Binding(Command.STILLNESS, ("l",), "still or lively"),
    Binding(Command.THUMBNAILS, ("t",), "styles at a glance"),
    Binding(Command.SIDE_BY_SIDE, ("s",), "side by side"),
    Binding(Command.ORIGINAL, ("o",), "original"),
    Binding(Command.MIRROR, ("m",), "mirror"),
    Binding(Command.PAUSE, ("v",), "pause a file"),
    Binding(Command.RECORD, ("r",), "record / stop"),
    Binding(Command.SNAPSHOT, ("space", "x"), "snapshot"),
    Binding(Command.FULL_SCREEN, ("f", "f11"), "full screen"),
    Binding(Command.OVERLAY, ("i",), "details, nothing"),
    Binding(Command.HELP, ("h", "?", "f1"), "help on / off"),
    Binding(Command.QUIT, ("q", "esc"), "quit"),
)

_LABELS = {
    "right": "\N{RIGHTWARDS ARROW}",
    "left": "\N{LEFTWARDS ARROW}",
    "up": "\N{UPWARDS ARROW}",
    "down": "\N{DOWNWARDS ARROW}",
    "space": "Space",
    "esc": "Esc",
    "f1": "F1",
    "f11": "F11",
}
# The same keys as + and -, with or without Shift; they need no word in the help.
_SILENT = {"=", "_"}

# X11 key symbols, as GTK, Qt on Linux and Wayland give them; the second rows are the number pad's.
_X11 = {
    **{0xFF51: "left", 0xFF52: "up", 0xFF53: "right", 0xFF54: "down", 0xFFBE: "f1", 0xFFC8: "f11"},
    **{0xFF96: "left", 0xFF97: "up", 0xFF98: "right", 0xFF99: "down"},
    **{0xFFAB: "+", 0xFFAD: "-", 0xFFBD: "=", 0xFF80: "space"},
    **{0xFFB0 + digit: str(digit) for digit in range(10)},
}
# Function keys of Cocoa, in Unicode's private area.
_COCOA = {0xF700: "up", 0xF701: "down", 0xF702: "left", 0xF703: "right", 0xF704: "f1", 0xF70E: "f11"}
# Virtual keys of Windows, which waitKeyEx gives in the upper half with nothing below.
_WINDOWS = {0x25: "left", 0x26: "up", 0x27: "right", 0x28: "down", 0x70: "f1", 0x7A: "f11"}

_CHARACTERS = {0x1B: "esc", 0x20: "space"}

_ACTIONS = {
    key: Action(binding.command, int(key) - 1 if binding.command is Command.PICK_STYLE else None)
    for binding in BINDINGS
    for key in binding.keys
}


def key_name(code: int) -> str | None:
    """The key behind a code of `cv2.waitKeyEx`, on any system, or None for one without a name here.

    Caps Lock, Num Lock and Shift change nothing: GTK reports them in the upper half of the code, others by the case of the
    letter.
    """
    if code < 0 and code & 0xFFFF == 0xFFFF:
        return None  # -1: no key
    symbol, above = code & 0xFFFF, (code >> 16) & 0xFFFF
    if symbol == 0:
        return _WINDOWS.get(above)
    if 0x20 < symbol < 0x7F:
        return chr(symbol).lower()
    return _CHARACTERS.get(symbol) or _X11.get(symbol) or _COCOA.get(symbol)


def action_of(code: int) -> Action | None:
    """What a code of `cv2.waitKeyEx` asks for; None for no key and for keys that do nothing."""
    key = key_name(code)
    return None if key is None else _ACTIONS.get(key)


MOUSE = (
    ("wheel", "stronger and weaker style"),
    ("click", "pause a file, and go on; on the strip of styles: take that style"),
    ("right click", "show and hide the keys"),
)
"""What the mouse does, for the docs."""


def markdown_table() -> str:
    """The table of keys, and of the mouse, as the docs show it."""
    rows = [f"| {' '.join(f'`{label}`' for label in binding.labels)} | {_sentence(binding)} |" for binding in BINDINGS]
    rows += [f"| {gesture} | {text} |" for gesture, text in MOUSE]
    return "\n".join(["| key | what it does |", "| --- | --- |", *rows])


def _sentence(binding: Binding) -> str:
    """The docs have room for what the on-screen help leaves out."""
    return _IN_FULL.get(binding.command, binding.help)


_IN_FULL = {
    Command.PICK_STYLE: "the first to the ninth style",
    Command.ALPHA_UP: "stronger style (alpha up)",
    Command.ALPHA_DOWN: "weaker style (alpha down)",
    Command.COLOR: "colors of the painting, or the content's own",
    Command.BLEND: "blend with the next style",
    Command.PEOPLE: "people are painted, stay as they are, or are all that is painted",
    Command.STROKES: "fine, medium and bold strokes",
    Command.GRAIN: "strokes in skies and on plain walls: none, some, many",
    Command.STILLNESS: "strokes that stay still, or move with every frame",
    Command.THUMBNAILS: "a strip of the styles with their names, painted on the present picture; a click takes one",
    Command.SIDE_BY_SIDE: "original and stylized side by side",
    Command.ORIGINAL: "the original picture",
    Command.PAUSE: "pause a file, and go on",
    Command.RECORD: "start and stop recording",
    Command.SNAPSHOT: "save a snapshot (PNG)",
    Command.OVERLAY: "the overlay with details, no overlay, the overlay in plain words",
    Command.HELP: "show and hide the keys",
    Command.QUIT: "quit, as closing the window does; in full screen, Esc goes back to the window first",
}
