"""Who finds faces."""

import numpy as np
import pytest

from streamstyle.errors import ModelError
from streamstyle.look.people import weights
from streamstyle.look.people.faces import BlazeFace, InstalledFaceFinder, full_range, overlap
from tests.golden.pictures import photo
from tests.look.test_people import portrait


def test_without_the_weights_nothing_is_found_and_they_are_looked_for_once(monkeypatch):
    asked = []

    def read(package):
        asked.append(package)
        raise ModelError("not installed")

    monkeypatch.setattr(weights, "read", read)
    finder = InstalledFaceFinder()
    assert asked == []
    assert [finder.find(np.zeros((64, 64, 3), np.uint8)) for _ in range(2)] == [[], []]
    assert asked == [weights.FACES]


def test_what_is_no_network_is_an_error():
    with pytest.raises(ModelError, match="cannot read the network that finds faces"):
        BlazeFace(b"no network", 128, (4,), ("scores", "boxes"))


@pytest.fixture
def network():
    try:
        return full_range(*weights.read(weights.FACES))
    except ModelError as error:
        pytest.skip(str(error))


class TestRealModel:
    def test_a_portrait(self, network):
        (face,) = network.find(portrait(), 0.6)
        expected = [[223, 193], [306, 190], [263, 244], [265, 281]]  # eyes, tip of the nose, mouth, as one sees them
        assert np.abs(face.landmarks[:4] - expected).max() < 12

    def test_a_drawn_face_by_its_place(self, network):
        (face,) = network.find(photo(), 0.6)
        assert np.abs(face.landmarks[:2] - [[92, 62], [108, 62]]).max() < 4

    @pytest.mark.parametrize("size", [(15, 400), (16, 16), (300, 40), (90, 1000)])
    def test_any_size_of_a_plain_picture_has_none(self, network, size):
        assert network.find(np.full((*size, 3), 120, np.uint8), 0.6) == []

    def test_a_face_is_found_where_it_is_in_a_wide_picture(self, network):
        image = portrait()
        (alone,) = network.find(image, 0.6)
        wide = np.full((600, 1000, 3), 90, np.uint8)
        wide[:, 400:912] = image
        (face,) = network.find(wide, 0.6)
        assert overlap(face.box, alone.box + np.array([400, 0, 400, 0])) > 0.6
