"""The conversions of video's colours: which places chroma stands for, and that they agree with swscale's."""

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, VideoReformatter

from streamstyle.frame import rgb_of
from streamstyle.media.libav import ACCURATE, picture_of, planes_of, source_matrix
from streamstyle.media.sinks.pixels import Pictures


def soft_noise(height, width, channels):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)


@pytest.mark.parametrize("levels", [ColorRange.MPEG, ColorRange.JPEG])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p"])
def test_planes_become_what_swscale_makes_of_them(pix_fmt, levels):
    frame = av.VideoFrame(64, 48, pix_fmt)
    frame.color_range = levels
    for plane, channel in zip(planes_of(frame), range(3), strict=True):
        plane[:] = soft_noise(*plane.shape, 3)[..., channel] // 2 + 64
    wanted = VideoReformatter().reformat(
        frame,
        format="gbrp",
        src_colorspace=source_matrix(frame),
        src_color_range=levels,
        dst_color_range="JPEG",
        interpolation=ACCURATE,
    )
    green, blue, red = planes_of(wanted)
    assert np.abs(rgb_of(picture_of(frame, 64, 48)).astype(int) - np.dstack([red, green, blue])).max() <= 3


def test_a_mirrored_picture_is_encoded_as_the_mirrored_planes():
    picture = soft_noise(48, 64, 3)
    mirrored = np.ascontiguousarray(picture[::-1, ::-1])
    planes = planes_of(Pictures(64, 48).of(picture, again=False))
    others = planes_of(Pictures(64, 48).of(mirrored, again=False))
    assert all((one == other[::-1, ::-1]).all() for one, other in zip(planes, others, strict=True))
    assert np.ptp(planes[1]) > 50


def test_a_picture_survives_being_encoded_and_decoded_again():
    """But for its finest colours; what is off by one chroma pixel would be far away."""
    picture = soft_noise(49, 65, 3)
    again = rgb_of(picture_of(Pictures(65, 49).of(picture, again=False), 65, 49))
    assert np.abs(again.astype(int) - picture).mean() < 3
