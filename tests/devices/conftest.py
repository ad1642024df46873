"""These tests need devices of the kernel's making; `make test-devices` runs them in a virtual machine that has some."""

import os
from pathlib import Path

import pytest

IN_LAB = os.environ.get("STREAMSTYLE_LAB") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if IN_LAB:
        return
    skip = pytest.mark.skip(reason="needs the camera lab: make test-devices")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(skip)
