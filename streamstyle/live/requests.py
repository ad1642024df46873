"""Looks that were asked for: what they need is made in the background, and only the newest one is shown."""

from collections.abc import Callable, Collection

from streamstyle.look.player import Player, differ_in_numbers
from streamstyle.look.recipe import Recipe
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import Owner
from streamstyle.styles.code import StyleCode

_Codes = dict[tuple[str, int], StyleCode]


class LookRequests:
    """Makes players: at once if all their styles are encoded, else in the background. The methods are for the owner.

    Requests are numbered. One that is no longer the newest is skipped, or its player is closed when it is ready.

    Attributes:
        in_background: Runs work while the stream goes on; the default does it at once.
        pending: The look that is being made, or None.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        owner: Owner,
        take: Callable[[Player | Exception, Player], None],
    ) -> None:
        """Nothing is requested yet.

        Args:
            stylizer: Encodes styles.
            owner: The thread that may call the methods.
            take: Called by the owner with the player of the newest request, or why there is none, and with the player
                that was shown when it was requested.
        """
        self.in_background: Callable[[Callable[[], None]], None] = lambda work: work()
        self.pending: Recipe | None = None
        self._stylizer, self._owner, self._take = stylizer, owner, take
        self._number = 0
        self._codes: _Codes = {}

    def make(self, recipe: Recipe) -> Player:
        """Make a player at once, on this thread.

        Raises:
            StyleError: A style cannot be used.
            UsageError: A mask cannot be opened, or people cannot be found.
        """
        return self._made(recipe, None, self._codes)

    def request(self, recipe: Recipe, before: Player) -> None:
        """Request a look, unless one that differs in numbers only is being made already.

        Args:
            recipe: Of the look.
            before: The player that is shown now: what both need is shared.
        """
        if self.pending is not None and differ_in_numbers(recipe, self.pending):
            return
        self.drop()
        number, codes = self._number, dict(self._codes)

        def make() -> None:
            if number != self._number:
                return  # there is a newer request
            made: Player | Exception
            try:
                made = self._made(recipe, before, codes)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a style or a mask, the run goes on
                made = error
            self._owner.send(lambda: self._come(made, number, before, codes))

        at_once = recipe.mask is None and not recipe.knows_people
        if at_once and all((name, recipe.style_size) in codes for name in recipe.style):
            make()
        else:
            self.pending = recipe
            self.in_background(make)

    def forget(self, styles: Collection[str]) -> None:
        """Forget the codes of styles whose files have changed or gone."""
        self._codes = {key: code for key, code in self._codes.items() if key[0] not in styles}

    def drop(self) -> None:
        """Drop all requests."""
        self._number, self.pending = self._number + 1, None

    def _come(self, made: Player | Exception, number: int, before: Player, codes: _Codes) -> None:
        self._codes.update(codes)
        if number == self._number:
            self.pending = None
            self._take(made, before)
        elif isinstance(made, Player):
            made.close(before)

    def _made(self, recipe: Recipe, before: Player | None, codes: _Codes) -> Player:
        """Make a player, on any thread; new style codes are added to `codes`."""

        def find(name: str, size: int) -> StyleCode:
            if (name, size) not in codes:
                codes[name, size] = self._stylizer.encoder.find(name, size)
            return codes[name, size]

        return Player(recipe, find, loop=True, before=before)
