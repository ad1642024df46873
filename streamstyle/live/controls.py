"""What a user changes while the stream runs. Looks cross-fade; nothing ever waits.

One thread owns the state (streamstyle.pipeline.threads.Owner), and other threads send their changes to it. If a change
fails, the run goes on with what it had.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from streamstyle.errors import reason_of
from streamstyle.frame import Image
from streamstyle.live.playing import Playing
from streamstyle.live.presets import following, has
from streamstyle.live.requests import LookRequests
from streamstyle.live.state import Message, Settings, State
from streamstyle.look.look import Look
from streamstyle.look.player import Player
from streamstyle.look.recipe import KEEP, Recipe
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import Owner, sent

ALPHA_STEP = 0.1


class Controls:
    """The live state of a look.

    `start`, `look`, `go_back`, `rest` and `close` are for the owner; all other methods, and `state`, are for any thread.

    Attributes:
        owner: The thread that owns the state.
        state: The present state; the owner replaces it as a whole.
        wishes: Makes what looks need.
        tell: Takes a line on what went wrong; called by the owner.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set up; call `start` next.

        Args:
            stylizer: Encodes styles.
            settings: To begin with.
            clock: Seconds that never go back.
        """
        self.stylizer, self.clock = stylizer, clock
        self.owner = Owner()
        self.requests = LookRequests(stylizer, self.owner, self._take)
        self.tell: Callable[[str], None] = lambda _line: None
        self.state = State(settings)
        self._playing: Playing | None = None
        self._warned = 0  # how many of the player's warnings were reported
        self._closed = False

    def start(self) -> None:
        """Encode the look at once, at the start and for each new stream; masks and people begin anew.

        Raises:
            StyleError: A style cannot be used.
            UsageError: A mask cannot be opened, or people cannot be found.
        """
        if not self.settings.recipe.style:
            self._set(recipe=self.settings.recipe_with(self.settings.index, blended=False))
        player = self.requests.make(self.settings.recipe)
        if self._playing is not None:
            self._playing.close()
        self._playing = Playing(player)
        self.state = replace(self.state, style=player.name)
        self._warned = 0
        self._warn(player)

    @property
    def playing(self) -> Playing:
        """What is painted."""
        assert self._playing is not None  # start() comes first
        return self._playing

    def look(self, content: Image, size: int | None = None) -> Look:
        """How the next frame is to look. Call it once per frame, and again after `go_back`.

        Args:
            content: The frame, (H, W, 3) uint8 RGB.
            size: Short side at which it will be stylized.
        """
        look = self.playing.look(self.clock(), content, size)
        self._warn(self.playing.player)
        return look

    def go_back(self, failure: Exception) -> bool:
        """Return to the look before, since the present one cannot be painted.

        Returns:
            False if there is none; nothing has changed then.
        """
        if not self.playing.go_back():
            return False
        self._give_up(f"the look before goes on: {reason_of(failure)}")
        return True

    def rest(self) -> None:
        """No stream runs now: make what is requested, and what is being made, on this thread and at once."""
        self.requests.in_background = lambda work: work()
        self.tell = lambda _line: None
        if self.requests.pending is not None:
            self.requests.drop()
            self._go()

    def close(self) -> None:
        """Release masks; may be called again."""
        if self._playing is not None and not self._closed:
            self._closed = True
            self.requests.drop()
            self._playing.close()

    @property
    def settings(self) -> Settings:
        """The wanted settings."""
        return self.state.settings

    @property
    def alpha(self) -> float:
        """The strength that is shown; that of the strongest region."""
        seen = () if self._playing is None else self._playing.seen
        return max((alpha for _, alpha in seen), default=self.settings.recipe.alpha[0].at(0))

    @sent
    def pick(self, index: int) -> None:
        """Go to the style of this number, from 0."""
        if not 0 <= index < len(self.settings.styles):
            self.say(f"there is no style {index + 1}")
            return
        self._choose(index, blended=self.settings.blended)

    @sent
    def step(self, by: int) -> None:
        """Go so many styles forward; after the last comes the first."""
        self.pick((self.settings.index + by) % len(self.settings.styles))

    @sent
    def toggle_blend(self) -> None:
        """Mix with the next style half and half, or stop mixing."""
        if len(self.settings.styles) < 2:
            self.say("a blend needs two styles")
        elif self.settings.recipe.mask is not None:
            self.say("with a mask, each style has its own place")
        else:
            self._choose(self.settings.index, blended=not self.settings.blended)

    @sent
    def change_alpha(self, steps: int) -> None:
        """More or less of the style, by tenths."""

        def shifted(recipe: Recipe) -> Recipe:
            return replace(recipe, alpha=tuple(line.shifted(steps * ALPHA_STEP, 0, 1) for line in recipe.alpha))

        self.change(shifted)
        self.say(f"strength {'/'.join(f'{line.keys[-1][1]:.0%}' for line in self.settings.recipe.alpha)}")

    @sent
    def next_value(self, field: str) -> None:
        """The next preset of a field: `color`, `people`, `strokes`, `grain` or `temporal`."""
        values, words = following(field, self.settings.recipe)
        self.change(lambda before: replace(before, **values))
        if has(self.settings.recipe, values):
            self.say(words)

    @sent
    def mirror(self, on: bool | None = None) -> None:
        """Swap left and right, or not; None toggles it."""
        self._set(mirror=not self.settings.mirror if on is None else on)

    @sent
    def apply(self, recipe: Recipe) -> None:
        """Go to another look; one without styles keeps those that are shown."""
        self.change(lambda before: recipe if recipe.style else replace(recipe, style=before.style))

    @sent
    def change(self, change: Callable[[Recipe], Recipe]) -> None:
        """Change anything of the look.

        Args:
            change: Makes the new look from the present one. If it raises, that is reported and nothing changes.
        """
        before = self.settings.recipe
        try:
            recipe = change(before)
        except Exception as error:  # noqa: BLE001 - no change may end the run
            self.complain(reason_of(error))
            return
        offered = [name for name in recipe.style if name != KEEP]
        self.add(offered)
        if recipe.style != before.style:
            index = self.settings.styles.index(offered[0]) if offered else 0
            self._set(index=index, blended=False)
        self._set(recipe=recipe)
        self._go()
        if self.requests.pending is not None:
            # Until then, what is shown follows as far as it can: other styles may have another number of strengths.
            player = self.playing.player
            with suppress(Exception):
                tuned = change(player.recipe)
                if player.fits(tuned):
                    player.recipe = tuned

    @sent
    def add(self, styles: Sequence[str], *, show: bool = False) -> None:
        """Offer more styles, before the built-in ones; with `show`, go to the last of them."""
        before, index = self.settings.styles, self.settings.index
        new = tuple(style for style in styles if style not in before)
        if not new:
            return
        shipped = self.stylizer.encoder.builtin.names()
        place = next((number for number, style in enumerate(before) if style in shipped), len(before))
        index += len(new) if index >= place else 0
        self._set(styles=before[:place] + new + before[place:], index=index)
        if show:
            self.pick(place + len(new) - 1)

    @sent
    def renew(self, styles: Sequence[str]) -> None:
        """Encode styles again whose files have changed; one that is shown fades to its new form."""
        self.requests.forget(styles)
        if set(styles) & set(self.settings.recipe.style):
            self._go(anew=True)

    @sent
    def say(self, text: str) -> None:
        """Show the user a message for a moment."""
        self.state = replace(self.state, message=Message(text, self.clock()))

    @sent
    def complain(self, text: str) -> None:
        """Report a problem, also where no window shows messages."""
        self.say(text)
        self.tell(text)

    def _set(self, **changes: object) -> None:
        self.state = replace(self.state, settings=replace(self.settings, **changes))  # type: ignore[arg-type]

    def _choose(self, index: int, *, blended: bool) -> None:
        self._set(index=index, blended=blended, recipe=self.settings.recipe_with(index, blended=blended))
        self._go()

    def _go(self, *, anew: bool = False) -> None:
        """Fade to the wanted look when it is ready; with `anew` even if its styles are shown already."""
        recipe, player = self.settings.recipe, self.playing.player
        if player.fits(recipe) and not anew:
            self.requests.drop()
            player.recipe = recipe
        else:
            self.requests.request(recipe, player)
        self._show_state()

    def _take(self, made: Player | Exception, before: Player) -> None:
        """Show the player of the newest request, or report why there is none."""
        if isinstance(made, Exception):
            self._give_up(reason_of(made))
        elif before is not self.playing.player:  # what it shares with `before` is closed
            made.close(before)
            self._go()
        else:
            made.recipe = self.settings.recipe  # numbers may have changed meanwhile
            self.playing.show(made, self.clock())
            self._show_state()
            self.say(made.name)
            self._warned = 0
            self._warn(made)

    def _give_up(self, text: str) -> None:
        """Take what is shown as wanted, unless something else is being made; report the text."""
        recipe = self.playing.player.recipe
        if self.requests.pending is None:
            self._set(recipe=recipe, blended=self.settings.blended and len(recipe.style) > 1)
        self._show_state()
        self.complain(text)

    def _show_state(self) -> None:
        waiting = self.requests.pending is not None
        self.state = replace(self.state, style=self.playing.player.name, waiting=waiting)

    def _warn(self, player: Player) -> None:
        """Report new warnings of a player."""
        while self._warned < len(player.warnings):
            self._warned += 1
            self.complain(player.warnings[self._warned - 1])
