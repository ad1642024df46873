"""How still a system's videos are, compared with the input's own changes."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.measures.temporal import Correspondence, adjacent_difference, background_jump, sharpness, warping_error
from evaluation.temporal_report import read_clip
from streamstyle.errors import SourceError
from streamstyle.frame import Image
from streamstyle.media.sources import open_source

SUFFIXES = {".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v"}
SETTLED = 4
"""Frames that are not judged: the first ones have no past to lean on."""
_REST = 10
"""Levels within which a pixel, a little smoothed, stays where nothing moves."""
_LEAST_REST = 0.02


@dataclass(frozen=True, slots=True)
class Footage:
    """A part of a video and where its pixels were before.

    Attributes:
        name: The file's, without its ending.
        checksum: Of the file.
        frames: (H, W, 3) uint8 RGB each.
        motion: One per frame but the first.
        rest: (H, W): what never moves in the input; None where that is next to nothing.
    """

    name: str
    checksum: str
    frames: list[Image]
    motion: list[Correspondence]
    rest: NDArray[np.bool_] | None


def find_clips(folder: Path) -> list[Path]:
    """The videos in a folder, by name.

    Raises:
        SourceError: There is no such folder, or no video in it.
    """
    if not folder.is_dir():
        raise SourceError(f"wanted a folder of clips, but there is no '{folder}'; check the name")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not found:
        raise SourceError(f"'{folder}' holds no clips; wanted {', '.join(sorted(SUFFIXES))}")
    return found


def checksum(path: Path) -> str:
    """Of a file, short."""
    return f"{zlib.crc32(path.read_bytes()):08x}"


def middle(path: Path, count: int) -> Fraction:
    """The second from which so many frames lie in a video's middle: openings are often black, endings credits."""
    with open_source(str(path)) as source:
        duration, rate = source.info.duration, source.info.frame_rate
    if duration is None or not rate:
        return Fraction(0)
    return max(Fraction(0), Fraction(round(1000 * (duration / 2 - count / 2 / float(rate))), 1000))


def footage(path: Path, start: Fraction | None, count: int, size: int) -> Footage:
    """Read so many frames.

    Args:
        path: A video.
        start: Second of the first frame; None for the video's middle.
        count: Of frames, more than SETTLED + 1.
        size: Short side in pixels.

    Raises:
        SourceError: It cannot be read, or has not so many frames.
    """
    start = middle(path, count) if start is None else start
    clip = read_clip(str(path), start, count, size)
    if len(clip.frames) < SETTLED + 2:
        raise SourceError(f"'{path}' has {len(clip.frames)} frames from second {float(start):g} on; wanted {SETTLED + 2}")
    return Footage(path.stem, checksum(path), clip.frames, clip.motion, resting(clip.frames))


def resting(frames: Sequence[Image]) -> NDArray[np.bool_] | None:
    """(H, W): where the input, a little smoothed, never leaves what it was in the first frame."""
    smooth = [cv2.GaussianBlur(frame, (0, 0), 2).astype(np.int16) for frame in frames]
    away = np.max([np.abs(frame - smooth[0]).max(axis=2) for frame in smooth[1:]], axis=0)
    rests: NDArray[np.bool_] = away < _REST
    return rests if rests.mean() >= _LEAST_REST else None


def unrest(frames: Sequence[Image], clip: Footage) -> dict[str, float]:
    """Ew, jump, adjacent difference and sharpness of frames, stylized or not, along the input's motion."""
    pairs = list(zip(pairwise(frames), clip.motion, strict=True))[SETTLED:]
    judged = frames[SETTLED:]
    figures = {
        "Ew": 1000 * float(np.mean([warping_error(*pair, motion) for pair, motion in pairs])),
        "adjacent": 1000 * adjacent_difference(judged),
        "sharpness": float(np.mean([sharpness(frame) for frame in judged])),
    }
    if clip.rest is not None:
        figures["jump"] = background_jump(judged, clip.rest)
    return figures


def judge(stylized: Sequence[Image], clip: Footage) -> dict[str, float]:
    """Figures of metrics.CLIP_METRICS."""
    own = unrest(clip.frames, clip)
    return unrest(stylized, clip) | {f"{key}_input": value for key, value in own.items() if key != "sharpness"}
