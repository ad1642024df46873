"""What a user changes while the stream runs, and how a change comes in: styles cross-fade, nothing ever waits.

One thread changes, another reads: a change replaces one immutable value, which the stylizing thread takes once per frame.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from streamstyle.errors import StreamstyleError
from streamstyle.look import COLOR_MODES, ColorMode, Look, StyleCode, blend
from streamstyle.sources.image import IMAGE_SUFFIXES
from streamstyle.stylizer import Stylizer

FADE_SECONDS = 0.6
ALPHA_STEP = 0.1


@dataclass(frozen=True, slots=True)
class Fade:
    """From one style code to another, over time.

    Attributes:
        target: Where it goes.
        origin: Where it comes from; None when it has arrived.
        started: When, on the controls' clock, in seconds.
    """

    target: StyleCode
    origin: StyleCode | None = None
    started: float = 0.0

    def at(self, now: float) -> StyleCode:
        """The code at this moment."""
        share = 1.0 if self.origin is None else (now - self.started) / FADE_SECONDS
        if self.origin is None or share >= 1:
            return self.target
        share = max(0.0, share)
        smooth = share * share * (3 - 2 * share)
        return replace(blend([self.origin, self.target], [1 - smooth, smooth]), name=self.target.name)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be changed live, but for the style's code.

    Attributes:
        styles: Names or paths to choose from, in order.
        index: Of the style that was chosen last.
        blended: Whether it is mixed half and half with the one after it.
        alpha: Strength in [0, 1].
        color: Whose colors.
        mirror: Whether frames are mirrored.
    """

    styles: tuple[str, ...]
    index: int = 0
    blended: bool = False
    alpha: float = 1.0
    color: ColorMode = "style"
    mirror: bool = False


@dataclass
class Controls:
    """The live state of a look.

    Attributes:
        stylizer: Encodes styles.
        settings: The present ones; replaced whole.
        beside: Runs work beside the stream; the default does it at once.
        clock: Seconds that never go back.
        message: What the last change has to say to the user: (text, when it was said).
    """

    stylizer: Stylizer
    settings: Settings
    beside: Callable[[Callable[[], None]], None] = field(default=lambda work: work())
    clock: Callable[[], float] = time.monotonic
    message: tuple[str, float] = ("", 0.0)
    _fade: Fade | None = None
    _codes: dict[str, StyleCode] = field(default_factory=dict)

    def start(self) -> None:
        """Encode the first style, here and now.

        Raises:
            StyleError: It cannot be used.
        """
        self._fade = Fade(self._wanted())

    def look(self, size: int | None = None) -> Look:
        """How the next frame is to look; called once per frame, by the stylizing thread."""
        fade, settings = self._fade, self.settings
        assert fade is not None  # start() comes first
        return Look(fade.at(self.clock()), settings.alpha, settings.color, size)

    @property
    def style_name(self) -> str:
        """Of the style that is shown, or faded to."""
        return "" if self._fade is None else self._fade.target.name

    def pick(self, index: int) -> None:
        """Go to the style of this number, from 0; one that is not there is said so."""
        if not 0 <= index < len(self.settings.styles):
            self.say(f"there is no style {index + 1}")
            return
        self.settings = replace(self.settings, index=index)
        self._go()

    def step(self, by: int) -> None:
        """Go on by so many styles, around the end."""
        self.pick((self.settings.index + by) % len(self.settings.styles))

    def toggle_blend(self) -> None:
        """Mix with the next style half and half, or no longer."""
        if len(self.settings.styles) < 2:
            self.say("a blend needs two styles")
            return
        self.settings = replace(self.settings, blended=not self.settings.blended)
        self._go()

    def change_alpha(self, steps: int) -> None:
        """More or less of the style, by tenths."""
        alpha = min(1.0, max(0.0, round(self.settings.alpha + steps * ALPHA_STEP, 2)))
        self.settings = replace(self.settings, alpha=alpha)
        self.say(f"strength {alpha:.0%}")

    def next_color(self) -> None:
        """The next color mode."""
        color = COLOR_MODES[(COLOR_MODES.index(self.settings.color) + 1) % len(COLOR_MODES)]
        self.settings = replace(self.settings, color=color)
        self.say(f"colors of the {'painting' if color == 'style' else 'camera'}")

    def toggle_mirror(self) -> None:
        """Mirror, or no longer."""
        self.settings = replace(self.settings, mirror=not self.settings.mirror)

    def add(self, styles: Sequence[str], *, show: bool = False) -> None:
        """Offer more styles; with `show`, go to the last of them."""
        new = tuple(style for style in styles if style not in self.settings.styles)
        self.settings = replace(self.settings, styles=self.settings.styles + new)
        if new and show:
            self.pick(len(self.settings.styles) - 1)

    def say(self, text: str) -> None:
        """Tell the user something for a moment."""
        self.message = (text, self.clock())

    def _go(self) -> None:
        """Fade to the wanted style, as soon as its code is there."""

        def encode_and_fade() -> None:
            try:
                target = self._wanted()
            except StreamstyleError as error:
                self.say(str(error))
                return
            fade, now = self._fade, self.clock()
            # From what is seen at this moment, also in the middle of a fade.
            self._fade = Fade(target, None if fade is None else fade.at(now), now)
            self.say(target.name)

        names = self._wanted_names()
        if all(name in self._codes for name in names):
            encode_and_fade()
        else:
            self.beside(encode_and_fade)

    def _wanted_names(self) -> list[str]:
        settings = self.settings
        count = 2 if settings.blended else 1
        return [settings.styles[(settings.index + offset) % len(settings.styles)] for offset in range(count)]

    def _wanted(self) -> StyleCode:
        codes = []
        for name in self._wanted_names():
            if name not in self._codes:
                self._codes[name] = self.stylizer.find_style(name)
            codes.append(self._codes[name])
        return blend(codes) if len(codes) > 1 else codes[0]


class StyleFolder:
    """Pictures that are dropped into a folder, each reported once, when it is whole."""

    def __init__(self, folder: Path) -> None:
        """Watch a folder.

        Raises:
            OSError: It cannot be read.
        """
        self.folder = folder
        self._sizes: dict[Path, tuple[int, int]] = {}
        self._reported: set[Path] = set()
        list(folder.iterdir())

    def scan(self) -> list[Path]:
        """Pictures that are new and no longer grow: their size and time are those of the scan before."""
        try:
            files = sorted(path for path in self.folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
        except OSError:
            return []  # the folder may come back
        whole = []
        for path in files:
            try:
                status = path.stat()
            except OSError:
                continue
            now = (status.st_size, status.st_mtime_ns)
            if path not in self._reported and now[0] > 0 and self._sizes.get(path) == now:
                self._reported.add(path)
                whole.append(path)
            self._sizes[path] = now
        return whole
