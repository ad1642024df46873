"""Paints the frames of one stream, for whole files as for segments of a film."""

from streamstyle.files.repeats import Repeats
from streamstyle.frame import Frame, Image
from streamstyle.look.player import Player
from streamstyle.media.resize import resize
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.times import StageTimes


class FramePainter:
    """Paints the frames of one stream, in order.

    Attributes:
        painted: How many frames went through the model.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        player: Player,
        shape: tuple[int, int],
        *,
        size: int | None,
        skip_duplicates: bool,
        times: StageTimes,
    ) -> None:
        """Begin a stream.

        Args:
            stylizer: The model.
            player: How frames are to look.
            shape: Width and height of the result.
            size: Short side at which frames are stylized; None for that of the player's strokes.
            skip_duplicates: Paint a frame that repeats the one before only once.
            times: Collects the time of each stage.
        """
        self._stylizer, self._player, self._shape, self._size = stylizer, player, shape, size
        self._skips, self._times = skip_duplicates, times
        self.painted = 0
        self._memory, self._repeats = stylizer.memory(), Repeats()
        self._reused = 0

    @property
    def reused(self) -> int:
        """How many frames were not painted, since they repeat the one before."""
        return self._reused + self._repeats.reused

    def begin_anew(self) -> None:
        """Forget the frames before, as for another stream."""
        self._reused += self._repeats.reused
        self._memory, self._repeats = self._stylizer.memory(), Repeats()

    def paint(self, frame: Frame) -> Image:
        """The painted frame, (H, W, 3) uint8 RGB."""
        image, seconds = resize(frame.image, *self._shape), float(frame.time)
        with self._times.measure("look"):
            look = self._player.look(seconds, image, self._size)

        def paint() -> Image:
            self.painted += 1
            return self._stylizer.stylize(image, look, self._memory, self._times.measure, seconds)

        return self._repeats.paint(image, look, paint) if self._skips else paint()

    def watch(self, frame: Frame) -> None:
        """Include a frame in averages over time, without painting it."""
        image, seconds = resize(frame.image, *self._shape), float(frame.time)
        look = self._player.look(seconds, image, self._size)
        self._stylizer.watch(image, look, self._memory, self._times.measure, seconds)
