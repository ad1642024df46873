"""Photos, and pictures that move, as sources of frames."""

import itertools
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from streamstyle.errors import SourceError
from streamstyle.frame import Frame, Image
from streamstyle.media.damage import CUT_SHORT, completed
from streamstyle.media.pictures import Picture, open_animation, read_picture
from streamstyle.media.places import quoted, read_bytes
from streamstyle.media.resize import over_white
from streamstyle.media.sources.base import Source, SourceInfo

# Browsers show a frame of no length, or next to none, for a tenth of a second.
_SHORTEST_MS, _USUAL_MS = 11, 100


class ImageSource(Source):
    """One photo: one frame at time zero."""

    def __init__(self, place: str, *, keep_alpha: bool = False) -> None:
        """Decode a photo.

        Args:
            place: A path or an address of the web.
            keep_alpha: Give transparency with the frame, instead of laying the photo over white.

        Raises:
            SourceError: As read_picture.
        """
        picture = read_picture(place)
        self._picture: Picture | None = picture
        self._keep_alpha = keep_alpha
        height, width = picture.color.shape[:2]
        self.info = SourceInfo(
            place, width, height, is_still=True, is_transparent=picture.alpha is not None, exif=picture.exif, frame_count=1
        )
        self.warnings = list(picture.warnings)

    def __iter__(self) -> Iterator[Frame]:
        """The photo."""
        picture, self._picture = self._picture, None
        if picture is not None and self._keep_alpha:
            yield Frame(picture.color, 0, Fraction(0), captured_at=time.monotonic(), alpha=picture.alpha)
        elif picture is not None:
            yield Frame(picture.over_white, 0, Fraction(0), captured_at=time.monotonic())

    def close(self) -> None:
        """Let go of the pixels."""
        self._picture = None


class AnimationSource(Source):
    """A picture that moves, of a kind that libav does not read: frames at their times, over white."""

    def __init__(self, place: str, start: Fraction | None = None, end: Fraction | None = None) -> None:
        """Open it and decode its first frame.

        Args:
            place: A path or an address of the web.
            start: Seconds from its beginning; what is over by then is left out.
            end: Seconds from its beginning; this and later frames are left out.

        Raises:
            SourceError: It cannot be read, or ends before `start`; or `end` is not after `start`.
        """
        if end is not None and end <= (start or 0):
            raise SourceError(
                f"wanted an end after the start, got {float(start or 0):g} s to {float(end):g} s; set a later end"
            )
        self._name = quoted(place)
        data = read_bytes(place)
        self._file: Any = open_animation(data, self._name)
        self.warnings = [] if completed(data) is data else [CUT_SHORT.format(self._name)]
        self._frames = self._decode(start or Fraction(0), end)
        self._first = next(self._frames, None)
        if self._first is None:
            why = f"ends before --start {float(start):g} s; begin earlier" if start else "shows no frame that can be read"
            raise SourceError(f"{self._name} {why}")
        length, count = self._first.duration, self._count()
        self.info = SourceInfo(
            place,
            self._file.size[0],
            self._file.size[1],
            frame_rate=1 / length if length else None,
            time_base=Fraction(1, 1000),
            frame_count=count if start is None and end is None else None,
        )

    def __iter__(self) -> Iterator[Frame]:
        """The frames."""
        first, self._first = self._first, None
        if first is not None and self._file is not None:
            yield first
            yield from self._frames

    def close(self) -> None:
        """Stop at the next frame."""
        self._file = None

    def _count(self) -> int | None:
        try:
            return int(getattr(self._file, "n_frames", 1))
        except Exception:  # noqa: BLE001 - Pillow reads the whole file for it, which may be damaged
            self._tell_cut_short()
            return None

    def _decode(self, start: Fraction, end: Fraction | None) -> Iterator[Frame]:
        moment, index = Fraction(0), 0
        for number in itertools.count():
            shown = self._file and self._shown(number)
            if not shown or (end is not None and moment >= end):
                return
            image, duration = shown
            if moment >= start:
                yield Frame(image, index, moment, duration, time.monotonic())
                index += 1
            moment += duration

    def _tell_cut_short(self) -> None:
        line = CUT_SHORT.format(self._name)
        self.warnings += [line] * (line not in self.warnings)

    def _shown(self, number: int) -> tuple[Image, Fraction] | None:
        try:
            self._file.seek(number)
        except EOFError:  # there are no more
            return None
        except Exception:  # noqa: BLE001 - decoders of foreign bytes raise whatever they like
            self._tell_cut_short()
            return None
        try:
            rgba = np.asarray(self._file.convert("RGBA"))
            length = self._file.info.get("duration") or 0
        except Exception:  # noqa: BLE001 - decoders of foreign bytes raise whatever they like
            self._tell_cut_short()
            return None
        color, alpha = np.ascontiguousarray(rgba[:, :, :3]), np.ascontiguousarray(rgba[:, :, 3])
        if alpha.min() < 255:
            color = over_white(color, alpha)
            line = f"transparent parts of {self._name} are laid over white"
            self.warnings += [line] * (line not in self.warnings)
        return color, Fraction(round(length if length >= _SHORTEST_MS else _USUAL_MS), 1000)
