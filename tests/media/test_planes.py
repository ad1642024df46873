"""The conversions of video's colours: which places chroma stands for, and that they agree with swscale's."""

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, VideoReformatter

from streamstyle.frame import Planes, rgb_of
from streamstyle.media.enlarge import enlarge
from streamstyle.media.libav import ACCURATE, picture_of, planes_of, source_matrix
from streamstyle.media.resize import within
from streamstyle.media.sinks.pixels import Pictures
from streamstyle.media.yuv import OF_ENCODED


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


def as_planes(picture, pix_fmt="yuv420p", levels=ColorRange.MPEG):
    """A picture as a file of that format gives it."""
    height, width = picture.shape[:2]
    frame = VideoReformatter().reformat(
        av.VideoFrame.from_ndarray(picture, "rgb24"),
        format=pix_fmt,
        dst_colorspace=source_matrix(av.VideoFrame(width, height)),
    )
    frame.color_range = levels
    return picture_of(frame, width, height)


def test_planes_as_they_are_encoded_reach_the_encoder_as_they_are():
    first = planes_of(Pictures(64, 48).of(soft_noise(48, 64, 3), again=False))
    again = planes_of(Pictures(64, 48).of(Planes(*first, OF_ENCODED), again=False))
    assert all((one == other).all() for one, other in zip(first, again, strict=True))


def test_planes_in_other_colors_are_converted_for_the_encoder():
    picture = soft_noise(48, 64, 3)
    planes = as_planes(picture)
    assert planes.to_rgb is not OF_ENCODED
    written = rgb_of(picture_of(Pictures(64, 48).of(planes, again=False), 64, 48))
    assert np.abs(written.astype(int) - planes.rgb).mean() < 3


@pytest.mark.parametrize("short", [20, 60, 90])
def test_planes_get_smaller_as_their_rgb_does(short):
    planes = as_planes(soft_noise(120, 160, 3))
    small = within(planes, short)
    assert small.shape == (short, round(160 * short / 120), 3)
    assert np.abs(small.rgb.astype(int) - within(planes.rgb, short)).mean() < 2


@pytest.mark.parametrize("times", [1.5, 3.6, 7])
@pytest.mark.parametrize("levels", [ColorRange.MPEG, ColorRange.JPEG])
def test_planes_are_enlarged_as_rgb_is(times, levels):
    """Edges of the content come back alike: what is enlarged without them is several times as far away."""
    side = round(60 * times) // 2 * 2
    content = np.full((side, side, 3), 60, np.uint8)
    cv2.rectangle(content, (side // 3, side // 4), (side // 2, side - 9), (220, 180, 90), -1)
    planes = as_planes(content, "yuv420p" if levels == ColorRange.MPEG else "yuvj420p", levels)
    small = within(planes, 60)
    painted = small.rgb // 2 + 40
    wanted = enlarge(painted, small.rgb, planes.rgb).astype(int)
    result = enlarge(painted, small, planes)
    assert isinstance(result, Planes)
    plain = cv2.resize(painted, (side, side), interpolation=cv2.INTER_LINEAR).astype(int)
    apart, plainly = (np.square(picture.mean(axis=2) - wanted.mean(axis=2)).mean() for picture in (result.rgb, plain))
    assert apart < 1
    assert apart < 0.25 * plainly


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p"])
def test_mirrored_planes_are_the_mirrored_picture(pix_fmt):
    planes = as_planes(soft_noise(48, 64, 3), pix_fmt)
    mirrored = planes.each(lambda plane: np.ascontiguousarray(plane[:, ::-1]))
    assert np.abs(mirrored.rgb.astype(int) - planes.rgb[:, ::-1]).max() <= 1
    assert np.abs(planes.rgb.astype(int) - planes.rgb[:, ::-1]).mean() > 5
