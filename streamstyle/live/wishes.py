"""Looks that are wished for: what they need is made in the background, and only the newest one comes."""

from collections.abc import Callable, Collection

from streamstyle.look.player import Player, differ_in_numbers
from streamstyle.look.recipe import Recipe
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import Owner
from streamstyle.styles.code import StyleCode

_Codes = dict[tuple[str, int], StyleCode]


class Wishes:
    """Makes players: at once where all their styles are known, else in the background. The methods are for the owner.

    Wishes are numbered. One that a newer one has overtaken is left out, or its player is closed when it comes.

    Attributes:
        in_background: Runs work while the stream goes on; the default does it at once.
        pending: The look that is on its way; None where none is.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        owner: Owner,
        take: Callable[[Player | Exception, Player], None],
    ) -> None:
        """Nothing is wished for.

        Args:
            stylizer: Encodes styles.
            owner: Of all this.
            take: Called by the owner with what came of the newest wish, and with the player that it follows on.
        """
        self.in_background: Callable[[Callable[[], None]], None] = lambda work: work()
        self.pending: Recipe | None = None
        self._stylizer, self._owner, self._take = stylizer, owner, take
        self._number = 0
        self._codes: _Codes = {}

    def make(self, recipe: Recipe) -> Player:
        """A player, here and now.

        Raises:
            StyleError: A style cannot be used.
            UsageError: A mask or people cannot be had.
        """
        return self._made(recipe, None, self._codes)

    def wish(self, recipe: Recipe, before: Player) -> None:
        """Wish for a look; one on its way that differs in numbers only will do.

        Args:
            recipe: Of the look.
            before: The player that it follows on: what both need is shared.
        """
        if self.pending is not None and differ_in_numbers(recipe, self.pending):
            return
        self.drop()
        number, codes = self._number, dict(self._codes)

        def make() -> None:
            if number != self._number:
                return  # overtaken before its turn
            made: Player | Exception
            try:
                made = self._made(recipe, before, codes)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a style or a mask, the show goes on
                made = error
            self._owner.send(lambda: self._come(made, number, before, codes))

        at_once = recipe.mask is None and not recipe.knows_people
        if at_once and all((name, recipe.style_size) in codes for name in recipe.style):
            make()
        else:
            self.pending = recipe
            self.in_background(make)

    def forget(self, styles: Collection[str]) -> None:
        """What is found under these names from now on may be other styles: their files have changed or gone."""
        self._codes = {key: code for key, code in self._codes.items() if key[0] not in styles}

    def drop(self) -> None:
        """Drop all wishes."""
        self._number, self.pending = self._number + 1, None

    def _come(self, made: Player | Exception, number: int, before: Player, codes: _Codes) -> None:
        self._codes.update(codes)
        if number == self._number:
            self.pending = None
            self._take(made, before)
        elif isinstance(made, Player):
            made.close(before)

    def _made(self, recipe: Recipe, before: Player | None, codes: _Codes) -> Player:
        """On any thread; what is encoded goes to `codes`."""

        def find(name: str, size: int) -> StyleCode:
            if (name, size) not in codes:
                codes[name, size] = self._stylizer.encoder.find(name, size)
            return codes[name, size]

        return Player(recipe, find, loop=True, before=before)
