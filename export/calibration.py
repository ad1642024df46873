"""Inputs of the stylize graph that int8 graphs are calibrated and checked on: photos and frames in styles."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from streamstyle.media.sources import open_source
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import BuiltinStyles
from training.data import SUFFIXES, is_held_out, opened_tar

STRONG = ("starry-night", "composition", "kiss")
FRAME = 30
SIZE = (360, 640)
STYLE_SIDE = 256

Picture = NDArray[np.uint8]
Feeds = dict[str, NDArray[Any]]


def pictures(path: Path, count: int, seed: int, *, held_out: bool) -> list[Picture]:
    """Some pictures of a folder or tar, chosen by the seed: (H, W, 3) uint8 RGB each.

    Raises:
        ValueError: There are too few, or the tar is broken.
    """
    if path.is_dir():
        found = {file.name: file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES}
        data = {name: file.read_bytes() for name, file in _chosen(found, count, seed, held_out).items()}
    elif path.is_file():
        with opened_tar(path) as archive:
            members = {Path(m.name).name: m for m in archive if m.isfile() and Path(m.name).suffix.lower() in SUFFIXES}
            data = {}
            for name, member in _chosen(members, count, seed, held_out).items():
                body = archive.extractfile(member)
                assert body is not None  # a regular member always has one
                data[name] = body.read()
    else:
        raise ValueError(f"wanted a folder or tar of images, but there is no '{path}'")
    decoded = [cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR) for body in data.values()]
    found_pictures = [np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8) for bgr in decoded if bgr is not None]
    if len(found_pictures) < count:
        raise ValueError(f"wanted {count} readable images in '{path}', got {len(found_pictures)}")
    return found_pictures


def _chosen(found: dict[str, Any], count: int, seed: int, held_out: bool) -> dict[str, Any]:
    names = [name for name in sorted(found) if is_held_out(name) == held_out]
    picked = np.random.default_rng(seed).permutation(len(names))[:count]
    return {names[index]: found[names[index]] for index in picked}


def cropped(picture: Picture, size: tuple[int, int] = SIZE) -> Picture:
    """Scaled and cropped at the center to (height, width)."""
    height, width = size
    scale = max(height / picture.shape[0], width / picture.shape[1])
    shape = max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale))
    resized = cv2.resize(picture, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (resized.shape[0] - height) // 2, (resized.shape[1] - width) // 2
    return np.ascontiguousarray(resized[top : top + height, left : left + width]).astype(np.uint8)


def pairs(contents: Path, styles: Path, style_graph: Path, count: int, seed: int, *, held_out: bool) -> list[Feeds]:
    """Inputs of the stylize graph: photos, each in a style of its own at full strength."""
    session = onnxruntime.InferenceSession(style_graph, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    feeds: list[Feeds] = []
    for photo, painting in zip(
        pictures(contents, count, seed, held_out=held_out), pictures(styles, count, seed, held_out=held_out), strict=True
    ):
        scale = STYLE_SIDE / min(painting.shape[:2])
        small = cv2.resize(painting, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        code: Feeds = dict(zip(names, session.run(None, {"style": small[None]}), strict=True))
        feeds.append({"content": cropped(photo)[None], "alpha": np.ones((1, 1, 1, 1), np.float32), **code})
    return feeds


def frames(clips: Sequence[Path], styles: BuiltinStyles) -> list[Feeds]:
    """What is hard: a frame of each video, and a plain gray one, in three strong built-in styles."""
    images = [np.full((*SIZE, 3), 120, np.uint8)]
    for clip in clips:
        with open_source(str(clip)) as source:
            images.append(cropped(next(itertools.islice(iter(source), FRAME, None)).image))
    return [_feeds(image, styles.code(name)) for image in images for name in STRONG if name in styles.names()]


def in_built_in_styles(contents: Path, styles: BuiltinStyles, seed: int) -> list[Feeds]:
    """Photos for training, each in another built-in style: their codes are not the encoder's (export.builtin_styles)."""
    photos = pictures(contents, len(styles.names()), seed, held_out=False)
    return [_feeds(cropped(photo), styles.code(name)) for photo, name in zip(photos, styles.names(), strict=True)]


def _feeds(image: Picture, code: StyleCode) -> Feeds:
    """One picture at full strength."""
    return {"content": image[None], "alpha": np.ones((1, 1, 1, 1), np.float32), **code.tensors}
