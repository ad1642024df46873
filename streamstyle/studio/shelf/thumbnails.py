"""Styles shown on the user's own picture: small paintings that are made one by one, beside everything else."""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from streamstyle import __version__
from streamstyle.errors import StreamstyleError
from streamstyle.frame import Image
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.media.whole import whole_file
from streamstyle.studio.shelf.job_process import small_jpeg
from streamstyle.studio.shelf.painter import Painter

_PICTURE_SIDE = 480
"""Longest side in pixels of the picture that is painted; strokes are as on a frame of a camera."""
_SAMPLE = 0
"""Number of the picture that is taken before there is one of the user's."""


class Thumbnails:
    """The thumbnails on the disk: one picture at a time, and what each style makes of it. For the event loop."""

    def __init__(self, folder: Path, painter: Painter, painted: Callable[[str, int], None]) -> None:
        """Take up what is there.

        Args:
            folder: Of all thumbnails; made where it is missing.
            painter: Paints.
            painted: Called with the name of a style and the number of the picture when its thumbnail is there.

        Raises:
            OSError: The folder cannot be written.
        """
        folder.mkdir(exist_ok=True, mode=0o700)
        self._folder, self._painter, self._painted = folder, painter, painted
        numbers = [int(found[1]) for path in folder.iterdir() if (found := re.fullmatch(r"picture-(\d+)\.jpg", path.name))]
        self.number = max(numbers, default=_SAMPLE)
        self._work: asyncio.Task[None] | None = None
        self._wanted: dict[str, str] = {}
        self._failed: set[Path] = set()
        if not self._picture.is_file():
            sample = next(iter(SyntheticSource(_PICTURE_SIDE, _PICTURE_SIDE * 9 // 16, frames=1))).image
            self._keep_picture(sample, self.number)

    def find(self, style: str) -> tuple[Path, int]:
        """The newest thumbnail of a style and the number of its picture; before there is one, the picture itself.

        Args:
            style: Its name or the path of its file: what can be painted in.
        """
        key = _key(style)
        numbers = [int(path.stem.partition("-")[2]) for path in self._folder.glob(f"{key}-*.jpg")]
        if not numbers:
            return self._picture, _SAMPLE
        return self._place(key, max(numbers)), max(numbers)

    def take(self, image: Image) -> None:
        """Take a new picture for all styles; `paint` then paints them.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            OSError: It cannot be kept.
        """
        before, number = self._picture, max(int(time.time() * 1000), self.number + 1)
        self._keep_picture(image, number)
        self.number = number
        before.unlink(missing_ok=True)
        self._failed.clear()

    def paint(self, styles: Iterable[tuple[str, str]]) -> None:
        """Have the thumbnails painted that are missing.

        Args:
            styles: Name and what is painted in, of each style, in the order in which they are wanted.
        """
        self._wanted = {name: style for name, style in styles if not self._is_there(style)}
        if self._wanted and (self._work is None or self._work.done()):
            self._work = asyncio.create_task(self._paint_all())

    async def close(self) -> None:
        """Stop painting."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    def forget(self, style: str) -> None:
        """Remove those of a style."""
        for path in self._folder.glob(f"{_key(style)}-*.jpg"):
            path.unlink(missing_ok=True)

    @property
    def _picture(self) -> Path:
        return self._picture_of(self.number)

    def _picture_of(self, number: int) -> Path:
        return self._folder / f"picture-{number}.jpg"

    def _place(self, key: str, number: int) -> Path:
        return self._folder / f"{key}-{number}.jpg"

    def _is_there(self, style: str) -> bool:
        place = self._place(_key(style), self.number)
        return place in self._failed or place.is_file()

    def _keep_picture(self, image: Image, number: int) -> None:
        with whole_file(self._picture_of(number)) as partial:
            partial.write_bytes(small_jpeg(image, _PICTURE_SIDE))

    async def _paint_all(self) -> None:
        while self._wanted:
            name, style = next(iter(self._wanted.items()))
            del self._wanted[name]
            number, place = self.number, self._place(_key(style), self.number)
            if self._is_there(style):
                continue
            try:
                await self._painter.ask(paint=style, picture=str(self._picture), to=str(place))
            except StreamstyleError:
                self._failed.add(place)  # a style of another model, say; its picture stays as it is
                continue
            for path in self._folder.glob(f"{_key(style)}-*.jpg"):
                if path != place:
                    path.unlink(missing_ok=True)
            self._painted(name, number)


def _key(style: str) -> str:
    """How the files of a style are called: another program or another file of the same name has other ones."""
    try:
        changed = Path(style).stat().st_mtime_ns
    except (OSError, ValueError):
        changed = 0
    return hashlib.sha256(f"{__version__} {style} {changed}".encode()).hexdigest()[:24]
