"""Faces of a stream: looked for now and then, moved along in between, faded in and out."""

import numpy as np
import pytest

from streamstyle.look.people.faces import Face
from streamstyle.paint.steady.changes import SAME_LIGHT, Changes, Motion, Observer, Part
from streamstyle.paint.steady.faces import FaceTrack
from tests.paint.test_faces import Finds, found

IMAGE = np.zeros((120, 160, 3), np.uint8)
STILL = Motion(np.zeros((120, 160), np.float32))
FRAME = 1 / 30


def moving(by=0.0):
    """Everything moves to the right by so many pixels."""
    y, x = np.mgrid[0:120, 0:160].astype(np.float32)
    areas = [(slice(0, 60), slice(0, 160)), (slice(60, 120), slice(0, 160))]
    parts = [Part(area, np.stack([x - by, y], axis=2)[area]) for area in areas]
    return Motion(STILL.share, tuple(parts))


def changes(motion=STILL, seconds=FRAME):
    return Changes(seconds, motion is None, motion is None, SAME_LIGHT, motion)


CUT = changes(None)


def doubtful(face, score):
    return Face(face.box, face.landmarks, score)


def test_the_first_frame_of_a_shot_has_its_faces_in_full():
    (face,) = FaceTrack(Finds(found())).follow(IMAGE, CUT)
    assert face.share == 1
    assert face.width == pytest.approx(48)


def test_after_a_cut_nothing_of_the_shot_before_is_left():
    finder = Finds(found())
    track = FaceTrack(finder)
    track.follow(IMAGE, CUT)
    finder.faces = []
    assert track.follow(IMAGE, CUT) == ()


def test_what_is_hardly_a_face_is_none_but_one_that_is_followed_stays():
    finder = Finds(doubtful(found(), 0.45))
    track = FaceTrack(finder)
    assert track.follow(IMAGE, CUT) == ()
    finder.faces = [found()]
    track.follow(IMAGE, CUT)
    finder.faces = [doubtful(found(), 0.45)]
    for _ in range(90):
        (face,) = track.follow(IMAGE, changes())
    assert face.share == 1


@pytest.mark.parametrize(("motion", "most"), [(STILL, 3), (moving(0.5), 9)])
def test_faces_are_looked_for_now_and_then_and_more_often_where_something_moves(motion, most):
    finder = Finds()
    track = FaceTrack(finder)
    track.follow(IMAGE, CUT)
    for _ in range(60):
        track.follow(IMAGE, changes(motion))
    assert most - 2 <= finder.asked <= most


def test_a_frame_by_itself_is_looked_at_by_itself():
    finder = Finds(found())
    track = FaceTrack(finder)
    for _ in range(5):
        assert track.follow(IMAGE, None)[0].share == 1
    assert finder.asked == 5


def test_a_face_fades_in_and_out_without_a_jump():
    finder = Finds()
    track = FaceTrack(finder)
    track.follow(IMAGE, CUT)
    shares = []
    for frame in range(180):
        finder.faces = [found()] if frame < 90 else []
        shares.append(sum(face.share for face in track.follow(IMAGE, changes(moving(0.0)))))
    assert max(shares) == 1
    assert shares[-1] == 0
    assert max(abs(np.diff(shares))) < 0.1


def test_two_faces_found_in_any_order_stay_themselves():
    finder = Finds(found(x=40.0), found(x=120.0))
    track = FaceTrack(finder)
    track.follow(IMAGE, CUT)
    finder.faces = finder.faces[::-1]
    for _ in range(60):
        left, right = track.follow(IMAGE, changes(moving(0.0)))
    assert left.points[0, 0] < right.points[0, 0]
    assert finder.asked > 1


def test_a_face_that_is_missed_once_stays():
    finder = Finds(found())
    track = FaceTrack(finder)
    track.follow(IMAGE, CUT)
    for _ in range(90):
        finder.faces = [] if finder.asked == 1 else [found()]
        assert track.follow(IMAGE, changes(moving(0.0)))[0].share == 1
    assert finder.asked > 2


def test_trembling_of_what_is_found_is_not_followed():
    finder = Finds(found())
    track = FaceTrack(finder)
    (first,) = track.follow(IMAGE, CUT)
    for number in range(60):
        finder.faces = [found(x=80.0 + number % 3)]
        (face,) = track.follow(IMAGE, changes(moving(0.0)))
        np.testing.assert_array_equal(face.points, first.points)


def test_a_face_found_elsewhere_is_reached_in_steps():
    finder = Finds(found(x=60.0))
    track = FaceTrack(finder)
    x = [track.follow(IMAGE, CUT)[0].points[2, 0]]
    finder.faces = [found(x=80.0)]
    for _ in range(40):
        x.append(track.follow(IMAGE, changes(moving(0.0)))[0].points[2, 0])
    assert x[-1] - x[0] == pytest.approx(20)
    assert min(np.diff(x)) >= 0
    assert max(np.diff(x)) < 8


def test_between_two_looks_a_face_moves_with_the_content():
    track = FaceTrack(Finds(found(x=60.0)))
    (before,) = track.follow(IMAGE, CUT)
    for _ in range(4):
        (after,) = track.follow(IMAGE, changes(moving(3.0)))
    np.testing.assert_allclose(after.points - before.points, np.tile([12.0, 0.0], (8, 1)), atol=1e-5)


def test_motion_as_it_is_observed_moves_a_face():
    rng = np.random.default_rng(0)
    texture = rng.integers(60, 200, (30, 60, 1), dtype=np.uint8)
    texture = np.repeat(texture.repeat(6, 0).repeat(6, 1), 3, axis=2)
    observer, track = Observer(), FaceTrack(Finds(found(x=120.0, y=90.0, side=60)))
    frames = [np.ascontiguousarray(texture[:180, 60 - 3 * step : 300 - 3 * step]) for step in range(4)]
    for step, frame in enumerate(frames):
        (face,) = track.follow(frame, observer.observe(frame, step * FRAME))
    assert face.points[4, 0] - 120 == pytest.approx(9, abs=2)


def test_forgetting_makes_the_next_faces_new_ones():
    finder = Finds(found())
    track = FaceTrack(finder)
    track.follow(IMAGE, CUT)
    track.forget()
    (face,) = track.follow(IMAGE, changes())
    assert face.share < 0.2
