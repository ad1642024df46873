"""What the shipped weights painted when they were last accepted, as small PNGs beside this file."""

from pathlib import Path

import cv2
import numpy as np

import streamstyle as st
from streamstyle.frame import Image
from streamstyle.paint.stylizer import Stylizer
from tests.looks import plain

FOLDER = Path(__file__).parent
STYLES = 6
WIDTH, HEIGHT = 160, 120


def photo() -> Image:
    """A sky that fades towards the horizon, hills, grass, and a face."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    fade = (y / HEIGHT)[..., None]
    picture = (1 - fade) * (70, 120, 200) + fade * (225, 230, 235)
    picture[y > 62 + 7 * np.sin(x / 17)] = (85, 100, 120)
    grass = y > 82 + 4 * np.sin(x / 9 + 1)
    blades = np.random.default_rng(0).normal(0, 22, (HEIGHT, WIDTH, 1))
    picture = np.where(grass[..., None], (70, 110, 50) + cv2.GaussianBlur(blades, (1, 5), 0)[..., None], picture)
    canvas = np.ascontiguousarray(picture.clip(0, 255).astype(np.uint8))
    cv2.ellipse(canvas, (100, 62), (24, 32), 0, 0, 360, (70, 45, 35), -1, cv2.LINE_AA)  # hair
    cv2.ellipse(canvas, (100, 67), (20, 26), 0, 0, 360, (222, 178, 152), -1, cv2.LINE_AA)
    for eye in (92, 108):
        cv2.ellipse(canvas, (eye, 62), (4, 2), 0, 0, 360, (250, 250, 250), -1, cv2.LINE_AA)
        cv2.circle(canvas, (eye, 62), 2, (50, 40, 40), -1, cv2.LINE_AA)
    cv2.line(canvas, (100, 65), (98, 73), (180, 130, 110), 1, cv2.LINE_AA)
    cv2.ellipse(canvas, (100, 81), (8, 3), 0, 0, 180, (170, 70, 75), 2, cv2.LINE_AA)
    return cv2.GaussianBlur(canvas, (3, 3), 0)


def stripes() -> Image:
    """A painting that no model knows: thick bands in three colors."""
    y, x = np.mgrid[0:96, 0:128]
    bands = (x + 12 * np.sin(y / 10)).astype(int) // 8 % 3
    return np.array([(200, 60, 40), (245, 220, 150), (30, 70, 90)], np.uint8)[bands]


def paint(stylizer: Stylizer) -> dict[str, Image]:
    """The photo in styles from all over the list of built-in ones, and in the stripes: name -> by the network alone."""
    names = stylizer.encoder.builtin.names()
    codes = [stylizer.encoder.find(names[index * len(names) // STYLES]) for index in range(STYLES)]
    codes.append(stylizer.encoder.encode(stripes(), "stripes"))
    return {code.name: stylizer.stylize(photo(), plain(code)) for code in codes}


def stored() -> dict[str, Image]:
    """Name -> picture."""
    return {path.stem: st.read(path) for path in sorted(FOLDER.glob("*.png"))}


def store(pictures: dict[str, Image]) -> None:
    """In place of those that are there."""
    for path in FOLDER.glob("*.png"):
        path.unlink()
    for name, picture in pictures.items():
        st.save(FOLDER / f"{name}.png", picture)
