"""What every source of frames promises."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import TracebackType
from typing import Self

from streamstyle.frame import Frame


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known about a source before the first frame.

    Attributes:
        name: What to call it in messages: a path or URL.
        width: Of the frames that it yields, after rotation, in pixels.
        height: Of the frames that it yields, after rotation, in pixels.
        is_still: True for a photo: one frame, without a clock.
        is_transparent: True for a photo that is transparent in places.
        exif: Of a photo: the EXIF block that a painting of it may bear; empty where nothing is known.
        is_live: True for a camera: frames come at their own pace, and one that is not taken in time is lost.
        frame_rate: Average frames per second, exact, or None where it is unknown.
        time_base: Unit of the frames' times in seconds; every `Frame.time` is a whole multiple of it.
        sample_aspect_ratio: Width over height of one pixel, after rotation.
        frame_count: How many frames it will yield, as far as the file says; an estimate, or None.
        duration: Seconds that it will play, as far as the file says; an estimate, or None.
        labels: What the file calls the picture's track: `language`, `title`, and `timecode` of the first frame.
    """

    name: str
    width: int
    height: int
    is_still: bool = False
    is_transparent: bool = False
    exif: bytes = b""
    is_live: bool = False
    frame_rate: Fraction | None = None
    time_base: Fraction = Fraction(1, 90_000)
    sample_aspect_ratio: Fraction = Fraction(1)
    frame_count: int | None = None
    duration: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


class Source(ABC):
    """Yields frames, in order, each exactly once.

    A source is opened by its constructor, which raises SourceError when it cannot be. Iterating reads it; it can be
    iterated once. `close()` may be called at any time, any number of times, also from another thread than the iterating
    one, which then stops at the next frame.

    Attributes:
        info: Known since the constructor.
        warnings: One line for each thing that the user should know (a damaged tail, say); grows while reading.
        has_sound: Whether there is a track of sound that can be decoded.
    """

    info: SourceInfo
    warnings: list[str]
    has_sound: bool = False

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """The frames.

        Raises:
            SourceError: Reading failed before any frame came.
        """

    @abstractmethod
    def close(self) -> None:
        """Release everything."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
