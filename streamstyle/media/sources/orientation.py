"""Turning frames upright as the file's display matrix says."""

import struct
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.sidedata.sidedata import SideData

from streamstyle.frame import Image


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight ways in which a picture can lie.

    Attributes:
        transpose: Rows become columns, before the flips.
        flip_x: Left and right change places.
        flip_y: Top and bottom change places.
    """

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def of(cls, frame: av.VideoFrame) -> "Orientation":
        """The orientation that a decoded frame asks for.

        Source: ISO/IEC 14496-12, track header matrix: x' = a x + c y, y' = b x + d y in 16.16 fixed point.
        """
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if not isinstance(matrix, SideData):
            return cls()
        a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix)[:36])
        if abs(b) + abs(c) > abs(a) + abs(d):
            return cls(transpose=True, flip_x=c < 0, flip_y=b < 0)
        return cls(flip_x=a < 0, flip_y=d < 0)

    def apply(self, image: Image) -> Image:
        """The upright picture or plane, contiguous; the same array where nothing is to be done."""
        turned = image.swapaxes(0, 1) if self.transpose else image
        return np.ascontiguousarray(turned[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1])

    def aspect(self, sample_aspect_ratio: Fraction) -> Fraction:
        """The pixel's width over height after turning."""
        return 1 / sample_aspect_ratio if self.transpose else sample_aspect_ratio
