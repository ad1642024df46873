import os
import threading

import pytest

from tests.guard import pytest_configure, pytest_xdist_make_scheduler  # noqa: F401 - hooks

# Waking a second thread costs more than the tests' networks do, and there is a worker per core; PyTorch reads this when it
# is imported, in the commands that tests start as well.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache of style codes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def no_thread_is_left():
    """Every thread that a test begins ends with it."""
    before = threading.active_count()
    yield
    assert threading.active_count() == before
