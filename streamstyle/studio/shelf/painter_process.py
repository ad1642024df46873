"""What is painted and encoded for the shelf, as a program of its own: a broken picture cannot harm the live one.

It reads lines of JSON and answers each, with the same `number` and, where it failed, `error`:

- `add`: a file that may be a picture becomes a style that is kept at `to`; what is written before lies beside the file;
- `paint`: the picture at `picture` is painted in the style `paint`, and kept at `to`.

It ends when its standard input is closed.
"""

import sys
from fractions import Fraction
from pathlib import Path

from streamstyle.errors import reason_of
from streamstyle.frame import Frame
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.media.pictures import decode_picture, read_image
from streamstyle.media.places import quoted
from streamstyle.media.resize import within
from streamstyle.media.sinks.image import ImageSink
from streamstyle.media.whole import whole_file
from streamstyle.paint.stylizer import Stylizer
from streamstyle.studio.shelf.child_process import begin_quietly, read_line
from streamstyle.studio.shelf.job_process import small_jpeg

_KEPT_SIDE = 2048
"""Longest short side in pixels of a painting that is kept: styles are seen at 256."""
THUMBNAIL_WIDTH = 192


class _Painter:
    """The model, loaded when it is needed first."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._stylizer: Stylizer | None = None

    @property
    def stylizer(self) -> Stylizer:
        """ModelError where it cannot be loaded."""
        if self._stylizer is None:
            self._stylizer = Stylizer(self._model, "cpu")
        return self._stylizer

    def add(self, source: Path, target: Path, name: str) -> None:
        """Keep a picture as a style, once it is known to be one."""
        picture = decode_picture(source.read_bytes(), quoted(name))
        kept = source.with_name(f"{source.name}{target.suffix}")
        try:
            with ImageSink(kept) as sink:
                sink.write(Frame(within(picture.over_white, _KEPT_SIDE), 0, Fraction(0)))
            self.stylizer.encoder.encode(read_image(kept), target.stem)
            kept.rename(target)
        finally:
            kept.unlink(missing_ok=True)

    def paint(self, style: str, picture: Path, target: Path) -> None:
        """Make a thumbnail."""
        image = read_image(picture)
        player = Player(Recipe((style,)), self.stylizer.encoder.find)
        painted = self.stylizer.stylize(image, player.look(0, image))
        longest = round(THUMBNAIL_WIDTH * max(1, painted.shape[0] / painted.shape[1]))
        with whole_file(target) as partial:
            partial.write_bytes(small_jpeg(painted, longest))


def main() -> int:
    """Do what comes, in its order; the model's name is the only argument."""
    say = begin_quietly()
    painter = _Painter(sys.argv[1])
    while (request := read_line(sys.stdin.buffer)) is not None:
        said = {name: str(value) for name, value in request.items()}
        failure = {}
        try:
            if "add" in said:
                painter.add(Path(said["add"]), Path(said["to"]), said["name"])
            else:
                painter.paint(said["paint"], Path(said["picture"]), Path(said["to"]))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one picture, the next may come
            failure = {"error": reason_of(error)}
        say({"number": request["number"]} | failure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
