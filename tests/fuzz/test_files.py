"""Files of every kind with some bytes changed are read, or refused in one line; no other exception, no crash."""

import random
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image as Pillow

import streamstyle as st
from streamstyle.commands.main import build_parser
from streamstyle.frame import Frame
from streamstyle.look.look_file import read_recipe
from streamstyle.look.masks import MaskTrack
from streamstyle.look.toml_options import config_arguments
from streamstyle.media.sources.sound import FileSound, Round
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import CodeCache, read_style, save_style
from tests.clips import Audio, make_clip, pattern
from tests.fuzz import SECONDS, refusal

SHORT = 12
"""Changed files of each kind in a short run."""


def make_photo(path: Path) -> None:
    picture = Pillow.fromarray(pattern(0, 64, 48))
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned
    if path.suffix == ".heic":
        picture.putalpha(128)
        pillow_heif.from_pillow(picture).save(path, exif=exif.tobytes())
        return
    picture.save(path, exif=exif)


def make_animation(path: Path) -> None:
    first, *others = [Pillow.fromarray(pattern(index, 32, 24)) for index in range(3)]
    first.save(path, save_all=True, append_images=others, duration=100)


def make_video(path: Path) -> None:
    make_clip(path, frames=6, width=64, height=48, audio=[Audio(seconds=0.6)])


def make_broadcast(path: Path) -> None:
    make_clip(path, frames=6, width=64, height=48, codec="mpeg2video", audio=[Audio("mp2", seconds=0.6)])


def make_config(path: Path) -> None:
    path.write_text('style = ["kiss", "scream"]\nweights = ["1", "2@0,1@0:05.5"]\nsize = 200\noverwrite = true\n')


def make_look(path: Path) -> None:
    path.write_text('style = ["kiss", "scream"]\nweights = ["1@0,0@5", "0@0,1@0:05.5"]\nalpha = 0.5\ncolor = "luma"\n')


def make_style(path: Path) -> None:
    save_style(path, StyleCode("kiss", "1", {"x_mean": np.ones((1, 4, 1, 1), np.float32)}))


def play(path: Path) -> None:
    with st.open_source(path) as source:
        for _ in source:
            pass


def read_photo(path: Path) -> None:
    st.read(path)


def read_code(path: Path) -> None:
    read_style(path, "1")


def read_cached_code(path: Path) -> None:
    CodeCache(path.parent).get(path.stem, "kiss", "1")


def read_config(path: Path) -> None:
    config_arguments(path, build_parser().commands()["video"])


def open_mask(path: Path) -> None:
    mask = MaskTrack(str(path), 2)
    for seconds in (0, 0.1, 0.3):
        mask.at(seconds, 24, 32)
    mask.close()


def hear(path: Path) -> None:
    list(
        FileSound(str(path), [Round(Fraction(0), Fraction(0))], Fraction(0)).until(
            Frame(np.zeros((1, 1, 3), np.uint8), 0, Fraction(1))
        )
    )


KINDS = {
    "a.png": (make_photo, read_photo),
    "a.jpg": (make_photo, read_photo),
    "a.webp": (make_photo, read_photo),
    "a.tiff": (make_photo, read_photo),
    "a.heic": (make_photo, read_photo),
    "a.avif": (make_photo, read_photo),
    "a.bmp": (lambda path: Pillow.fromarray(pattern(0, 64, 48)).save(path), read_photo),
    "a.gif": (make_animation, play),
    "moving.webp": (make_animation, play),
    "a.mp4": (make_video, play),
    "a.mkv": (make_video, play),
    "a.ts": (make_broadcast, play),
    "sound.mov": (make_video, hear),
    "mask.mp4": (make_video, open_mask),
    "a.style.npz": (make_style, read_code),
    "cached.npz": (make_style, read_cached_code),
    "config.toml": (make_config, read_config),
    "look.toml": (make_look, read_recipe),
}


def changed(data: bytes, rng: random.Random) -> bytes:
    """With one to eight changes, most of them near the front, where the headers are."""
    changing = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        place = int(len(changing) * rng.random() ** rng.choice([1, 4]))
        length = rng.choice([1, 1, 2, 4, 40])
        what = rng.random()
        if what < 0.4:
            changing[place : place + length] = rng.randbytes(length)
        elif what < 0.6:
            changing[place : place + length] = rng.choice([b"\x00", b"\xff", b"\x7f", b"\x80"]) * length
        elif what < 0.7:
            del changing[place : place + length]
        elif what < 0.8:
            changing[place:place] = changing[place : place + length]
        elif what < 0.9:
            del changing[place:]
        else:
            other = rng.randrange(len(changing) + 1)
            changing[place:place] = changing[other : other + length]
    return bytes(changing)


@pytest.mark.parametrize("name", KINDS)
def test_a_changed_file_is_read_or_refused_in_one_line(tmp_path, name):
    make, read = KINDS[name]
    path = tmp_path / name
    make(path)
    read(path)
    data, end, count = path.read_bytes(), time.monotonic() + SECONDS, 0
    seed = time.time_ns() if SECONDS else 0
    while count < SHORT or time.monotonic() < end:
        path.write_bytes(changed(data, random.Random(seed + count)))
        try:
            words = refusal(lambda: read(path))
        except Exception as error:
            raise AssertionError(f"{path} (seed {seed + count}) is refused in no words of ours") from error
        assert "\n" not in words, f"seed {seed + count}"
        count += 1
