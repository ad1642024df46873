"""Which look is painted: it is faded to, and given up for the one before where it cannot be painted."""

from streamstyle.frame import Picture
from streamstyle.live.crossfade import CrossFade, Painted, painted_by
from streamstyle.look.look import Look
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe


class Playing:
    """The player that is shown, and the one before for as long as it may be needed; each is closed once.

    A look counts as painted when a frame after its fade has been painted with it: until then faults may show, such as
    two styles that cannot be mixed. All methods are for one thread.

    Attributes:
        player: That is shown.
        seen: What the last frame was painted with.
    """

    def __init__(self, player: Player) -> None:
        """Begin with a player, for which there is no other to go back to."""
        self.player = player
        self.seen: Painted = ()
        self._fade = CrossFade()
        self._good, self._good_recipe = player, player.recipe
        self._tried: tuple[Player, Recipe, bool] | None = None  # for the last frame, and whether as it is

    def look(self, now: float, content: Picture, size: int | None) -> Look:
        """How the next frame is to look; that it is asked for tells that the frame before has been painted.

        Args:
            now: In seconds.
            content: The frame, (H, W, 3) uint8 RGB, or planes.
            size: Short side at which it is to be stylized.
        """
        self._settle()
        self._tried = self.player, self.player.recipe, self._fade.is_over(now)
        look = self._fade.towards(self.player.look(now, content, size), now)
        self.seen = painted_by(look)
        return look

    def show(self, player: Player, now: float) -> None:
        """Fade to another player, from what is seen at this moment, also in the middle of a fade."""
        self._settle()
        before, self.player = self.player, player
        self._fade = CrossFade(self.seen, now)
        if before is not self._good:
            self._release(before)

    def go_back(self) -> bool:
        """The look of the last frame cannot be painted: return to the one before; False where there is none."""
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
        """Close a player but for what those that may yet be painted share with it."""
        player.close(*(other for other in (self.player, self._good) if other is not player))
