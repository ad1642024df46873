"""What a user changes while the stream runs, and how a change comes in: looks cross-fade, and nothing ever waits.

One thread owns the state (streamstyle.pipeline.threads.Owner); what other threads want is sent to it. What takes time
(encoding a style, opening a mask) is done beside the stream and comes back as a message with the number of its wish: what a
newer wish has overtaken is left out, or released when it comes. Whatever is wrong with a change, the show goes on with what
it had.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec

from streamstyle.errors import StreamstyleError
from streamstyle.frame import Image
from streamstyle.live.playing import Playing
from streamstyle.live.state import Message, Settings, State
from streamstyle.look.look import Look
from streamstyle.look.player import FindPeople, Player, differ_in_numbers
from streamstyle.look.recipe import COLOR_MODES, KEEP, Recipe
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import Owner, Published
from streamstyle.styles.code import StyleCode

ALPHA_STEP = 0.1

Arguments = ParamSpec("Arguments")
_Codes = dict[tuple[str, int], StyleCode]


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
        self._playing: Playing | None = None
        self._warned = 0  # how many of the scene's warnings were said
        self._codes: _Codes = {}
        self._wish, self._wished = 0, settings.recipe
        self._closed = False

    def start(self) -> None:
        """Encode the first look, here and now.

        Raises:
            StyleError: A style cannot be used.
            UsageError: A mask or people cannot be had.
        """
        if not self.settings.recipe.style:
            self._set(recipe=self._recipe_of(self.settings.index, blended=False))
        scene = self._made(self.settings.recipe, None, self._codes)
        self._playing = Playing(scene)
        self.publish(replace(self.state, style=scene.name))
        self._warn(scene)

    @property
    def playing(self) -> Playing:
        """What is painted."""
        assert self._playing is not None  # start() comes first
        return self._playing

    def look(self, content: Image, size: int | None = None) -> Look:
        """How the next frame is to look; once per frame, unless `go_back` says to ask again.

        Args:
            content: The frame, (H, W, 3) uint8 RGB.
            size: Short side at which it is to be stylized.
        """
        look = self.playing.look(self.clock(), content, size)
        self._warn(self.playing.scene)
        return look

    def go_back(self, failure: Exception) -> bool:
        """Return to the look before, since the present one cannot be painted.

        Returns:
            Whether there is one; else nothing has changed.
        """
        if not self.playing.go_back():
            return False
        self._give_up(f"the look before goes on: {reason_of(failure)}")
        return True

    def close(self) -> None:
        """Release masks and what finds people; may be called again."""
        if self._playing is not None and not self._closed:
            self._closed = True
            self._playing.close()

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
        seen = () if self._playing is None else self._playing.seen
        return max((alpha for _, alpha in seen), default=self.settings.recipe.alpha[0].at(0))

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
            self.complain(reason_of(error))
            return
        offered = [name for name in recipe.style if name != KEEP]
        self.add(offered)
        if recipe.style != before.style:
            index = self.settings.styles.index(offered[0]) if offered else 0
            self._set(index=index, blended=False)
        self._set(recipe=recipe)
        self._go()
        if self.state.waiting:
            # What is shown until then follows as far as it can: another set of styles may have another number of strengths.
            scene = self.playing.scene
            with suppress(Exception):
                tuned = change(scene.recipe)
                if scene.fits(tuned):
                    scene.recipe = tuned

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
        recipe, before, codes = self.settings.recipe, self.playing.scene, dict(self._codes)
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
            made: Player | Exception
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

    def _take(self, made: Player | Exception, wish: int, before: Player, codes: _Codes) -> None:
        """What came of a wish."""
        self._codes.update(codes)
        wanted = wish == self._wish and not self._closed
        if isinstance(made, Exception):
            if wanted:
                self._wait(waiting=False)
                self._give_up(reason_of(made))
        elif wanted and before is self.playing.scene:
            self._show(made)
        else:
            made.close(before)
            if wanted:  # what it shares with the look before is gone with that
                self._wait(waiting=False)
                self._go()

    def _show(self, scene: Player) -> None:
        scene.recipe = self.settings.recipe  # numbers may have changed meanwhile
        self.playing.show(scene, self.clock())
        self.publish(replace(self.state, style=scene.name))
        self._wait(waiting=False)
        self.say(scene.name)
        self._warned = 0
        self._warn(scene)

    def _give_up(self, text: str) -> None:
        """Want again what is shown, unless something else is on its way."""
        scene = self.playing.scene
        if not self.state.waiting:
            self._set(recipe=scene.recipe, blended=self.settings.blended and len(scene.recipe.style) > 1)
        self.publish(replace(self.state, style=scene.name))
        self.complain(text)

    def _warn(self, scene: Player) -> None:
        """Say what a scene has to say, as soon as it says so."""
        while self._warned < len(scene.warnings):
            self._warned += 1
            self.complain(scene.warnings[self._warned - 1])

    def _wait(self, *, waiting: bool) -> None:
        if waiting != self.state.waiting:
            self.publish(replace(self.state, waiting=waiting))

    def _made(self, recipe: Recipe, before: Player | None, codes: _Codes) -> Player:
        """A scene, made on any thread; what it encodes goes to `codes`."""

        def find(name: str, size: int) -> StyleCode:
            if (name, size) not in codes:
                codes[name, size] = self.stylizer.encoder.find(name, size)
            return codes[name, size]

        return Player(recipe, find, self._find_people, loop=True, before=before)


def reason_of(failure: Exception) -> str:
    """What went wrong, for the user: our own errors say it, others are named."""
    return str(failure) if isinstance(failure, StreamstyleError) else f"{type(failure).__name__}: {failure}"


_COLOR_WORDS = {
    "style": "colors of the painting",
    "content": "colors of the camera",
    "luma": "chroma of the camera, light of the painting",
}
