"""Which look is painted: fades to a new one, and returns to the one before if it cannot be painted."""

from streamstyle.frame import Image
from streamstyle.live.crossfade import CrossFade, Painted, painted_by
from streamstyle.look.look import Look
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe


class Playing:
    """The player that is shown, and the one before as long as it may be needed; each is closed once.

    A look is good when a frame has been painted with it after its fade: until then it may still fail, as two styles that
    cannot be mixed do. All methods are for one thread.

    Attributes:
        player: The one that is shown.
        seen: Codes and strengths of the last frame.
    """

    def __init__(self, player: Player) -> None:
        """Begin with a player; there is no other one to return to."""
        self.player = player
        self.seen: Painted = ()
        self._fade = CrossFade()
        self._good, self._good_recipe = player, player.recipe
        self._tried: tuple[Player, Recipe, bool] | None = None  # of the last frame, and whether its fade was over

    def look(self, now: float, content: Image, size: int | None) -> Look:
        """How the next frame is to look. A call means that the frame before was painted.

        Args:
            now: In seconds.
            content: The frame, (H, W, 3) uint8 RGB.
            size: Short side at which it is to be stylized.
        """
        self._settle()
        self._tried = self.player, self.player.recipe, self._fade.is_over(now)
        look = self._fade.towards(self.player.look(now, content, size), now)
        self.seen = painted_by(look)
        return look

    def show(self, player: Player, now: float) -> None:
        """Fade to another player from what is shown now, even in the middle of a fade."""
        self._settle()
        before, self.player = self.player, player
        self._fade = CrossFade(self.seen, now)
        if before is not self._good:
            self._release(before)

    def go_back(self) -> bool:
        """Return to the look before, since that of the last frame cannot be painted; False if there is none."""
        failed, self._tried = self.player, None
        if failed is self._good and failed.recipe is self._good_recipe:
            return False
        self.player, self._good.recipe, self._fade = self._good, self._good_recipe, CrossFade()
        if failed is not self._good:
            self._release(failed)
        return True

    def close(self) -> None:
        """Release everything."""
        if self._good is not self.player:
            self._good.close(self.player)
        self.player.close()

    def _settle(self) -> None:
        if self._tried is None:
            return
        (player, recipe, arrived), self._tried = self._tried, None
        if arrived or player is self._good:
            before, self._good, self._good_recipe = self._good, player, recipe
            if before is not player:
                self._release(before)

    def _release(self, player: Player) -> None:
        """Close a player, except for what it shares with players that may still be painted."""
        player.close(*(other for other in (self.player, self._good) if other is not player))
