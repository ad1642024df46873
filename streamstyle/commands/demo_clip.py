"""The clip of the demo: a camera that moves towards a portrait, with a chord to hear."""

import math
import tempfile
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamstyle.frame import Frame, Image
from streamstyle.media.pictures import read_image
from streamstyle.media.sinks import open_sink
from streamstyle.media.sources.base import SourceInfo
from streamstyle.styles.sample import SAMPLE

_SIDE, _RATE, _SECONDS = 480, 24, 2.5
_FACE = (0.45, 0.22)
"""The face, which the camera moves towards, as shares of width and height."""
_CLOSE = 0.62
"""Share of the picture's width and height that is in view at the end."""
_SOUND_RATE = 44_100
_CHORD = (261.63, 329.63, 392.0, 523.25)


def write_demo_clip(path: Path, *, overwrite: bool = False) -> None:
    """Write it as a video of 2.5 s and 480x480 pixels.

    Raises:
        SinkError: It cannot be written, or exists and may not be replaced.
    """
    info = SourceInfo(str(SAMPLE), _SIDE, _SIDE, frame_rate=Fraction(_RATE), time_base=Fraction(1, _RATE))
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "chord.wav"
        _write_chord(sound)
        with open_sink(path, info=info, width=_SIDE, height=_SIDE, companion=str(sound), overwrite=overwrite) as sink:
            for index, image in enumerate(_pictures()):
                sink.write(Frame(image, index, Fraction(index, _RATE)))


def _pictures() -> Iterator[Image]:
    photo = read_image(SAMPLE)
    height, width = photo.shape[:2]
    count = round(_SECONDS * _RATE)
    for index in range(count):
        way = 0.5 - 0.5 * math.cos(math.pi * index / (count - 1))
        seen = min(width, height) * (1 + way * (_CLOSE - 1))
        left = way * min(max(_FACE[0] * width - seen / 2, 0), width - seen)
        top = way * min(max(_FACE[1] * height - seen / 2, 0), height - seen)
        scale = _SIDE / seen
        matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
        moved = cv2.warpAffine(photo, matrix, (_SIDE, _SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(moved, np.uint8)


def _write_chord(path: Path) -> None:
    """Notes that come one after the other, and fade."""
    times = np.arange(round(_SECONDS * _SOUND_RATE)) / _SOUND_RATE
    sound = np.zeros_like(times)
    for number, pitch in enumerate(_CHORD):
        since = times - 0.3 * number
        sound += np.where(since > 0, np.sin(2 * np.pi * pitch * since) * np.exp(-2 * np.maximum(since, 0)), 0)
    sound *= 0.2 * np.clip((_SECONDS - times) / 0.3, 0, 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_SOUND_RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
