import pytest

from streamstyle.paint.stylizer import Stylizer


@pytest.fixture(scope="package")
def reference():
    """The shipped model on the CPU, in full precision."""
    return Stylizer("fast", "cpu", precision="fp32")


@pytest.fixture(scope="package")
def code(reference):
    return dict(reference.encoder.find("starry-night").tensors)
