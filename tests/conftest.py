import os
import sys

import pytest

# PyTorch and OpenVINO in one process have crashed once; users' installations never have both. So `make test` runs pytest
# twice: without the one, where everything is tested, and without the other, where OpenVINO runs the models. Commands that
# tests start as processes of their own have both, and never load both.
ABSENT = os.environ.get("STREAMSTYLE_TESTS_WITHOUT", "openvino")
if ABSENT:
    sys.modules[ABSENT] = None  # type: ignore[assignment]  # how Python marks a module that cannot be imported


@pytest.fixture(autouse=True, scope="session")
def one_thread_for_tiny_networks():
    """Waking a second thread costs more than the tests' networks do."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache of style codes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
