"""Values as programs write them, checked as those of the command line are."""

import argparse
import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypedDict

import numpy as np

from streamstyle.errors import UsageError
from streamstyle.frame import Image
from streamstyle.look.options import recipe_of
from streamstyle.look.recipe import LOOK_FIELDS, ColorMode, Recipe, Strokes, TemporalMode
from streamstyle.look.timeline import Timeline, seconds_of
from streamstyle.look.values import size_argument
from streamstyle.styles.code import StyleCode

StyleLike = str | os.PathLike[str] | Image | StyleCode
"""A style: a built-in's name, the path of a picture or style file, a picture (H, W, 3) uint8 RGB, or a Style."""
Number = float | str | Timeline
"""A number, or one that changes over time: `0.8`, `"0@0,1@5"`, or a Timeline."""
Seconds = float | str | Fraction
"""`12.5`, `"1:02.5"` or `"1:02:03"`."""


class LookFields(TypedDict, total=False):
    """The fields of a look besides its styles; None, like a field that is left out, means the default or the file's value.

    Attributes:
        weights: One per style of a blend, 0 or more; equal by default.
        alpha: Strength in [0, 1]: one for all styles, or one per style; 1 by default.
        color: `style` for the painting's colors (default), `content` for the content's, `luma` for each pixel's own.
        color_strength: How far to go with `content` and `luma`, in [0, 1]; 1 by default.
        temporal: `on` (default) so that still pictures of a stream stay still, or `off`.
        grain: How much there is to paint with in flat places, in [0, 1]; 0.5 by default.
        faces: How firmly eyes and mouths are drawn, in [0, 1], so that faces stay legible; 0.5 by default. Needs the
            weights that find faces (`streamstyle install faces`); without them faces are painted like all else.
        style_size: Short side in pixels at which paintings are encoded: larger gives broader strokes; 256 by default.
        strokes: Size of the strokes on frames of any size: `fine`, `medium` (default), `bold`, or the short side in pixels
            at which they are painted.
        mask: Path of a picture or video that divides the frame between the styles: white is the first, black the last.
        feather: Softness of the mask's edges in pixels; a hundredth of the frame's short side by default.
        person: What people look like: `style` (default), `keep`, or a style of their own.
        background: The same for all that is not people.
    """

    weights: Number | Sequence[Number] | None
    alpha: Number | Sequence[Number] | None
    color: ColorMode | None
    color_strength: float | None
    temporal: TemporalMode | None
    grain: float | None
    faces: float | None
    style_size: int | None
    strokes: Strokes | int | None
    mask: str | os.PathLike[str] | None
    feather: float | None
    person: StyleLike | None
    background: StyleLike | None


def recipe_from(styles: Sequence[str], file: str | os.PathLike[str] | None, fields: Mapping[str, object]) -> Recipe:
    """The recipe that names and numbers ask for; what is given here wins over what the look file says.

    Args:
        styles: Names or paths.
        file: A look file, or None.
        fields: Those of LookFields.

    Raises:
        UsageError: A value is out of its range, the parts contradict each other, or the file cannot be used.
    """
    if unknown := fields.keys() - set(LOOK_FIELDS):
        raise TypeError(f"a look has no field '{min(unknown)}'; choose {', '.join(LOOK_FIELDS)}")
    options = argparse.Namespace(**dict.fromkeys(LOOK_FIELDS), look=None if file is None else Path(file))
    options.style = list(styles) or None
    for name, value in fields.items():
        if value is not None:
            setattr(options, name, _read(name, value))
    return recipe_of(options)


def _read(name: str, value: object) -> object:
    """A field's value of what a program gave for it."""
    known = LOOK_FIELDS[name]
    several = value if known.several and isinstance(value, Sequence) and not isinstance(value, str) else [value]
    try:
        values = [item if isinstance(item, Timeline) else known.parse(_text(item)) for item in several]
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from error
    return values if known.several else values[0]


def _text(value: object) -> str:
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def check_size(name: str, size: int | None) -> None:
    """See that a number of pixels lies in the range that the command line has for it; None passes.

    Raises:
        UsageError: It does not.
    """
    try:
        if size is not None:
            size_argument(str(size))
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{name}: {error}") from error


def exact(seconds: Seconds | None) -> Fraction | None:
    """A time in exact seconds: 0.1 is a tenth, not the nearest binary number.

    Raises:
        UsageError: It is no time, or a negative one.
    """
    if seconds is None or isinstance(seconds, Fraction):
        return seconds
    try:
        return seconds_of(str(seconds))
    except ValueError as error:
        raise UsageError(str(error)) from error


def checked_image(image: Image) -> Image:
    """The pixels, contiguous.

    Raises:
        UsageError: It is no picture of (H, W, 3) uint8.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        got = f"{image.shape} {image.dtype}" if isinstance(image, np.ndarray) else type(image).__name__
        raise UsageError(f"wanted a picture as an array of (height, width, 3) uint8 RGB, got {got}; see streamstyle.read")
    if image.size == 0:
        raise UsageError(f"wanted a picture with pixels, got {image.shape[1]}x{image.shape[0]}")
    return np.ascontiguousarray(image)
