"""What a style is tuned on: pictures of the user's, or those that the program has."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction

from streamstyle.errors import SourceError
from streamstyle.frame import Image
from streamstyle.media.pictures import read_image
from streamstyle.media.places import quoted
from streamstyle.media.resize import within
from streamstyle.media.sources import expand_inputs, open_source
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.styles.sample import SAMPLE

SHORT_SIDE = 512
"""Pixels to which larger pictures are reduced."""
MOST = 48
FRAMES_PER_VIDEO = 12
_SMALLEST = 64
_DRAWN = 8
_DRAWN_SIZE = (480, 360)


def user_photos(names: Sequence[str]) -> tuple[list[Image], list[str]]:
    """Read what the user has: photos, frames from all over a video, folders of them.

    Args:
        names: As named; of a folder with many, MOST pictures are taken, evenly.

    Returns:
        (H, W, 3) uint8 RGB each, short side at most SHORT_SIDE; and why others are left out, a line each.

    Raises:
        SourceError: A folder has nothing to offer, or nothing that is named can be used.
    """
    files = expand_inputs(list(names))
    if len(files) > MOST:
        files = [files[index * len(files) // MOST] for index in range(MOST)]
    photos: list[Image] = []
    problems: list[str] = []
    for name in files:
        try:
            read = [within(image, SHORT_SIDE) for image in _frames(name)]
        except SourceError as error:
            problems.append(f"left out: {error}")
            continue
        usable = [image for image in read if min(image.shape[:2]) >= _SMALLEST]
        if not usable:
            problems.append(f"left out: {quoted(name)} is smaller than {_SMALLEST}x{_SMALLEST} pixels")
        photos += usable
    if not photos:
        if len(problems) == 1:
            raise SourceError(problems[0].removeprefix("left out: "))
        raise SourceError(f"none of the {len(files)} files after --photos can be used; name photos or a video")
    return photos[:: max(1, len(photos) // MOST)][:MOST], problems


def usual_photos() -> list[Image]:
    """What the program has: a portrait, and landscapes that it draws; (H, W, 3) uint8 RGB each."""
    width, height = _DRAWN_SIZE
    return [within(read_image(SAMPLE), SHORT_SIDE)] + [
        next(iter(SyntheticSource(width, height, frames=1, seed=seed))).image for seed in range(_DRAWN)
    ]


def _frames(name: str) -> Iterator[Image]:
    """A photo, or frames from all over a video."""
    with open_source(name) as source:
        duration = 0.0 if source.info.is_still else source.info.duration or 0.0
        yield next(iter(source)).image
    for index in range(1, FRAMES_PER_VIDEO if duration > FRAMES_PER_VIDEO / 2 else 1):
        start = Fraction(duration * index / FRAMES_PER_VIDEO).limit_denominator(1000)
        with suppress(SourceError), open_source(name, start=start) as source:  # a cut one ends before it says
            yield next(iter(source)).image
