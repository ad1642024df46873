"""`python -m bench.people [CLIP ...]`: what the mask of people costs, and how steady it is on clips with people.

Flicker is the mean change of the mask from frame to frame along its edge, there where the picture rests; the network's
plain answer, enlarged, is compared with `PersonMask`. Where the picture moves, the difference from a mask without memory
says how far it lags.
"""

import argparse
import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from streamstyle.errors import StreamstyleError
from streamstyle.frame import Image
from streamstyle.look.people.mask import PersonMask
from streamstyle.look.people.segmenter import Mask, SelfieSegmenter
from streamstyle.media.sources import open_source

_SIZES = ((640, 480), (1280, 720), (1920, 1080))
_REST, _MOVES = 5, 12  # levels of change from frame to frame
_MAX_FRAMES = 300
_MAGENTA = (255, 0, 255)


def costs(segmenter: SelfieSegmenter, rounds: int = 40) -> Table:
    """Milliseconds per frame at the usual sizes: median of `rounds`, and the least, which other programs disturb less."""
    table = Table("size", "network, ms", "least", "whole mask, ms", "least")
    noise = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)
    for width, height in _SIZES:
        image = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
        follower = PersonMask(segmenter.mask)
        spent: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):
            started = time.perf_counter()
            segmenter.mask(image)
            halfway = time.perf_counter()
            follower.follow(image)
            spent[0].append(halfway - started)
            spent[1].append(time.perf_counter() - halfway)
        table.add_row(
            f"{width}x{height}", *(f"{1000 * take(times):.1f}" for times in spent for take in (np.median, np.min))
        )
    return table


def steadiness(segmenter: SelfieSegmenter, frames: list[Image]) -> dict[str, tuple[float, float]]:
    """Way of making masks -> (flicker where the picture rests, lag where it moves), both of 1."""
    plain = [_enlarged(segmenter.mask(frame), frame) for frame in frames]
    places = [_places(before, after, mask) for (before, after), mask in zip(pairwise(frames), plain[1:], strict=True)]
    ways = {"plain network": plain}
    for name, memory in (("no memory", 0.0), ("PersonMask", 0.8)):
        follower = PersonMask(segmenter.mask, memory=memory)
        ways[name] = [follower.follow(frame) for frame in frames]
    figures = {}
    for name, masks in ways.items():
        flicker = [
            np.abs(after - before)[rest].mean() for (before, after), (rest, _) in zip(pairwise(masks), places, strict=True)
        ]
        lag = [
            np.abs(mask - now)[moves].mean()
            for mask, now, (_, moves) in zip(masks[1:], ways["no memory"][1:], places, strict=True)
            if moves.any()
        ]
        figures[name] = (float(np.nanmean(flicker)), float(np.mean(lag)) if lag and name != "plain network" else np.nan)
    return figures


def _places(before: Image, after: Image, mask: Mask) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Along the mask's edge: where the picture rests, and where it moves."""
    change = cv2.blur(cv2.absdiff(before, after).max(axis=2).astype(np.float32), (9, 9))
    edge = cv2.dilate(((mask > 0.1) & (mask < 0.9)).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return edge & (change < _REST), edge & (change > _MOVES)


def _enlarged(mask: Mask, frame: Image) -> Mask:
    return cv2.resize(mask, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)


def sheet(segmenter: SelfieSegmenter, frames: list[Image]) -> Image:
    """Frames through the clip: the frame, the plain network's person on magenta, `PersonMask`'s."""
    follower, rows = PersonMask(segmenter.mask), []
    for index, frame in enumerate(frames):
        mask = follower.follow(frame)
        if index % max(1, len(frames) // 3) == len(frames) // 6:
            masks = (_enlarged(segmenter.mask(frame), frame), mask)
            rows.append(np.hstack([frame, *(_on_magenta(frame, each) for each in masks)]))
    return np.vstack(rows)


def _on_magenta(frame: Image, mask: Mask) -> Image:
    shown = frame * mask[..., None] + np.array(_MAGENTA, np.float32) * (1 - mask[..., None])
    return shown.round().astype(np.uint8)


def main() -> int:
    """Print the tables; with --sheets, write a picture per clip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].split(": ")[1])
    parser.add_argument("clips", nargs="*", metavar="CLIP")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="write frames on magenta there")
    arguments = parser.parse_args()
    console = Console()
    try:
        segmenter = SelfieSegmenter()
        console.print(costs(segmenter))
        for clip in arguments.clips:
            with open_source(clip) as source:
                frames = [frame.image for frame, _ in zip(source, range(_MAX_FRAMES), strict=False)]
            table = Table("mask", "flicker at rest", "lag in motion", title=f"{Path(clip).name}, {len(frames)} frames")
            for way, (flicker, lag) in steadiness(segmenter, frames).items():
                table.add_row(way, f"{flicker:.4f}", "" if np.isnan(lag) else f"{lag:.4f}")
            console.print(table)
            if arguments.sheets:
                arguments.sheets.mkdir(parents=True, exist_ok=True)
                shown = cv2.cvtColor(sheet(segmenter, frames), cv2.COLOR_RGB2BGR)
                cv2.imwrite(str(arguments.sheets / f"{Path(clip).stem}.png"), shown)
    except StreamstyleError as error:
        console.print(f"error: {error}", style="red")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
