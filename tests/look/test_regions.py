import cv2
import numpy as np
import pytest

from streamstyle.errors import UsageError
from streamstyle.look.masks import MaskTrack, join, masks_of, soften
from streamstyle.media.sinks import open_sink
from streamstyle.media.sources.synthetic import SyntheticSource


def gray(levels):
    return np.repeat(np.array([levels], np.uint8)[..., None], 3, axis=2)


def test_white_is_the_first_style_and_black_the_last():
    first, second = masks_of(gray([255, 0, 128]), 2, index=False)
    np.testing.assert_allclose(first[0], [1, 0, 128 / 255], atol=1e-6)
    np.testing.assert_allclose(first + second, 1, atol=1e-6)


def test_grays_between_are_the_styles_between():
    masks = np.stack(masks_of(gray([255, 170, 85, 0, 212]), 4, index=False))[:, 0]
    np.testing.assert_allclose(masks[:, :4], np.eye(4), atol=1e-6)
    np.testing.assert_allclose(masks[:, 4], [0.494, 0.506, 0, 0], atol=1e-3)
    np.testing.assert_allclose(masks.sum(0), 1, atol=1e-6)


def test_small_numbers_are_an_index_mask():
    masks = np.stack(masks_of(gray([0, 1, 2, 1]), 3, index=True))[:, 0]
    np.testing.assert_array_equal(masks, [[1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0]])


def test_a_black_mask_is_all_of_the_last_style():
    first, second = masks_of(gray([0, 0]), 2, index=False)
    assert first.max() == 0
    assert second.min() == 1


def test_joined_pictures_are_their_own_away_from_edges():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (3, 40, 60, 3), np.uint8)
    index = np.zeros((40, 60, 3), np.uint8)
    index[:, 20:40], index[:, 40:] = 1, 2
    masks = [soften(mask, 2) for mask in masks_of(index, 3, index=True)]
    joined = join(list(pictures), masks)
    for number, columns in enumerate((slice(0, 10), slice(28, 32), slice(50, 60))):
        np.testing.assert_array_equal(joined[:, columns], pictures[number][:, columns])
    wanted = sum(mask[..., None] * picture for mask, picture in zip(masks, pictures, strict=True))
    np.testing.assert_allclose(joined, wanted, atol=1.6)  # a rounding per join


def test_a_mask_picture_holds_for_all_frames_and_is_made_once(tmp_path):
    picture = np.zeros((50, 80, 3), np.uint8)
    picture[:, :40] = 255
    cv2.imwrite(str(tmp_path / "m.png"), picture)
    track = MaskTrack(str(tmp_path / "m.png"), 2)
    first, second = track.at(0, 101, 163)
    assert first.shape == (101, 163)
    assert first.dtype == np.float32
    assert first[50, 40] == pytest.approx(1)
    assert 0.3 < first[50, 81] < 0.7  # the soft edge
    np.testing.assert_allclose(first + second, 1, atol=1e-5)
    assert track.at(7.5, 101, 163)[0] is first
    assert track.at(8, 60, 70)[0].shape == (60, 70)
    track.close()


@pytest.fixture
def mask_clip(tmp_path):
    """0.5 s of white, 0.5 s of black, at 10 fps."""
    source = SyntheticSource(64, 48, 10)
    path = tmp_path / "mask.mp4"
    with open_sink(path, info=source.info, width=64, height=48, overwrite=True) as sink:
        for frame in source:
            white = frame.time - 0 < 5 * (1 / source.info.frame_rate)
            sink.write(frame.with_image(np.full_like(frame.image, 255 if white else 0)))
    return path, float(1 / source.info.frame_rate)


def test_a_mask_video_runs_beside_the_frames(mask_clip):
    path, step = mask_clip
    track = MaskTrack(str(path), 2, feather=0)
    seen = [track.at((index + 0.1) * step, 48, 64)[0].mean() for index in range(14)]
    assert [round(float(value)) for value in seen] == [1] * 5 + [0] * 9  # the last picture stays
    track.close()


def test_a_looped_mask_begins_again(mask_clip):
    path, step = mask_clip
    track = MaskTrack(str(path), 2, feather=0, loop=True)
    seen = [round(float(track.at((index + 0.1) * step, 48, 64)[0].mean())) for index in range(30)]
    assert seen[:10] == [1] * 5 + [0] * 5
    assert seen[10:].count(1) == 10
    track.close()


def test_a_looped_mask_that_is_gone_stays_at_its_last_picture_and_says_so(mask_clip):
    path, _ = mask_clip
    track = MaskTrack(str(path), 2, loop=True)
    last = track.at(0.5, 10, 20)[0]
    path.unlink()
    for seconds in (10, 11, 20):
        last = track.at(seconds, 10, 20)[0]
    assert np.array_equal(track.at(30, 10, 20)[0], last)
    (line,) = track.warnings
    assert "does not exist" in line
    assert line.endswith("its last picture stays")
    track.close()


@pytest.mark.parametrize(("name", "content", "words"), [("absent.png", None, "does not exist"), ("e.png", b"", "is empty")])
def test_a_mask_that_cannot_be_read_is_named(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=words):
        MaskTrack(str(tmp_path / name), 2)


@pytest.mark.parametrize("kind", ["one pixel", "noise", "black"])
def test_a_mask_that_is_almost_black_is_no_index_mask(tmp_path, kind):
    picture = np.zeros((96, 128), np.uint8)
    if kind == "one pixel":
        picture[50, 60] = 1
    if kind == "noise":
        picture[:] = np.random.default_rng(0).random(picture.shape) < 0.3
    cv2.imwrite(str(tmp_path / "m.png"), picture)
    track = MaskTrack(str(tmp_path / "m.png"), 2)
    first, second = track.at(0, 96, 128)
    track.close()
    assert first.max() < 0.01
    assert second.min() > 0.99


def test_an_index_mask_holds_its_numbers_at_any_size(tmp_path):
    picture = np.zeros((48, 64), np.uint8)
    picture[:, 32:] = 2
    cv2.imwrite(str(tmp_path / "m.png"), picture)
    track = MaskTrack(str(tmp_path / "m.png"), 3, feather=0)
    masks = track.at(0, 101, 147)
    track.close()
    assert masks[1].max() == 0  # nothing lies between 0 and 2
    assert masks[0][:, :70].min() == masks[2][:, 77:].min() == 1


def test_a_mask_that_fades_to_black_does_not_flash(tmp_path):
    source = SyntheticSource(64, 48, 12)
    path = tmp_path / "mask.mkv"
    levels = [255, 120, 40, 10, 4, 3, 2, 2, 1, 1, 1, 0]
    with open_sink(path, info=source.info, width=64, height=48, crf=4) as sink:
        for frame, level in zip(source, levels, strict=True):
            sink.write(frame.with_image(np.full_like(frame.image, level)))
    track = MaskTrack(str(path), 2, feather=0)
    step = 1 / float(source.info.frame_rate)
    seen = [float(track.at((index + 0.1) * step, 48, 64)[0].mean()) for index in range(len(levels))]
    track.close()
    assert seen == sorted(seen, reverse=True)
    assert max(seen[5:]) < 0.03
