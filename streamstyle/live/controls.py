"""What a user changes while the stream runs, and how a change comes in: styles cross-fade, nothing ever waits.

One thread changes, another reads: a change replaces one immutable value, which the stylizing thread takes once per frame.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from streamstyle.errors import StreamstyleError, UsageError
from streamstyle.frame import Image
from streamstyle.look.look import COLOR_MODES, ColorMode, Look
from streamstyle.look.player import FindPeople, Scene
from streamstyle.look.recipe import KEEP, Recipe
from streamstyle.media.sources.image import IMAGE_SUFFIXES
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles.code import StyleCode, blend
from streamstyle.styles.store import is_style_file

FADE_SECONDS = 0.6
ALPHA_STEP = 0.1


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be changed live.

    Attributes:
        styles: Names or paths to choose from, in order.
        index: Of the style that was chosen last.
        blended: Whether it is mixed half and half with the one after it.
        mirror: Whether frames are mirrored.
        recipe: The look that is wanted; without styles, that of `index`.
    """

    styles: tuple[str, ...]
    index: int = 0
    blended: bool = False
    mirror: bool = False
    recipe: Recipe = field(default_factory=Recipe)

    @property
    def color(self) -> ColorMode:
        """Whose colors."""
        return self.recipe.color


_Painted = tuple[tuple[StyleCode, float], ...]


@dataclass
class Controls:
    """The live state of a look.

    Attributes:
        stylizer: Encodes styles.
        settings: The present ones; replaced whole.
        find_people: Makes what finds people, for recipes that need it.
        beside: Runs work beside the stream; the default does it at once.
        clock: Seconds that never go back.
        message: What the last change has to say to the user: (text, when it was said).
    """

    stylizer: Stylizer
    settings: Settings
    find_people: FindPeople | None = None
    beside: Callable[[Callable[[], None]], None] = field(default=lambda work: work())
    clock: Callable[[], float] = time.monotonic
    message: tuple[str, float] = ("", 0.0)
    _scene: Scene | None = None
    _origin: _Painted = ()
    _seen: _Painted = ()
    _faded_since: float = 0.0
    _codes: dict[tuple[str, int], StyleCode] = field(default_factory=dict)
    _retired: list[Scene] = field(default_factory=list)

    def start(self) -> None:
        """Encode the first look, here and now.

        Raises:
            StyleError: A style cannot be used.
            UsageError: A mask or people cannot be had.
        """
        if not self.settings.recipe.style:
            self.settings = replace(self.settings, recipe=self._recipe_of(self.settings.index, blended=False))
        self._scene = self._made(self.settings.recipe)
        for warning in self._scene.warnings:
            self.say(warning)

    def look(self, content: Image, size: int | None = None) -> Look:
        """How the next frame is to look; called once per frame, by the stylizing thread.

        Args:
            content: The frame, (H, W, 3) uint8 RGB.
            size: Short side at which it is to be stylized.
        """
        scene, origin, since = self._scene, self._origin, self._faded_since
        assert scene is not None  # start() comes first
        while self._retired:
            self._retired.pop().close(scene)
        now = self.clock()
        look = _faded(scene.look(now, content, size), origin, now - since)
        self._seen = _painted(look)
        return look

    def close(self) -> None:
        """Release masks and what finds people."""
        while self._retired:
            self._retired.pop().close(self._scene)
        if self._scene is not None:
            self._scene.close()

    @property
    def style_name(self) -> str:
        """Of the style that is shown, or faded to."""
        return "" if self._scene is None else self._scene.name

    @property
    def alpha(self) -> float:
        """The strength that is seen, of the strongest region."""
        return max((alpha for _, alpha in self._seen), default=self.settings.recipe.alpha[0].at(0))

    def pick(self, index: int) -> None:
        """Go to the style of this number, from 0; one that is not there is said so."""
        if not 0 <= index < len(self.settings.styles):
            self.say(f"there is no style {index + 1}")
            return
        self._choose(index, blended=self.settings.blended)

    def step(self, by: int) -> None:
        """Go on by so many styles, around the end."""
        self.pick((self.settings.index + by) % len(self.settings.styles))

    def toggle_blend(self) -> None:
        """Mix with the next style half and half, or no longer."""
        if len(self.settings.styles) < 2:
            self.say("a blend needs two styles")
        elif self.settings.recipe.mask is not None:
            self.say("with a mask, each style has its own place")
        else:
            self._choose(self.settings.index, blended=not self.settings.blended)

    def change_alpha(self, steps: int) -> None:
        """More or less of the style, by tenths."""
        alpha = tuple(timeline.shifted(steps * ALPHA_STEP, 0, 1) for timeline in self.settings.recipe.alpha)
        self._tune(lambda recipe: replace(recipe, alpha=alpha))
        self.say(f"strength {'/'.join(f'{timeline.keys[-1][1]:.0%}' for timeline in alpha)}")

    def next_color(self) -> None:
        """The next color mode."""
        color = COLOR_MODES[(COLOR_MODES.index(self.settings.color) + 1) % len(COLOR_MODES)]
        self._tune(lambda recipe: replace(recipe, color=color))
        self.say(_COLOR_WORDS[color])

    def toggle_mirror(self) -> None:
        """Mirror, or no longer."""
        self.settings = replace(self.settings, mirror=not self.settings.mirror)

    def apply(self, recipe: Recipe) -> None:
        """Go to another look, all of it."""
        try:
            recipe = recipe if recipe.style else replace(recipe, style=self.settings.recipe.style)
        except UsageError as error:  # the styles that are shown do not go with it
            self.say(str(error))
            return
        offered = [name for name in recipe.style if name != KEEP]
        self.add(offered)
        self.settings = replace(
            self.settings, recipe=recipe, index=self.settings.styles.index(offered[0]) if offered else 0, blended=False
        )
        self._go()

    def add(self, styles: Sequence[str], *, show: bool = False) -> None:
        """Offer more styles; with `show`, go to the last of them."""
        new = tuple(style for style in styles if style not in self.settings.styles)
        self.settings = replace(self.settings, styles=self.settings.styles + new)
        if new and show:
            self.pick(len(self.settings.styles) - 1)

    def say(self, text: str) -> None:
        """Tell the user something for a moment."""
        self.message = (text, self.clock())

    def _choose(self, index: int, *, blended: bool) -> None:
        self.settings = replace(self.settings, index=index, blended=blended, recipe=self._recipe_of(index, blended=blended))
        self._go()

    def _recipe_of(self, index: int, *, blended: bool) -> Recipe:
        """The present recipe with the style of a number, in the first region where there are several."""
        settings, recipe = self.settings, self.settings.recipe
        if recipe.mask is not None:
            return replace(recipe, style=(settings.styles[index], *recipe.style[1:]))
        count = 2 if blended else 1
        style = tuple(settings.styles[(index + offset) % len(settings.styles)] for offset in range(count))
        return replace(recipe, style=style, weights=(), alpha=recipe.alpha[:1])

    def _tune(self, change: Callable[[Recipe], Recipe]) -> None:
        """Other numbers, the same styles and masks: at once."""
        self.settings = replace(self.settings, recipe=change(self.settings.recipe))
        if self._scene is not None:
            # Another set of styles may be on its way, with another number of strengths; it brings them along.
            with suppress(UsageError):
                self._scene.recipe = change(self._scene.recipe)

    def _go(self) -> None:
        """Fade to the wanted look, as soon as its codes are there."""

        def make_and_fade() -> None:
            recipe, before = self.settings.recipe, self._scene
            if before is not None and before.fits(recipe):
                before.recipe = recipe
                return
            try:
                scene = self._made(recipe)
            except StreamstyleError as error:
                self.say(str(error))
                return
            # From what is seen at this moment, also in the middle of a fade.
            self._origin, self._faded_since = self._seen, self.clock()
            self._scene = scene
            if before is not None:
                self._retired.append(before)
            self.say(scene.warnings[0] if scene.warnings else scene.name)

        recipe = self.settings.recipe
        if (
            recipe.mask is None
            and not recipe.knows_people
            and all((n, recipe.style_size) in self._codes for n in recipe.style)
        ):
            make_and_fade()
        else:
            self.beside(make_and_fade)

    def _made(self, recipe: Recipe) -> Scene:
        return Scene(recipe, self._find, self.find_people, loop=True, before=self._scene)

    def _find(self, name: str, size: int) -> StyleCode:
        key = (name, size)
        if key not in self._codes:
            self._codes[key] = self.stylizer.encoder.find(name, size)
        return self._codes[key]


_COLOR_WORDS = {
    "style": "colors of the painting",
    "content": "colors of the camera",
    "luma": "chroma of the camera, light of the painting",
}


def _painted(look: Look) -> _Painted:
    return ((look.code, look.alpha), *((region.code, region.alpha) for region in look.regions))


def _faded(look: Look, origin: _Painted, seconds: float) -> Look:
    """The look on its way from what was seen before, where both have the same regions."""
    wanted = _painted(look)
    if seconds >= FADE_SECONDS or len(origin) != len(wanted):
        return look
    share = max(0.0, seconds / FADE_SECONDS)
    smooth = share * share * (3 - 2 * share)
    mixed = []
    for (old, old_alpha), (new, alpha) in zip(origin, wanted, strict=True):
        code = new if old is new else replace(blend([old, new], [1 - smooth, smooth]), name=new.name)
        mixed.append((code, old_alpha + (alpha - old_alpha) * smooth))
    regions = tuple(
        replace(region, code=code, alpha=alpha) for region, (code, alpha) in zip(look.regions, mixed[1:], strict=True)
    )
    return replace(look, code=mixed[0][0], alpha=mixed[0][1], regions=regions)


def _is_style(path: Path) -> bool:
    return is_style_file(path.name) or path.suffix.lower() in IMAGE_SUFFIXES


class StyleFolder:
    """Pictures and style files that are dropped into a folder, each reported once, when it is whole."""

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
        """What is new and no longer grows: its size and time are those of the scan before."""
        try:
            files = sorted(path for path in self.folder.iterdir() if _is_style(path))
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


class WatchedFile:
    """A file that is written now and then."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = self._waiting = self._state()

    def changed(self) -> bool:
        """Whether it has changed since it was last said so, and is whole: it did not change since the last call."""
        now = self._state()
        settled, self._waiting = now == self._waiting, now
        if not settled or now is None or now == self._known:
            return False
        self._known = now
        return True

    def _state(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None  # it may come back
        return status.st_size, status.st_mtime_ns
