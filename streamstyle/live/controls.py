"""What a user changes while the stream runs, and how a change comes in: looks cross-fade, and nothing ever waits.

One thread owns the state (streamstyle.pipeline.threads.Owner); what other threads want is sent to it. What takes time (encoding a
style, opening a mask) is done beside the stream and comes back as a message with the number of its wish: what a newer wish
has overtaken is left out, or released when it comes. The look before is kept until the new one has been painted, so that
whatever is wrong with a change, the show goes on with what it had.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Concatenate, Literal, NamedTuple, ParamSpec

from streamstyle.errors import StreamstyleError
from streamstyle.frame import Image
from streamstyle.live.crossfade import CrossFade, Painted, painted_by
from streamstyle.look.look import COLOR_MODES, ColorMode, Look
from streamstyle.look.player import FindPeople, Scene, differ_in_numbers
from streamstyle.look.recipe import KEEP, Recipe
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import Owner, Published
from streamstyle.styles.code import StyleCode

ALPHA_STEP = 0.1

Arguments = ParamSpec("Arguments")
_Codes = dict[tuple[str, int], StyleCode]


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


class Message(NamedTuple):
    """Something for the user, to be shown for a moment.

    Attributes:
        text: What.
        said_at: When, on the controls' clock.
    """

    text: str = ""
    said_at: float = 0.0


@dataclass(frozen=True, slots=True)
class SinkState:
    """Where frames go, beside the screen.

    Attributes:
        name: `record`, `mjpeg` and so on.
        phase: Where it is in its life.
        destination: Where the picture can be had now (an address, a device), where it says so.
    """

    name: str
    phase: Literal["opening", "open", "closing"]
    destination: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A live run at one moment.

    Attributes:
        settings: What is wanted.
        style: Name of the style that is shown, or faded to.
        waiting: Whether another look is on its way: a style is being encoded, say.
        message: The last one.
        sinks: What frames go to.
        outputs: What lies on the disk now.
        warnings: What the user should know at the end.
        version: Grows with every change.
    """

    settings: Settings
    style: str = ""
    waiting: bool = False
    message: Message = field(default_factory=Message)
    sinks: tuple[SinkState, ...] = ()
    outputs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    version: int = 0


def _sent(
    method: Callable[Concatenate["Controls", Arguments], None],
) -> Callable[Concatenate["Controls", Arguments], None]:
    """A method for any thread: the owner does it, at once where it calls itself."""

    @wraps(method)
    def send(self: "Controls", /, *args: Arguments.args, **more: Arguments.kwargs) -> None:
        self.owner.send(lambda: method(self, *args, **more))

    return send


class Controls:
    """The live state of a look.

    What changes something, and `state`, are for any thread; `start`, `look`, `go_back` and `close` are for the owner.

    Attributes:
        owner: The thread that owns the state.
        beside: Runs work beside the stream; the default does it at once.
        tell: Takes a line on what went wrong; called by the owner.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        settings: Settings,
        find_people: FindPeople | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set up; `start` comes next.

        Args:
            stylizer: Encodes styles.
            settings: To begin with.
            find_people: Makes what finds people, for recipes that need it.
            clock: Seconds that never go back.
        """
        self.stylizer, self.clock = stylizer, clock
        self.owner = Owner()
        self.beside: Callable[[Callable[[], None]], None] = lambda work: work()
        self.tell: Callable[[str], None] = lambda _line: None
        self._find_people = find_people
        self._published = Published(State(settings))
        self._codes: _Codes = {}
        self._wish = 0
        self._wished = settings.recipe
        self._scene: Scene | None = None
        self._fade = CrossFade()
        self._seen: Painted = ()
        # The last look that was painted as it is, and the one that is being painted (and whether it is as it is).
        self._good: tuple[Scene, Recipe] | None = None
        self._tried: tuple[Scene, Recipe, bool] | None = None
        self._closed = False

    def start(self) -> None:
        """Encode the first look, here and now.

        Raises:
            StyleError: A style cannot be used.
            UsageError: A mask or people cannot be had.
        """
        if not self.settings.recipe.style:
            self._set(recipe=self._recipe_of(self.settings.index, blended=False))
        recipe = self.settings.recipe
        self._scene = scene = self._made(recipe, None, self._codes)
        self._good = scene, recipe
        self.publish(replace(self.state, style=scene.name))
        for warning in scene.warnings:
            self.say(warning)

    def look(self, content: Image, size: int | None = None) -> Look:
        """How the next frame is to look; once per frame, unless `go_back` says to ask again.

        Args:
            content: The frame, (H, W, 3) uint8 RGB.
            size: Short side at which it is to be stylized.
        """
        self._settle()
        scene, now = self._scene, self.clock()
        assert scene is not None  # start() comes first
        self._tried = scene, scene.recipe, self._fade.is_over(now)
        look = self._fade.towards(scene.look(now, content, size), now)
        self._seen = painted_by(look)
        return look

    def go_back(self, failure: Exception) -> bool:
        """Return to the look before, since the present one cannot be painted.

        Returns:
            Whether there is one; else nothing has changed.
        """
        assert self._scene is not None  # it was to be painted
        assert self._good is not None
        failed, self._tried = self._scene, None
        good, recipe = self._good
        if failed is good and failed.recipe is recipe:
            return False
        self._scene, good.recipe, self._fade = good, recipe, CrossFade()
        if failed is not good:
            self._release(failed)
        self._give_up(f"the look before goes on: {_reason(failure)}")
        return True

    def close(self) -> None:
        """Release masks and what finds people; may be called again."""
        if self._closed or self._scene is None or self._good is None:
            return
        self._closed = True
        before = self._good[0]
        if before is not self._scene:
            before.close(self._scene)
        self._scene.close()

    @property
    def state(self) -> State:
        """Of the run, as it is now; for any thread."""
        return self._published.value

    def changed(self, version: int, timeout: float) -> State:
        """The state once it is another than that of a version, or after so many seconds; for any thread but the owner."""
        return self._published.wait(lambda state: state.version != version, timeout)

    def publish(self, state: State) -> None:
        """Replace the state; by the owner."""
        self._published.replace(replace(state, version=self.state.version + 1))

    @property
    def settings(self) -> Settings:
        """What is wanted now."""
        return self.state.settings

    @property
    def alpha(self) -> float:
        """The strength that is seen, of the strongest region."""
        return max((alpha for _, alpha in self._seen), default=self.settings.recipe.alpha[0].at(0))

    @_sent
    def pick(self, index: int) -> None:
        """Go to the style of this number, from 0; one that is not there is said so."""
        if not 0 <= index < len(self.settings.styles):
            self.say(f"there is no style {index + 1}")
            return
        self._choose(index, blended=self.settings.blended)

    @_sent
    def step(self, by: int) -> None:
        """Go on by so many styles, around the end."""
        self.pick((self.settings.index + by) % len(self.settings.styles))

    @_sent
    def toggle_blend(self) -> None:
        """Mix with the next style half and half, or no longer."""
        if len(self.settings.styles) < 2:
            self.say("a blend needs two styles")
        elif self.settings.recipe.mask is not None:
            self.say("with a mask, each style has its own place")
        else:
            self._choose(self.settings.index, blended=not self.settings.blended)

    @_sent
    def change_alpha(self, steps: int) -> None:
        """More or less of the style, by tenths."""

        def shifted(recipe: Recipe) -> Recipe:
            return replace(recipe, alpha=tuple(line.shifted(steps * ALPHA_STEP, 0, 1) for line in recipe.alpha))

        self.change(shifted)
        self.say(f"strength {'/'.join(f'{line.keys[-1][1]:.0%}' for line in self.settings.recipe.alpha)}")

    @_sent
    def next_color(self) -> None:
        """The next color mode."""
        color = COLOR_MODES[(COLOR_MODES.index(self.settings.color) + 1) % len(COLOR_MODES)]
        self.change(lambda recipe: replace(recipe, color=color))
        self.say(_COLOR_WORDS[color])

    @_sent
    def mirror(self, on: bool | None = None) -> None:
        """Mirror, or no longer; None for the other than now."""
        self._set(mirror=not self.settings.mirror if on is None else on)

    @_sent
    def apply(self, recipe: Recipe) -> None:
        """Go to another look, all of it; one without styles goes with those that are shown."""
        self.change(lambda before: recipe if recipe.style else replace(recipe, style=before.style))

    @_sent
    def change(self, change: Callable[[Recipe], Recipe]) -> None:
        """Change anything of the look.

        Args:
            change: Makes the wanted look of the one that was wanted before; what it raises is said, and nothing changes.
        """
        before = self.settings.recipe
        try:
            recipe = change(before)
        except Exception as error:  # noqa: BLE001 - nothing that is asked for ends the show
            self.complain(_reason(error))
            return
        offered = [name for name in recipe.style if name != KEEP]
        self.add(offered)
        if recipe.style != before.style:
            index = self.settings.styles.index(offered[0]) if offered else 0
            self._set(index=index, blended=False)
        self._set(recipe=recipe)
        self._go()
        if self.state.waiting and self._scene is not None:
            # What is shown until then follows as far as it can: another set of styles may have another number of strengths.
            with suppress(Exception):
                tuned = change(self._scene.recipe)
                if self._scene.fits(tuned):
                    self._scene.recipe = tuned

    @_sent
    def add(self, styles: Sequence[str], *, show: bool = False) -> None:
        """Offer more styles; with `show`, go to the last of them."""
        new = tuple(style for style in styles if style not in self.settings.styles)
        if new:
            self._set(styles=self.settings.styles + new)
        if new and show:
            self.pick(len(self.settings.styles) - 1)

    @_sent
    def say(self, text: str) -> None:
        """Tell the user something for a moment."""
        self.publish(replace(self.state, message=Message(text, self.clock())))

    @_sent
    def complain(self, text: str) -> None:
        """Tell the user what went wrong, also where no window shows messages."""
        self.say(text)
        self.tell(text)

    def _set(self, **changes: object) -> None:
        self.publish(replace(self.state, settings=replace(self.settings, **changes)))  # type: ignore[arg-type]

    def _choose(self, index: int, *, blended: bool) -> None:
        self._set(index=index, blended=blended, recipe=self._recipe_of(index, blended=blended))
        self._go()

    def _recipe_of(self, index: int, *, blended: bool) -> Recipe:
        """The present recipe with the style of a number, in the first region where there are several."""
        settings, recipe = self.settings, self.settings.recipe
        if recipe.mask is not None:
            return replace(recipe, style=(settings.styles[index], *recipe.style[1:]))
        count = 2 if blended else 1
        style = tuple(settings.styles[(index + offset) % len(settings.styles)] for offset in range(count))
        return replace(recipe, style=style, weights=(), alpha=recipe.alpha[:1])

    def _go(self) -> None:
        """Fade to the wanted look, as soon as its codes are there."""
        recipe, before, codes = self.settings.recipe, self._scene, dict(self._codes)
        assert before is not None  # start() comes first
        if before.fits(recipe):
            self._wish += 1
            before.recipe = recipe
            self._wait(waiting=False)
            return
        if self.state.waiting and differ_in_numbers(recipe, self._wished):
            return  # it is on its way, and takes up the numbers when it comes
        self._wish, self._wished = self._wish + 1, recipe
        wish = self._wish

        def make() -> None:
            if wish != self._wish:
                return  # overtaken before its turn
            made: Scene | Exception
            try:
                made = self._made(recipe, before, codes)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a style or a mask, the show goes on
                made = error
            self.owner.send(lambda: self._take(made, wish, before, codes))

        at_once = recipe.mask is None and not recipe.knows_people
        if at_once and all((name, recipe.style_size) in codes for name in recipe.style):
            make()
        else:
            self._wait(waiting=True)
            self.beside(make)

    def _take(self, made: Scene | Exception, wish: int, before: Scene, codes: _Codes) -> None:
        """What came of a wish."""
        self._codes.update(codes)
        wanted = wish == self._wish and not self._closed
        if isinstance(made, Exception):
            if wanted:
                self._wait(waiting=False)
                self._give_up(_reason(made))
        elif wanted and before is self._scene:
            self._show(made)
        else:
            made.close(before)
            if wanted:  # what it shares with the look before is gone with that
                self._wait(waiting=False)
                self._go()

    def _show(self, scene: Scene) -> None:
        self._settle()
        before, self._scene = self._scene, scene
        # Numbers may have changed meanwhile.
        scene.recipe = self.settings.recipe
        # From what is seen at this moment, also in the middle of a fade.
        self._fade = CrossFade(self._seen, self.clock())
        if before is not None and self._good is not None and before is not self._good[0]:
            self._release(before)
        self.publish(replace(self.state, style=scene.name))
        self._wait(waiting=False)
        self.say(scene.warnings[0] if scene.warnings else scene.name)

    def _settle(self) -> None:
        """Take note that the look of the last frame has been painted; when it was as it is, what was before it can go."""
        tried, self._tried = self._tried, None
        if tried is None or self._good is None:
            return
        (scene, recipe, arrived), before = tried, self._good[0]
        if arrived or scene is before:
            self._good = scene, recipe
            if before is not scene:
                self._release(before)

    def _give_up(self, text: str) -> None:
        """Want again what is shown, unless something else is on its way."""
        assert self._scene is not None  # what cannot be had follows on another
        if not self.state.waiting:
            recipe = self._scene.recipe
            self._set(recipe=recipe, blended=self.settings.blended and len(recipe.style) > 1)
        self.publish(replace(self.state, style=self._scene.name))
        self.complain(text)

    def _release(self, scene: Scene) -> None:
        """Close a scene but for what those that may yet be painted share with it."""
        kept = (self._scene, self._good[0] if self._good is not None else None)
        scene.close(*(other for other in kept if other is not None and other is not scene))

    def _wait(self, *, waiting: bool) -> None:
        if waiting != self.state.waiting:
            self.publish(replace(self.state, waiting=waiting))

    def _made(self, recipe: Recipe, before: Scene | None, codes: _Codes) -> Scene:
        """A scene, made on any thread; what it encodes goes to `codes`."""

        def find(name: str, size: int) -> StyleCode:
            if (name, size) not in codes:
                codes[name, size] = self.stylizer.find_style(name, size)
            return codes[name, size]

        return Scene(recipe, find, self._find_people, loop=True, before=before)


def _reason(failure: Exception) -> str:
    return str(failure) if isinstance(failure, StreamstyleError) else f"{type(failure).__name__}: {failure}"


_COLOR_WORDS = {
    "style": "colors of the painting",
    "content": "colors of the camera",
    "luma": "chroma of the camera, light of the painting",
}
